"""A Kubernetes API server, small and false, that serves the real kubectl.

It knows discovery, four kinds, create, read, list with selectors, merge patches, delete with dry run, bearer tokens, and TLS
(kubectl sends no token over plain HTTP). Deleting a namespace deletes what is in it, as the real controller does.
"""

from __future__ import annotations

import json
import ssl
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

Object = dict[str, Any]

KINDS = {"namespaces": "Namespace", "pods": "Pod", "configmaps": "ConfigMap", "deployments": "Deployment"}
SHORT = {"namespaces": "ns", "pods": "po", "configmaps": "cm", "deployments": "deploy"}
GROUPS = {"v1": ("namespaces", "pods", "configmaps"), "apps/v1": ("deployments",)}
VERBS = ["create", "delete", "deletecollection", "get", "list", "patch", "update"]


@dataclass(frozen=True, slots=True)
class Address:
    """Where an object or a list lives: ``/api/v1/namespaces/NAMESPACE/RESOURCE/NAME``; empty parts are not given."""

    version: str
    resource: str
    namespace: str = ""
    name: str = ""


class Refused(Exception):
    """An answer other than success: status code and reason."""

    def __init__(self, code: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.body = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason, "message": message}
        self.code = code


def parse(path: str) -> Address:
    """Read an API path. Raises ``Refused`` for what we do not serve."""
    words = path.strip("/").split("/")
    version, words = ("v1", words[2:]) if words[:2] == ["api", "v1"] else ("/".join(words[1:3]), words[3:])
    namespace = ""
    if len(words) > 2 and words[0] == "namespaces":
        namespace, words = words[1], words[2:]
    if not words or len(words) > 2 or words[0] not in GROUPS.get(version, ()):
        raise Refused(404, "NotFound", "the server could not find the requested resource")
    return Address(version, words[0], namespace, words[1] if len(words) == 2 else "")


@dataclass(slots=True)
class Cluster:
    """What exists, and every request that came, as (method, path, was it a dry run)."""

    objects: dict[Address, Object] = field(default_factory=dict)
    requests: list[tuple[str, str, bool]] = field(default_factory=list)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def add(self, resource: str, name: str, namespace: str = "", labels: dict[str, str] | None = None) -> None:
        """Make an object exist."""
        version = next(version for version, resources in GROUPS.items() if resource in resources)
        body: Object = {"metadata": {"name": name, "labels": labels or {}}}
        self.create(Address(version, resource, namespace), body, dry=False)

    def names(self, resource: str) -> tuple[str, ...]:
        """The names of all objects of a kind, in every namespace."""
        return tuple(sorted(at.name for at in self.objects if at.resource == resource))

    def create(self, at: Address, body: Object, *, dry: bool) -> Object:
        """A new object. Raises ``Refused``, like all that follow."""
        name = body["metadata"]["name"]
        where = Address(at.version, at.resource, at.namespace, name)
        if where in self.objects:
            raise Refused(409, "AlreadyExists", f'{at.resource} "{name}" already exists')
        meta = {"uid": str(uuid.uuid4()), "resourceVersion": "1", "creationTimestamp": "2026-01-01T00:00:00Z", **body["metadata"]}
        if at.namespace:
            meta["namespace"] = at.namespace
        made = {"apiVersion": at.version, "kind": KINDS[at.resource], **body, "metadata": meta}
        if not dry:
            self.objects[where] = made
        return made

    def get(self, at: Address) -> Object:
        """One object."""
        if at not in self.objects:
            raise Refused(404, "NotFound", f'{at.resource} "{at.name}" not found')
        return self.objects[at]

    def find(self, at: Address, query: dict[str, str]) -> list[Address]:
        """Where the objects are that a list request means."""
        return [
            where for where, each in self.objects.items()
            if (where.version, where.resource) == (at.version, at.resource) and at.namespace in {"", where.namespace}
            and matches(each["metadata"].get("labels", {}), query.get("labelSelector", ""))
            and matches({"metadata.name": where.name, "metadata.namespace": where.namespace}, query.get("fieldSelector", ""))
        ]  # fmt: skip

    def list(self, at: Address, query: dict[str, str]) -> Object:
        """The objects that a list request means."""
        items = [self.objects[where] for where in self.find(at, query)]
        return {"apiVersion": at.version, "kind": f"{KINDS[at.resource]}List", "metadata": {"resourceVersion": "1"}, "items": items}

    def patch(self, at: Address, body: Object, *, dry: bool) -> Object:
        """An object as it is after a merge patch."""
        changed = merge(self.get(at), body)
        if not dry:
            self.objects[at] = changed
        return changed

    def delete(self, at: Address, *, dry: bool) -> Object:
        """A status that says what went away."""
        gone = self.get(at)
        if not dry:
            del self.objects[at]
            if at.resource == "namespaces":
                self.objects = {where: each for where, each in self.objects.items() if where.namespace != at.name}
        details = {"name": at.name, "kind": at.resource, "uid": gone["metadata"]["uid"]}
        return {"kind": "Status", "apiVersion": "v1", "status": "Success", "details": details}

    def answer(self, method: str, path: str, query: dict[str, str], body: Object) -> Object:
        """One request. Raises ``Refused``."""
        if method == "GET" and (found := discover(path)) is not None:
            return found
        at = parse(path)
        dry = "All" in (query.get("dryRun"), *body.get("dryRun", ()))
        with self.lock:
            self.requests.append((method, path, dry))
            return self._act(method, at, query, body, dry=dry)

    def _act(self, method: str, at: Address, query: dict[str, str], body: Object, *, dry: bool) -> Object:
        match method, bool(at.name):
            case "GET", named:
                return self.get(at) if named else self.list(at, query)
            case "POST", False:
                return self.create(at, body, dry=dry)
            case (("PATCH" | "PUT"), True):
                return self.patch(at, body, dry=dry)
            case "DELETE", named:
                return [self.delete(where, dry=dry) for where in ([at] if named else self.find(at, query))][-1]
        raise Refused(405, "MethodNotAllowed", method)


