"""One session as a state machine: ``step(state, event) -> (state, effects)``. No I/O, no clock.

The order of effects matters: a durable Record comes before what it permits (promise 1).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import assert_never

from guard.core import text
from guard.core.attempts import Exec
from guard.core.cards import Answer, Choice, Question
from guard.core.grants import Grant, GrantKind, deeds
from guard.core.happenings import (
    AgentGaveUp,
    Ask,
    Effect,
    Event,
    ExecAttempted,
    ExecUnverifiable,
    HumanLeft,
    HumanSaid,
    Kill,
    NotRecorded,
    ProcessEnded,
    ProgramLoaded,
    Record,
    Refuse,
    Release,
    Resume,
    Tell,
    TimedOut,
    Withdraw,
)
from guard.core.words import NOTHING, Ruling, Verdict

LATE_SECONDS = 600
_SHIMS = 3  # programs of the same words that an approved one may turn out to be: a version manager has one or two
_REMEMBERED = 256
Task = tuple[int, int, tuple[str, ...]]


class Mode(StrEnum):
    """What a verdict leads to."""

    ENFORCE = "enforce"
    AUDIT = "audit"
    DRY_RUN = "dry-run"


@dataclass(frozen=True, slots=True)
class Waiting:
    """An attempt that waits for an answer; ``gone`` once its process gave up (the card may still be answered late)."""

    question: Question
    attempt: int
    exec: Exec
    ruling: Ruling
    gone: bool = False


@dataclass(frozen=True, slots=True)
class Running:
    """An attempt that was let go and has not reported its loading, or (``loaded``) its end."""

    exec: Exec
    ruling: Ruling
    loaded: bool = False


@dataclass(frozen=True, slots=True)
class Counts:
    """For the summary at the end."""

    asked: int = 0
    approved: int = 0
    denied: int = 0
    refused: int = 0
    killed: int = 0
    would_ask: int = 0
    would_deny: int = 0


@dataclass(frozen=True, slots=True)
class Session:
    """The state of one session. ``can_ask``: somebody at a terminal can answer; ``no_asking`` says why not (for the refusal)."""

    id: str
    agent: str = ""
    task: str = ""
    mode: Mode = Mode.ENFORCE
    can_ask: bool = True
    no_asking: str = ""
    ask_timeout: int = 600
    waiting: tuple[Waiting, ...] = ()
    running: tuple[tuple[int, Running], ...] = ()
    grants: tuple[Grant, ...] = ()
    refused: tuple[tuple[Task, str], ...] = ()
    counts: Counts = field(default_factory=Counts)
    questions: int = 0


Step = tuple[Session, tuple[Effect, ...]]


def step(state: Session, event: Event) -> Step:  # noqa: PLR0911 - one arm per event is the point
    """What ``event`` leads to."""
    match event:
        case ExecAttempted():
            return _attempted(state, event)
        case ExecUnverifiable():
            return _unverifiable(state, event)
        case HumanSaid():
            return _said(state, event.answer, event.at)
        case AgentGaveUp():
            return _gave_up(state, event)
        case TimedOut():
            return _said(state, Answer(event.question, Choice.DENY, "timeout"), event.at)
        case HumanLeft():
            return _left(state, event)
        case ProgramLoaded():
            return _loaded(state, event)
        case ProcessEnded():
            return _ended(state, event)
        case NotRecorded():
            return _not_recorded(state, event)
        case _:
            assert_never(event)


def timestamp(at: float) -> str:
    """RFC 3339 in UTC, to the millisecond."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


# ---- an exec comes ---------------------------------------------------------------------------------------------------


def _task(attempted: Exec) -> Task:
    start = attempted.ancestry[0].start if attempted.ancestry else 0
    return attempted.pid, start, attempted.argv


def _attempted(state: Session, event: ExecAttempted) -> Step:
    ruling = event.ruling
    intended = Record("exec.intended", event.attempt, event.exec, ruling)
    if ruling.verdict is Verdict.ALLOW:
        return _let(state, event, intended)
    if state.mode is Mode.AUDIT:
        return _let(_would(state, ruling.verdict), event, replace(intended, facts=(("audit", "would_" + ruling.verdict.word),)))
    return _settled_before(state, event, intended) or _ask_or_refuse(state, event)


