"""Which cluster and namespace: options, variables, and the kubeconfig files (kubernetes.io, "Organizing Cluster Access").

Where several files are merged, the first that sets a value wins.
"""

from __future__ import annotations

import re
from typing import Any

from guard.places.reading import Found, Sight, facts

_LOOPBACK = re.compile(r"(?:https?://)?(?:localhost|127(?:\.\d{1,3}){3}|\[::1\]|0\.0\.0\.0)(?:[:/]|\Z)", re.IGNORECASE)
_DEPTH = 32
_EVENTS = 200_000


def find(sight: Sight) -> Found:
    """The cluster, as far as the command line, the environment and the kubeconfig files tell."""
    files = [config for path in _paths(sight) if (config := _config(sight, path))]
    context = sight.option("--context", "--kube-context") or sight.variable("HELM_KUBECONTEXT") or _first(files, "current-context")
    about = _named(files, "contexts", context, "context")
    cluster = sight.option("--cluster") or about.get("cluster", "")
    server = (
        sight.option("--server", "--kube-apiserver", *(("-s",) if sight.invocation.program != "helm" else ()))
        or sight.variable("HELM_KUBEAPISERVER")
        or _named(files, "clusters", cluster, "cluster").get("server", "")
    )
    namespace = sight.option("--namespace", "-n") or sight.variable("HELM_NAMESPACE") or about.get("namespace", "")
    user = sight.option("--user") or about.get("user", "")
    shown = facts(("context", context), ("cluster", cluster), ("server", server), ("namespace", namespace), ("user", user))
    return Found(shown, (context, cluster, namespace, user, server), local=_LOOPBACK.match(server) is not None)


def _paths(sight: Sight) -> list[str]:
    given = sight.option("--kubeconfig")
    if given:
        return [given]
    listed = [path for path in sight.variable("KUBECONFIG").split(":") if path]
    return listed or ["~/.kube/config"]


def _first(files: list[dict[str, Any]], key: str) -> str:
    return next((value for config in files if isinstance(value := config.get(key), str) and value), "")


def _named(files: list[dict[str, Any]], kind: str, name: str, inner: str) -> dict[str, str]:
    """The texts of the entry of this name in a list such as ``contexts: [{name: x, context: {…}}]``."""
    for config in files:
        entries = config.get(kind)
        for entry in entries if isinstance(entries, list) else ():
            if isinstance(entry, dict) and entry.get("name") == name and isinstance(entry.get(inner), dict):
                return {key: value for key, value in entry[inner].items() if isinstance(key, str) and isinstance(value, str)}
    return {}


def _config(sight: Sight, path: str) -> dict[str, Any] | None:
    """One kubeconfig file; ``None`` when it cannot be read, or is built to be costly (aliases, deep nesting)."""
    import yaml  # noqa: PLC0415 - 20 ms that only cluster programs need

    data = sight.file(path)
    if data is None:
        return None
    depth = 0
    try:
        for number, event in enumerate(yaml.parse(data, Loader=yaml.CSafeLoader)):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if isinstance(event, yaml.AliasEvent) or depth > _DEPTH or number > _EVENTS:
                return None
        found = yaml.load(data, Loader=yaml.CSafeLoader)
    except (yaml.YAMLError, ValueError, TypeError):  # ValueError: a date such as 2024-99-99; TypeError: a key that cannot be hashed
        return None
    return found if isinstance(found, dict) else None
