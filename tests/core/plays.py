"""A small stage for whole conversations: ``play(Session(...)).sees(event).emits(effect, ...)`` (STYLE 4)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from guard.core.attempts import Exec, FileId, Process
from guard.core.happenings import Effect, Event, ExecAttempted, Record
from guard.core.session import Session, step
from guard.core.words import Action, Judged, Ruling, Target, Undo, Verdict
from guard.core.words import Effect as Does

NOW = 1_800_000_000.0


@dataclass(frozen=True)
class Play:
    """A session, and what the last event made it do."""

    state: Session
    effects: tuple[Effect, ...] = ()

    def sees(self, event: Event) -> Play:
        """One event."""
        return Play(*step(self.state, event))

    def emits(self, *expected: Any) -> Play:
        """Exactly these effects, in this order; a class stands for any of its instances, a text for a Record of that kind."""
        assert len(expected) == len(self.effects), self.effects
        for wanted, effect in zip(expected, self.effects, strict=True):
            if isinstance(wanted, str):
                assert isinstance(effect, Record), effect
                assert wanted == effect.kind
            elif isinstance(wanted, type):
                assert isinstance(effect, wanted), effect
            else:
                assert wanted == effect
        return self

    def question(self) -> str:
        """The id of the newest open question."""
        return self.state.waiting[-1].question.id


def play(state: Session | None = None, **changes: Any) -> Play:
    """A session that can ask, changed as wanted."""
    return Play(replace(state or Session("s"), **changes))


def file(path: str = "/usr/bin/terraform", inode: int = 1) -> FileId:
    """A file that never was."""
    return FileId(path, 1, inode, 100, 1)


def an_exec(
    *argv: str, pid: int = 100, start: int = 1, path: str = "/usr/bin/terraform", parents: tuple[Process, ...] = (), **more: Any
) -> Exec:
    """An exec of terraform, unless said otherwise."""
    words = argv or ("terraform", "destroy")
    chain = (Process(pid, start, "sh", ("sh",)), *parents, Process(2, 1, "agent", ("agent",)))
    return Exec(tid=pid, pid=pid, path=path, file=file(path, hash(path) % 1000), argv=words, cwd="/w", ancestry=chain, **more)


def a_ruling(verdict: Verdict = Verdict.ASK, target: str = "default", **more: Any) -> Ruling:
    """A ruling on one teardown."""
    action = Action(
        "terraform.destroy",
        "terraform",
        None,
        "destroy",
        Does.TEARDOWN,
        Undo.RESTORE,
        targets=(Target("workspace", target),),
        because="It destroys.",
        instead="Plan first.",
        **more,
    )
    return Ruling(verdict, (Judged(action, verdict),))


def attempted(number: int = 1, an: Exec | None = None, ruling: Ruling | None = None, at: float = NOW) -> ExecAttempted:
    """A process wants to destroy."""
    return ExecAttempted(number, an or an_exec(), ruling or a_ruling(), at)
