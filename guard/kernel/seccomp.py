"""Installing the filter, and the three ioctls of its listener (seccomp_unotify(2))."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import platform
import struct
from typing import NamedTuple

from guard.kernel.abi import SYS_SECCOMP
from guard.kernel.libc import syscall

_SET_MODE_FILTER = 1
_NEW_LISTENER = 1 << 3
_WAIT_KILLABLE_RECV = 1 << 5

# linux/seccomp.h: _IOWR('!', 0, struct seccomp_notif), _IOWR('!', 1, struct seccomp_notif_resp), _IOW('!', 2, __u64)
_NOTIF_RECV = 0xC0502100
_NOTIF_SEND = 0xC0182101
_NOTIF_ID_VALID = 0x40082102
_NOTIF = struct.Struct("=QIIiIQ6Q")
_RESPONSE = struct.Struct("=QqiI")
_CONTINUE = 1


class Notification(NamedTuple):
    """One system call that waits. ``tid`` is the calling thread in our pid namespace, ``audit`` its ABI.

    A tuple, as all that is made anew for every exec: a frozen dataclass takes three times as long to make.
    """

    id: int
    tid: int
    nr: int
    audit: int
    args: tuple[int, ...]


def install(program: bytes) -> int:
    """Install ``program`` on this thread and return the listener (close-on-exec). Cannot be undone.

    Raises ``OSError``: EBUSY when a filter with a listener is already in force above us, EINVAL when the kernel has no user
    notification, EACCES without no_new_privs or CAP_SYS_ADMIN.
    """
    # SAFETY: struct sock_fprog is {u16 len; pad; pointer}; ``filter_buffer`` and ``fprog`` live until the call returns, and the
    # kernel copies both. The process must be single-threaded (no TSYNC): it is, straight after fork.
    filter_buffer = ctypes.create_string_buffer(program, len(program))
    fprog = ctypes.create_string_buffer(struct.pack("@HP", len(program) // 8, ctypes.addressof(filter_buffer)), 16)
    number = SYS_SECCOMP[{"amd64": "x86_64", "arm64": "aarch64"}.get(platform.machine(), platform.machine())]
    try:
        return syscall(number, _SET_MODE_FILTER, _NEW_LISTENER | _WAIT_KILLABLE_RECV, fprog, what="seccomp")
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
    return syscall(number, _SET_MODE_FILTER, _NEW_LISTENER, fprog, what="seccomp")


def receive(listener: int) -> Notification | None:
    """The next waiting call, or ``None`` when its task died or was interrupted meanwhile."""
    buffer = bytearray(_NOTIF.size)
    try:
        # SAFETY: the kernel demands a zeroed buffer of exactly sizeof(struct seccomp_notif) = 80; the bytearray is both.
        fcntl.ioctl(listener, _NOTIF_RECV, buffer, True)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.EINTR):
            return None
        raise
    ident, tid, _flags, nr, audit, _ip, *args = _NOTIF.unpack(buffer)
    return Notification(ident, tid, nr, audit, tuple(args))


def is_waiting(listener: int, ident: int) -> bool:
    """True while the call still waits: what was read from its task's memory before this belonged to that task."""
    try:
        # SAFETY: passes the address of 8 bytes that hold the id; the kernel only reads them.
        fcntl.ioctl(listener, _NOTIF_ID_VALID, struct.pack("=Q", ident))
    except OSError as error:
        if error.errno == errno.ENOENT:
            return False
        raise
    return True


def _answer(listener: int, ident: int, error: int, flags: int) -> bool:
    try:
        # SAFETY: 24 bytes, sizeof(struct seccomp_notif_resp); the kernel reads them and writes nothing of ours.
        fcntl.ioctl(listener, _NOTIF_SEND, _RESPONSE.pack(ident, 0, error, flags))
    except OSError as problem:
        if problem.errno in (errno.ENOENT, errno.EINPROGRESS):
            return False
        raise
    return True


def refuse(listener: int, ident: int, number: int) -> bool:
    """Make the call fail with errno ``number``. False when nobody waits any more."""
    return _answer(listener, ident, -number, 0)


def unsafe_continue(listener: int, ident: int) -> bool:
    """Let the kernel run the call with whatever its arguments are *by now*.

    Only right for a task that is armed (``guard.kernel.ptrace.seize``), so that what was loaded is read again before its first instruction.
    """
    return _answer(listener, ident, 0, _CONTINUE)
