"""The policy files: the default one that is shipped, the engineer's, a project's. Read once, before anything starts."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import guard
from guard.core.data import Node, from_plain
from guard.errors import RulebookError
from guard.policy.model import Layer, Policies, Policy
from guard.policy.reading import combine, read_policy

__all__ = ["Policies", "read_policies"]

_PACKAGE = Path(guard.__file__).parent
COMPILED = _PACKAGE / "_data" / "rulesets" / "policies" / "default.json"
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
    document = _yaml(path)
    return read_policy(document, layer, path.name), document


def _default() -> Node:
    """The default policy's document. Without one nothing is judged: no policy does not mean that everything is allowed."""
    if not COMPILED.exists():
        if not SOURCE.exists():
            raise RulebookError("qguard's default policy is missing.", "Install qguard again.", file=str(COMPILED))
        return _yaml(SOURCE)
    try:
        return from_plain(json.loads(COMPILED.read_bytes()), str(COMPILED))
    except (OSError, ValueError) as error:
        raise RulebookError("qguard's default policy cannot be read.", "Install qguard again.", file=str(COMPILED)) from error


def _yaml(path: Path) -> Node:
    """The document in a file. Never waits: a pipe or a device is no policy."""
    from guard.rulebook.yaml_reader import MAX_BYTES, read  # noqa: PLC0415 - a wheel without files of the user's needs none

    try:
        with open(path, "rb", opener=_without_waiting) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise RulebookError("The policy is not a regular file.", file=str(path))
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise RulebookError(f"The policy cannot be read: {error.strerror}.", file=str(path)) from error
    return read(content, str(path))


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)
