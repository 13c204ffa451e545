"""A rule carries its examples, and does not load when one of them fails. They are read as any line is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Protocol

from guard.core.data import quoted
from guard.core.peek import Peek, sees_nothing
from guard.core.words import Action, Invocation, Opaque
from guard.rulebook.documents import PROBES
from guard.shell import read

if TYPE_CHECKING:
    from guard.rules import Probe
    from guard.rules.model import Example, Operation


class Book(Protocol):
    """What examples are put to."""

    @property
    def names(self) -> frozenset[str]:
        """Every program that some rule knows."""
        ...

    def classify(self, invocation: Invocation, peek: Peek, probes: Mapping[str, Probe] | None = None) -> tuple[Action | Opaque, ...]:
        """What ``invocation`` does, with these probes in the place of the real ones."""
        ...


def check(book: Book, operations: Iterable[Operation]) -> None:
    """Raise ``RulebookError`` for the first example that is not what its rule says."""
    for operation in operations:
        for example in operation.hits:
            if operation.rule not in rules_of(book, example):
                raise example.mark.error(f"This is an example of {operation.rule}, and that rule does not see it: {quoted(example.line)}.")
        for example in operation.misses:
            if operation.rule in rules_of(book, example):
                raise example.mark.error(f"{operation.rule} says that it misses this, and it does not: {quoted(example.line)}.")


def rules_of(book: Book, example: Example) -> tuple[str, ...]:
    """The ids of the rules that an example concerns. Raises ``RulebookError`` when it cannot be read."""
    reading = read(example.line, book.names)
    probes = dict.fromkeys(PROBES, lambda *_: example.given) if example.given else None
    found = [one for invocation in reading.invocations for one in book.classify(invocation, sees_nothing, probes)]
    unread = [one for one in (*reading.opaque, *found) if isinstance(one, Opaque)]
    if unread:
        raise example.mark.error(f"This example cannot be read: {unread[0].why}.")
    return tuple(action.rule for action in found if isinstance(action, Action))