def _ask_or_refuse(state: Session, event: ExecAttempted) -> Step:
    ruling = event.ruling
    if state.mode is Mode.DRY_RUN:
        return _refuse(_would(state, ruling.verdict), event, f"dry run: qguard would {_WOULD[ruling.verdict]}, so it was not run.")
    if ruling.verdict is Verdict.SECOND:
        return _refuse(state, event, f"{text.headline(ruling)} The policy wants two people, and this version can ask only one.")
    if ruling.verdict is Verdict.DENY:
        return _refuse(state, event, f"{text.headline(ruling)} The policy denies it.")
    if not state.can_ask:
        hint = "To approve, the engineer runs the agent from a terminal, or allows it in the policy file."
        return _refuse(state, event, f"{text.headline(ruling)} {state.no_asking}", hint=hint)
    return _ask(state, event)


def _settled_before(state: Session, event: ExecAttempted, intended: Record) -> Step | None:
    """What an earlier answer says to this exec; ``None`` when there was none."""
    for known, said in state.refused:
        if known == _task(event.exec):  # the next candidate on PATH of the same task: one question, one fault
            return state, (
                Record("exec.refused", event.attempt, event.exec, event.ruling, facts=(("why", "same task and argv as before"),)),
                Refuse(event.attempt, said),
            )
    for grant in state.grants:
        if event.ruling.verdict is Verdict.ASK and grant.covers(event.exec, event.ruling, event.at):
            state = replace(state, grants=tuple(grant.used(event.exec) if known is grant else known for known in state.grants))
            return _let(state, event, replace(intended, facts=(("grant", grant.id),)))
    return None


_WOULD = {Verdict.ALLOW: "let it run", Verdict.ASK: "ask a human", Verdict.SECOND: "want two people", Verdict.DENY: "deny it"}


def _would(state: Session, verdict: Verdict) -> Session:
    counts = state.counts
    if verdict is Verdict.DENY:
        return replace(state, counts=replace(counts, would_deny=counts.would_deny + 1))
    return replace(state, counts=replace(counts, would_ask=counts.would_ask + 1))


def _let(state: Session, event: ExecAttempted, intended: Record) -> Step:
    running = (*state.running, (event.attempt, Running(event.exec, event.ruling)))
    return replace(state, running=running), (intended, Resume(event.attempt))


def _refuse(state: Session, event: ExecAttempted, why: str, *, hint: str = "") -> Step:
    said = text.refusal(event.exec.argv, why, event.ruling, hint=hint)
    state = _remember(state, event.exec, said)
    record = Record("exec.refused", event.attempt, event.exec, event.ruling, facts=(("why", why),))
    return replace(state, counts=replace(state.counts, refused=state.counts.refused + 1)), (record, Refuse(event.attempt, said))


def _remember(state: Session, attempted: Exec, said: str) -> Session:
    return replace(state, refused=(*state.refused[-_REMEMBERED:], (_task(attempted), said)))


def _ask(state: Session, event: ExecAttempted) -> Step:
    number = state.questions + 1
    question = Question(
        id=f"{state.id}-{number}",
        session=state.id,
        argv=event.exec.argv,
        cwd=event.exec.cwd,
        file=event.exec.file.path,
        ruling=event.ruling,
        chain=tuple(text.command(process.argv or (process.name,)) for process in reversed(event.exec.ancestry)),
        agent=state.agent,
        task=state.task,
        asked_at=timestamp(event.at),
        expires_at=timestamp(event.at + state.ask_timeout) if state.ask_timeout else "",
        timeout=state.ask_timeout,
    )
    counts = replace(state.counts, asked=state.counts.asked + 1)
    waiting = (*state.waiting, Waiting(question, event.attempt, event.exec, event.ruling))
    asked = Record("question.asked", event.attempt, event.exec, event.ruling, question=question)
    return replace(state, waiting=waiting, questions=number, counts=counts), (asked, Ask(question))


def _unverifiable(state: Session, event: ExecUnverifiable) -> Step:
    state, _ = _pop_running(state, event.attempt)
    if state.mode is Mode.AUDIT:
        return state, (Record("exec.unchecked", event.attempt, facts=_facts(event)), Resume(event.attempt, unchecked=True))
    said = text.refusal(event.argv or (event.path,), f"qguard cannot check it: {event.why}.", NOTHING)
    counts = replace(state.counts, refused=state.counts.refused + 1)
    return replace(state, counts=counts), (Record("exec.refused", event.attempt, facts=_facts(event)), Refuse(event.attempt, said))


