"""A policy document to a ``Policy``; several policies to what is in force. Every mistake is a ``RulebookError`` with its place."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping

from guard.core.data import Node
from guard.core.words import Effect, Label, Verdict
from guard.policy.labels import DEFAULT_WORDS, is_word
from guard.policy.model import Cell, Condition, Globs, Layer, Pin, Policies, Policy, Rule

VERSION = 1
PINNABLE = ("account", "server")
"""The facts that cannot be chosen by whoever names things: an account's number, a server's URL."""
LONGEST_TIMEOUT = 365 * 24 * 3600  # seconds

_KEYS = ("version", "verdicts", "places", "rules", "approvers", "ask-timeout")
_ENGINEERS_ONLY = ("approvers", "ask-timeout")
_PLACE_KEYS = ("words", "pins", "verdicts")
_RULE_KEYS = ("when", "verdict", "because")
_GLOBS = {
    "provider": "providers",
    "service": "services",
    "operation": "operations",
    "rule": "rules",
    "target": "targets",
    "command": "commands",
}
_WHEN_KEYS = ("effect", "label", *_GLOBS)


def read_policy(document: Node, layer: Layer, name: str) -> Policy:
    """The policy that ``document`` says. ``name`` is how reasons cite it: ``policy.yaml``, with the line after it."""
    found = document.mapping(_KEYS)
    if "version" not in found:
        raise document.error("The key 'version' is missing here.", f"A policy begins with the line: version: {VERSION}")
    if found["version"].integer() != VERSION:
        raise found["version"].error(f"This qguard reads version {VERSION} of policies.")
    if layer is Layer.PROJECT:
        _refuse_loosening(document)
    places = found["places"].mapping(tuple(Label)) if "places" in found else {}
    details = {Label(label): node.mapping(_PLACE_KEYS) for label, node in places.items()}
    policy = Policy(
        layer,
        name,
        verdicts=_table(found.get("verdicts"), layer, name),
        places={label: _table(place.get("verdicts"), layer, name) for label, place in details.items()},
        rules=tuple(_rule(node, layer, name) for node in found["rules"].items()) if "rules" in found else (),
        words={label: _words(place["words"]) for label, place in details.items() if "words" in place},
        pins=tuple(pin for label, place in details.items() if "pins" in place for pin in _pins(label, place["pins"])),
        approvers=tuple(node.text() for node in found["approvers"].items()) if "approvers" in found else (),
        ask_timeout=found["ask-timeout"].integer(0, LONGEST_TIMEOUT) if "ask-timeout" in found else None,
    )
    if layer is Layer.DEFAULT:
        _require_complete(document, policy)
    return policy


def combine(default: tuple[Policy, Node], user: tuple[Policy, Node] | None, project: tuple[Policy, Node] | None) -> Policies:
    """What is in force when these policies are, each with the document that it was read from."""
    given = [pair for pair in (default, user, project) if pair]
    of_user = user[0] if user else None
    timeout = of_user.ask_timeout if of_user and of_user.ask_timeout is not None else default[0].ask_timeout
    documents = [document.plain() for _, document in given]
    roles = [policy.layer.name for policy, _ in given]
    return Policies(
        default=default[0],
        user=of_user,
        project=project[0] if project else None,
        words=_all_words([policy.words for policy, _ in given]),
        approvers=of_user.approvers if of_user else (),
        ask_timeout=timeout or 0,
        digest=hashlib.sha256(json.dumps([roles, documents], sort_keys=True).encode()).hexdigest(),
    )


def _refuse_loosening(document: Node) -> None:
    """Who approves and how long a question waits is not for a repository to say (promise 7)."""
    for key, _ in document.entries():
        if key.value in _ENGINEERS_ONLY:
            raise key.error(f"A project's policy cannot set {key.value}.", "It belongs into your own policy.yaml.")


def _require_complete(document: Node, policy: Policy) -> None:
    """Where the default policy says nothing, nobody would (promise 11)."""
    missing = [effect for effect in Effect if effect not in policy.verdicts]
    if missing:
        raise document.error(f"The default policy has no verdict for {', '.join(missing)}.")
    if policy.ask_timeout is None:
        raise document.error("The default policy has no ask-timeout.")


def _source(node: Node, layer: Layer, name: str) -> str:
    return name if layer is Layer.DEFAULT or not node.mark.line else f"{name}:{node.mark.line}"


def _table(node: Node | None, layer: Layer, name: str) -> dict[Effect, Cell]:
    if node is None:
        return {}
    return {
        Effect(effect): Cell(value.choice(Verdict), _source(value, layer, name)) for effect, value in node.mapping(tuple(Effect)).items()
    }


def _rule(node: Node, layer: Layer, name: str) -> Rule:
    found = node.mapping(_RULE_KEYS, required=("when", "verdict"))
    because = found["because"].text() if "because" in found else ""
    return Rule(_condition(found["when"]), found["verdict"].choice(Verdict), because, _source(node, layer, name))


def _condition(node: Node) -> Condition:
    """What must fit. Without a condition a rule would speak about everything: that is an oversight (promise 11)."""
    found = node.mapping(_WHEN_KEYS)
    if not found:
        raise node.error("A rule needs a condition.", f"One or more of: {', '.join(_WHEN_KEYS)}.")
    globs: dict[str, Globs] = {field: found[key].texts() for key, field in _GLOBS.items() if key in found}
    return Condition(
        effects=found["effect"].choices(Effect) if "effect" in found else (),
        labels=found["label"].choices(Label) if "label" in found else (),
        **globs,
    )


def _words(node: Node) -> frozenset[str]:
    for item in node.some():
        if not is_word(item.text()):
            raise item.error("There is no letter and no digit in this word.")
    return frozenset(node.texts())


def _pins(label: Label, node: Node) -> tuple[Pin, ...]:
    return tuple(Pin(label, fact, value) for fact, values in node.mapping(PINNABLE).items() for value in values.texts())


def _all_words(more: Collection[Mapping[Label, frozenset[str]]]) -> dict[Label, frozenset[str]]:
    """The default words and those of every policy: words can be added and never taken away."""
    return {label: frozenset(DEFAULT_WORDS.get(label, ())).union(*(words.get(label, ()) for words in more)) for label in Label}
