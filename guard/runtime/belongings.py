"""What the agent can write today and qguard runs or obeys tomorrow: its configuration, its code, what Python loads before it.

Where nothing hides these from the agent, a change made during a guarded session is at least said: at its end, in the trail, and once more
at the next start. Only names, sizes, times and inodes are compared: a few hundred stat(2), less than a millisecond.
"""

from __future__ import annotations

import contextlib
import json
import os
import site
import sys
from collections.abc import Iterator
from pathlib import Path

import guard
from guard.runtime.settings import PROJECT_POLICY, Settings

Seen = dict[str, tuple[int, int, int]]
"""path → (inode, size, time of the last change in nanoseconds)."""

_NOTICE = "changed-in-a-session.json"
_MOST = 5_000
_SHOWN = 5
_STARTUP_FILES = ("usercustomize.py", "sitecustomize.py")


def look(settings: Settings, policy: Path | None) -> Seen:
    """Everything of qguard's own, as it is now; ``policy`` is what ``--policy`` named. What cannot be looked at is not there."""
    found: Seen = {}
    for path in (*([str(policy)] if policy else []), *_belongings(settings)):
        with contextlib.suppress(OSError):
            about = os.stat(path)  # noqa: PTH116 - two times hundreds of files at every start: a Path for each doubles the time
            # ctime: no process can set it, unlike mtime.
            found[path] = (about.st_ino, about.st_size, about.st_ctime_ns)
        if len(found) >= _MOST:
            break
    return found


def _belongings(settings: Settings) -> Iterator[str]:
    yield from _files(settings.config_dir)
    yield str(settings.project_policy or Path(settings.cwd) / PROJECT_POLICY)
    yield from _files(Path(guard.__file__).parent)
    for folder in dict.fromkeys((Path(guard.__file__).parent.parent, *_site_folders())):
        yield from (f"{folder}/{name}" for name in _STARTUP_FILES)
        with contextlib.suppress(OSError):
            yield from sorted(map(str, folder.glob("*.pth")))
    yield sys.argv[0]


def _site_folders() -> list[Path]:
    user = [site.getusersitepackages()] if site.ENABLE_USER_SITE else []
    return [Path(folder) for folder in (*user, *site.getsitepackages())]


def _files(folder: Path) -> Iterator[str]:
    for above, folders, names in os.walk(folder):
        folders.sort()
        yield from (f"{above}/{name}" for name in sorted(names))


def differences(before: Seen, after: Seen) -> tuple[str, ...]:
    """The paths that are new, gone or changed, sorted. A compiled module that was not there before is none: running qguard makes them."""
    paths = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
    return tuple(sorted(path for path in paths if path in before or not path.endswith(".pyc")))


def sentence(paths: tuple[str, ...], session: str) -> str:
    """What the engineer reads about it."""
    from guard.core.escape import visible  # noqa: PLC0415 - its tables cost milliseconds, and there is rarely something to say

    shown = ", ".join(visible(path) for path in paths[:_SHOWN]) + (f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else "")
    return f"changed during session {session}, perhaps by the agent: {shown}. Look at it before you rely on it."


def leave_notice(state_dir: Path, text: str) -> None:
    """Put down what the next start has to say. Raises ``OSError``."""
    before = _notices(state_dir / _NOTICE)
    content = json.dumps([*before, text])
    scratch = state_dir / f"{_NOTICE}.{os.getpid()}"
    scratch.write_text(content, encoding="ascii")
    scratch.replace(state_dir / _NOTICE)


def take_notices(state_dir: Path) -> tuple[str, ...]:
    """What earlier sessions left to say; it is said once."""
    found = _notices(state_dir / _NOTICE)
    if found:
        with contextlib.suppress(OSError):
            (state_dir / _NOTICE).unlink()
    return found


def _notices(path: Path) -> tuple[str, ...]:
    try:
        told = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return ()
    return tuple(text for text in told if isinstance(text, str)) if isinstance(told, list) else ()
