"""Trails as they lie on disk: which there are, and what their lines say. Believes nothing: see ``verify`` for that."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from guard.audit.names import SUFFIX, is_session_id
from guard.core.escape import visible
from guard.errors import TrailError, UsageError

_LAST_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a trail, counted from 0. ``record`` is None when it is none, and ``problem`` then says why.

    ``cut``: the line does not end, as only the last can: qguard was killed while it wrote, or still writes.
    """

    index: int
    raw: bytes
    record: Mapping[str, Any] | None
    problem: str = ""
    cut: bool = False


def _parsed(index: int, raw: bytes) -> Line:
    """Read one line; whatever is in it."""
    if not raw.endswith(b"\n"):
        return Line(index, raw, None, "it is cut off", cut=True)
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError) as error:
        return Line(index, raw, None, f"it is not JSON ({error})")
    if not isinstance(found, dict):
        return Line(index, raw, None, "it is not a JSON object")
    return Line(index, raw, found)


def _open(path: Path) -> IO[bytes]:
    """Open a trail. Raises ``TrailError``."""
    try:
        return os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK), "rb")
    except OSError as error:
        raise TrailError(f"The trail cannot be read: {visible(str(path))}: {error.strerror}.") from error


def read(path: Path) -> Iterator[Line]:
    """Yield the lines of a trail. Raises ``TrailError`` when the file cannot be read."""
    with _open(path) as file:
        try:
            for index, raw in enumerate(file):
                yield _parsed(index, raw)
        except OSError as error:
            raise TrailError(f"The trail cannot be read: {visible(str(path))}: {error.strerror}.") from error


def ends(path: Path) -> tuple[Line | None, Line | None]:
    """Return the first line and, if it fits into the last 64 KiB, the last: what a listing needs of a trail of any length."""
    with _open(path) as file:
        try:
            first = file.readline()
            file.seek(max(len(first), file.seek(0, os.SEEK_END) - _LAST_BYTES))
            rest = file.read().splitlines(keepends=True)
        except OSError as error:
            raise TrailError(f"The trail cannot be read: {visible(str(path))}: {error.strerror}.") from error
    return (_parsed(0, first) if first else None), (_parsed(-1, rest[-1]) if rest else None)


def is_running(path: Path) -> bool:
    """Whether the session that writes ``path`` still runs: it holds a lock on it as long as it lives."""
    with _open(path) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError:
            return False
    return False


def sessions(directory: Path) -> tuple[Path, ...]:
    """Return the trails in ``directory``, oldest first. Raises ``TrailError`` when it is there and cannot be read."""
    try:
        names = sorted(entry.name for entry in directory.iterdir() if entry.suffix == SUFFIX and is_session_id(entry.stem))
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise TrailError(f"The trails cannot be listed: {visible(str(directory))}: {error.strerror}.") from error
    return tuple(directory / name for name in names)


def find_session(directory: Path, name: str | None = None) -> Path:
    """Return the trail of session ``name``, of which a beginning that fits only one is enough; without, the latest.

    Raises ``UsageError`` when there is none, or more than one.
    """
    known = sessions(directory)
    if not known:
        raise UsageError("There is no session yet.", "qguard run -- AGENT makes one.")
    if name is None:
        return known[-1]
    fitting = [path for path in known if path.stem.startswith(name)]
    exact = [path for path in fitting if path.stem == name]
    if len(fitting) == 1 or exact:
        return (exact or fitting)[0]
    raise _not_found(name, [path.stem for path in fitting], [path.stem for path in known])


def _not_found(name: str, fitting: list[str], known: list[str]) -> UsageError:
    """Say what was meant, perhaps."""
    import difflib  # noqa: PLC0415 - only for a mistake

    if fitting:
        return UsageError(f"{len(fitting)} sessions begin with {visible(name)}.", f"Say more of it: {_some(fitting)}.")
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    hint = f"Did you mean {_some(near)}?" if near else f"The latest is {known[-1]}; qguard audit list shows all."
    return UsageError(f"There is no session {visible(name)}.", hint)


def _some(names: list[str]) -> str:
    """Return up to five names as a phrase, the latest."""
    return ", ".join(names[-5:]) + (", …" if len(names) > 5 else "")  # noqa: PLR2004
