"""The supervisor process: forks the agent, takes over the listener, serves, and says how it ended."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import socket
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from guard.core.messages import Ended
from guard.errors import CannotStart
from guard.kernel import confine
from guard.kernel.abi import PR_SET_CHILD_SUBREAPER
from guard.kernel.gate import Gate
from guard.kernel.libc import prctl
from guard.runtime import belongings, identity, summary
from guard.runtime.ledger import Ledger
from guard.runtime.options import Options
from guard.runtime.supervisor import Supervisor
from guard.runtime.wire import Wire

if TYPE_CHECKING:
    from guard.runtime.parts import Parts
    from guard.terminal import TerminalPlan

_MOST_PATHS = 100
_HASHING = 10.0  # seconds that the end of a session waits for the digest of its agent
_EXEC_FAILED = {
    errno.ENOENT: "the interpreter that it names does not exist",
    errno.ENOEXEC: "it is no program for this machine, and no script with a #! line",
}
"""What execve(2) means by these of a file that is there."""


Announce = Callable[[], None]


def serve(options: Options, file: str, parts: Parts, plan: TerminalPlan, wire: Wire, *, announce: Announce) -> NoReturn:
    """Be the supervisor until the session ends; never returns. ``announce`` speaks when the gate is in place.

    Every way out of here ends with the listener closed: nothing more can start.
    """
    status = 70
    try:
        wire.send(_session(options, file, parts, plan, wire, announce=announce))
        status = 0
    except CannotStart as problem:
        wire.send(Ended(problem.exit_status, f"qguard: {problem.sentence}" + (f"\nqguard: {problem.hint}" if problem.hint else "")))
    except BaseException:  # noqa: BLE001 - the last catch: say what happened, then die, which closes the gate for good
        parts.trail.append("guard.error", {"traceback": traceback.format_exc()}, durable=True)
    finally:
        os._exit(status)


def _session(options: Options, file: str, parts: Parts, plan: TerminalPlan, wire: Wire, *, announce: Announce) -> Ended:
    os.setsid()  # Ctrl-C and hang-ups of the human's terminal are the outer process's to hear
    ignored = confine.ignored_signals()
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP, signal.SIGHUP, signal.SIGTTOU):
        signal.signal(number, signal.SIG_IGN)
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    ledger = Ledger(parts.trail)
    started = ledger.note("session.started", parts.started)
    if started:
        raise CannotStart(
            f"The audit trail cannot be written ({started}), and nothing runs unrecorded.",
            f"Make room or give rights for {parts.trail.path}.",
        )
    before = parts.look()
    agent, report = _fork_agent(file, options, parts, plan, wire, ignored=ignored)
    try:
        listener = confine.receive_listener(report)
    except CannotStart as problem:
        ledger.end(problem.exit_status, parts.state.counts)
        raise
    gate = Gate(listener, parts.env_wanted, parts.env_sealed, debuggers=options.allow_debuggers)
    with contextlib.suppress(OSError):  # nobody reads our standard error: no reason to start nothing
        announce()
    _let_go_of(plan)
    hashing = _hash_later(parts.agent, ledger)
    supervisor = Supervisor(
        *(gate, parts.judge, parts.program_of, ledger, wire, agent, parts.state),
        twins=parts.twins,
        keep=options.keep,
        outlives_terminal=signal.SIGHUP in ignored,
    )
    wait_status = supervisor.run()
    code = os.waitstatus_to_exitcode(wait_status)
    failed = _why_the_exec_failed(report)
    final = 125 if failed else (code if code >= 0 else 128 - code)
    if hashing is not None:
        hashing.join(_HASHING)
    changed = _changed(parts, before, ledger)
    ledger.end(final, supervisor.state.counts)
    if failed:
        return Ended(final, f"qguard: The agent {options.argv[0]!r} cannot be started: {failed}.")
    ending = summary.ending(supervisor.state, passed=ledger.passed, recorded=not ledger.problem)
    return Ended(final, "\n".join(part for part in (ending, changed) if part))


def _changed(parts: Parts, before: belongings.Seen, ledger: Ledger) -> str:
    """Record what of qguard's own was changed meanwhile, leave it for the next start to say, and return the line about it."""
    paths = belongings.differences(before, parts.look())
    if not paths:
        return ""
    from guard.audit.bodies import text_body  # noqa: PLC0415 - rarely needed

    ledger.note("guard.changed", {"paths": [text_body(path) for path in paths[:_MOST_PATHS]], "count": len(paths)})
    said = belongings.sentence(paths, parts.state.id)
    with contextlib.suppress(OSError):  # it stands in the trail, and is said now
        belongings.leave_notice(parts.state_dir, said)
    return f"qguard: {said}"


def _fork_agent(
    file: str, options: Options, parts: Parts, plan: TerminalPlan, wire: Wire, *, ignored: tuple[signal.Signals, ...]
) -> tuple[int, socket.socket]:
    mine, its = socket.socketpair()
    outer, me = os.getppid(), os.getpid()
    launch = confine.Launch(
        file=file,
        argv=options.argv,
        env={**os.environ, "QGUARD_SESSION": parts.state.id},
        stdio=plan.stdio,
        terminal=plan.slave,
        guards=(outer, me),
        groups=(os.getpgid(outer), me),
        ignored=ignored,
    )
    # SAFETY: single-threaded until here, so the child may run Python until it execs.
    pid = os.fork()
    if pid == 0:
        mine.close()
        wire.close()
        confine.become(launch, parts.protection, its)
    its.close()
    return pid, mine


def _let_go_of(plan: TerminalPlan) -> None:
    """The supervisor needs no terminal and no standard descriptor: what it held would keep the agent's pipes open."""
    null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    for fd in (0, 1, 2):
        os.dup2(null, fd)
    os.close(null)
    for held in (plan.tty, plan.master, plan.slave):
        if held is not None:
            os.close(held)


def _hash_later(agent: identity.AgentIdentity, ledger: Ledger) -> threading.Thread | None:
    """A big agent is hashed while it already runs: its digest comes as a record of its own."""
    if agent.digest:
        return None

    path = {"path": agent.body()["path"]}

    def work() -> None:
        try:
            ledger.later("agent.identified", {**path, "digest": identity.digest_of(Path(agent.path))})
        except OSError as error:
            ledger.later("agent.identified", {**path, "digest": None, "why": error.strerror or "it cannot be read"})

    # Before the thread, which inherits this: a thread that does not block SIGCHLD would take the news of children, and lose it.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def _why_the_exec_failed(report: socket.socket) -> str:
    """Why the agent itself could not be loaded, or "" (a refusal by ruling is no such failure: it has its line and 126)."""
    try:
        data = report.recv(4096, socket.MSG_DONTWAIT)
    except (BlockingIOError, ConnectionResetError):
        return ""
    reason, _, number = data[1:].partition(b"\0")
    if data[:1] != b"X" or number == b"1":
        return ""
    return _EXEC_FAILED.get(int(number or b"0"), reason.decode(errors="replace"))
