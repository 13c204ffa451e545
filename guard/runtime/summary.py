"""What the human reads at the start and at the end: one line, and a few."""

from __future__ import annotations

from guard.core.session import Mode, Session
from guard.kernel.confine import Protection

_MODES = {Mode.ENFORCE: "", Mode.AUDIT: "AUDIT ONLY, nothing is stopped", Mode.DRY_RUN: "dry run, nothing gated is run"}


def banner(state: Session, protection: Protection) -> str:
    """One line: what holds in this session and what does not (promise 12)."""
    parts = [
        f"guarding {state.agent} (kernel gate, personal)",
        _MODES[state.mode] or ("asks here" if state.can_ask else "nobody can be asked: gated commands are denied"),
        "sudo and su gain no rights" if protection.no_new_privs else "RUNNING AS ROOT: a fence, not a wall",
        "not covered: cloud calls without a command, your credentials",
        f"session {state.id}",
    ]
    return " · ".join(parts)


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
