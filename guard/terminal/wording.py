"""Effects, undo and places in the words of the person who is asked."""

from __future__ import annotations

from guard.core.escape import visible
from guard.core.words import Action, Effect, Judged, Label, Place, Ruling, Undo

_DOES = {
    Effect.READ: "reads",
    Effect.CREATE: "creates",
    Effect.CHANGE: "changes",
    Effect.DELETE: "deletes",
    Effect.TEARDOWN: "takes down",
    Effect.PRIVILEGE: "changes who may do what:",
    Effect.EVADE: "switches off a safeguard:",
}
_UNTOLD = {
    Effect.READ: "something",
    Effect.CREATE: "something",
    Effect.CHANGE: "what its words name",
    Effect.DELETE: "what its words name",
    Effect.TEARDOWN: "everything it reaches",
    Effect.PRIVILEGE: "see its words",
    Effect.EVADE: "see its words",
}
_GRAVEST_FIRST = (Effect.TEARDOWN, Effect.EVADE, Effect.DELETE, Effect.PRIVILEGE, Effect.CHANGE, Effect.CREATE, Effect.READ)
_UNDO = {
    Undo.EASY: "easy to undo",
    Undo.RESTORE: "only by restoring a backup or building it again",
    Undo.NONE: "cannot be undone",
}


def settled(text: str) -> str:
    """Prose that may be escaped already: safe to show, its backslashes as they are."""
    return visible(text).replace("\\\\", "\\")


def strictest_first(ruling: Ruling) -> list[Judged]:
    """The judged actions, the strictest first, the gravest of them first."""
    return sorted(ruling.judged, key=lambda judged: (-judged.verdict, _GRAVEST_FIRST.index(judged.action.effect)))


def headline(action: Action) -> str:
    """What would happen: ``aws cloudformation DeleteStack — takes down stack billing-prod``."""
    name = " ".join(visible(part) for part in (action.provider, action.service, action.operation) if part)
    if not action.targets:
        return f"{name} — {_DOES[action.effect]} {_UNTOLD[action.effect]}"
    first = f"{visible(action.targets[0].kind)} {visible(action.targets[0].name)}"
    more = f" and {len(action.targets) - 1} more" if len(action.targets) > 1 else ""
    return f"{name} — {_DOES[action.effect]} {first}{more}"


def targets(action: Action) -> str:
    """All targets, when the headline could not name them all."""
    return ", ".join(f"{visible(target.kind)} {visible(target.name)}" for target in action.targets) if len(action.targets) > 1 else ""


def where(place: Place) -> str:
    """The place, label first; what is not known is said."""
    facts = ", ".join(f"{visible(name)} {visible(value)}" for name, value in place.facts)
    if place.label is Label.UNKNOWN:
        return f"place unknown ({facts})" if facts else "place unknown"
    pinned = " (pinned by your policy)" if place.pinned else ""
    return f"{place.label.value.upper()}{pinned}: {facts}" if facts else place.label.value.upper() + pinned


def undo(action: Action) -> str:
    """How it can be taken back."""
    return _UNDO[action.undo]
