"""One verb, one file. Only this package prints and exits."""
