"""The supervisor's pen: effects and edge facts → records of the trail, and a failure to write as a value."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from guard.core import happenings as h
from guard.kernel.gate import Attempt
from guard.ports.trail import Trail


@dataclass(slots=True)
class Ledger:
    """Writes to one trail. ``dirty``: something is buffered that ``flush`` would write."""

    trail: Trail
    dirty: bool = False
    passed: int = 0
    problem: str = ""
    troubles: list[str] = field(default_factory=list)

    def record(self, effect: h.Record) -> str:
        """Write a record and have it on disk. Returns why not; "" when it is."""
        raise NotImplementedError

    def seen(self, attempt: Attempt) -> None:
        """Record, cheaply and later, an exec that concerned no rule."""
        self.passed += 1
        self.dirty = True

    def flush(self) -> None:
        """Hand on what is buffered."""
        self.dirty = False

    def note(self, kind: str, body: Mapping[str, Any]) -> str:
        """Write a record of the session itself. Returns why not; "" when it is on disk."""
        try:
            self.trail.append(kind, body, durable=True)
        except OSError as error:
            return error.strerror or errno.errorcode.get(error.errno or 0, str(error))
        return ""

    def trouble(self, traceback: str) -> None:
        """Keep a failure of qguard's own where a human can find it."""
        self.troubles.append(traceback)
        self.note("guard.error", {"traceback": traceback, "pid": os.getpid()})
