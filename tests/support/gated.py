"""A guarded session without a terminal and without a rulebook: the real launch, supervisor, gate and kernel.

Only the ends are ours: what is forbidden (a program called ``forbidden`` whose first argument is ``destroy``), and an
engineer who answers by a function instead of by keys. ``Stage.play`` runs a session to its end and tells all of it.
"""

from __future__ import annotations

import functools
import json
import os
import pickle
import select
import signal
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import guard.terminal
from guard.audit.writer import FileTrail, new_session_id
from guard.core import messages
from guard.core.cards import Answer, Choice, Question
from guard.core.session import Mode, Session
from guard.core.words import NOTHING, Action, Effect, Invocation, Judged, Reason, Ruling, Target, Undo, Verdict
from guard.errors import QguardError
from guard.kernel import confine, proc
from guard.runtime import identity, launch
from guard.runtime.options import Options
from guard.runtime.parts import Parts
from guard.runtime.twins import Twins
from guard.shell.program import program_of
from guard.terminal.plan import TerminalPlan
from support.machine import PATH

NAMES = frozenset({"forbidden"})
WANTED = frozenset({b"PLACE"})
PATIENCE = 15  # seconds that a session may take before its test fails

known = functools.partial(program_of, NAMES)
Reply = Callable[[Question, "Engineer"], Choice | None]


@dataclass(frozen=True, slots=True)
class Rules:
    """``forbidden destroy WHAT`` tears WHAT (in $PLACE) down; nothing else is known."""

    verdict: Verdict = Verdict.ASK

    def judge(self, program: str, invocation: Invocation) -> Ruling:
        """Judge by the first argument."""
        if invocation.argv[1:2] != ("destroy",):
            return NOTHING
        what = (*invocation.argv[2:3], *(value for _, value in invocation.env))
        targets = tuple(Target("thing", name) for name in what)
        action = Action(
            f"{program}.destroy",
            program,
            None,
            "destroy",
            Effect.TEARDOWN,
            Undo.NONE,
            invocation.argv,
            targets=targets,
            because="It destroys everything.",
        )
        return Ruling(self.verdict, (Judged(action, self.verdict, (Reason("test", self.verdict, "it destroys"),)),))


class Engineer:
    """The outer process's human: hears everything, answers with ``reply``."""

    def __init__(self, link: Any, reply: Reply | None, heard: list[Any]) -> None:
        self.link, self.reply, self.heard = link, reply, heard

    @property
    def supervisor(self) -> int:
        """Its pid."""
        return proc.descendants(os.getpid())[0]

    def run(self) -> int:
        """Serve until the supervisor says that the session has ended. Raises ``EOFError`` when it is gone without a word."""
        while True:
            select.select([self.link], [], [])
            for message in self.link.receive():
                self.heard.append(message)
                if isinstance(message, messages.Ended):
                    return message.status
                if isinstance(message, messages.Show) and self.reply:
                    choice = self.reply(message.question, self)
                    if choice is not None:
                        self.link.send(messages.Said(Answer(message.question.id, choice, "engineer")))


@dataclass(frozen=True, slots=True)
class Played:
    """A session that is over. ``error`` is what qguard itself would have said and exited with instead."""

    status: int
    out: str
    err: str
    heard: tuple[Any, ...]
    records: tuple[Mapping[str, Any], ...]
    error: str

    def kinds(self, *prefixes: str) -> list[str]:
        """The kinds of records that begin so, in order."""
        return [record["kind"] for record in self.records if record["kind"].startswith(prefixes)]

    def of(self, kind: str) -> list[Mapping[str, Any]]:
        """The records of one kind."""
        return [record for record in self.records if record["kind"] == kind]

    @property
    def questions(self) -> list[Question]:
        """What the human was asked."""
        return [message.question for message in self.heard if isinstance(message, messages.Show)]

    @property
    def told(self) -> str:
        """The lines that the human was shown."""
        return "\n".join(message.text for message in self.heard if isinstance(message, (messages.Tell, messages.Ended)))


