"""Starting a session: everything that can fail fails here, before the agent exists, with one sentence."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from guard.errors import CannotStart, GuardDied
from guard.kernel import confine, proc
from guard.kernel.abi import PR_SET_CHILD_SUBREAPER
from guard.kernel.libc import prctl
from guard.runtime import wire
from guard.runtime.options import Options

if TYPE_CHECKING:
    from guard.runtime.parts import Parts
    from guard.terminal import TerminalPlan

Say = Callable[[str], None]
_LAST_WORDS = 5.0  # seconds to end a session whose supervisor died


def launch(options: Options, say: Say) -> int:
    """Run one session and return the exit status of ``qguard run``. ``say`` prints one line for the human. Raises ``QguardError``."""
    file = find_agent(options.argv[0])
    if options.unguarded:
        say("NOT GUARDED (--dangerously-unguarded): nothing is judged, asked or recorded.")
        _become(file, options.argv)
    if confine.is_nested():
        say("already inside a guarded session: the outer qguard stays in force, with its rules, its questions and its trail.")
        _become(file, options.argv)
    # What only a guarded session needs is imported only here.
    from guard.runtime.belongings import take_notices  # noqa: PLC0415
    from guard.runtime.parts import prepare  # noqa: PLC0415
    from guard.runtime.settings import find_settings  # noqa: PLC0415
    from guard.runtime.summary import banner  # noqa: PLC0415
    from guard.terminal import prepare as prepare_terminal  # noqa: PLC0415

    settings = find_settings(os.environ, _working_directory())
    plan = prepare_terminal()
    parts = prepare(options, file, settings, has_terminal=plan.has_terminal)

    def announce() -> None:
        """Said by the supervisor once the gate is in place, and before it lets the agent run: then it is true."""
        for line in (banner(parts.state, parts.protection, os.environ), *take_notices(settings.state_dir)):
            say(line)

    return _run(options, file, parts, plan, announce)


def _working_directory() -> Path:
    try:
        return Path.cwd()
    except FileNotFoundError as error:
        raise CannotStart("The working directory does not exist any more.", "Go to another directory and start again.") from error


def find_agent(name: str) -> str:
    """The file that ``name`` means on this PATH. Raises ``CannotStart`` (125)."""
    found = shutil.which(name)
    if found is not None:
        return found
    if "/" not in name:
        what = "is not on PATH"
    elif os.path.exists(name):  # noqa: PTH110 - Path.exists raises for what may not be looked at
        what = "is not an executable file"
    else:
        what = "does not exist"
    raise CannotStart(f"The agent {name!r} {what}.", "Write: qguard run [OPTIONS] -- AGENT [ARG...]")


def _become(file: str, argv: tuple[str, ...]) -> NoReturn:
    try:
        os.execve(file, argv, os.environ)
    except OSError as error:
        raise CannotStart(f"The agent {argv[0]!r} cannot be started: {error.strerror}.") from error


def _run(options: Options, file: str, parts: Parts, plan: TerminalPlan, announce: Callable[[], None] = lambda: None) -> int:
    inner, outer = wire.pair()
    confine.harden()  # before the fork: there is no moment at which the agent could open a guard process
    supervisor = os.fork()
    if supervisor == 0:
        outer.close()
        from guard.runtime.supervise import serve  # noqa: PLC0415

        serve(options, file, parts, plan, inner, announce=announce)
    inner.close()
    parts.trail.abandon()
    return _hold_the_terminal(supervisor, plan, outer)


def _hold_the_terminal(supervisor: int, plan: TerminalPlan, outer: wire.Wire) -> int:
    """The outer process: nothing but the human's terminal, and the end of the session if the supervisor dies."""
    from guard.terminal import Front  # noqa: PLC0415

    prctl(PR_SET_CHILD_SUBREAPER, 1)  # orphans of a dead supervisor come here, so that they can be found and ended
    plan.close_slave()
    front = Front(plan, outer)
    try:
        status = front.run()
    except EOFError as error:
        how = _reap(supervisor)
        ended = end_everything()
        raise GuardDied(
            f"The supervisor {how}, so the session was ended ({ended} processes); nothing of it can start anything any more.",
            "The audit trail of the session ends where it died: qguard audit show",
        ) from error
    _reap(supervisor)
    return status


def _reap(supervisor: int) -> str:
    try:
        code = os.waitstatus_to_exitcode(os.waitpid(supervisor, 0)[1])
    except ChildProcessError:
        return "ended"
    return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with status {code}"


def end_everything() -> int:
    """Kill all that is below this process, until nothing is. Returns how many processes there were."""
    ended: set[int] = set()
    deadline = time.monotonic() + _LAST_WORDS
    while (left := proc.descendants(os.getpid())) and time.monotonic() < deadline:
        for pid in left:
            ended.add(pid)
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
    return len(ended)
