"""Approvals, bounded: one type for once, again, a late answer, and the execs by which an approved command reaches its program."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from guard.core.attempts import Exec, FileId
from guard.core.words import Effect, Place, Ruling, Target, Undo


class GrantKind(StrEnum):
    """Where a grant came from."""

    AGAIN = "again"
    LATE = "late"
    CONTINUATION = "continuation"


@dataclass(frozen=True, slots=True)
class Deed:
    """What makes two actions the same deed: what is done, to what, where. Not how it was spelled."""

    provider: str
    service: str | None
    operation: str
    effect: Effect
    undo: Undo
    targets: tuple[Target, ...]
    place: Place


def deeds(ruling: Ruling) -> tuple[Deed, ...]:
    """The deeds of a ruling, in its order."""
    return tuple(
        Deed(a.provider, a.service, a.operation, a.effect, a.undo, a.targets, a.place) for a in (judged.action for judged in ruling.judged)
    )


@dataclass(frozen=True, slots=True)
class Grant:
    """One approval.

    It covers an exec with this argv (a continuation: these words after argv[0]), in this directory, with these relevant
    variables, that does these deeds. ``uses`` left, None for any number; ``until`` in seconds since the epoch, None for the
    session. A continuation holds for the approved process (pid and start) and what it starts, once for each file, and
    for a few files: so a shim may exec the real program, but a script that poses as one cannot run it, or copies of it, for ever.
    """

    id: str
    kind: GrantKind
    argv: tuple[str, ...]
    cwd: str
    env: tuple[tuple[str, str], ...]
    deeds: tuple[Deed, ...]
    uses: int | None = None
    until: float | None = None
    process: tuple[int, int] | None = None
    files: tuple[FileId, ...] = ()

    def covers(self, attempted: Exec, ruling: Ruling, at: float) -> bool:
        """True when this exec is what was approved."""
        if self.uses == 0 or (self.until is not None and at > self.until):
            return False
        if ruling.opaque or self.deeds != deeds(ruling) or self.cwd != attempted.cwd or self.env != attempted.env:
            return False
        if self.kind is not GrantKind.CONTINUATION:
            return self.argv == attempted.argv
        started_by = any((process.pid, process.start) == self.process for process in attempted.ancestry)
        return started_by and self.argv[1:] == attempted.argv[1:] and attempted.file not in self.files

    def used(self, attempted: Exec) -> Grant:
        """What is left of it after it let ``attempted`` run."""
        files = (*self.files, attempted.file) if self.kind is GrantKind.CONTINUATION else self.files
        return replace(self, files=files, uses=None if self.uses is None else self.uses - 1)
