"""What ``qguard run`` was told, as a value."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from guard.core.session import Mode


@dataclass(frozen=True, slots=True)
class Options:
    """The options of ``qguard run``.

    ``ask`` is ``terminal`` or ``never``; ``ask_timeout`` is in seconds (0: for ever; None: the policy says).
    """

    argv: tuple[str, ...]
    mode: Mode = Mode.ENFORCE
    task: str = ""
    agent: str | None = None
    policy: Path | None = None
    ask: str = "terminal"
    ask_timeout: int | None = None
    keep: bool = False
    allow_debuggers: bool = False
    unguarded: bool = False
