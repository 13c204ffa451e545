"""What a record says: the values of the core as bodies, masked (promise 8) and fit for canonical JSON.

Each field is described in docs/record-format.md, which is frozen: fields may be added, never renamed or given another
meaning. Numbers that a reader of JSON could round (inodes, devices) are text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from guard.core.attempts import Exec, FileId, Process
from guard.core.cards import Answer, Question
from guard.core.chain import encode_argument
from guard.core.grants import Grant
from guard.core.happenings import Record
from guard.core.mask import mask_argv, mask_env, mask_text
from guard.core.words import Action, Judged, Opaque, Place, Reason, Ruling

Body = dict[str, Any]
_MUCH = 4096
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NANO = 1_000_000_000


def text_body(text: str) -> str | dict[str, str]:
    """Text without secrets; ``{"bytes": …}`` when it is not UTF-8."""
    return encode_argument(mask_text(text))


def argv_body(argv: Sequence[str]) -> list[str | dict[str, str]]:
    """Return the words of a command without secrets, each text or ``{"bytes": …}``."""
    return [encode_argument(word) for word in mask_argv(argv)]


def brief_argv_body(argv: Sequence[str]) -> Body:
    """``argv`` up to 4 Ki characters; ``words`` says how many words there were when it was cut."""
    room, begun = _MUCH, list[str]()
    for word in argv:
        if room <= 0:
            break
        begun.append(word)
        room -= len(word)
    masked = mask_argv(begun)  # before anything is cut: half a token has no shape
    if len(begun) == len(argv) and sum(map(len, masked)) <= _MUCH:
        return {"argv": [encode_argument(word) for word in masked]}
    return {"argv": [encode_argument(word) for word in _cut(masked)], "words": len(argv)}


def _cut(words: Iterable[str]) -> Iterator[str]:
    """Yield the first 4 Ki characters of ``words``."""
    room = _MUCH
    for word in words:
        if room > 0:
            yield word[:room]
        room -= len(word)


def pairs_body(pairs: Iterable[tuple[str, str]]) -> list[list[Any]]:
    """(name, value) pairs in their order; values without secrets."""
    return [[encode_argument(name), encode_argument(value)] for name, value in mask_env(pairs)]


def file_body(file: FileId) -> Body:
    """Which file it was, by path and by inode."""
    seconds, nanoseconds = divmod(file.mtime_ns, _NANO)
    return {
        "path": text_body(file.path),
        "device": str(file.device),
        "inode": str(file.inode),
        "size": str(file.size),
        "mtime": f"{(_EPOCH + timedelta(seconds=seconds)).strftime('%Y-%m-%dT%H:%M:%S')}.{nanoseconds:09d}Z",
    }


def process_body(process: Process) -> Body:
    """One ancestor; its ``argv`` in brief."""
    return {"pid": process.pid, "start": process.start, "name": text_body(process.name), **brief_argv_body(process.argv)}


def exec_body(attempted: Exec) -> Body:
    """An attempt to start a program, with its ``argv`` whole."""
    return {
        "tid": attempted.tid,
        "pid": attempted.pid,
        "path": text_body(attempted.path),
        "file": file_body(attempted.file),
        "argv": argv_body(attempted.argv),
        "cwd": text_body(attempted.cwd),
        "env": pairs_body(attempted.env),
        "ancestry": [process_body(process) for process in attempted.ancestry],
    }


def seen_body(pid: int, path: str, argv: Sequence[str]) -> Body:
    """An exec that concerned no rule, in brief."""
    return {"pid": pid, "path": text_body(path), **brief_argv_body(argv)}


def place_body(place: Place) -> Body:
    """Where an action lands, as far as known."""
    return {"label": str(place.label), "facts": pairs_body(place.facts), "pinned": place.pinned}


def action_body(action: Action) -> Body:
    """What an invocation or a call does."""
    return {
        "rule": action.rule,
        "provider": action.provider,
        "service": action.service,
        "operation": text_body(action.operation),
        "effect": str(action.effect),
        "undo": str(action.undo),
        "argv": argv_body(action.argv),
        "place": place_body(action.place),
        "targets": [{"kind": target.kind, "name": text_body(target.name)} for target in action.targets],
        "via": [text_body(wrapper) for wrapper in action.via],
        "because": text_body(action.because),
        "instead": text_body(action.instead),
    }


def reason_body(reason: Reason) -> Body:
    """One opinion."""
    return {"source": text_body(reason.source), "verdict": reason.verdict.word, "text": text_body(reason.text)}


def judged_body(judged: Judged) -> Body:
    """An action with its verdict and the reasons for it."""
    return {
        "action": action_body(judged.action),
        "verdict": judged.verdict.word,
        "reasons": [reason_body(reason) for reason in judged.reasons],
    }


def opaque_body(opaque: Opaque) -> Body:
    """Something that could not be understood."""
    return {"source": text_body(opaque.source), "why": text_body(opaque.why)}


def ruling_body(ruling: Ruling) -> Body:
    """A verdict with all that led to it."""
    return {
        "verdict": ruling.verdict.word,
        "judged": [judged_body(judged) for judged in ruling.judged],
        "opaque": [opaque_body(opaque) for opaque in ruling.opaque],
    }


def question_body(question: Question) -> Body:
    """A question, without what the record's ``exec`` and ``ruling`` say of it."""
    return {
        "id": question.id,
        "asked_at": question.asked_at,
        "expires_at": question.expires_at or None,
        "timeout": question.timeout,
    }


def answer_body(answer: Answer) -> Body:
    """What a human, or the lack of one, said."""
    return {
        "question": answer.question,
        "choice": str(answer.choice),
        "by": text_body(answer.by),
        "late": answer.late,
        "note": text_body(answer.note),
    }


def grant_body(grant: Grant) -> Body:
    """An approval with its bounds; ``uses`` and ``until`` are null when there is none."""
    until = None if grant.until is None else datetime.fromtimestamp(grant.until, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "id": grant.id,
        "kind": str(grant.kind),
        "argv": argv_body(grant.argv),
        "cwd": text_body(grant.cwd),
        "env": pairs_body(grant.env),
        "uses": grant.uses,
        "until": until,
        "process": None if grant.process is None else {"pid": grant.process[0], "start": grant.process[1]},
    }


def fact_body(fact: str | int | bool | None) -> Any:
    """Return a fact of the runtime; text loses its secrets, numbers and truths stay."""
    return text_body(fact) if isinstance(fact, str) else fact


def record_body(record: Record) -> Body:
    """Return the body of what the session's state machine wants recorded."""
    body: Body = {"attempt": record.attempt} if record.attempt else {}
    parts: tuple[tuple[str, Body | None], ...] = (
        ("exec", exec_body(record.exec) if record.exec else None),
        ("ruling", ruling_body(record.ruling) if record.ruling else None),
        ("question", question_body(record.question) if record.question else None),
        ("answer", answer_body(record.answer) if record.answer else None),
        ("grant", grant_body(record.grant) if record.grant else None),
    )
    body.update((name, part) for name, part in parts if part is not None)
    body.update(("grant_id" if name == "grant" else name, fact_body(fact)) for name, fact in record.facts)
    return body
