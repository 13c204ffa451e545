"""Options and words of a command line, read in every way that a program may read them.

Where it is not known whether an option takes a value, both readings are kept: what is asked about is then what either of them does.
Readings that no rule could tell apart are one, so that a line of many unknown options is still read at once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from guard.rules.model import Options, Style

MOST_READINGS = 64
_MOST_LETTERS = 32
_TRUE = "true"
T = TypeVar("T")
Token = tuple[int, str]
"""(position in argv, word)"""


@dataclass(frozen=True, slots=True)
class Given:
    """One reading. ``words`` are (position in argv, word) pairs; ``options`` (position, name, value) triples, in the order given."""

    words: tuple[Token, ...]
    options: tuple[tuple[int, str, str], ...]

    def parameters(self) -> dict[str, tuple[str, ...]]:
        """The options' values by name."""
        found: dict[str, list[str]] = {}
        for _, name, value in self.options:
            found.setdefault(name, []).append(value)
        return {name: tuple(values) for name, values in found.items()}


@dataclass(frozen=True, slots=True)
class Focus:
    """What rules can tell readings apart by: the first ``depth`` words, and the values of the options in ``names``.

    ``subcommands`` are the commands by their first words: for each, the second words that there are.
    """

    depth: int = 3
    names: Collection[str] = frozenset()
    subcommands: Mapping[str, frozenset[str]] = field(default_factory=dict)


class TooManyReadings(Exception):
    """More than can be tried."""


def readings(argv: Sequence[str], options: Options, focus: Focus) -> tuple[Given, ...]:
    """Every reading of ``argv[1:]`` that a rule could tell apart. Raises ``TooManyReadings``."""
    tokens = list(enumerate(argv))[1:]
    if options.style is not Style.COBRA:
        return _read(tokens, (), options, focus)
    found: dict[Given, None] = {}
    for command, rest in _commands(tokens, options, focus):
        found |= dict.fromkeys(_read(rest, command, options, focus))
        if len(found) > MOST_READINGS:
            raise TooManyReadings
    return tuple(found)


# ---- cobra: the command is looked for before the options are read -----------------------------------------------------


def _commands(tokens: list[Token], options: Options, focus: Focus) -> Iterator[tuple[tuple[Token, ...], list[Token]]]:
    """(command words, what is left) in every way that cobra may find the command (spf13/cobra, ``Command.Find``).

    It knows only the options of the level where it looks, and takes any other for one with a value: ``kubectl --force pod delete x``
    deletes the pod x. Then the command is taken out, and all the rest is read again with the command's own options.
    """
    firsts = _free_words(tokens, options)
    if len(firsts) > MOST_READINGS:
        raise TooManyReadings
    known = [at for at in firsts if tokens[at][1] in focus.subcommands]
    if len(known) < len(firsts) or not firsts:
        yield (), tokens
    for at in known:
        rest = tokens[:at] + tokens[at + 1 :]
        first = tokens[at]
        yield (first,), rest
        for second in _free_words(rest, options) if focus.subcommands[first[1]] else ():
            if rest[second][1] in focus.subcommands[first[1]]:
                yield (first, rest[second]), rest[:second] + rest[second + 1 :]


def _free_words(tokens: Sequence[Token], options: Options) -> list[int]:
    """Where the first word may be that is not an option's value."""
    free = {0}
    found = []
    for at, (_, word) in enumerate(tokens):
        if at not in free:
            continue
        if word == "--":
            continue
        if word and not word.startswith("-"):
            found.append(at)
            continue
        takes = _takes_here(word, options)
        if takes is not True:
            free.add(at + 1)
        if takes is not False:
            free.add(at + 2)
    return found


def _takes_here(word: str, options: Options) -> bool | None:
    """Whether cobra skips the word behind this one; ``None`` when that depends on the level."""
    if len(word) < 2 or "=" in word or (not word.startswith("--") and len(word) > 2):  # noqa: PLR2004 - a dash and a letter
        return False
    name = _spelt(word[2:], options) if word.startswith("--") else options.short.get(word[1], word[1])
    return _known(name, options)[1] if name in options.everywhere else None


# ---- the options themselves -------------------------------------------------------------------------------------------

Chain = tuple[Any, T] | None
"""A list that grows at its end and shares its beginning: (all but the last, the last)."""


