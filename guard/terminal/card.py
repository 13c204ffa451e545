"""The card: what would happen, where, and whether it can be undone, before everything else. Pure: a question in, lines out.

Nothing is cut in silence. What does not fit says how much is missing and how to see it; the details hold all of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from guard.core.cards import Question
from guard.core.words import Effect, Judged, Undo, Verdict
from guard.terminal.fold import cells, fold
from guard.terminal.wording import headline, settled, strictest_first, targets, undo, where

_LABEL = 9
_COMMAND = "Command"
_ACTIONS = 3
_ROWS = 3
_COMMAND_ROWS = 6
_BOLD, _DIM, _RED, _PLAIN = "\x1b[1m", "\x1b[2m", "\x1b[1;31m", "\x1b[m"
_GRAVE = frozenset({Effect.TEARDOWN, Effect.EVADE})


@dataclass(frozen=True, slots=True)
class Row:
    """One fact: a label (empty: a headline), a text that is safe to show, and how many lines the card has for it."""

    label: str
    text: str
    rows: int = _ROWS
    style: str = ""


class Body(NamedTuple):
    """The card in lines. Nobody agrees to it who has not had the first ``needed`` of them on the screen: what, where, the command."""

    lines: list[str]
    needed: int


def body(question: Question, width: int, *, color: bool = False, details: bool = False) -> Body:
    """The card as lines of at most ``width`` cells (20 at least); with ``details`` everything, however long."""
    width = max(width, 20)
    lines: list[str] = []
    needed = 0
    for row in _all_rows(question) if details else _rows(question):
        lines.extend(_lines(row, width, color=color, whole=details))
        if row.label == _COMMAND:
            needed = len(lines)
    return Body(lines, needed)


def _rows(question: Question) -> Iterator[Row]:
    """The card: the most important first."""
    judged = strictest_first(question.ruling)
    for index, one in enumerate(judged[:_ACTIONS]):
        yield from _happening(one, repeat=index > 0 and one.action.place == judged[index - 1].action.place)
    if more := len(judged) - _ACTIONS:
        yield from [Row("", f"… and {more} more actions: [m] shows all")] if more > 0 else []
    yield from _unread(question)
    yield _command(question)
    yield Row("", "")
    yield from _why(judged[:_ACTIONS])
    yield from _who(question)


def _all_rows(question: Question) -> Iterator[Row]:
    """The details: every action with every reason, and everything that was wrapped around it."""
    judged = strictest_first(question.ruling)
    for one in judged:
        yield from _happening(one, repeat=False)
        yield from _why([one])
        via = " → ".join(settled(wrapper) for wrapper in one.action.via)
        yield from _row("Through", via)
        yield Row("Rule", settled(f"{one.action.rule} ({one.verdict.word})"))
        yield from [Row("Reason", settled(f"{reason.verdict.word}: {reason.text} ({reason.source})")) for reason in one.reasons]
        yield Row("", "")
    yield from _unread(question)
    yield _command(question)
    yield from _who(question)
    yield from _row("Asked at", settled(question.asked_at))
    yield from _row("Session", settled(question.session))


def _happening(judged: Judged, *, repeat: bool) -> Iterator[Row]:
    action = judged.action
    yield Row("", headline(action), style=_RED if action.effect in _GRAVE or action.undo is Undo.NONE else _BOLD)
    if not repeat:
        yield Row("Where", where(action.place))
    yield from _row("Targets", targets(action))
    yield Row("Undo", undo(action), style=_BOLD if action.undo is Undo.NONE else "")


def _unread(question: Question) -> Iterator[Row]:
    for opaque in question.ruling.opaque:
        yield Row("", "Not understood — it may do anything", style=_RED)
        yield Row("Source", settled(opaque.source))
        yield Row("Because", settled(opaque.why))


def _command(question: Question) -> Row:
    from guard.core.escape import visible_argv  # noqa: PLC0415 - reads the tables of Unicode, which only a card needs
    from guard.core.mask import mask_argv  # noqa: PLC0415 - likewise

    return Row(_COMMAND, visible_argv(mask_argv(question.argv)) or "(an empty argv)", _COMMAND_ROWS)


def _why(judged: list[Judged]) -> Iterator[Row]:
    """Why it matters, who wants it asked, and the way around; each sentence once."""
    said: set[tuple[str, str]] = set()
    for one in judged:
        asked = next((f"{reason.text} ({reason.source})" for reason in one.reasons if reason.verdict is one.verdict), "")
        for label, text in (("Why", one.action.because), ("Asked by", asked), ("Instead", one.action.instead)):
            if text and (label, text) not in said:
                said.add((label, text))
                yield Row(label, settled(text))


def _who(question: Question) -> Iterator[Row]:
    from guard.core.escape import visible  # noqa: PLC0415 - see _command

    yield from _row("Chain", " → ".join(settled(link) for link in question.chain))
    yield from _row("Agent", visible(question.agent))
    yield from _row("Task", visible(question.task))
    yield from _row("In", visible(question.cwd))
    yield from _row("File", visible(question.file))
    if question.ruling.verdict is Verdict.SECOND:
        yield Row("Note", "a second person must agree as well")


def _row(label: str, text: str) -> Iterator[Row]:
    if text:
        yield Row(label, text)


def _lines(row: Row, width: int, *, color: bool, whole: bool) -> Iterator[str]:
    """One fact as lines: the label in a column of its own, the text folded beside it.

    The column is ours alone: however a hostile text is folded, no line of it begins where a label could stand.
    """
    room = width - _LABEL
    first = fold(row.text, room if row.label else width)[0]
    folded = [first, *fold(row.text[len(first) :], room)] if len(first) < len(row.text) else [first]
    shown = folded if whole else _clipped(folded, row.rows, room)
    for index, line in enumerate(shown):
        label = row.label.ljust(_LABEL if row.label else 0) if index == 0 else " " * _LABEL
        yield f"{_DIM}{label}{_PLAIN}{row.style}{line}{_PLAIN}" if color else label + line


def _clipped(lines: list[str], rows: int, width: int) -> list[str]:
    """At most ``rows`` lines: the beginning and the end, and between them how much is not shown."""
    if len(lines) <= rows:
        return lines
    head, tail = lines[: max(1, rows - 2)], lines[-1:] if rows > 1 else []
    missing = sum(len(line) for line in lines[len(head) : len(lines) - len(tail)])
    return [*head, *fold(f"… {missing:,} more characters: [m] shows all", width), *tail]


def beside(left: str, right: str, width: int) -> list[str]:
    """Two texts at the two ends of one line, or one below the other when they do not fit."""
    if not right:
        return fold(left, width)
    gap = width - cells(left) - cells(right)
    return [left + " " * gap + right] if gap > 0 else [*fold(left, width), *fold(right, width)]