def matches(values: dict[str, str], selector: str) -> bool:
    """Whether ``a=b,c!=d,e`` holds."""
    return all(_holds(values, term.replace("==", "=")) for term in selector.split(",") if term)


def _holds(values: dict[str, str], term: str) -> bool:
    if "!=" in term:
        key, value = term.split("!=")
        return values.get(key) != value
    key, equal, value = term.partition("=")
    return values.get(key) == value if equal else key in values


def merge(old: Any, new: Any) -> Any:
    """RFC 7386."""
    if not isinstance(new, dict):
        return new
    old = old if isinstance(old, dict) else {}
    kept = {key: value for key, value in old.items() if key not in new}
    return kept | {key: merge(old.get(key), value) for key, value in new.items() if value is not None}


def discover(path: str) -> Object | None:
    """What kubectl asks before anything else."""
    path = path.rstrip("/")
    apps = {"groupVersion": "apps/v1", "version": "v1"}
    fixed: dict[str, Object] = {
        "/version": {"major": "1", "minor": "32", "gitVersion": "v1.32.0"},
        "/api": {"kind": "APIVersions", "versions": ["v1"]},
        "/apis": {"kind": "APIGroupList", "apiVersion": "v1", "groups": [{"name": "apps", "versions": [apps], "preferredVersion": apps}]},
        **{f"/{'api' if version == 'v1' else 'apis'}/{version}": _resources(version) for version in GROUPS},
    }
    return fixed.get(path)


def _resources(version: str) -> Object:
    resources = [_resource(name, KINDS[name]) for name in GROUPS[version]]
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": version, "resources": resources}


def _resource(name: str, kind: str) -> Object:
    names = {"name": name, "singularName": kind.lower(), "kind": kind, "shortNames": [SHORT[name]]}
    return {**names, "namespaced": name != "namespaces", "verbs": VERBS}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def _serve(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            self._send(200, self._answer(json.loads(raw or b"{}")))
        except Refused as refused:
            self._send(refused.code, refused.body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815 - the library's names

    def _answer(self, body: Object) -> Object:
        if self.headers.get("Authorization") != f"Bearer {self.server.token}":
            raise Refused(401, "Unauthorized", "Unauthorized")
        url = urlsplit(self.path)
        query = {key: values[-1] for key, values in parse_qs(url.query).items()}
        return self.server.cluster.answer(self.command, url.path, query, body)

    def _send(self, code: int, body: Object) -> None:
        content = json.dumps(body).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing: the requests are kept in the cluster."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, cluster: Cluster, token: str, certificate: Path, key: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.cluster, self.token = cluster, token
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self.socket = context.wrap_socket(self.socket, server_side=True)

    def handle_error(self, *_: object) -> None:
        """A client that went away is none of our business; a test sees what it got."""


@contextmanager
def serving_kubernetes(cluster: Cluster, token: str, certificate: Path, key: Path) -> Iterator[str]:
    """Serve ``cluster`` on a free port of the loopback address; the server's URL."""
    server = _Server(cluster, token, certificate, key)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"https://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
