"""What the human reads at the start and at the end: one line, and a few."""

from __future__ import annotations

from collections.abc import Mapping

from guard.core.session import Mode, Session
from guard.kernel.confine import Protection

_MODES = {Mode.ENFORCE: "", Mode.AUDIT: "AUDIT ONLY, nothing is stopped", Mode.DRY_RUN: "dry run, nothing gated is run"}
_MULTIPLEXERS = {
    "TMUX": "tmux",
    "STY": "screen",
    "ZELLIJ": "zellij",
    "KITTY_LISTEN_ON": "kitty",
    "WEZTERM_UNIX_SOCKET": "wezterm",
}
"""Variables that say that the human's terminal is inside something that can be told to type, and what that is."""


def banner(state: Session, protection: Protection, environment: Mapping[str, str]) -> str:
    """One line: what holds in this session and what does not (promise 12). ``environment`` is that of the human's terminal."""
    parts = [
        f"guarding {state.agent} (kernel gate, personal)",
        _MODES[state.mode] or ("asks here" if state.can_ask else "nobody can be asked: gated commands are denied"),
        "sudo and su gain no rights" if protection.no_new_privs else "RUNNING AS ROOT: a fence, not a wall",
        f"not covered: {_not_covered(state, environment)}",
        f"session {state.id}",
    ]
    return " · ".join(parts)


def _not_covered(state: Session, environment: Mapping[str, str]) -> str:
    """What nothing here stops; what is about answers only where questions are asked at a terminal."""
    said = "cloud calls without a command, your credentials"
    if not state.can_ask or state.mode is not Mode.ENFORCE:
        return said
    said += ", writes to this terminal"
    inside = " and ".join(name for variable, name in _MULTIPLEXERS.items() if environment.get(variable))
    return f"{said}; what can type into this {inside} can answer" if inside else said


def ending(state: Session, *, passed: int, recorded: bool) -> str:
    """What was asked, denied, approved; empty when there was nothing to say."""
    counts = state.counts
    numbers = (
        (counts.asked, "asked"),
        (counts.approved, "approved"),
        (counts.denied, "denied"),
        (counts.refused, "refused without asking"),
        (counts.killed, "stopped after they changed"),
        (counts.would_ask, "would have been asked about"),
        (counts.would_deny, "would have been denied"),
    )
    said = ", ".join(f"{number} {what}" for number, what in numbers if number)
    if not said and recorded:
        return ""
    trouble = "" if recorded else " The trail could not be written completely."
    return f"qguard: session {state.id}: {said or 'nothing gated'}; {passed} other programs ran.{trouble} See: qguard audit show {state.id}"
