"""The C library through ctypes: the few calls that Python does not offer, with their errors as ``OSError``."""

from __future__ import annotations

import ctypes
import os

# SAFETY: use_errno keeps errno per thread between the call and get_errno; nothing here keeps a pointer after the call returns.
LIBC = ctypes.CDLL(None, use_errno=True)
_LONG = ctypes.c_long

LIBC.syscall.restype = _LONG
LIBC.prctl.argtypes = [ctypes.c_int, ctypes.c_ulong, ctypes.c_ulong, ctypes.c_ulong, ctypes.c_ulong]
LIBC.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
LIBC.ptrace.restype = _LONG


def raise_errno(what: str) -> OSError:
    """The error of the last call as a value; ``what`` names the call."""
    number = ctypes.get_errno()
    return OSError(number, f"{what}: {os.strerror(number)}")


def syscall(number: int, *arguments: int | ctypes.Array[ctypes.c_char] | None, what: str) -> int:
    """Make a system call (syscall(2)), every number passed as a long."""
    # SAFETY: integers are widened to long explicitly; buffers stay alive for the call because ``arguments`` holds them.
    prepared = [_LONG(argument) if isinstance(argument, int) else argument for argument in arguments]
    result = LIBC.syscall(_LONG(number), *prepared)
    if result < 0:
        raise raise_errno(what)
    return int(result)


def prctl(option: int, argument: int = 0) -> int:
    """Set or ask one thing of this process (prctl(2)); the other three arguments are zero, as the kernel demands of most options."""
    # SAFETY: argtypes widen all four; no pointers are passed.
    result = LIBC.prctl(option, argument, 0, 0, 0)
    if result < 0:
        raise raise_errno(f"prctl({option})")
    return int(result)