def _facts(event: ExecUnverifiable) -> tuple[tuple[str, str | int], ...]:
    return (("tid", event.tid), ("path", event.path), ("command", text.command(event.argv)), ("why", event.why))


# ---- an answer comes -------------------------------------------------------------------------------------------------


def _find(state: Session, matches: Callable[[Waiting], bool]) -> Waiting | None:
    return next((waiting for waiting in state.waiting if matches(waiting)), None)


def _said(state: Session, answer: Answer, at: float) -> Step:
    waiting = _find(state, lambda known: known.question.id == answer.question)
    if waiting is None:
        return state, ()
    state = replace(state, waiting=tuple(known for known in state.waiting if known is not waiting))
    answered = Record("answer", waiting.attempt, waiting.exec, waiting.ruling, question=waiting.question, answer=answer)
    withdraw = (
        (Withdraw(waiting.question.id, "Nobody answered in time, so it was denied.", grantable=False),) if answer.by == "timeout" else ()
    )
    if answer.choice is Choice.DENY:
        return _denied(state, waiting, answer, (*withdraw, answered))
    return _approved(state, waiting, answer, answered, at)


def _denied(state: Session, waiting: Waiting, answer: Answer, before: tuple[Effect, ...]) -> Step:
    if waiting.gone:
        return state, before
    why = {
        "timeout": "nobody answered in time, which counts as no.",
        "hang-up": "the engineer's terminal is gone, which counts as no.",
    }.get(answer.by, "a human was asked and said no.")
    said = text.refusal(waiting.exec.argv, why, waiting.ruling)
    state = _remember(replace(state, counts=replace(state.counts, denied=state.counts.denied + 1)), waiting.exec, said)
    return state, (*before, Refuse(waiting.attempt, said))


def _approved(state: Session, waiting: Waiting, answer: Answer, answered: Record, at: float) -> Step:
    state = replace(state, counts=replace(state.counts, approved=state.counts.approved + 1))
    effects: list[Effect] = [answered]
    grants = list(state.grants)

    def grant(kind: GrantKind, **bounds: object) -> None:
        made = Grant(
            id=f"{waiting.question.id}-{kind}",
            kind=kind,
            argv=waiting.exec.argv,
            cwd=waiting.exec.cwd,
            env=waiting.exec.env,
            deeds=deeds(waiting.ruling),
            **bounds,  # type: ignore[arg-type]  # the bounds are Grant's own fields
        )
        grants.append(made)
        effects.append(Record("grant.made", waiting.attempt, grant=made))

    if answer.choice is Choice.AGAIN:
        grant(GrantKind.AGAIN)
    elif waiting.gone:
        grant(GrantKind.LATE, uses=1, until=at + LATE_SECONDS)
    if not waiting.gone:
        if waiting.exec.ancestry:
            head = waiting.exec.ancestry[0]
            grant(GrantKind.CONTINUATION, process=(head.pid, head.start), files=(waiting.exec.file,), uses=_SHIMS)
        state = replace(state, running=(*state.running, (waiting.attempt, Running(waiting.exec, waiting.ruling))))
        effects += [Record("exec.intended", waiting.attempt, waiting.exec, waiting.ruling), Resume(waiting.attempt)]
    return replace(state, grants=tuple(grants)), tuple(effects)


def _gave_up(state: Session, event: AgentGaveUp) -> Step:
    waiting = _find(state, lambda known: known.attempt == event.attempt and not known.gone)
    if waiting is None:
        return state, ()
    gone = replace(waiting, gone=True)
    state = replace(state, waiting=tuple(gone if known is waiting else known for known in state.waiting))
    record = Record("question.withdrawn", waiting.attempt, waiting.exec, question=waiting.question)
    return state, (Withdraw(waiting.question.id, "The command gave up waiting for an answer.", grantable=True), record)


