"""Somebody's home and working directory, and the question where a command would land."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from guard.core.words import Invocation, Label, Place
from guard.places import Places


@dataclass(frozen=True, slots=True)
class Somewhere:
    """A directory with files in it; ``~`` is ``home``."""

    root: Path

    @property
    def home(self) -> Path:
        """The home directory, made when missing."""
        path = self.root / "home"
        path.mkdir(exist_ok=True)
        return path

    @property
    def work(self) -> Path:
        """The working directory, made when missing."""
        path = self.root / "work"
        path.mkdir(exist_ok=True)
        return path

    def write(self, name: str, content: str | bytes) -> Path:
        """A file below the root, with its folders."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def place(self, line: str, **env: str) -> Place:
        """Where this command would land."""
        argv = tuple(shlex.split(line))
        return Places().find(Invocation(argv[0], argv, str(self.work), tuple(sorted({"HOME": str(self.home), **env}.items()))))

    def facts(self, line: str, **env: str) -> dict[str, str]:
        """What is known of that place."""
        return dict(self.place(line, **env).facts)

    def label(self, line: str, **env: str) -> Label:
        """How much it matters."""
        return self.place(line, **env).label


@pytest.fixture
def somewhere(tmp_path: Path) -> Somewhere:
    """An empty home and an empty working directory."""
    return Somewhere(tmp_path)


@pytest.fixture
def kubeconfig(somewhere: Somewhere) -> Callable[..., str]:
    """Writes ``~/.kube/config`` or another file; its path."""

    def write(*contexts: str, current: str = "", name: str = "home/.kube/config", server: str = "https://{}.example.com") -> str:
        lines = ["apiVersion: v1", "kind: Config"]
        lines += [f"current-context: {current}"] if current else []
        for kind, inner in (("contexts", "context"), ("clusters", "cluster")):
            lines.append(f"{kind}:")
            for context in contexts:
                lines += [f"- name: {context if kind == 'contexts' else context + '-cluster'}", f"  {inner}:"]
                if kind == "contexts":
                    lines += [f"    cluster: {context}-cluster", f"    namespace: {context}-ns", f"    user: {context}-user"]
                else:
                    lines.append(f"    server: {server.format(context)}")
        return str(somewhere.write(name, "\n".join(lines) + "\n"))

    return write


@pytest.fixture
def promptly() -> Callable[[], AbstractContextManager[None]]:
    """Seconds at most, on a busy machine: what this stands against would take hours."""

    @contextmanager
    def within(seconds: float = 5) -> Iterator[None]:
        start = time.monotonic()
        yield
        assert time.monotonic() - start < seconds

    return within
