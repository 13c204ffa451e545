"""Which cluster and namespace: options, variables, and the kubeconfig files (kubernetes.io, "Organizing Cluster Access").

Where several files are merged, the first that sets a value wins.
"""

from __future__ import annotations

import re
from typing import Any

from guard.places.reading import LIMIT, Found, Sight, facts

_LOOPBACK = re.compile(r"(?:https?://)?(?:localhost|127(?:\.\d{1,3}){3}|\[::1\]|0\.0\.0\.0)(?::\d*)?(?:/|\Z)", re.IGNORECASE | re.ASCII)
_HELM = frozenset({"helm", "helmfile"})
_SHORT_SERVER = frozenset({"kubectl", "oc"})
_SWITCHES = "ARagihqtw"
_FILES = 64
_DEPTH = 32
_EVENTS = 100_000
_TAGS = 8


def find(sight: Sight) -> Found:
    """The cluster, as far as the command line, the environment and the kubeconfig files tell."""
    program = sight.invocation.program
    contexts = sight.options("--context", "--kube-context")
    servers = sight.options("--server", "--kube-apiserver", *(("-s",) if program in _SHORT_SERVER else ()), switches=_SWITCHES)
    namespaces = sight.options("--namespace", "-n", switches=_SWITCHES)
    clusters, users = sight.options("--cluster"), sight.options("--user")
    environments = sight.options("--environment", "-e") or (sight.variable("HELMFILE_ENVIRONMENT"),) if program == "helmfile" else ()
    files = _configs(sight)

    context = _last(contexts) or _helm(sight, "HELM_KUBECONTEXT") or _first(files, "current-context")
    about = _named(files, "contexts", context, "context")
    cluster = _last(clusters) or about.get("cluster", "")
    server = _last(servers) or _helm(sight, "HELM_KUBEAPISERVER") or _named(files, "clusters", cluster, "cluster").get("server", "")
    namespace = _last(namespaces) or _helm(sight, "HELM_NAMESPACE") or about.get("namespace", "")
    user = _last(users) or about.get("user", "")
    shown = facts(
        ("context", context),
        ("cluster", cluster),
        ("server", server),
        ("namespace", namespace),
        ("user", user),
        ("environment", _last(environments)),
    )
    # What was given and then overruled counts as a name too: that a later word overrules it may be a misreading of ours.
    given = (*contexts, *servers, *namespaces, *clusters, *users, *environments)
    return Found(shown, (context, cluster, namespace, user, server, *given), local=_LOOPBACK.match(server) is not None)


def _last(values: tuple[str, ...]) -> str:
    return values[-1] if values else ""


def _helm(sight: Sight, variable: str) -> str:
    return sight.variable(variable) if sight.invocation.program in _HELM else ""


def _configs(sight: Sight) -> list[dict[str, Any]]:
    """The kubeconfig files in force that can be read, in their order: 64 files at most, and a MiB of them."""
    found, room = [], LIMIT
    for path in _paths(sight)[:_FILES]:
        data = sight.file(path)
        if data is None or len(data) > room:
            continue
        room -= len(data)
        config = _config(data)
        if config:
            found.append(config)
    return found


def _paths(sight: Sight) -> list[str]:
    given = sight.option("--kubeconfig")
    if given:
        return [given]
    listed = dict.fromkeys(path for path in sight.variable("KUBECONFIG").split(":") if path)
    return list(listed) or [sight.at_home("~/.kube/config")]


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


def _config(data: bytes) -> dict[str, Any] | None:
    """One kubeconfig file; ``None`` when it is none, or is built to be costly (aliases, deep nesting, directives)."""
    import yaml  # noqa: PLC0415 - 20 ms that only cluster programs need

    if b"\0" in data or data.count(b"%TAG") > _TAGS:  # UTF-16; directives, which the parser compares with each other
        return None
    depth = 0
    try:
        for number, event in enumerate(yaml.parse(data, Loader=yaml.CBaseLoader)):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if isinstance(event, yaml.AliasEvent) or depth > _DEPTH or number > _EVENTS:
                return None
        # The base loader takes every scalar for text: 1:1:1:… read as a number would take minutes, or overflow.
        found = yaml.load(data, Loader=yaml.CBaseLoader)  # noqa: S506 - it makes texts, lists and dicts, nothing else
    except (yaml.YAMLError, ValueError):
        return None
    return found if isinstance(found, dict) else None
