"""A function in a process of its own, that can be killed: for parsers that do not return on some inputs."""

from __future__ import annotations

import contextlib
import os
import resource
import select
import signal
import time
from collections.abc import Callable
from typing import NoReturn

_MEMORY = 1 << 30
_CHUNK = 1 << 16


class NoAnswer(Exception):
    """The function did not answer; the message says why."""


def within(seconds: float, work: Callable[[], bytes]) -> bytes:
    """What ``work()`` returns, computed in a forked process that is killed after ``seconds``. Raises ``NoAnswer``, nothing else.

    Whoever else waits for all children (the gate does) may take the exit status: only the answer counts, and it ends with a mark.
    """
    try:
        readable, writable = os.pipe()
        # SAFETY: the child calls ``work`` and leaves by os._exit: no exit handler, no buffer of the parent is run or flushed twice.
        # A lock that another thread holds at this moment stays locked in the child; then it hangs, and the deadline ends it.
        pid = os.fork()
    except OSError as error:
        raise NoAnswer(f"no process could be started to read it ({error.strerror})") from error
    if pid == 0:
        os.close(readable)
        _answer(writable, seconds, work)
    os.close(writable)
    try:
        data = _read_all(readable, time.monotonic() + seconds)
    finally:
        os.close(readable)
        _end(pid)
    if data[:1] != b"+" or data[-1:] != b".":
        raise NoAnswer(data[1:-1].decode("utf-8", "replace") if data[:1] == b"-" else "the reader was ended")
    return data[1:-1]


def _answer(writable: int, seconds: float, work: Callable[[], bytes]) -> NoReturn:
    """The child: compute, answer, and leave without a trace."""
    try:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_CPU, (int(seconds) + 1, int(seconds) + 1))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, resource.getrlimit(resource.RLIMIT_AS)[1]))
        try:
            data = b"+" + work()
        except BaseException as error:  # noqa: BLE001 - whatever it is goes to the parent, as a sentence
            data = f"-the reader failed ({type(error).__name__})".encode("utf-8", "replace")
        view = memoryview(data + b".")
        while view:
            view = view[os.write(writable, view) :]
    finally:
        os._exit(0)


def _read_all(readable: int, deadline: float) -> bytes:
    poll = select.poll()
    parts: list[bytes] = []
    poll.register(readable, select.POLLIN | select.POLLHUP)
    while (left := deadline - time.monotonic()) > 0 and poll.poll(left * 1000):
        chunk = os.read(readable, _CHUNK)
        if not chunk:
            return b"".join(parts)
        parts.append(chunk)
    raise NoAnswer("it took too long to read")


def _end(pid: int) -> None:
    """Kill the child, and wait for it unless somebody who waits for all children has done so."""
    with contextlib.suppress(ProcessLookupError, ChildProcessError):
        # SAFETY: the number is the child's until it is waited for. If a gate in this process has just waited for it, the number could
        # in theory be a stranger's by now; the gate's supervisor reads no lines while it serves, so nobody does.
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
