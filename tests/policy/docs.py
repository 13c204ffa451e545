"""Documents and actions for the tests of policies."""

from __future__ import annotations

from pathlib import Path

from guard.core.words import Action, Effect, Place, Target, Undo
from guard.policy.model import Layer
from guard.policy.reading import combine, read_policy
from guard.rulebook.yaml_reader import read

DEFAULT_POLICY = Path(__file__).resolve().parents[2] / "rulesets/policies/default.yaml"
DEFAULT = read(DEFAULT_POLICY.read_bytes(), "default.yaml")


def policies(user=None, project=None):
    """What is in force with these texts."""

    def one(text, layer, name):
        document = read(text.encode(), name)
        return read_policy(document, layer, name), document

    return combine(
        (read_policy(DEFAULT, Layer.DEFAULT, "default policy"), DEFAULT),
        one(user, Layer.USER, "policy.yaml") if user is not None else None,
        one(project, Layer.PROJECT, ".qguard.yaml") if project is not None else None,
    )


def action(effect=Effect.TEARDOWN, *targets, provider="aws", service="cloudformation", operation="DeleteStack", place=None, argv=None):
    """An action on these targets."""
    return Action(
        f"{provider}.{operation}",
        provider,
        service,
        operation,
        Effect(effect),
        Undo.RESTORE,
        argv=("aws", "cloudformation", "delete-stack") if argv is None else argv,
        place=place or Place(),
        targets=tuple(Target("stack", name) for name in targets),
    )