@dataclass(frozen=True, slots=True)
class Stage:
    """How sessions are played. ``reply`` None: nobody can be asked. ``trail(real)`` may put another trail in its place.

    ``prepare()`` runs in the guard's own process before the session: what it patches, no other test sees.
    """

    folder: Path
    rules: Any = field(default_factory=Rules)
    program_of: Any = known
    reply: Reply | None = None
    mode: Mode = Mode.ENFORCE
    scoped: bool | None = None
    debuggers: bool = False
    keep: bool = False
    trail: Callable[[FileTrail], Any] | None = None
    prepare: Callable[[], None] | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    ask_timeout: int = 0

    def but(self, **changes: Any) -> Stage:
        """The same, with changes."""
        return replace(self, **changes)

    @property
    def mark(self) -> Path:
        """The file that the forbidden program leaves when it really ran."""
        return self.folder / "mark"

    @property
    def destroyed(self) -> bool:
        """Whether it did."""
        return self.mark.exists()

    @property
    def environment(self) -> dict[str, str]:
        """What the agent gets."""
        return {"PATH": PATH, "HOME": str(self.folder), "MARK": str(self.mark), "LANG": "C.UTF-8", **self.variables}

    def shell(self, script: str, *words: str | Path, **how: Any) -> Played:
        """A session whose agent is sh, with a script and its arguments."""
        return self.play("/bin/sh", "-c", script, "agent", *words, **how)

    def play(self, *argv: str | Path, stdin: int | None = None) -> Played:
        """Run a session in processes of its own, to the end."""
        number = 1 + sum(1 for _ in self.folder.glob("session-*"))
        folder = self.folder / f"session-{number}"
        folder.mkdir()
        outer = os.fork()
        if outer == 0:
            self._be_outer(folder, tuple(map(str, argv)), stdin)
        killed = _wait(outer, folder)
        status = killed or int((folder / "status").read_text())
        heard, error = ((), "") if killed else pickle.loads((folder / "heard").read_bytes())
        lines = [line for file in folder.glob("trail/*.jsonl") for line in file.read_bytes().splitlines()]
        return Played(status, _text(folder / "out"), _text(folder / "err"), tuple(heard), tuple(map(json.loads, lines)), error)

    def _be_outer(self, folder: Path, argv: tuple[str, ...], stdin: int | None) -> None:
        """In a fork of the tests: be ``qguard run``. Never returns."""
        status, error, heard = 99, "", []
        try:
            os.setsid()
            _take(stdin if stdin is not None else os.open(os.devnull, os.O_RDONLY), folder)
            os.chdir(self.folder)
            os.environ.clear()
            os.environ.update(self.environment)
            guard.terminal.Front = lambda _plan, link: Engineer(link, self.reply, heard)
            if self.prepare:
                self.prepare()
            options = Options(argv, self.mode, keep=self.keep, allow_debuggers=self.debuggers)
            plan = TerminalPlan(None, None, None, (0, 1, 2), keys=False, shared=True)
            status = launch._run(options, argv[0], self._parts(folder, argv), plan)
        except QguardError as problem:
            status, error = problem.exit_status, problem.sentence
        except BaseException:  # noqa: BLE001 - a fork of the tests must not go on as a second pytest
            error = traceback.format_exc()
        finally:
            (folder / "heard").write_bytes(pickle.dumps((heard, error)))
            (folder / "status").write_text(str(status))
            os._exit(0)

    def _parts(self, folder: Path, argv: Sequence[str]) -> Parts:
        session = new_session_id(time.time(), os.urandom(8))
        planned, real = confine.plan(), FileTrail.create(folder / "trail", session)
        return Parts(
            judge=self.rules,
            program_of=self.program_of,
            env_wanted=WANTED.__contains__,
            env_sealed=lambda _name: False,
            trail=self.trail(real) if self.trail else real,
            state=Session(
                session,
                "agent",
                mode=self.mode,
                can_ask=self.reply is not None,
                no_asking="Nobody can be asked here.",
                ask_timeout=self.ask_timeout,
            ),
            agent=identity.AgentIdentity("agent", argv[0], tuple(argv), digest="none"),
            protection=planned if self.scoped is None else replace(planned, scoped=self.scoped and planned.scoped),
            started={},
            state_dir=folder,
            look=dict,
            twins=Twins(),
        )


def _take(stdin: int, folder: Path) -> None:
    for number, fd in enumerate((stdin, *(os.open(folder / name, os.O_RDWR | os.O_CREAT) for name in ("out", "err")))):
        os.dup2(fd, number)


def _text(path: Path) -> str:
    return path.read_text(errors="replace")


def _wait(outer: int, folder: Path) -> int:
    """Wait for the outer process. Not 0: minus the signal that killed it. A session that hangs fails its test with what it wrote."""
    pidfd = os.pidfd_open(outer)
    try:
        ended, _, _ = select.select([pidfd], [], [], PATIENCE)
        if not ended:
            for pid in (outer, *proc.descendants(outer)):
                os.kill(pid, signal.SIGKILL)
    finally:
        os.close(pidfd)
        code = os.waitstatus_to_exitcode(os.waitpid(outer, 0)[1])
    assert ended, f"the session hung: {_text(folder / 'err')}"
    return code
