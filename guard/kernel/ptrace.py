"""One-shot tracing: stop a task between the loading of its new program and the first instruction of it (ptrace(2)).

All of these must be called from the one thread that seized.
"""

from __future__ import annotations

import ctypes
import os
from enum import Enum, auto
from signal import SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU
from typing import NamedTuple

from guard.kernel.libc import LIBC, raise_errno

_CONT, _DETACH, _GETEVENTMSG, _SEIZE, _INTERRUPT, _LISTEN = 7, 17, 0x4201, 0x4206, 0x4207, 0x4208
_OPTIONS = 1 << 4 | 1 << 20  # PTRACE_O_TRACEEXEC: stop when loaded. PTRACE_O_EXITKILL: if we die, it dies.
_EVENT_EXEC, _EVENT_STOP = 4, 128
_GROUP_STOPS = frozenset({SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU})
_WALL = 0x40000000


class Stop(Enum):
    """Why a traced task reported, or that it is gone."""

    LOADED = auto()
    GROUP = auto()
    TRAP = auto()
    SIGNAL = auto()
    GONE = auto()


class Change(NamedTuple):
    """One report of wait4(2): ``signal`` is what a SIGNAL stop wants delivered; ``status`` is the raw wait status."""

    pid: int
    stop: Stop
    signal: int
    status: int


def seize(tid: int) -> None:
    """Attach without stopping; the next exec of the task stops it when loaded. EPERM: somebody else traces it, or the kernel forbids it."""
    # SAFETY: SEIZE takes options as a number in ``data``; ``addr`` must be zero. Nothing of the task's memory is touched.
    if LIBC.ptrace(_SEIZE, tid, None, _OPTIONS) < 0:
        raise raise_errno(f"PTRACE_SEIZE {tid}")


def former_tid(pid: int) -> int:
    """The thread id that called exec: a thread that is not the leader reports under the leader's pid (PTRACE_GETEVENTMSG)."""
    message = ctypes.c_ulong()
    # SAFETY: the kernel writes one unsigned long at ``data``, which outlives the call.
    if LIBC.ptrace(_GETEVENTMSG, pid, None, ctypes.byref(message)) < 0:
        raise raise_errno(f"PTRACE_GETEVENTMSG {pid}")
    return message.value


def _resume(request: int, pid: int, signal: int = 0) -> bool:
    # SAFETY: CONT and DETACH take a signal number in ``data``, LISTEN and INTERRUPT ignore it.
    if LIBC.ptrace(request, pid, None, signal) < 0:
        error = raise_errno(f"ptrace({request:#x}) {pid}")
        if isinstance(error, ProcessLookupError):
            return False  # killed between its report and now
        raise error
    return True


def detach(pid: int, signal: int = 0) -> bool:
    """Let a stopped task go for good. False when it is dead already."""
    return _resume(_DETACH, pid, signal)


def resume(pid: int, signal: int = 0) -> bool:
    """Let a stopped task run on, still traced, delivering ``signal``."""
    return _resume(_CONT, pid, signal)


def listen(pid: int) -> bool:
    """Leave a task in its group stop (SIGSTOP, Ctrl-Z) as if nobody traced it."""
    return _resume(_LISTEN, pid)


def interrupt(pid: int) -> bool:
    """Ask a running traced task to stop at its way back to user space; an exec under way finishes (and reports) first."""
    return _resume(_INTERRUPT, pid)


def next_change() -> Change | None:
    """One child or traced task that changed, reaping the dead; ``None`` when there is nothing to report now."""
    try:
        pid, status = os.waitpid(-1, os.WNOHANG | _WALL)
    except ChildProcessError:
        return None
    if pid == 0:
        return None
    if not os.WIFSTOPPED(status):
        return Change(pid, Stop.GONE, 0, status)
    signal, event = os.WSTOPSIG(status), status >> 16
    if event == _EVENT_EXEC:
        return Change(pid, Stop.LOADED, 0, status)
    if event == _EVENT_STOP:
        return Change(pid, Stop.GROUP if signal in _GROUP_STOPS else Stop.TRAP, signal, status)
    return Change(pid, Stop.SIGNAL, signal, status)
