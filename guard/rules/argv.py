"""Options and words of a command line, read in every way that a program may read them.

Where it is not known whether an option takes a value, both readings are given: what is asked about is then what either of them does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from guard.rules.model import Options, Style

MOST_READINGS = 64
_TRUE = "true"


@dataclass(frozen=True, slots=True)
class Given:
    """One reading. ``words`` are (position in argv, word) pairs; ``options`` (position, name, value) triples, in the order given."""

    words: tuple[tuple[int, str], ...]
    options: tuple[tuple[int, str, str], ...]

    def parameters(self) -> dict[str, tuple[str, ...]]:
        """The options' values by name."""
        found: dict[str, tuple[str, ...]] = {}
        for _, name, value in self.options:
            found[name] = (*found.get(name, ()), value)
        return found


class TooManyReadings(Exception):
    """More options than can be tried are not known."""


def readings(argv: Sequence[str], options: Options) -> tuple[Given, ...]:
    """Every reading of ``argv[1:]``. Raises ``TooManyReadings``."""
    found = []
    for given in _read(argv, 1, options):
        found.append(given)
        if len(found) > MOST_READINGS:
            raise TooManyReadings
    return tuple(found)


def _read(argv: Sequence[str], at: int, options: Options) -> Iterator[Given]:
    words: list[tuple[int, str]] = []
    known: list[tuple[int, str, str]] = []
    while at < len(argv):
        word = argv[at]
        if word == "--":
            words += enumerate(argv[at + 1 :], at + 1)
            break
        if not word.startswith("-") or word == "-":
            words.append((at, word))
            at += 1
            continue
        following = argv[at + 1] if at + 1 < len(argv) and _can_be_value(argv[at + 1], options) else None
        ways = _ways(word, following, options)
        for used, more in ways[1:]:
            head = Given(tuple(words), (*known, *((at, name, value) for name, value in more)))
            for rest in _read(argv, at + used, options):
                yield Given(head.words + rest.words, head.options + rest.options)
        used, more = ways[0]
        known += ((at, name, value) for name, value in more)
        at += used
    yield Given(tuple(words), tuple(known))


def _can_be_value(word: str, options: Options) -> bool:
    """Argparse takes nothing for a value that begins with a dash, but for numbers and what has a space in it."""
    if options.style is not Style.ARGPARSE or not word.startswith("-") or word == "-" or " " in word:
        return True
    return word[1:].replace(".", "", 1).isdigit()


Way = tuple[int, tuple[tuple[str, str], ...]]
"""(how many words an option is, the (name, value) pairs that it says)."""


def _ways(word: str, following: str | None, options: Options) -> tuple[Way, ...]:
    if options.style is Style.GO or word.startswith("--"):
        name, has_value, value = word.removeprefix("-").removeprefix("-").partition("=")
        return _long(name, value if has_value else None, following, options)
    return _cluster(word[1:], following, options)


def _long(name: str, value: str | None, following: str | None, options: Options) -> tuple[Way, ...]:
    name, takes = _known(name, options)
    if value is not None:
        return ((1, ((name, value),)),)
    without: Way = (1, ((name, _TRUE),))
    if takes is False or following is None:
        return (without,)
    with_value: Way = (2, ((name, following),))
    return (with_value,) if takes else (without, with_value)


def _known(name: str, options: Options) -> tuple[str, bool | None]:
    """The full name, and whether it takes the word behind it: ``None`` when that is not known."""
    without = options.flags | options.optional
    if name in options.valued or name in without:
        return name, None if name in options.valued and name in without else name in options.valued
    if options.style is Style.GO and name in options.short:
        return _known(options.short[name], options)
    if options.style is Style.ARGPARSE:
        meant = {known for known in options.valued | without if known.startswith(name)}
        if len(meant) == 1:
            return _known(meant.pop(), options)
        if meant and (meant <= options.valued or meant <= without):
            return name, meant <= options.valued
    return name, None


def _cluster(letters: str, following: str | None, options: Options, said: tuple[tuple[str, str], ...] = ()) -> tuple[Way, ...]:
    """``-Rf file``, ``-fR``, ``-n=prod``: letters, of which the first that takes a value takes the rest."""
    if not letters:
        return ((1, said),)
    rest = letters[1:]
    name, takes = _known(options.short.get(letters[0], letters[0]), options)
    if rest.startswith("="):
        return ((1, (*said, (name, rest[1:]))),)
    ways: tuple[Way, ...] = ()
    if not takes:
        ways = _cluster(rest, following, options, (*said, (name, _TRUE)))
    if takes is not False:
        if rest:
            ways += ((1, (*said, (name, rest))),)
        elif following is not None:
            ways += ((2, (*said, (name, following))),)
        elif takes:
            ways = ((1, (*said, (name, _TRUE))),)
    return ways
