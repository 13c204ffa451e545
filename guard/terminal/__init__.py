"""The pty in between, the question card, the answer: the outer process's side of the human's terminal (promises 5, 9, 10).

    prepare() → plan ──fork──▶ Front(plan, link).run()

``Front`` relays between the human's terminal and the agent's pty. ``ModeTracker`` knows what the agent did to the screen, so that a
question can have a screen of its own and leave no trace; ``body`` draws it; ``Desk`` keeps the queue and ``Patience`` decides
which keys count.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from guard.terminal.front import Front, SupervisorGone
    from guard.terminal.plan import TerminalPlan, prepare

__all__ = ["Front", "SupervisorGone", "TerminalPlan", "prepare"]

_WHERE = {"Front": "front", "SupervisorGone": "front", "TerminalPlan": "plan", "prepare": "plan"}


def __getattr__(name: str) -> object:
    """Import what is asked for, when it is asked for (PEP 562): start-up is paid by every guarded command."""
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415 - lazy on purpose

    return getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)
