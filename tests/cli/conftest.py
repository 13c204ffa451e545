"""The front desk with a judge of our own, so that no test here depends on the shipped rules."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from guard.cli import main
from guard.core.peek import Peek, sees_nothing
from guard.core.words import Action, Effect, Invocation, Label, Place, Target, Undo
from guard.errors import RulebookError
from guard.rulebook.policies import read_policies
from guard.runtime.judge import Judge

BECAUSE = "It takes down everything."


@dataclass(frozen=True, slots=True)
class Book:
    """Knows terraform (``destroy`` tears down, ``apply`` changes, ``token`` leaks), and a program whose rules are broken."""

    names: frozenset[str] = frozenset({"terraform", "broken"})
    env_names: frozenset[str] = frozenset({"TF_CLI_ARGS"})
    env_prefixes: tuple[str, ...] = ("TF_VAR_",)

    def classify(self, invocation: Invocation, _peek: Peek, *_more: object) -> tuple[Action, ...]:
        """What some words do."""
        if invocation.program == "broken":
            raise RulebookError("A rule is wrong.", file="broken.yaml", line=3)
        effects = {"destroy": Effect.TEARDOWN, "apply": Effect.CHANGE, "crash": None}
        for word, effect in effects.items():
            if word in invocation.argv:
                if effect is None:
                    raise KeyError(word)
                targets = tuple(Target("resource", name) for name in invocation.argv[2:])
                return (
                    Action(
                        f"terraform.{word}", "terraform", None, word, effect, Undo.RESTORE, invocation.argv, targets=targets,
                        because=BECAUSE, instead="Ask the platform team.",
                    ),
                )  # fmt: skip
        return ()


@dataclass(frozen=True, slots=True)
class SomePlace:
    """Everything lands in the workspace that TF_WORKSPACE names."""

    def find(self, invocation: Invocation) -> Place:
        """The place, and one whose fact is a secret."""
        workspace = dict(invocation.env).get("TF_WORKSPACE", "")
        facts = (("workspace", workspace), ("cwd", invocation.cwd)) if workspace else ()
        return Place(Label.PROD if workspace == "prod" else Label.UNKNOWN, facts)


@pytest.fixture
def judge() -> Judge:
    """Our own rules, and the default policy."""
    return Judge(Book(), read_policies(None, None), SomePlace(), sees_nothing)


@dataclass(frozen=True, slots=True)
class Done:
    """How a command line ended."""

    status: int
    out: str
    err: str


Front = Callable[..., Done]


@pytest.fixture
def front(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Front:
    """Runs one command line of qguard, in an empty directory of somebody who has configured nothing."""
    for name in ("XDG_STATE_HOME", "XDG_CONFIG_HOME", "TF_WORKSPACE", "QGUARD_TRACEBACK", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.chdir(tmp_path)

    def run(*words: str, stdin: bytes | None = b"") -> Done:
        monkeypatch.setattr("sys.stdin", None if stdin is None else io.TextIOWrapper(io.BytesIO(stdin)))
        capsys.readouterr()
        status = main.run(words)
        return Done(status, *capsys.readouterr())

    return run


@pytest.fixture
def judged(front: Front, judge: Judge, monkeypatch: pytest.MonkeyPatch) -> Front:
    """As ``front``, with our own judge."""
    for verb in ("check", "explain"):
        monkeypatch.setattr(f"guard.cli.{verb}.open_judge", lambda _policy, _cwd: judge)
    return front
