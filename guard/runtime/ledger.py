"""The supervisor's pen: effects and edge facts → records of the trail, and a failure to write as a value."""

from __future__ import annotations

import errno
import os
from collections import deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from guard.audit.writer import FileTrail
from guard.core import happenings as h
from guard.core.session import Counts
from guard.kernel.gate import Attempt

_MANY = 64  # half a millisecond's work


def _together() -> int:
    """How many ``exec.seen`` records are sealed at once.

    With a core to spare, each at once: the program that starts has another core. On a single one sealing would keep it waiting, and
    many at a time cost less.
    """
    return 1 if len(os.sched_getaffinity(0)) > 1 else _MANY


@dataclass(slots=True)
class Ledger:
    """Writes to one trail, in the order in which things happened.

    ``dirty``: something is buffered that ``flush`` would write. ``passed`` counts execs that concerned no rule. ``problem`` is
    the first reason for which something could not be written.
    """

    trail: FileTrail
    dirty: bool = False
    passed: int = 0
    problem: str = ""
    together: int = field(default_factory=_together)
    _later: deque[tuple[str, Mapping[str, Any]]] = field(default_factory=deque)
    _seen: list[tuple[float, Attempt]] = field(default_factory=list)

    def record(self, effect: h.Record) -> str:
        """Write a record and have it on disk. Returns why not; "" when it is."""
        from guard.audit.bodies import record_body  # noqa: PLC0415 - masking's tables are loaded when there is something to mask

        return self.note(effect.kind, record_body(effect))

    def seen(self, attempt: Attempt) -> None:
        """Record, cheaply and later, an exec that concerned no rule."""
        self.passed += 1
        self.dirty = True
        self._seen.append((self.trail.now(), attempt))
        if len(self._seen) >= self.together:
            self._write_seen()

    def _write_seen(self) -> None:
        """Hand to the trail what was seen."""
        from guard.audit.bodies import seen_body  # noqa: PLC0415 - as above

        together, self._seen = self._seen, []  # first, so that one that cannot be written is not tried for ever
        for at, attempt in together:
            try:
                self.trail.append_fast("exec.seen", seen_body(attempt.tid, attempt.path, attempt.words), at)
            except OSError as error:
                self.problem = self.problem or _reason(error)

    def later(self, kind: str, body: Mapping[str, Any]) -> None:
        """Hand in a record from another thread; the next ``flush`` writes it."""
        self._later.append((kind, body))

    def flush(self) -> None:
        """Hand on what is buffered."""
        self._write_seen()
        while self._later:
            self.note(*self._later.popleft())
        self.dirty = False
        try:
            self.trail.flush()
        except OSError as error:
            self.problem = self.problem or _reason(error)

    def note(self, kind: str, body: Mapping[str, Any]) -> str:
        """Write a record of the session itself. Returns why not; "" when it is on disk."""
        self._write_seen()
        try:
            self.trail.append(kind, body, durable=True)
        except OSError as error:
            reason = _reason(error)
            self.problem = self.problem or reason
            return reason
        self.dirty = False
        return ""

    def trouble(self, traceback: str) -> None:
        """Keep a failure of qguard's own where a human can find it."""
        from guard.core.mask import mask_text  # noqa: PLC0415 - failures are rare

        self.note("guard.error", {"traceback": mask_text(traceback)})

    def end(self, status: int, counts: Counts) -> None:
        """Write the last record of the session and let go of the file."""
        self.flush()
        self.note("session.ended", {"status": status, "passed": self.passed, "counts": asdict(counts)})
        try:
            self.trail.close()
        except OSError as error:
            self.problem = self.problem or _reason(error)


def _reason(error: OSError) -> str:
    return error.strerror or errno.errorcode.get(error.errno or 0, str(error))
