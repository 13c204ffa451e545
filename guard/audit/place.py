"""The folder of the trails: made private, and refused when somebody else could exchange what is in it."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from guard.core.escape import visible
from guard.errors import CannotStart

_PRIVATE = 0o700
_OTHERS = 0o077


def open_directory(directory: Path) -> int:
    """Make ``directory`` if need be and return a descriptor of it. Raises ``CannotStart``."""
    try:
        _make(directory)
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        raise CannotStart(
            f"The audit trail has no place: {visible(str(directory))}: {error.strerror}.",
            "Give it a folder that you can write: set XDG_STATE_HOME, or correct the rights of the one named.",
        ) from error
    try:
        _make_private(descriptor, directory)
        _refuse_swappable(directory)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _make(directory: Path) -> None:
    """Make ``directory`` and those above it that are missing, private and on disk. Raises ``OSError``."""
    if directory.is_dir():
        return
    _make(directory.parent)
    directory.mkdir(mode=_PRIVATE, exist_ok=True)
    above = os.open(directory.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(above)
    finally:
        os.close(above)


def _make_private(descriptor: int, directory: Path) -> None:
    """Take the rights of others away. Raises ``CannotStart`` when the folder is not ours."""
    found = os.fstat(descriptor)
    if found.st_uid != os.geteuid():
        raise CannotStart(
            f"The folder of the audit trail, {visible(str(directory))}, belongs to uid {found.st_uid}, who could change the trail.",
            "Set XDG_STATE_HOME to a folder of your own (with sudo, add -H).",
        )
    if found.st_mode & _OTHERS:
        os.fchmod(descriptor, _PRIVATE)


def _refuse_swappable(directory: Path) -> None:
    """Raise ``CannotStart`` when any user could rename a folder above ``directory`` and put another in its place."""
    for folder in directory.resolve().parents:
        mode = folder.stat().st_mode
        if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
            raise CannotStart(
                f"Any user can exchange the audit trail: {visible(str(folder))} is writable by all.",
                f"chmod o-w {visible(str(folder))}, or set XDG_STATE_HOME to a folder of your own.",
            )
