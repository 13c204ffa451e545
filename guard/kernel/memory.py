"""Reading strings out of a waiting task's memory: never writing, bounded, page faults told apart from ends.

Never write into a target: vfork and posix_spawn children share their memory with the agent.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
from typing import NamedTuple

from guard.kernel.abi import Abi
from guard.kernel.libc import LIBC

MAX_STRING = 128 * 1024  # MAX_ARG_STRLEN, include/uapi/linux/binfmts.h: 32 pages
MAX_ARGV = 8 * 1024 * 1024  # more than any stack limit lets through (a quarter of the stack, 6 MiB at most)
MAX_WORDS = 2 * 1024 * 1024
_PAGE = 4096
_SPAN = 16 * 1024
_LARGEST = 64 * 1024


class Unreadable(Exception):
    """The task's memory cannot be read; the message says what and why."""


class TooLong(Exception):
    """The argv is longer than the kernel takes."""


class _Span(ctypes.Structure):
    """struct iovec."""

    _fields_ = (("base", ctypes.c_void_p), ("size", ctypes.c_size_t))


# One buffer for all reads: the gate is one thread, and process_vm_readv(2) costs a tenth of opening /proc/TID/mem.
_BUFFER = (ctypes.c_char * _LARGEST)()
_LOCAL, _REMOTE = _Span(ctypes.addressof(_BUFFER), 0), _Span(0, 0)
_LOCAL_AT, _REMOTE_AT = ctypes.byref(_LOCAL), ctypes.byref(_REMOTE)
_VIEW = memoryview(_BUFFER).cast("B")
LIBC.process_vm_readv.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_ulong, ctypes.c_void_p, ctypes.c_ulong, ctypes.c_ulong]
LIBC.process_vm_readv.restype = ctypes.c_ssize_t


class Memory(NamedTuple):
    """The memory of task ``tid``. Nothing is kept open."""

    tid: int

    def read(self, address: int, size: int) -> bytes:
        """Up to ``size`` bytes (64 KiB at most); shorter at the end of what is mapped.

        Raises ``Unreadable`` when not one byte can be had.
        """
        _LOCAL.size = _REMOTE.size = size = min(size, _LARGEST)
        _REMOTE.base = address
        # SAFETY: the local span is our own buffer and no longer than it; the kernel checks the remote one and our right to it
        # (PTRACE_MODE_ATTACH), and stops at the first page that is not mapped.
        got = LIBC.process_vm_readv(self.tid, _LOCAL_AT, 1, _REMOTE_AT, 1, 0)
        if got > 0:
            return bytes(_VIEW[:got])
        number = ctypes.get_errno()
        if got < 0 and number in (errno.ENOSYS, errno.EPERM):  # EPERM: no right, or a container's profile; the file tells which
            return self._by_file(address, size)
        raise Unreadable(f"its memory at {address:#x} cannot be read ({os.strerror(number)})")

    def _by_file(self, address: int, size: int) -> bytes:
        """For sandboxes that know no process_vm_readv, or forbid it (Podman's profile)."""
        try:
            fd = os.open(f"/proc/{self.tid}/mem", os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise Unreadable(f"its memory cannot be opened ({error.strerror})") from error
        try:
            return os.pread(fd, size, address)
        except (OSError, OverflowError) as error:
            raise Unreadable(f"its memory at {address:#x} cannot be read ({error})") from error
        finally:
            os.close(fd)

    def string(self, address: int, limit: int = MAX_STRING) -> bytes:
        """The NUL-terminated bytes at ``address``, without the NUL. Raises ``TooLong`` past ``limit``."""
        found = b""
        while True:
            # Up to the end of the page first: the next page may not be mapped.
            chunk = self.read(address + len(found), _PAGE - (address + len(found)) % _PAGE)
            if not chunk:
                raise Unreadable(f"its memory at {address:#x} ends before the string does")
            end = chunk.find(0)
            if end >= 0:
                return found + chunk[:end]
            found += chunk
            if len(found) > limit:
                raise TooLong

    def pointers(self, address: int, abi: Abi) -> list[int]:
        """The NULL-terminated array of pointers at ``address``; a NULL array is an empty one, as Linux has it."""
        found: list[int] = []
        if address == 0:
            return found
        step, code = abi.pointer, "Q" if abi.pointer == 8 else "I"  # noqa: PLR2004 - bytes in a pointer
        size = 16 * step
        while len(found) < MAX_WORDS:
            chunk = self.read(address + len(found) * step, size)
            whole = len(chunk) // step
            if not whole:
                raise Unreadable(f"its argv at {address:#x} ends without a NULL")
            words = struct.unpack_from(f"={whole}{code}", chunk)
            if 0 in words:
                return [*found, *words[: words.index(0)]]
            found += words
            size = 64 * 1024
        raise TooLong

    def strings(self, addresses: list[int]) -> list[bytes]:
        """The strings at ``addresses``. Neighbours are read in one go, as exec's callers usually lay them out."""
        if not addresses:
            return []
        low, high = min(addresses), max(addresses)
        block = b""
        if high - low < _SPAN:
            block = self.read(low, high - low + 256)
        total, found = 0, []
        for address in addresses:
            start = address - low
            end = block.find(0, start) if start < len(block) else -1
            found.append(block[start:end] if end >= 0 else self.string(address))
            total += len(found[-1]) + 1
            if total > MAX_ARGV:
                raise TooLong
        return found
