"""From actions to a ruling: every opinion on every action, and the strictest wins (promise 2).

Who may relax what:

- The default policy's table speaks about every effect. Its entries for a label only tighten.
- The engineer's table replaces entries of the default's. Where a rule of the engineer fits, the strictest that fits
  replaces the tables; a laxer one than the tables only when it fits beyond doubt (``Condition.surely_fits``).
- A project's table and rules, and anything against qguard itself, are opinions beside that: they can only tighten.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from guard.core.words import NOTHING, Action, Effect, Judged, Label, Opaque, Place, Reason, Ruling, Verdict
from guard.policy.labels import STRICTEST_FIRST, labels_in
from guard.policy.model import Cell, Policies, Policy, Rule, Seen

PROTECTED = "qguard"
"""The provider whose actions are denied whatever any policy says: no agent takes its own guard down."""


def rule(actions: tuple[Action, ...], opaque: tuple[Opaque, ...], policies: Policies) -> Ruling:
    """The ruling on all ``actions`` together; what could not be understood is asked about."""
    if not actions and not opaque:
        return NOTHING
    judged = tuple(_judge(action, policies) for action in actions)
    verdict = max((one.verdict for one in judged), default=Verdict.ALLOW)
    return Ruling(max(verdict, Verdict.ASK) if opaque else verdict, judged, opaque)


def _judge(action: Action, policies: Policies) -> Judged:
    seen = see(action, policies)
    reasons = tuple(_achievable(reason, policies) for reason in _opinions(seen, policies))
    return Judged(seen.action, max(reason.verdict for reason in reasons), reasons)


def see(action: Action, policies: Policies) -> Seen:
    """The action with the label that all names around it amount to."""
    place = action.place
    names = (*(value for _, value in place.facts), *(target.name for target in action.targets))
    pinned = frozenset(pin.label for pin in policies.pins if (pin.fact, pin.value) in place.facts)
    labels = labels_in(names, policies.words) | pinned | {place.label}
    strictest = next(label for label in STRICTEST_FIRST if label in labels)
    proven = place.label if place.pinned and place.label is strictest and place.label is not Label.UNKNOWN else None
    # Whatever is not proven may be anything, so what is said of unknown places holds for it too.
    shown = Place(strictest, place.facts, pinned=proven is not None)
    return Seen(replace(action, place=shown), labels if proven else labels | {Label.UNKNOWN}, proven, _command(action))


def _command(action: Action) -> str:
    if not action.argv:
        return ""
    from shlex import join  # noqa: PLC0415 - only for what some ruleset knows

    return join(action.argv)


def _opinions(seen: Seen, policies: Policies) -> Iterator[Reason]:
    """Everybody's opinion, none of which takes back another's."""
    yield from _engineer(seen, policies)
    if policies.project:
        yield from _tightening(seen, policies.project)
    yield from (_reason(one) for one in policies.default.rules if one.when.may_fit(seen))
    if seen.action.provider == PROTECTED:
        yield Reason("qguard itself", Verdict.DENY, "Nothing in a session acts on its own guard; no policy can allow it.")


def _engineer(seen: Seen, policies: Policies) -> list[Reason]:
    """What the tables say, or the engineer's rules instead of them."""
    tables = _tables(seen, policies)
    fitting = [one for one in policies.user.rules if one.when.may_fit(seen)] if policies.user else []
    if not fitting:
        return tables
    strictest = max(one.verdict for one in fitting)
    if strictest < max(reason.verdict for reason in tables) and not any(one.when.surely_fits(seen) for one in fitting):
        return tables
    return [_reason(one) for one in fitting]


def _tables(seen: Seen, policies: Policies) -> list[Reason]:
    """The engineer's entry for this effect or else the default's, and what both say about its labels."""
    user, default, effect = policies.user, policies.default, seen.action.effect
    if user and seen.proven and effect in (own := user.places.get(seen.proven, {})):
        return [_entry(own[effect], seen, seen.proven)]
    general = user.verdicts.get(effect) if user else None
    found = [_entry(general or default.verdicts[effect], seen)]
    for policy in (default, user):
        found += _labelled(seen, policy) if policy else []
    return found


def _tightening(seen: Seen, policy: Policy) -> list[Reason]:
    """All that a policy says which can only tighten."""
    cell = policy.verdicts.get(seen.action.effect)
    rules = [_reason(one) for one in policy.rules if one.when.may_fit(seen)]
    return [*([_entry(cell, seen)] if cell else []), *_labelled(seen, policy), *rules]


def _labelled(seen: Seen, policy: Policy) -> list[Reason]:
    """The entries of a policy for every label that something said."""
    effect = seen.action.effect
    return [_entry(table[effect], seen, label) for label, table in policy.places.items() if label in seen.labels and effect in table]


_SAYS = {
    Verdict.ALLOW: "is allowed",
    Verdict.ASK: "is asked about",
    Verdict.SECOND: "takes two people",
    Verdict.DENY: "is denied",
}
_NOUNS = {
    Effect.READ: "Reading",
    Effect.CREATE: "Creating something",
    Effect.CHANGE: "A change",
    Effect.DELETE: "A deletion",
    Effect.TEARDOWN: "A teardown",
    Effect.PRIVILEGE: "A change of rights",
    Effect.EVADE: "Switching a safeguard off",
}


def _entry(cell: Cell, seen: Seen, label: Label | None = None) -> Reason:
    where = "" if label is None else " where nothing is proven" if label is Label.UNKNOWN else f" in a {label} place"
    return Reason(cell.source, cell.verdict, f"{_NOUNS[seen.action.effect]}{where} {_SAYS[cell.verdict]}.")


def _reason(one: Rule) -> Reason:
    return Reason(one.source, one.verdict, one.because or f"What fits this rule {_SAYS[one.verdict]}.")


def _achievable(reason: Reason, policies: Policies) -> Reason:
    """Two people where no second one is configured: nobody can say yes (promise 11)."""
    if reason.verdict is not Verdict.SECOND or policies.approvers:
        return reason
    return Reason(reason.source, Verdict.DENY, f"{reason.text} No approvers are configured, so it is denied.")
