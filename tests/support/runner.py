"""An engineer's account: a home, a state directory, a clean environment, and no terminal unless one is asked for."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from support.human import Human
from support.machine import PATH, QGUARD

Word = str | bytes | os.PathLike[str]
Words = Sequence[Word]


@dataclass(frozen=True, slots=True)
class Result:
    """How a program ended, and what it wrote."""

    status: int
    stdout: bytes
    stderr: bytes

    @property
    def out(self) -> str:
        """Standard output as text."""
        return self.stdout.decode(errors="replace")

    @property
    def err(self) -> str:
        """Standard error as text."""
        return self.stderr.decode(errors="replace")


@dataclass(frozen=True, slots=True)
class Runner:
    """Runs programs as one engineer would. ``home`` holds everything of theirs, so tests cannot meet each other."""

    home: Path
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """Nothing of whoever runs the tests: no credentials, no proxies, no Python settings."""
        return {
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "PATH": PATH,
            "SHELL": "/bin/bash",
            "TERM": "xterm-256color",
            "TMPDIR": str(self.folder("tmp")),
            "XDG_CONFIG_HOME": str(self.folder("config")),
            "XDG_STATE_HOME": str(self.folder("state")),
            **self.variables,
        }

    @property
    def work(self) -> Path:
        """Where the agent works."""
        return self.folder("work")

    def folder(self, name: str) -> Path:
        """A directory of this engineer's, made when missing."""
        path = self.home / name
        path.mkdir(parents=True, exist_ok=True)
        return path

    def with_env(self, variables: Mapping[str, str]) -> Runner:
        """The same engineer with more variables."""
        return replace(self, variables={**self.variables, **variables})

    @property
    def trail(self) -> tuple[Mapping[str, Any], ...]:
        """Every record of every session of this engineer, read from the files, in order."""
        files = sorted((self.home / "state/qguard/sessions").glob("*.jsonl"))
        return tuple(json.loads(line) for file in files for line in file.read_bytes().splitlines())

    def trail_of(self, *kinds: str) -> tuple[Mapping[str, Any], ...]:
        """The records of these kinds."""
        return tuple(record for record in self.trail if record["kind"] in kinds)

    def run(self, *argv: Word, stdin: bytes = b"", cwd: Path | None = None, timeout: float = 60) -> Result:
        """Run to the end without a terminal. Whatever outlives a timeout is killed."""
        pipe = subprocess.PIPE
        where = cwd or self.work
        with subprocess.Popen(
            argv, stdin=pipe, stdout=pipe, stderr=pipe, env=self.environment, cwd=where, start_new_session=True
        ) as process:
            try:
                out, err = process.communicate(stdin, timeout)
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
        return Result(process.returncode, out, err)

    def spawn(self, *argv: Word, cwd: Path | None = None, size: tuple[int, int] = (30, 100)) -> Human:
        """Start a program on a terminal with a person in front of it. ``size`` is (rows, columns)."""
        return Human([os.fspath(word) for word in argv], self.environment, cwd or self.work, size)

    def guard(self, *agent: Word, options: Words = (), **how: object) -> Result:
        """``qguard run OPTIONS -- AGENT`` without a terminal."""
        return self.run(QGUARD, "run", *options, "--", *agent, **how)  # type: ignore[arg-type]

    def guard_at_terminal(self, *agent: Word, options: Words = (), **how: object) -> Human:
        """``qguard run OPTIONS -- AGENT`` on a terminal with a person in front of it."""
        return self.spawn(QGUARD, "run", *options, "--", *agent, **how)  # type: ignore[arg-type]

    def qguard(self, *words: Word, **how: object) -> Result:
        """Any other verb."""
        return self.run(QGUARD, *words, **how)  # type: ignore[arg-type]
