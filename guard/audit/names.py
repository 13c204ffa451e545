"""Where trails lie and what sessions are called."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

SUFFIX = ".jsonl"
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that is taken for another when read out
_RANDOM_LETTERS = 6
_ID = re.compile(r"[0-9]{8}-[0-9]{6}-[a-z0-9]{6}")


def new_session_id(now: float, random: bytes) -> str:
    """Name a session: ``20261123-195601-x7k2q9``. Sorts by time (UTC); ``random`` takes at least six bytes."""
    letters = "".join(_LETTERS[byte % len(_LETTERS)] for byte in random[:_RANDOM_LETTERS])
    if len(letters) < _RANDOM_LETTERS:
        raise ValueError(f"a session id takes {_RANDOM_LETTERS} random bytes")
    return f"{datetime.fromtimestamp(now, UTC):%Y%m%d-%H%M%S}-{letters}"


def is_session_id(text: str) -> bool:
    """Whether ``text`` is a session's name, and so a safe name for a file."""
    return bool(_ID.fullmatch(text))


def sessions_directory(environ: Mapping[str, str]) -> Path:
    """Return ``$XDG_STATE_HOME/qguard/sessions``; as its specification says, a relative ``XDG_STATE_HOME`` does not count."""
    state = environ.get("XDG_STATE_HOME", "")
    base = Path(state) if state.startswith("/") else Path(environ.get("HOME") or Path.home()) / ".local" / "state"
    return base / "qguard" / "sessions"
