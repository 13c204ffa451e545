"""``qguard explain``: the ruling on a command, for people: how it was read, what it does, where, what the policies say."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from guard.cli.asked import Asked, LineOrWords, asked, line_argument, open_judge, policy_option
from guard.core.escape import visible, visible_argv
from guard.core.mask import mask_argv, mask_text
from guard.core.words import Invocation, Judged, Opaque, Place, Verdict
from guard.terminal.fold import fold

if TYPE_CHECKING:
    from guard.runtime.judge import Explained

_COLUMNS = 80
_WIDEST = 120
_MARGIN = 12
_COLOURS = {Verdict.ALLOW: "green", Verdict.ASK: "yellow", Verdict.SECOND: "magenta", Verdict.DENY: "red"}
_MEANINGS = {
    Verdict.ALLOW: "runs as if qguard were not there",
    Verdict.ASK: "waits for a human",
    Verdict.SECOND: "takes two people, so this version refuses it",
    Verdict.DENY: "is refused",
}
_EPILOG = """\b
Examples:
  qguard explain 'cd infra && terraform destroy'
  qguard explain -- kubectl --context prod delete namespace billing"""


@click.command("explain", cls=LineOrWords, epilog=_EPILOG, options_metavar="[OPTIONS]")
@policy_option
@line_argument
def command(*, policy: Path | None, line: tuple[str, ...]) -> None:
    """Explain the ruling on a LINE for a shell, or on the words of one command after --. Nothing is run."""
    question = asked(line)
    explained = question.put(open_judge(policy, question.cwd))
    terminal = sys.stdout.isatty()
    width = min(shutil.get_terminal_size((_COLUMNS, 24)).columns, _WIDEST) if terminal else _COLUMNS
    click.echo("\n".join(tell(question, explained, width, colour=terminal and not os.environ.get("NO_COLOR"))))


def tell(question: Asked, explained: Explained, width: int = _COLUMNS, *, colour: bool = False) -> Iterator[str]:
    """The explanation in lines of at most ``width`` cells. Everything that is not ours is masked and escaped."""
    verdict = explained.ruling.verdict
    given = _text(question.line) if question.line is not None else _words(question.argv)
    yield from _field("command", given, width)
    yield from _field("verdict", f"{verdict.word}: it {_MEANINGS[verdict]}", width, _COLOURS[verdict] if colour else None)
    number = 0
    judged = iter(explained.ruling.judged)
    for invocation, count in zip(explained.invocations, explained.counts, strict=True):
        number += 1
        yield ""
        yield from _field(f"{number}. read as", _words(invocation.argv), width)
        yield from _invocation(invocation, [next(judged) for _ in range(count)], width)
    for opaque in explained.ruling.opaque:
        number += 1
        yield ""
        yield from _opaque(number, opaque, width)
    if not number:
        yield from _field("because", "no rule knows a program that it starts", width)


def _invocation(invocation: Invocation, judged: Iterable[Judged], width: int) -> Iterator[str]:
    """What is known of one invocation, and what its actions are ruled to be."""
    if invocation.via:
        yield from _field("via", " › ".join(map(_text, invocation.via)), width)  # noqa: RUF001 - the wrappers, outermost first
    actions = list(judged)
    if not actions:
        yield from _field("rule", f"none of those for {_text(invocation.program)} is concerned", width)
    for one in actions:
        yield from _judged(one, width)


def _judged(judged: Judged, width: int) -> Iterator[str]:
    action = judged.action
    operation = ":".join(part for part in (action.service, action.operation) if part)
    yield from _field("rule", f"{_text(action.rule)} ({_text(action.provider)} {_text(operation)})", width)
    yield from _field("effect", f"{action.effect}, undo: {action.undo}", width)
    if action.targets:
        yield from _field("on", ", ".join(f"{_text(target.kind)} {_text(target.name)}" for target in action.targets), width)
    yield from _field("place", _place(action.place), width)
    for reason in judged.reasons:
        yield from _field("policy", f"{reason.verdict.word}: {_text(reason.text)} ({_text(reason.source)})", width)
    yield from _field("so", judged.verdict.word, width)
    if action.because:
        yield from _field("because", _text(action.because), width)
    if action.instead:
        yield from _field("instead", _text(action.instead), width)


def _opaque(number: int, opaque: Opaque, width: int) -> Iterator[str]:
    yield from _field(f"{number}. unread", _text(opaque.source), width)
    yield from _field("because", _text(opaque.why), width)


def _place(place: Place) -> str:
    found = ", ".join(f"{_text(name)} {_text(value)}" for name, value in place.facts)
    return f"{place.label}{': ' + found if found else ''}{' (pinned)' if place.pinned else ''}"


def _text(text: str) -> str:
    return visible(mask_text(text))


def _words(argv: Iterable[str]) -> str:
    return visible_argv(mask_argv(tuple(argv)))


def _field(name: str, text: str, width: int, colour: str | None = None) -> Iterator[str]:
    """A name in the margin, and its text beside it, folded."""
    for index, line in enumerate(fold(text, max(width - _MARGIN, _MARGIN))):
        shown = line.rstrip(" ")
        yield (name if index == 0 else "").ljust(_MARGIN) + (click.style(shown, fg=colour, bold=True) if colour else shown)