@dataclass(slots=True)
class _State:
    """A reading up to some word: what it is known by, and what it holds."""

    prefix: tuple[str, ...]
    seen: tuple[tuple[str, str], ...]
    words: Chain[Token]
    options: Chain[tuple[int, str, str]]
    count: int

    def word(self, token: Token, depth: int) -> _State:
        """With one more word."""
        prefix = self.prefix if len(self.prefix) >= depth else (*self.prefix, token[1])
        return _State(prefix, self.seen, (self.words, token), self.options, self.count + 1)

    def said(self, at: int, pairs: Sequence[tuple[str, str]], names: Collection[str]) -> _State:
        """With one more option. An option that was there before counts where it was last."""
        seen, chain = self.seen, self.options
        for pair in pairs:
            chain = (chain, (at, *pair))
            if pair[0] in names:
                seen = (*(one for one in seen if one != pair), pair)
        if len(seen) > 4 * MOST_READINGS:
            raise TooManyReadings
        return _State(self.prefix, seen, self.words, chain, self.count)


def _read(tokens: Sequence[Token], command: tuple[Token, ...], options: Options, focus: Focus) -> tuple[Given, ...]:
    state = _State((), (), None, None, 0)
    for token in command:
        state = state.word(token, focus.depth)
    layers: dict[int, dict[object, _State]] = {0: {(state.prefix, state.seen): state}}
    end: dict[object, _State] = {}
    for index, (at, word) in enumerate(tokens):
        layer = layers.pop(index, {})
        if len(layer) > MOST_READINGS:
            raise TooManyReadings
        following = tokens[index + 1][1] if index + 1 < len(tokens) and _can_be_value(tokens[index + 1][1], options) else None
        ways = () if word == "--" or not word.startswith("-") or word == "-" else _ways(word, following, options)
        for state in layer.values():
            if word == "--":
                _put(end, _all_words(state, tokens[index + 1 :], focus.depth))
                if options.style is Style.ARGPARSE:  # what a parser leaves over is read again by the next command's parser
                    _put(layers.setdefault(index + 1, {}), state)
            elif not ways:
                _put(layers.setdefault(index + 1, {}), state.word((at, word), focus.depth) if word else state)
            for used, pairs in ways:
                _put(layers.setdefault(index + used, {}), state.said(at, pairs, focus.names))
    for state in layers.pop(len(tokens), {}).values():
        _put(end, state)
    return tuple(Given(tuple(_listed(state.words)), tuple(_listed(state.options))) for state in end.values())


def _put(layer: dict[object, _State], state: _State) -> None:
    """Of readings that no rule can tell apart, the one with the most words: it shows what an option may have taken."""
    key = (state.prefix, state.seen)
    if key not in layer or layer[key].count < state.count:
        layer[key] = state


def _all_words(state: _State, tokens: Sequence[Token], depth: int) -> _State:
    for token in tokens:
        state = state.word(token, depth) if token[1] not in {"", "--"} else state
    return state


def _listed(chain: Chain[T]) -> list[T]:
    found: list[T] = []
    while chain is not None:
        chain, item = chain
        found.append(item)
    return found[::-1]


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
        return _long(_spelt(name, options), value if has_value else None, following, options)
    return _cluster(word[1:], following, options)


def surely_takes(word: str, following: str | None, options: Options) -> bool:
    """Whether the option ``word`` takes the word behind it, in every reading."""
    return all(used > 1 for used, _ in _ways(word, following, options))


def _spelt(name: str, options: Options) -> str:
    """Kubernetes' programs take ``--dry_run`` for ``--dry-run`` (k8s.io/component-base/cli/flag, ``WordSepNormalizeFunc``)."""
    return name.replace("_", "-") if options.style is Style.COBRA else name


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
        return _known(options.short[name], options) if options.short[name] != name else (name, None)
    if options.style is Style.ARGPARSE:
        meant = {known for known in options.valued | without if known.startswith(name)}
        if len(meant) == 1:
            return _known(meant.pop(), options)
        if meant and (meant <= options.valued or meant <= without):
            return name, meant <= options.valued
    return name, None


def _cluster(letters: str, following: str | None, options: Options) -> tuple[Way, ...]:
    """``-Rf file``, ``-fR``, ``-n=prod``: letters, of which the first that takes a value takes the rest."""
    ways: list[Way] = []
    said: tuple[tuple[str, str], ...] = ()
    for at, letter in enumerate(letters):
        rest = letters[at + 1 :]
        name, takes = _known(options.short.get(letter, letter), options)
        if rest.startswith("="):
            return (*ways, (1, (*said, (name, rest[1:]))))
        if takes is not False:
            if rest:
                ways.append((1, (*said, (name, rest))))
            elif following is not None:
                ways.append((2, (*said, (name, following))))
            elif takes:
                ways.append((1, (*said, (name, _TRUE))))
        if takes:
            return tuple(ways)
        if at >= _MOST_LETTERS:
            raise TooManyReadings
        said = (*said, (name, _TRUE))
    return ((1, said), *ways)