def _left(state: Session, event: HumanLeft) -> Step:
    state = replace(state, can_ask=False, no_asking="The engineer's terminal is gone, so nobody can be asked.")
    effects: list[Effect] = []
    for waiting in state.waiting:
        state, more = _said(state, Answer(waiting.question.id, Choice.DENY, "hang-up"), event.at)
        effects += more
    return state, tuple(effects)


# ---- after the exec --------------------------------------------------------------------------------------------------


def _pop_running(state: Session, attempt: int) -> tuple[Session, Running | None]:
    found = next((running for number, running in state.running if number == attempt), None)
    return replace(state, running=tuple(pair for pair in state.running if pair[0] != attempt)), found


def _loaded(state: Session, event: ProgramLoaded) -> Step:
    state, running = _pop_running(state, event.attempt)
    was = running.exec if running else event.exec
    keeps = _still_covered(running, event)
    if keeps or state.mode is Mode.AUDIT:
        if running and was:
            state = replace(state, running=(*state.running, (event.attempt, replace(running, loaded=True))))
        facts = () if keeps else (("changed", event.why or "what was loaded is not what was judged"),)
        if not running and keeps:
            return state, (Release(event.attempt),)
        return state, (Record("exec.loaded", event.attempt, event.exec or was, event.ruling, facts=facts), Release(event.attempt))
    why = event.why or _what_changed(running.exec if running else None, event.exec)
    argv = event.exec.argv if event.exec else (was.argv if was else ())
    said = text.refusal(argv, f"{why}; it was ended before its first instruction.", event.ruling)
    counts = replace(state.counts, killed=state.counts.killed + 1)
    record = Record("exec.killed", event.attempt, event.exec or was, event.ruling, facts=(("why", why),))
    tell = Tell(f"stopped a command that changed between check and start: {text.command(argv)}")
    return replace(state, counts=counts), (record, Kill(event.attempt, said), tell)


def _still_covered(running: Running | None, event: ProgramLoaded) -> bool:
    """A difference that does not change the ruling is none; anything unreadable is one, and so is another directory than was approved."""
    if event.same:
        return True
    if event.why:
        return False
    if event.ruling.verdict is Verdict.ALLOW:
        return True
    judged = running.ruling if running else NOTHING
    if running and event.exec and running.exec.cwd != event.exec.cwd:
        return False
    return event.ruling.verdict <= judged.verdict and not event.ruling.opaque and deeds(event.ruling) == deeds(judged)


def _what_changed(was: Exec | None, loaded: Exec | None) -> str:
    if was and loaded and was.cwd != loaded.cwd:
        return "its working directory changed after it was judged"
    if was and was == loaded:
        return "what it would act on, or where, changed after it was judged"
    return "what was loaded is not what was judged"


def _ended(state: Session, event: ProcessEnded) -> Step:
    state, running = _pop_running(state, event.attempt)
    if running is None:
        return state, ()
    ended = event.exit_status is not None or event.signal is not None
    # A finished process can start nothing more: what continued its approval ends with it.
    grants = tuple(grant for grant in state.grants if not ended or grant.process is None or grant.process[0] != running.exec.pid)
    facts = (("loaded", running.loaded), ("exit_status", event.exit_status), ("signal", event.signal), ("replaced", event.replaced))
    return replace(state, grants=grants), (Record("exec.outcome", event.attempt, running.exec, facts=facts),)


def _not_recorded(state: Session, event: NotRecorded) -> Step:
    why = f"its record could not be written ({event.why}), and nothing that matters runs unrecorded."
    state, running = _pop_running(state, event.attempt)
    waiting = _find(state, lambda known: known.attempt == event.attempt)
    state = replace(
        state,
        waiting=tuple(known for known in state.waiting if known is not waiting),
        grants=tuple(grant for grant in state.grants if waiting is None or not grant.id.startswith(waiting.question.id)),
        # The record of a refusal could not be written: that one is counted already.
        counts=replace(state.counts, refused=state.counts.refused + bool(running or waiting)),
    )
    source = running or waiting
    said = text.refusal(source.exec.argv, why, source.ruling) if source else f"qguard: refused: {why}"
    withdraw: tuple[Effect, ...] = (Withdraw(waiting.question.id, "Its record could not be written.", grantable=False),) if waiting else ()
    return state, (
        *withdraw,
        Refuse(event.attempt, said),
        Tell(f"the audit trail cannot be written ({event.why}); gated commands are refused"),
    )
