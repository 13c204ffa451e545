"""How pure code looks into a file: it is handed a function that can."""

from __future__ import annotations

from typing import Protocol


class Peek(Protocol):
    """Reads a file as the judged process would see it, bounded. Never raises: ``None`` is "cannot be read"."""

    def __call__(self, path: str, cwd: str, limit: int) -> bytes | None:
        """At most ``limit`` bytes of ``path`` (relative to ``cwd``), or ``None`` when missing, unreadable or longer."""
        ...


def sees_nothing(path: str, cwd: str, limit: int) -> bytes | None:  # noqa: ARG001 - a Peek's parameters
    """A ``Peek`` for tests and examples: no file can be read."""
    return None
