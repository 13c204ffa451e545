"""The policy files: the default one that is shipped, the engineer's, a project's. Read once, before anything starts."""

from __future__ import annotations

import json
from pathlib import Path

import guard
from guard.core.data import Node, from_plain
from guard.errors import RulebookError
from guard.policy.model import Layer, Policies, Policy
from guard.policy.reading import combine, read_policy
from guard.rulebook.files import read_yaml

__all__ = ["Policies", "read_policies"]

_PACKAGE = Path(guard.__file__).parent
COMPILED = _PACKAGE / "_data" / "compiled" / "default-policy.json"
"""The default policy in a wheel: what ``Node.plain`` says of the YAML, so that no start reads YAML."""
SOURCE = _PACKAGE.parent / "rulesets" / "policies" / "default.yaml"
"""The default policy in a checkout."""


def read_policies(user: Path | None, project: Path | None) -> Policies:
    """What is in force: a path that is given must be readable. Raises ``RulebookError``."""
    default = _default()
    return combine(
        (read_policy(default, Layer.DEFAULT, "default policy"), default),
        _from_file(user, Layer.USER) if user else None,
        _from_file(project, Layer.PROJECT) if project else None,
    )


def _from_file(path: Path, layer: Layer) -> tuple[Policy, Node]:
    document = read_yaml(path, "policy")
    return read_policy(document, layer, path.name), document


def _default() -> Node:
    """The default policy's document. Without one nothing is judged: no policy does not mean that everything is allowed."""
    if not COMPILED.exists():
        if not SOURCE.exists():
            raise RulebookError("qguard's default policy is missing.", "Install qguard again.", file=str(COMPILED))
        return read_yaml(SOURCE, "policy")
    try:
        return from_plain(json.loads(COMPILED.read_bytes()), str(COMPILED))
    except (OSError, ValueError) as error:
        raise RulebookError("qguard's default policy cannot be read.", "Install qguard again.", file=str(COMPILED)) from error
