"""Does the trail say what was written? Walks the chain and names the first record that does not fit.

What a chain without a key can show: that a record was edited, removed, inserted or moved. What it cannot: that somebody
rewrote everything from one record to the end, or cut whole records off the end. The latter leaves a session without
an end, as a crash does, and ``verify`` says that it cannot tell the two apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from guard.audit.reader import Line, is_running, read
from guard.audit.writer import VERSION
from guard.core.chain import NO_PREVIOUS, Flaw, NotCanonicalError, canonical, check_link
from guard.core.escape import visible

ENDED = "session.ended"


class State(StrEnum):
    """What became of a trail."""

    WHOLE = "whole"
    RUNNING = "running"
    UNFINISHED = "unfinished"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Report:
    """What ``verify`` found. ``records`` fit; ``bad`` is the first that does not, counted from 0; ``sentence`` says it all."""

    session: str
    path: str
    state: State
    records: int
    bad: int | None
    sentence: str


@dataclass(frozen=True, slots=True)
class Walk:
    """How far a chain holds: ``records`` fit, ``flaw`` says what is wrong with the next one, if anything is."""

    records: int = 0
    flaw: str = ""
    ended: bool = False
    cut: bool = False


def walk(lines: Iterable[Line], session: str) -> Walk:
    """Follow the chain of ``session`` to its end or to the first record that does not fit."""
    previous, count, ended = NO_PREVIOUS, 0, False
    for line in lines:
        if line.cut and not ended:
            return Walk(count, cut=True)
        flaw = _flaw(line, previous, session, ended=ended)
        if flaw or line.record is None:
            return Walk(count, flaw)
        previous, count, ended = line.record["hash"], count + 1, line.record["kind"] == ENDED
    return Walk(count, ended=ended)


def _flaw(line: Line, previous: str, session: str, *, ended: bool) -> str:
    """Say what is wrong with one line that follows the hash ``previous``; "" when nothing is."""
    if ended:
        return "it comes after the end of its session"
    record = line.record
    if record is None or not _is_ours(record, line.raw):
        return f"{line.problem or 'it is not written as qguard writes'}: it was edited"
    flaw = check_link(previous, record)
    if flaw is Flaw.EDITED:
        return flaw
    if type(record.get("v")) is not int or record["v"] != VERSION:
        return f"its format is version {_shown(record.get('v'))}, and this qguard reads version {VERSION}"
    return _misplaced(record, line.index, flaw) or _foreign(record, session)


def _is_ours(record: Mapping[str, Any], raw: bytes) -> bool:
    """Whether ``raw`` is the one way to write ``record``: no other spelling, no name twice, no number that could be rounded."""
    try:
        return canonical(record) + b"\n" == raw
    except (NotCanonicalError, RecursionError):
        return False


def _misplaced(record: Mapping[str, Any], index: int, flaw: Flaw | None) -> str:
    """Say why ``record`` cannot be number ``index`` of this chain."""
    number = record.get("seq")
    if type(number) is not int:
        return "it has no number"
    if flaw is None:
        return "" if number == index else f"it calls itself record {number}: records were renumbered"
    if number > index:
        return f"{number - index} before it {'was' if number - index == 1 else 'were'} removed, or it was moved (it is record {number})"
    if number < index:
        return f"it was inserted or moved here (it is record {number})"
    return "the record before it was exchanged for another, or it is from another trail"


def _foreign(record: Mapping[str, Any], session: str) -> str:
    """Say why ``record`` does not belong to ``session``, though it fits the chain."""
    if record.get("session") != session:
        return f"it belongs to session {_shown(record.get('session'))}, and the file is named after another"
    return "" if isinstance(record.get("kind"), str) else "it does not say what kind of record it is"


def _shown(value: object) -> str:
    """Return what somebody wrote into a trail, safe to show and short."""
    return visible(str(value)[:80])


def verify(path: Path) -> Report:
    """Walk the chain in ``path``. Raises ``TrailError`` when the file cannot be read."""
    running = is_running(path)  # before reading: a session that ends meanwhile has its end in what is read
    found = walk(read(path), path.stem)
    state = _state(found, running=running)
    bad = found.records if found.flaw else None
    return Report(path.stem, str(path), state, found.records, bad, f"{path.name}: {_sentence(found, state)}")


def _state(found: Walk, *, running: bool) -> State:
    """Name what became of the trail."""
    if found.flaw:
        return State.BROKEN
    if found.ended:
        return State.WHOLE
    return State.RUNNING if running else State.UNFINISHED


def _sentence(found: Walk, state: State) -> str:
    """Say what became of the trail."""
    counted = "1 record" if found.records == 1 else f"{found.records} records"
    match state:
        case State.BROKEN:
            return f"record {found.records} (counted from 0) does not fit: {found.flaw}."
        case State.WHOLE:
            return f"{counted}, unbroken from start to end."
        case State.RUNNING:
            return f"{counted}, unbroken; the session still runs."
        case State.UNFINISHED:
            last = " and half of one" if found.cut else ""
            return f"{counted}{last}, unbroken, but without an end: qguard was killed, or the end was cut off. The trail cannot tell which."
