"""``qguard audit``: what was attempted, asked, answered and run, and whether the trail still says so."""

from __future__ import annotations

import json
import os
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from guard.audit.names import sessions_directory
from guard.audit.reader import ends, find_session, is_running, read, sessions
from guard.audit.story import Moment, counted, matters, tell
from guard.audit.verify import ENDED, State, verify
from guard.core.chain import decode_argument
from guard.core.escape import visible
from guard.errors import TrailError

_PIPE_WIDTH = 80
_SHORTEST_TIME = "2026-11-23T19:56:01"


def _directory() -> Path:
    """Where this user's trails lie."""
    return sessions_directory(os.environ)


def _print_json(value: Any) -> None:
    """Print one JSON document; what is not ASCII is escaped, so that no terminal interprets it."""
    click.echo(json.dumps(value, indent=2))


def _print_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print rows of text that is safe to show; the last column takes what space there is, and folds."""
    from rich.box import SIMPLE_HEAD  # noqa: PLC0415 - rich is slow to import, and --json does without
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    console = Console(highlight=False, soft_wrap=False)
    if not console.is_terminal:
        console.width = _PIPE_WIDTH
    box = SIMPLE_HEAD if any(columns) and console.is_terminal else None
    table = Table(box=box, show_header=any(columns), pad_edge=False, show_edge=False, padding=(0, 2, 0, 0))
    for column in columns[:-1]:
        table.add_column(column, no_wrap=True)
    table.add_column(columns[-1], overflow="fold", ratio=1)
    for row in rows:
        table.add_row(*map(Text, row))
    with console.capture() as captured:
        console.print(table)
    click.echo("\n".join(line.rstrip() for line in captured.get().splitlines()))


@click.group()
def audit() -> None:
    """Read and verify the audit trail."""


@audit.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_(*, as_json: bool) -> None:
    """List the sessions, the latest last."""
    found = [_summary(path) for path in sessions(_directory())]
    if as_json:
        _print_json(found)
    elif not found:
        click.echo("There is no session yet. qguard run -- AGENT makes one.")
    else:
        _print_table(
            ("session", "agent", "by", "state", "what was asked"),
            ([str(session[name] or "") for name in ("session", "agent", "engineer", "state", "summary")] for session in found),
        )


def _summary(path: Path) -> dict[str, Any]:
    """Return one session in brief, from the first and the last of its records; nothing is verified."""
    first, last = ends(path)
    started = (first.record if first else None) or {}
    ended = (last.record if last else None) or {}
    has_ended = ended.get("kind") == ENDED
    state = "ended" if has_ended else State.RUNNING if is_running(path) else State.UNFINISHED
    return {
        "session": path.stem,
        "started": _plain(started.get("at")),
        "ended": _plain(ended.get("at")) if has_ended else None,
        "agent": _plain(_part(started, "agent").get("name")),
        "engineer": _plain(_part(started, "engineer").get("login")),
        "task": _plain(started.get("task")),
        "mode": _plain(started.get("mode")),
        "state": str(state),
        "status": ended.get("status") if has_ended else None,
        "counts": ended.get("counts") if has_ended else None,
        "summary": counted(ended) if has_ended else "",
    }


def _part(record: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return an object in a record, or an empty one."""
    found = record.get(name)
    return found if isinstance(found, Mapping) else {}


def _plain(value: Any) -> str | None:
    """Return text of a record, escaped."""
    try:
        return None if value is None else visible(decode_argument(value))
    except (TypeError, KeyError, ValueError):
        return visible(str(value))


@audit.command()
@click.argument("session", required=False)
@click.option("--all", "everything", is_flag=True, help="Every record, not only those of what was asked, refused or answered.")
@click.option("--json", "as_json", is_flag=True, help="Print every record, as JSON.")
def show(session: str | None, *, everything: bool, as_json: bool) -> None:
    """Show what happened in SESSION (without it, the latest)."""
    path = find_session(_directory(), session)
    lines = list(read(path))
    records = [line.record for line in lines if line.record is not None]
    if as_json:
        return _print_json(records)
    kept, rest = (records, {}) if everything else matters(records)
    click.echo(f"session {path.stem}, {_day(records)}")
    if kept:
        _print_table(("", "", ""), (_row(tell(record)) for record in kept))
    if rest:
        click.echo("and " + ", ".join(f"{count} {visible(kind)}" for kind, count in sorted(rest.items())) + " (--all shows them)")
    for line in lines:
        if line.record is None:
            click.echo(f"record {line.index} cannot be read: {visible(line.problem)}; see qguard audit verify")
    return None


def _day(records: Sequence[Mapping[str, Any]]) -> str:
    """Return the day on which a session began, or that it holds nothing."""
    return tell(records[0]).at[: len("2026-11-23")] if records else "no records"


def _row(moment: Moment) -> tuple[str, str, str]:
    """Return a line of the story; of its time, the time of day."""
    whole = len(moment.at) >= len(_SHORTEST_TIME)
    return (moment.at[11:19] + "Z" if whole else moment.at, moment.what, moment.text)


@audit.command("verify")
@click.argument("session", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def verify_(session: str | None, *, as_json: bool) -> None:
    """Check the hash chain of SESSION (without it, of every session). The exit status is 74 when one is broken."""
    paths = [find_session(_directory(), session)] if session else sessions(_directory())
    reports = [verify(path) for path in paths]
    broken = [report for report in reports if report.state is State.BROKEN]
    if as_json:
        _print_json([asdict(report) for report in reports])
    else:
        for report in reports:
            if report.state is not State.BROKEN:
                click.echo(textwrap.fill(report.sentence, _PIPE_WIDTH, subsequent_indent="  "))
        if not reports:
            click.echo("There is no session yet, so there is nothing to verify.")
    if broken:
        raise TrailError(
            " ".join(report.sentence for report in broken),
            "What stands before that record can be relied upon. What stands after it cannot.",
        )


command = audit
