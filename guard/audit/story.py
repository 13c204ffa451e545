"""Records told to people: which of them mattered, and one line for each. Everything in a record is escaped here."""

from __future__ import annotations

import binascii
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from guard.audit.writer import RESERVED
from guard.core.chain import decode_argument
from guard.core.escape import visible, visible_argv

ALWAYS = frozenset(
    {
        "answer",
        "exec.killed",
        "exec.refused",
        "exec.unchecked",
        "grant.made",
        "guard.changed",
        "guard.error",
        "question.asked",
        "question.withdrawn",
        "session.ended",
        "session.leftovers",
        "session.started",
        "trail.gap",
    }
)
_WHAT = {
    "exec.intended": "runs",
    "exec.killed": "killed",
    "exec.loaded": "loaded",
    "exec.outcome": "outcome",
    "exec.refused": "refused",
    "exec.seen": "seen",
    "exec.unchecked": "unchecked",
    "grant.made": "granted",
    "guard.changed": "changed",
    "guard.error": "error",
    "question.asked": "asked",
    "question.withdrawn": "withdrawn",
    "session.ended": "ended",
    "session.leftovers": "left",
    "session.started": "started",
    "trail.gap": "gap",
}
_COUNTED = ("asked", "approved", "denied", "refused", "killed", "would_ask", "would_deny")


@dataclass(frozen=True, slots=True)
class Moment:
    """One entry of the story: when (RFC 3339), what, and the rest, in lines; all of it safe to show."""

    at: str
    what: str
    text: str


def matters(records: Iterable[Mapping[str, Any]]) -> tuple[list[Mapping[str, Any]], Counter[str]]:
    """Return the records that a human would ask about, and of the rest how many there are of each kind."""
    kept: list[Mapping[str, Any]] = []
    rest: Counter[str] = Counter()
    asked: set[str] = set()
    for record in records:
        kind, attempt = str(record.get("kind")), str(record.get("attempt", ""))
        if kind in ALWAYS or "audit" in record or "grant_id" in record or attempt in asked:
            kept.append(record)
            asked.update({attempt} if attempt else ())
        else:
            rest[kind] += 1
    return kept, rest


def tell(record: Mapping[str, Any]) -> Moment:
    """Tell one record. Whatever is in it, this does not raise."""
    kind = str(record.get("kind"))
    what = _answered(record) if kind == "answer" else _WHAT.get(kind, visible(kind))
    return Moment(visible(str(record.get("at", ""))), what, "\n".join(part for part in _parts(record) if part))


def _answered(record: Mapping[str, Any]) -> str:
    """Return ``approved`` or ``denied``."""
    return "denied" if _dig(record, "answer", "choice") == "deny" else "approved"


def _parts(record: Mapping[str, Any]) -> Iterator[str]:
    """Yield what there is to say of one record."""
    match record.get("kind"):
        case "session.started":
            yield f"{_text(_dig(record, 'agent', 'name'))} for {_text(_dig(record, 'engineer', 'login'))}"
            yield _labelled("task", record.get("task"))
        case "session.ended":
            yield _labelled("status", record.get("status"))
            yield counted(record)
        case "answer":
            late = ", too late" if _dig(record, "answer", "late") is True else ""
            yield f"{_text(_dig(record, 'answer', 'choice'))}, by {_text(_dig(record, 'answer', 'by'))}{late}"
            yield _command(record)
        case "exec.outcome":
            yield _outcome(record)
            yield _command(record)
        case "question.asked" | "exec.refused" | "exec.killed" | "exec.intended" | "exec.seen" | "exec.loaded" | "question.withdrawn":
            yield _command(record)
            yield _labelled("in", _dig(record, "exec", "cwd"))
            yield from _whys(record)
        case "grant.made":
            yield f"{_text(_dig(record, 'grant', 'kind'))}: {_argv(_dig(record, 'grant', 'argv'))}"
        case "guard.changed":
            yield from map(_text, record.get("paths") or ())
        case _:
            yield _everything(record)


def counted(record: Mapping[str, Any]) -> str:
    """Return the counts of a ``session.ended`` record as a phrase: "2 asked, 1 denied"."""
    counts = record.get("counts")
    if not isinstance(counts, Mapping):
        return ""
    names = [*_COUNTED, *(name for name in counts if name not in _COUNTED)]
    return ", ".join(
        f"{counts[name]} {visible(str(name)).replace('_', ' ')}" for name in names if type(counts.get(name)) is int and counts[name]
    )


def _outcome(record: Mapping[str, Any]) -> str:
    """Return how a program ended."""
    if record.get("signal") is not None:
        return f"ended by signal {_text(record['signal'])}"
    if record.get("exit_status") is not None:
        return f"exit status {_text(record['exit_status'])}"
    return "became another program" if record.get("replaced") else "did not start"


def _whys(record: Mapping[str, Any]) -> Iterator[str]:
    """Yield why: the reason for this record, or those of its ruling."""
    if record.get("why"):
        yield _text(record["why"])
    elif isinstance(judged := _dig(record, "ruling", "judged"), list):
        yield from dict.fromkeys(_text(_dig(one, "action", "because")) for one in judged)


def _command(record: Mapping[str, Any]) -> str:
    """Return the command that a record is about."""
    if "command" in record:  # an exec that could not be read: the runtime has escaped what it could
        return _text(record["command"])
    return _argv(_dig(record, "exec", "argv") or record.get("argv"))


def _argv(words: Any) -> str:
    """Return the words of a command as a shell would read them."""
    return visible_argv([_decoded(word) for word in words]) if isinstance(words, list) else ""


def _decoded(value: Any) -> str:
    """Return text that may be ``{"bytes": …}``."""
    try:
        return decode_argument(value)
    except (TypeError, KeyError, ValueError, binascii.Error):
        return str(value)


def _text(value: Any) -> str:
    """Return any value, safe to show."""
    return "?" if value is None else visible(_decoded(value))


def _labelled(label: str, value: Any) -> str:
    """Return ``label value``, or nothing when there is no value."""
    return "" if value in (None, "") else f"{label} {_text(value)}"


def _dig(record: Any, *names: str) -> Any:
    """Return ``record[name][name]…``, or None as soon as there is no such thing."""
    for name in names:
        record = record.get(name) if isinstance(record, Mapping) else None
    return record


def _everything(record: Mapping[str, Any]) -> str:
    """Return a record of a kind that has no sentence of its own, as JSON."""
    return visible(json.dumps({name: value for name, value in record.items() if name not in RESERVED}, ensure_ascii=False))
