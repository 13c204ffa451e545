"""Which workspace and which backend: ``-chdir``, TF_WORKSPACE, TF_DATA_DIR, and what ``init`` left in the data directory.

Sources: developer.hashicorp.com/terraform/cli (Environment Variables; Managing Workspaces); the ``.terraform`` directory of
Terraform 1.x and OpenTofu 1.x.
"""

from __future__ import annotations

import json
import os
from typing import Any

from guard.places import aws
from guard.places.reading import Found, Sight, facts

_SHOWN = (
    "bucket",
    "key",
    "prefix",
    "path",
    "hostname",
    "organization",
    "resource_group_name",
    "storage_account_name",
    "container_name",
    "address",
)
_LONGEST = 256


def find(sight: Sight) -> Found:
    """The workspace and its backend, and the AWS account that the environment names."""
    directory = _directory(sight)
    data = sight.variable("TF_DATA_DIR") or ".terraform"
    workspace = sight.variable("TF_WORKSPACE") or _text(sight.file(f"{data}/environment", directory)) or "default"
    kind, settings = _backend(sight.file(f"{data}/terraform.tfstate", directory))
    files = sight.options("-var-file", "--var-file")
    shown = facts(
        ("workspace", workspace), ("backend", kind), *settings, *(("var-file", name) for name in files), ("directory", _behind(directory))
    )
    # A state on this machine says nothing about where the resources are: only a loopback endpoint does.
    account = aws.named_only(sight)
    return Found(shown + account.facts, (workspace, *(value for _, value in settings), *files, *account.names), account.local)


def _directory(sight: Sight) -> str:
    """Where terraform works; "" when that is not known."""
    cwd = sight.invocation.cwd
    given = sight.option("-chdir", "--chdir", "--working-dir", "--terragrunt-working-dir")
    if not given:
        return cwd
    return given if given.startswith("/") else (f"{cwd}/{given}" if cwd else "")


def _behind(directory: str) -> str:
    """Where ``directory`` leads, when a link stands in it: what a human reads must not be turned to somewhere else meanwhile."""
    real = os.path.realpath(directory) if directory.startswith("/") else ""
    return real if real != os.path.normpath(directory) else ""


def _text(data: bytes | None) -> str:
    return data.decode("utf-8", "replace").strip()[:_LONGEST] if data else ""


def _backend(data: bytes | None) -> tuple[str, tuple[tuple[str, str], ...]]:
    """(type, settings worth showing) of the backend that ``init`` chose."""
    try:
        state = json.loads(data) if data else None
    except (ValueError, RecursionError):
        return "", ()
    backend = state.get("backend") if isinstance(state, dict) else None
    if not isinstance(backend, dict):
        return "", ()
    config = backend.get("config")
    settings = _settings(config) if isinstance(config, dict) else ()
    kind = backend.get("type")
    return (kind[:_LONGEST] if isinstance(kind, str) else ""), settings


def _settings(config: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    found = [(name, value[:_LONGEST]) for name in _SHOWN if isinstance(value := config.get(name), str) and value]
    spaces = config.get("workspaces")
    for space in spaces if isinstance(spaces, list) else [spaces]:
        if isinstance(space, dict):
            found += [
                (f"workspace {name}", value[:_LONGEST])
                for name in ("name", "prefix")
                if isinstance(value := space.get(name), str) and value
            ]
    return tuple(found)
