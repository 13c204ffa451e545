"""A line → invocations or ``Opaque``; which program an exec starts; wrappers peeled off.

read(line)  ─▶ net ─▶ words of a simple line ─────────────▶ peel ─▶ Reading(invocations, opaque)
                 └──▶ tree (bashlex, in its own process) ─▶ ┘
program_of(exec)   the same knowledge (``tables``) for the kernel gate, at every exec
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from guard.shell.program import identify, program_of
from guard.shell.reading import Reading

if TYPE_CHECKING:
    from guard.shell.line import peel, read

__all__ = ["Reading", "identify", "peel", "program_of", "read"]


def __getattr__(name: str) -> object:
    """Reading lines is imported when a line is read (PEP 562): the gate's start needs ``program_of`` only."""
    if name not in {"peel", "read"}:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from guard.shell import line  # noqa: PLC0415 - lazy on purpose

    return getattr(line, name)
