"""Looking into a file that the agent may have put there: bounded, regular files only, never waiting for anybody."""

from __future__ import annotations

import os
import stat
from pathlib import Path


def peek(path: str, cwd: str, limit: int) -> bytes | None:
    """At most ``limit`` bytes of ``path`` (relative to ``cwd``); ``None`` when it is missing, no regular file, unreadable or longer.

    An empty ``cwd`` means that it is not known: then a relative path cannot be read. A FIFO, a device or a terminal is never opened:
    opening alone can wait or have effects.
    """
    if not path.startswith("/"):
        if not cwd.startswith("/"):
            return None
        path = f"{cwd}/{path}"
    try:
        if not stat.S_ISREG(Path(path).stat().st_mode):
            return None
        return _read(path, limit)
    except (OSError, ValueError):  # ValueError: a NUL in the path, or text that no file name can be
        return None


def _read(path: str, limit: int) -> bytes | None:
    # The file may be another by now: hence O_NONBLOCK, and a second look at what was opened.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or found.st_size > limit:
            return None
        parts, left = [], limit + 1
        while left > 0 and (chunk := os.read(descriptor, left)):
            parts.append(chunk)
            left -= len(chunk)
        return b"".join(parts) if left > 0 else None
    finally:
        os.close(descriptor)
