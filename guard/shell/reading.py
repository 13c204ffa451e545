"""What reading a line gives: everything that it would start and that is watched, or why that cannot be told."""

from __future__ import annotations

from dataclasses import dataclass

from guard.core.words import Invocation, Opaque

_EXCERPT = 200


@dataclass(frozen=True, slots=True)
class Reading:
    """The watched invocations in a line, wrappers peeled off, and what could not be understood. Both empty: nobody's business."""

    invocations: tuple[Invocation, ...] = ()
    opaque: tuple[Opaque, ...] = ()

    def __add__(self, other: Reading) -> Reading:
        return Reading(self.invocations + other.invocations, self.opaque + other.opaque)


NOTHING_READ = Reading()


def not_understood(source: str, why: str) -> Reading:
    """A reading that says only that ``source`` was not understood."""
    text = source if len(source) <= _EXCERPT else source[:_EXCERPT] + "…"
    return Reading(opaque=(Opaque(text, why),))
