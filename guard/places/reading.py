"""What the providers share: the options of a command line, the variables and files of the judged process, and facts about them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from guard.core.peek import Peek
from guard.core.words import Invocation

LIMIT = 1 << 20
_SHORT = len("-n")
Facts = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Found:
    """What one provider found.

    ``facts`` come in the order they should be shown; ``names`` are those that may hold a word like ``prod``; ``local``: all of it is on
    this machine.
    """

    facts: Facts = ()
    names: tuple[str, ...] = ()
    local: bool = False


def facts(*pairs: tuple[str, str]) -> Facts:
    """The pairs that have a value."""
    return tuple((name, value) for name, value in pairs if value)


@dataclass(frozen=True)
class Sight:
    """One invocation, seen by a provider."""

    invocation: Invocation
    peek: Peek

    @cached_property
    def env(self) -> dict[str, str]:
        """The variables of the judged process."""
        return dict(self.invocation.env)

    def variable(self, *names: str) -> str:
        """The first of these variables that is set to something."""
        return next((self.env[name] for name in names if self.env.get(name)), "")

    def variables(self, *names: str) -> tuple[str, ...]:
        """What these variables are set to, each value once."""
        return tuple(dict.fromkeys(self.env[name] for name in names if self.env.get(name)))

    def options(self, *names: str, shortest: int = 0, switches: str = "") -> tuple[str, ...]:
        """The values given to an option, in the order they stand, as ``--name value``, ``--name=value``, ``-n value`` and ``-nvalue``.

        ``shortest``: abbreviations of a long option count from that many characters on. ``switches``: the letters that may stand before
        a short option in the same word, because they take no value (``-An prod``).
        """
        found, words = [], self.invocation.argv
        for index, word in enumerate(words[1:], 1):
            if word == "--":
                break
            for name in names:
                value = _value(word, name, words[index + 1] if index + 1 < len(words) else "", shortest, switches)
                if value is not None:
                    found.append(value)
                    break
        return tuple(found)

    def option(self, *names: str, shortest: int = 0) -> str:
        """The value that counts: the last."""
        return (self.options(*names, shortest=shortest) or ("",))[-1]

    def file(self, path: str, cwd: str | None = None) -> bytes | None:
        """The content of a file as the judged process would find it."""
        return self.peek(path, self.invocation.cwd if cwd is None else cwd, LIMIT) if path else None

    def at_home(self, path: str) -> str:
        """``~/x`` with the judged process's own HOME; "" when it has none."""
        if path == "~" or path.startswith("~/"):
            home = self.env.get("HOME", "")
            return home + path[1:] if home else ""
        return path


def _value(word: str, name: str, following: str, shortest: int, switches: str) -> str | None:
    """What ``word`` says about the option ``name``, if it does."""
    if word == name:
        return following
    given, equals, value = word.partition("=")
    if equals and given == name:
        return value
    if len(name) == _SHORT:
        return _short(word, name[1], following, switches)
    if shortest and len(given) >= shortest and name.startswith(given):
        return value if equals else following
    return None


def _short(word: str, letter: str, following: str, switches: str) -> str | None:
    """The same for a word of short options."""
    if not word.startswith("-") or word.startswith("--"):
        return None
    letters = word[1:].lstrip(switches)
    if not letters.startswith(letter):
        return None
    rest = letters[1:]
    return rest.removeprefix("=") if rest else following
