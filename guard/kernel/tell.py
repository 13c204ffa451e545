"""One line on a task's own standard error, without ever waiting for it."""

from __future__ import annotations

import os
import socket
import stat

from guard.kernel.abi import SYS_PIDFD_GETFD, SYS_PIDFD_OPEN
from guard.kernel.libc import syscall


def say(pid: int, text: str) -> bool:
    """Write ``text`` and a newline to descriptor 2 of process ``pid``. False when it could not be said (no stderr, full pipe, no right)."""
    line = os.fsencode(text) + b"\n"
    try:
        fd = _borrow(pid)
    except OSError:
        return _by_path(pid, line)
    try:
        return _write(fd, line)
    except OSError:
        return False
    finally:
        os.close(fd)


def _borrow(pid: int) -> int:
    pidfd = syscall(SYS_PIDFD_OPEN, pid, 0, what="pidfd_open")
    try:
        # SAFETY: a duplicate of the target's descriptor 2 (close-on-exec); using it never changes its flags, which are shared.
        return syscall(SYS_PIDFD_GETFD, pidfd, 2, 0, what="pidfd_getfd")
    finally:
        os.close(pidfd)


def _write(fd: int, line: bytes) -> bool:
    mode = os.fstat(fd).st_mode
    if stat.S_ISSOCK(mode):
        with socket.socket(fileno=os.dup(fd)) as connection:
            return connection.send(line, socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL) == len(line)
    if stat.S_ISREG(mode):
        return os.write(fd, line) == len(line)  # the shared offset keeps our line before the shell's
    own = os.open(f"/proc/self/fd/{fd}", os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    try:
        return os.write(own, line) == len(line)
    finally:
        os.close(own)


def _by_path(pid: int, line: bytes) -> bool:
    """Where pidfd_getfd is not to be had (Docker's default profile): files, pipes and terminals by path, sockets not at all."""
    try:
        fd = os.open(f"/proc/{pid}/fd/2", os.O_WRONLY | os.O_APPEND | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return os.write(fd, line) == len(line)
    except OSError:
        return False
    finally:
        os.close(fd)
