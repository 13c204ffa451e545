"""Where an invocation would land."""

from __future__ import annotations

from typing import Protocol

from guard.core.words import Invocation, Place


class PlaceFinder(Protocol):
    """Reads, never writes, never runs a program, never raises: what cannot be read is simply not among the facts."""

    def find(self, invocation: Invocation) -> Place:
        """The place that ``invocation`` would act on, by its argv, its environment and the files these name."""
        ...
