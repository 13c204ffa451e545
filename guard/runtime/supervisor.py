"""The supervisor: the gate's events → rulings → ``step`` → the gate's answers. One thread, one loop.

It fails closed by construction: while it does not answer, nothing new starts in the session; when it dies, nothing ever will.
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
import signal
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol, assert_never

from guard.core import happenings as h
from guard.core import messages
from guard.core.attempts import Exec, FileId
from guard.core.cards import Question
from guard.core.session import Session, step
from guard.core.words import NOTHING, Invocation, Ruling, Verdict
from guard.kernel import children, proc
from guard.kernel.gate import Attempt, Gate, Gone, Loaded, ancestry
from guard.kernel.memory import Unreadable
from guard.kernel.resolve import Program
from guard.runtime.ledger import Ledger
from guard.runtime.twins import Twins
from guard.runtime.wire import Wire

_EVENTS = 8  # more than there are descriptors to wait for
_TICK = 0.1  # seconds between looks at processes that may have given up, while a question is open
_STALE = 1.0  # seconds after which an armed exec that loaded nothing is taken for failed
_GRACE = 2.0  # seconds between TERM and KILL for what the agent left running
_PATIENCE = 20  # failures of the loop itself, one after the other, after which the session ends

Found = tuple[str, tuple[str, ...]]
"""(watched program, its argv)"""
ProgramOf = Callable[[str, str, tuple[str, ...]], Found | None]


class Rules(Protocol):
    """What the supervisor needs of the rulings."""

    def judge(self, program: str, invocation: Invocation) -> Ruling:
        """The ruling on one invocation. Never raises for want of understanding (promise 3)."""
        ...


@dataclass(slots=True)
class Supervisor:
    """One session's loop. ``program_of(path, real path, argv)`` names the watched program that an exec starts, or None."""

    gate: Gate
    rules: Rules
    program_of: ProgramOf
    ledger: Ledger
    wire: Wire
    agent: int
    state: Session
    twins: Twins = field(default_factory=Twins)
    keep: bool = False
    outlives_terminal: bool = False
    attempts: dict[int, Attempt] = field(default_factory=dict)
    loaded: dict[int, Loaded] = field(default_factory=dict)
    deadlines: dict[str, float] = field(default_factory=dict)
    status: int | None = None
    outer_gone: bool = False
    leftovers_deadline: float = 0.0
    hang_up_deadline: float = 0.0
    _swept: tuple[float, int] = (0.0, 0)
    _looked: float = 0.0
    _last_number: int = 0

    # ---- the loop --------------------------------------------------------------------------------------------------

    def run(self) -> int:
        """Serve until the agent, and what it left running, has ended. The agent's wait status."""
        news = children.open_news()
        poll = select.epoll()
        poll.register(self.gate.listener, select.EPOLLIN)
        poll.register(news, select.EPOLLIN)
        poll.register(self.wire.fileno(), select.EPOLLIN)
        failures = 0
        self._reap()
        while not self._finished():
            try:
                for fd, happened in poll.poll(self._timeout(), _EVENTS):
                    if fd == self.gate.listener:
                        if happened & select.EPOLLIN:
                            self._notified()
                        else:  # no task with this filter is left
                            poll.unregister(fd)
                    elif fd == news:
                        children.drain(news)
                        self._reap()
                    else:
                        self._heard(poll)
                self._look_around()
                failures = 0
            except Exception:  # whatever it is, it is recorded, and the session is served on: a dead supervisor ends all of it
                failures += 1
                self.ledger.trouble(traceback.format_exc())
                if failures >= _PATIENCE:
                    raise
        self._look_at_waiting()
        os.close(news)
        return self.status or 0

    def _finished(self) -> bool:
        if self.status is None:
            return False
        left = proc.descendants(os.getpid())
        if not left:
            return True
        if self.keep and not self.outer_gone:
            return False
        now = time.monotonic()
        if not self.leftovers_deadline:
            self.leftovers_deadline = now + _GRACE
            self._tell_leftovers(left)
            _signal_all(left, signal.SIGTERM)
        elif now >= self.leftovers_deadline:
            _signal_all(left, signal.SIGKILL)
        return False

    def _tell_leftovers(self, left: tuple[int, ...]) -> None:
        named = []
        for pid in left[:8]:
            with contextlib.suppress(OSError):
                named.append(f"{os.fsdecode(proc.slurp(f'/proc/{pid}/comm').strip())} ({pid})")
        if named:
            self.ledger.note("session.leftovers", {"processes": named, "count": len(left)})
            self._to_human(f"the agent has ended; ending what it left running: {', '.join(named)}{' …' if len(left) > len(named) else ''}")

    def _timeout(self) -> float:
        """Seconds until the loop must look around by itself; -1: never."""
        if self.state.waiting or self.status is not None or self.hang_up_deadline:
            return _TICK
        return _STALE if self.gate.armed else (0.5 if self.ledger.dirty else -1)

    def _look_around(self) -> None:
        now = time.monotonic()
        if self.state.waiting and now - self._looked >= _TICK / 2:  # a look costs per question: not after every exec
            self._look_at_waiting()
            self._looked = time.monotonic()
        for question, deadline in list(self.deadlines.items()):
            if now >= deadline:
                self.deadlines.pop(question, None)
                self._feed(h.TimedOut(question, time.time()))
        if self.hang_up_deadline and now >= self.hang_up_deadline:
            _signal_all(proc.descendants(os.getpid()), signal.SIGKILL)
        swept, number = self._swept
        if now - swept >= _STALE:
            self._reap()
            if self.gate.armed:
                self.gate.give_up_on_failed(number)
            self._swept = (now, self._last_number)
            self.ledger.flush()

    def _look_at_waiting(self) -> None:
        """Take back the questions whose processes have given up."""
        for waiting in self.state.waiting:
            attempt = self.attempts.get(waiting.attempt)
            if waiting.gone or attempt is None:
                continue
            if not self.gate.is_waiting(attempt) or self.gate.interrupt_if_signalled(attempt):
                del self.attempts[waiting.attempt]
                self._feed(h.AgentGaveUp(waiting.attempt, time.time()))

    # ---- in: a program wants to start ------------------------------------------------------------------------------

    def _notified(self) -> None:
        attempt = self.gate.receive()
        if attempt is None:
            return
        self._last_number = attempt.number
        try:
            self._judge(attempt)
        except Exception:  # noqa: BLE001 - fails closed: an exec that could not be judged does not run
            self.ledger.trouble(traceback.format_exc())
            self._unverifiable(attempt, "qguard itself failed while judging it; the trail holds the details")

    def _judge(self, attempt: Attempt) -> None:
        if attempt.why or attempt.program is None:
            self._unverifiable(attempt, attempt.why)
            return
        found = self._watched(attempt, attempt.program)
        if found is None:
            self._pass(attempt)
            return
        attempt.concerns = True
        try:
            attempted = self.gate.describe(attempt)
        except (Unreadable, OSError) as problem:
            if self.gate.is_waiting(attempt):
                self._unverifiable(attempt, str(problem))
            return
        self.attempts[attempt.number] = attempt
        self._feed(h.ExecAttempted(attempt.number, attempted, self._rule(found, attempted), time.time()))

    def _watched(self, attempt: Attempt, program: Program) -> Found | None:
        """The watched program that an exec starts: what interprets a script counts before what the script is called."""
        interpreted = None
        if program.interpreter:
            argv = tuple(map(os.fsdecode, attempt.as_script(program)))
            interpreted = self.program_of(program.prefix[0], program.interpreter, argv)
            if interpreted is not None and interpreted[1] == argv:
                return interpreted
        return self._named(attempt.path, program.file, attempt.words, attempt.tid, interpreted)

    def _named(self, path: str, file: FileId, argv: tuple[str, ...], tid: int, interpreted: Found | None = None) -> Found | None:
        """The watched program by its names, or else what interprets it, or else the file that it is a twin of."""
        found = self.program_of(path, file.path, argv) or interpreted
        if found is None and (twin := self.twins.of(file, tid)) is not None:
            return twin, argv or (path,)
        return found

    def _rule(self, found: tuple[str, tuple[str, ...]], attempted: Exec) -> Ruling:
        program, argv = found
        return self.rules.judge(program, Invocation(program, argv, attempted.cwd, attempted.env))

    def _pass(self, attempt: Attempt) -> None:
        """An exec that no rule knows: it runs, checked like any other, and is recorded while it loads."""
        why = self.gate.let_run(attempt)
        if why:
            self._unverifiable(attempt, why)
        else:
            self.ledger.seen(attempt)

    def _unverifiable(self, attempt: Attempt, why: str) -> None:
        self.attempts[attempt.number] = attempt
        self._feed(h.ExecUnverifiable(attempt.number, attempt.tid, attempt.path, attempt.words, why, time.time()))

    # ---- in: a program has loaded, a process has ended -------------------------------------------------------------

    def _reap(self) -> None:
        while (change := self.gate.next_change()) is not None:
            if isinstance(change, Gone):
                self._gone(change)
                continue
            if change.attempt.replaces is not None:
                self._feed(h.ProcessEnded(change.attempt.replaces.number, None, None, time.time(), replaced=True))
            if change.same and not change.attempt.concerns:
                self.gate.release(change)
            else:
                self._checked(change)

    def _gone(self, gone: Gone) -> None:
        if gone.pid == self.agent and gone.status is not None:
            self.status = gone.status
        if gone.attempt is None or not gone.attempt.concerns:
            return
        if gone.status is None:
            self._feed(h.ProcessEnded(gone.attempt.number, None, None, time.time()))
        else:
            code = os.waitstatus_to_exitcode(gone.status)
            self._feed(h.ProcessEnded(gone.attempt.number, code if code >= 0 else None, -code if code < 0 else None, time.time()))

    def _checked(self, loaded: Loaded) -> None:
        self.loaded[loaded.attempt.number] = loaded
        try:
            event = self._program_loaded(loaded)
        except Exception:  # noqa: BLE001 - fails closed: what could not be judged again does not run
            self.ledger.trouble(traceback.format_exc())
            event = h.ProgramLoaded(
                loaded.attempt.number, None, NOTHING, same=False, why="qguard itself failed while checking it", at=time.time()
            )
        self._feed(event)

    def _program_loaded(self, loaded: Loaded) -> h.ProgramLoaded:
        number, at = loaded.attempt.number, time.time()
        judged = next((running for known, running in self.state.running if known == number), None)
        env = self.gate.loaded_environment(loaded.pid) if loaded.attempt.concerns or not loaded.same else ()
        if loaded.why or env is None:
            return h.ProgramLoaded(number, None, NOTHING, same=False, why=loaded.why or "its environment cannot be read", at=at)
        truth = self._truth(loaded, judged.exec if judged else None, env)
        same = judged is not None and truth == judged.exec
        if same and judged is not None and judged.ruling.verdict is Verdict.ALLOW:
            return h.ProgramLoaded(number, None, judged.ruling, same=True, why="", at=at)
        # A human took a while to read: the files that say where it acts (kubeconfig, workspace, a plan) may say something else by now.
        ruling = self._rule_again(loaded, truth)
        same = same and judged is not None and ruling == judged.ruling
        return h.ProgramLoaded(number, None if same else truth, ruling, same=same, why="", at=at)

    def _rule_again(self, loaded: Loaded, truth: Exec) -> Ruling:
        """The ruling on what has loaded; the program is told as it was the first time when it is the same."""
        program = loaded.attempt.program
        if loaded.same and program is not None:
            found = self._watched(loaded.attempt, program)
        else:
            found = self._named(truth.file.path, truth.file, truth.argv, loaded.pid)
        return self._rule(found, truth) if found else NOTHING

    def _truth(self, loaded: Loaded, judged: Exec | None, env: tuple[tuple[str, str], ...]) -> Exec:
        pid = loaded.pid
        cwd = str(Path(f"/proc/{pid}/cwd").readlink())  # another thread, or a process that shares it, may have changed it
        if loaded.same and judged is not None:
            return replace(judged, env=env, cwd=cwd)
        file = loaded.file or FileId("", 0, 0, 0, 0)
        return Exec(pid, pid, loaded.attempt.path, file, loaded.argv, cwd, env, ancestry(pid, os.getpid()))

    # ---- in: the human ---------------------------------------------------------------------------------------------

    def _heard(self, poll: select.epoll) -> None:
        try:
            said = self.wire.receive()
        except EOFError:
            poll.unregister(self.wire.fileno())
            self._outer_is_gone()
            return
        for message in said:
            if isinstance(message, messages.Said):
                self.deadlines.pop(message.answer.question, None)
                self._feed(h.HumanSaid(message.answer, time.time()))
            elif isinstance(message, messages.HungUp):
                self._hang_up()
            elif isinstance(message, messages.Signalled):
                self._signal_agent(message.signal)

    def _outer_is_gone(self) -> None:
        """The outer process died: nobody can be asked, nobody waits for the agent. End the session."""
        self.outer_gone = True
        self._feed(h.HumanLeft(time.time()))
        _signal_all(proc.descendants(os.getpid()), signal.SIGKILL)

    def _hang_up(self) -> None:
        """The terminal is gone. What was started to outlive that (nohup(1)) does; else the session ends, whatever ignores the signal."""
        self._feed(h.HumanLeft(time.time()))
        _signal_all(proc.descendants(os.getpid()), signal.SIGHUP)
        if not self.outlives_terminal:
            self.hang_up_deadline = time.monotonic() + _GRACE

    def _signal_agent(self, number: int) -> None:
        if self.status is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.agent, number)

    def _to_human(self, text: str) -> None:
        self._send(messages.Tell(text))

    def _send(self, message: messages.FromSupervisor) -> None:
        if self.outer_gone:
            return
        try:
            self.wire.send(message)
        except OSError:
            self.outer_gone = True

    # ---- out: effects ----------------------------------------------------------------------------------------------

    def _feed(self, event: h.Event) -> None:
        """One step, its effects in order. A record that cannot be written stops what follows it and becomes an event."""
        self.state, effects = step(self.state, event)
        for effect in effects:
            if isinstance(effect, h.Record):
                problem = self.ledger.record(effect)
                if problem and self._still_to_decide(effect.attempt):
                    self._feed(h.NotRecorded(effect.attempt, problem, time.time()))
                    return
                if problem:
                    self._to_human(f"the audit trail cannot be written ({problem})")
            else:
                self._do(effect)

    def _still_to_decide(self, attempt: int) -> bool:
        return attempt in self.attempts or attempt in self.loaded

    def _do(self, effect: h.Ask | h.Withdraw | h.Resume | h.Refuse | h.Release | h.Kill | h.Tell) -> None:
        match effect:
            case h.Ask(question):
                self._ask(question)
            case h.Withdraw(question, why, grantable):
                self._send(messages.Withdraw(question, why, grantable))
            case h.Resume(number, unchecked):
                self._resume(number, unchecked=unchecked)
            case h.Refuse(number, said):
                self._refuse(number, said)
            case h.Release(number):
                if (loaded := self.loaded.pop(number, None)) is not None:
                    self.gate.release(loaded)
            case h.Kill(number, said):
                if (loaded := self.loaded.pop(number, None)) is not None:
                    self.gate.kill(loaded, said)
            case h.Tell(said):
                self._to_human(said)
            case _:
                assert_never(effect)

    def _ask(self, question: Question) -> None:
        if question.timeout:
            self.deadlines[question.id] = time.monotonic() + question.timeout
        self._send(messages.Show(question))
        if self.outer_gone:
            self._feed(h.HumanLeft(time.time()))

    def _resume(self, number: int, *, unchecked: bool) -> None:
        attempt = self.attempts.pop(number, None)
        if attempt is None:
            return
        if unchecked:
            self.gate.unsafe_let_run_unchecked(attempt)
        elif why := self.gate.let_run(attempt, keep=attempt.concerns):
            self._unverifiable(attempt, why)

    def _refuse(self, number: int, said: str) -> None:
        if (loaded := self.loaded.pop(number, None)) is not None:
            self.gate.kill(loaded, said)
        elif (attempt := self.attempts.pop(number, None)) is not None:
            self.gate.refuse(attempt, said, errno.EPERM)


def _signal_all(pids: tuple[int, ...], number: int) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)
