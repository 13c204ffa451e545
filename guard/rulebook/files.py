"""Files that people write, read once and never waited for."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from guard.core.data import Node
from guard.errors import RulebookError


def read_yaml(path: Path, what: str) -> Node:
    """The document in a file; ``what`` is what a sentence calls it. A pipe or a device is none. Raises ``RulebookError``."""
    from guard.rulebook.yaml_reader import MAX_BYTES, read  # noqa: PLC0415 - a wheel without files of the user's needs none

    try:
        with open(path, "rb", opener=_without_waiting) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise RulebookError(f"The {what} is not a regular file.", file=str(path))
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise RulebookError(f"The {what} cannot be read: {error.strerror}.", file=str(path)) from error
    return read(content, str(path))


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)
