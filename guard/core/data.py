"""A document as its author wrote it: a tree of nodes that know where they stand, read with plain words about what is wrong.

Scalars are text. ``no``, ``on`` and ``2024-01-01`` stay what they are until somebody asks for a boolean or an integer, so that
the meaning of a value is decided by who uses it and never by its spelling.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Any, NamedTuple, TypeVar

from guard.errors import RulebookError

E = TypeVar("E", bound=Enum)

_INTEGER = r"[-+]?[0-9]{1,18}"
_LONGEST = 60


class Mark(NamedTuple):
    """A place in a file. ``line`` and ``column`` count from 1 (0: not known), ``excerpt`` is that line, as it stands there."""

    file: str
    line: int = 0
    column: int = 0
    excerpt: str = ""

    def error(self, sentence: str, hint: str = "") -> RulebookError:
        """The error that says ``sentence`` about this place."""
        return RulebookError(sentence, hint, file=self.file, line=self.line, column=self.column, excerpt=self.excerpt)


class Node:
    """What every node can be asked; each answers only what it is, and otherwise raises ``RulebookError``."""

    __slots__ = ()
    mark: Mark

    def __str__(self) -> str:
        raise NotImplementedError

    def error(self, sentence: str, hint: str = "") -> RulebookError:
        """The error that says ``sentence`` about this node."""
        return self.mark.error(sentence, hint)

    def entries(self) -> tuple[tuple[Scalar, Node], ...]:
        """The keys and values of a mapping, in the order written."""
        raise self.error(f"This must be a mapping of keys to values; it is {self}.")

    def items(self) -> tuple[Node, ...]:
        """The items of a list."""
        raise self.error(f"This must be a list; it is {self}.")

    def text(self) -> str:
        """A text that is not empty."""
        raise self.error(f"This must be a text; it is {self}.")

    def unquoted(self, kind: str) -> str:
        """A plain word, from which a ``kind`` can be read (its name is for the sentence)."""
        raise self.error(f"This must be {kind}; it is {self}.")

    def integer(self, low: int | None = None, high: int | None = None) -> int:
        """A whole number, written without quotes, from ``low`` to ``high``."""
        word = self.unquoted("a whole number")
        if not re.fullmatch(_INTEGER, word):
            raise self.error(f"This must be a whole number; it is {self}.")
        number = int(word)
        if (low is not None and number < low) or (high is not None and number > high):
            raise self.error(f"{number} is out of range: {_range(low, high)}.")
        return number

    def plain(self) -> Any:
        """The same as dicts, lists and text: ``from_plain`` reads it back, without marks."""
        raise NotImplementedError

    def mapping(self, allowed_keys: Collection[str] | None = None, required: Iterable[str] = ()) -> dict[str, Node]:
        """The values of a mapping by key. No keys but ``allowed_keys`` (``None``: any), and all of ``required``."""
        entries = self.entries()
        for key, _ in entries:
            if allowed_keys is not None and key.value not in allowed_keys:
                raise key.error(f"There is no key {quoted(key.value)} here.", _hint(key.value, allowed_keys))
        found = {key.value: value for key, value in entries}
        for name in required:
            if name not in found:
                raise self.error(f"The key {quoted(name)} is missing here.")
        return found

    def texts(self) -> tuple[str, ...]:
        """A text, or a list of texts that is not empty."""
        found = tuple(item.text() for item in self.some())
        if not found:
            raise self.error("This list is empty; leave its key out instead.")
        return found

    def choice(self, kind: type[E]) -> E:
        """One member of an enumeration, by its value, or by its name in lower case where the values are numbers."""
        known = {member.value if isinstance(member.value, str) else member.name.lower(): member for member in kind}
        given = self.text()
        if given not in known:
            raise self.error(f"{quoted(given)} is not one of the {kind.__name__.lower()}s.", _hint(given, known))
        return known[given]

    def choices(self, kind: type[E]) -> tuple[E, ...]:
        """One member of an enumeration or a list of them, not empty."""
        self.texts()
        return tuple(item.choice(kind) for item in self.some())

    def some(self) -> tuple[Node, ...]:
        """The items of a list; anything else is the only one."""
        return (self,)


@dataclass(frozen=True, slots=True)
class Scalar(Node):
    """A text. ``quoted`` when it was written so that it cannot be anything else (in quotes, or as a block)."""

    mark: Mark
    value: str
    quoted: bool = False

    def __str__(self) -> str:
        return f"the text {quoted(self.value)}" if self.value or self.quoted else "empty"

    def text(self) -> str:
        """A text that is not empty."""
        if not self.value.strip():
            raise self.error("This must be a text; it is empty.")
        return self.value

    def unquoted(self, kind: str) -> str:
        """The text, unless it was quoted."""
        if self.quoted:
            raise self.error(f"This must be {kind}, without quotes.")
        return self.value

    def plain(self) -> str:
        """The text."""
        return self.value


@dataclass(frozen=True, slots=True)
class Sequence(Node):
    """A list."""

    mark: Mark
    value: tuple[Node, ...]

    def __str__(self) -> str:
        return "a list"

    def items(self) -> tuple[Node, ...]:
        """The items."""
        return self.value

    def some(self) -> tuple[Node, ...]:
        """The items."""
        return self.value

    def plain(self) -> list[Any]:
        """The items, plain."""
        return [item.plain() for item in self.value]


@dataclass(frozen=True, slots=True)
class Mapping(Node):
    """Keys and values in the order written; the keys are nodes too, because an unknown key is an error that has a place."""

    mark: Mark
    value: tuple[tuple[Scalar, Node], ...]

    def __str__(self) -> str:
        return "a mapping"

    def entries(self) -> tuple[tuple[Scalar, Node], ...]:
        """The keys and values."""
        return self.value

    def plain(self) -> dict[str, Any]:
        """The entries, plain."""
        return {key.value: item.plain() for key, item in self.value}


def from_plain(data: Any, name: str) -> Node:
    """The tree of what ``Node.plain`` or a JSON file holds. Raises ``RulebookError`` for what no document can hold."""
    return _node(data, Mark(name))


def _node(data: Any, mark: Mark) -> Node:
    match data:
        case bool():
            return Scalar(mark, "true" if data else "false")
        case str() | int():
            return Scalar(mark, str(data))
        case list():
            return Sequence(mark, tuple(_node(item, mark) for item in data))
        case dict():
            return Mapping(mark, tuple((Scalar(mark, str(key)), _node(item, mark)) for key, item in data.items()))
        case _:
            raise mark.error(f"A {type(data).__name__} means nothing here.")


def quoted(text: str) -> str:
    """``text`` for a sentence: in quotes, short, and without a character that could act on a screen."""
    shown = ascii(text) if any(not char.isprintable() for char in text) else f"'{text}'"
    return shown if len(shown) <= _LONGEST else shown[:_LONGEST] + "…'"


def _hint(given: str, known: Collection[str]) -> str:
    from difflib import get_close_matches  # noqa: PLC0415 - only for who made a mistake

    near = get_close_matches(given[:_LONGEST], sorted(known), 1)
    return (f"Did you mean {quoted(near[0])}? " if near else "") + f"Known here: {', '.join(sorted(known))}."


def _range(low: int | None, high: int | None) -> str:
    return " and ".join(part for part in (f"at least {low}" * (low is not None), f"at most {high}" * (high is not None)) if part)
