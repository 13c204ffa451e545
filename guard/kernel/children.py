"""News of children and traced tasks as a descriptor: SIGCHLD through signalfd(2), so that no handler ever runs."""

from __future__ import annotations

import ctypes
import os
import signal
import struct

from guard.kernel.libc import LIBC, raise_errno

_NONBLOCK, _CLOEXEC = 0o4000, 0o2000000


def open_news() -> int:
    """Block SIGCHLD in this thread and return a descriptor that is readable when one is pending. Call after forking the agent."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
    mask = ctypes.create_string_buffer(struct.pack("=Q", 1 << (signal.SIGCHLD - 1)), 128)
    # SAFETY: sigset_t is 128 bytes in glibc and musl, little-endian bits from signal 1; the C library copies it.
    fd = LIBC.signalfd(-1, mask, _NONBLOCK | _CLOEXEC)
    if fd < 0:
        raise raise_errno("signalfd")
    return int(fd)


def drain(fd: int) -> None:
    """Forget what is pending: wait4 tells what happened. Signals merge, so one read is not one child."""
    try:  # noqa: SIM105 - for every exec, and a third of the time
        os.read(fd, 128 * 8)
    except BlockingIOError:
        pass
