"""A Kubernetes cluster of our own, as an engineer has it: a kubeconfig with a context that may well be production."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from support.kube_api import Cluster, serving_kubernetes
from support.machine import PATH, find

TOKEN = "engineer"
_MODERN_MINOR = 27


@dataclass(frozen=True, slots=True)
class Kube:
    """A running cluster and the file that leads to it."""

    cluster: Cluster
    kubeconfig: Path

    @property
    def variables(self) -> dict[str, str]:
        """What an engineer has in the environment."""
        return {"KUBECONFIG": str(self.kubeconfig)}

    @property
    def can_dry_run_on_the_server(self) -> bool:
        """Whether this kubectl asks only what we answer: before 1.27 it wanted OpenAPI v2 in protobuf first."""
        version = json.loads(self.kubectl("version", "--client", "-o", "json").stdout)["clientVersion"]
        return int(version["minor"].rstrip("+")) >= _MODERN_MINOR

    def kubectl(self, *words: str) -> subprocess.CompletedProcess[str]:
        """``kubectl WORDS``, unguarded."""
        environment = {"PATH": PATH, "HOME": str(self.kubeconfig.parent), **self.variables}
        return subprocess.run(["kubectl", *words], env=environment, capture_output=True, text=True, timeout=60, check=False)


@contextmanager
def serving_kube(folder: Path, context: str = "kind-local") -> Iterator[Kube]:
    """A cluster with a namespace ``billing`` that holds two pods, a deployment and its settings."""
    find("kubectl")
    certificate, key = _certificate(folder)
    cluster = _furnished()
    with serving_kubernetes(cluster, TOKEN, certificate, key) as url:
        kubeconfig = folder / "kubeconfig"
        kubeconfig.write_text(json.dumps(_kubeconfig(url, certificate, context)))
        kubeconfig.chmod(0o600)
        yield Kube(cluster, kubeconfig)


def _furnished() -> Cluster:
    cluster = Cluster()
    cluster.add("namespaces", "billing")
    cluster.add("pods", "api-1", "billing", {"app": "api"})
    cluster.add("pods", "worker-1", "billing", {"app": "worker"})
    cluster.add("deployments", "api", "billing", {"app": "api"})
    cluster.add("configmaps", "settings", "billing")
    return cluster


def _certificate(folder: Path) -> tuple[Path, Path]:
    certificate, key = folder / "server.crt", folder / "server.key"
    done = subprocess.run(
        [
            find("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
            "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-out", certificate, "-keyout", key,
        ],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return certificate, key


def _kubeconfig(url: str, certificate: Path, context: str) -> dict[str, object]:
    authority = base64.b64encode(certificate.read_bytes()).decode()
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": context, "cluster": {"server": url, "certificate-authority-data": authority}}],
        "users": [{"name": "engineer", "user": {"token": TOKEN}}],
        "contexts": [{"name": context, "context": {"cluster": context, "user": "engineer", "namespace": "billing"}}],
        "current-context": context,
    }
