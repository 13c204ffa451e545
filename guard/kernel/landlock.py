"""A scope-only Landlock domain: the session cannot signal, trace or open the guard, and keeps all its files (landlock(7), ABI 6)."""

from __future__ import annotations

import ctypes
import os
import struct

from guard.kernel.abi import SYS_LANDLOCK_CREATE_RULESET, SYS_LANDLOCK_RESTRICT_SELF
from guard.kernel.libc import LIBC, syscall

_CREATE_RULESET_VERSION = 1
_SCOPE_SIGNAL = 1 << 1
_SCOPES_SINCE = 6


def abi_version() -> int:
    """The kernel's Landlock ABI; 0 when there is none, or it is switched off."""
    # SAFETY: a null attribute of size 0 with the VERSION flag only asks.
    result = LIBC.syscall(ctypes.c_long(SYS_LANDLOCK_CREATE_RULESET), None, ctypes.c_long(0), ctypes.c_long(_CREATE_RULESET_VERSION))
    return max(int(result), 0)


def can_scope() -> bool:
    """True when the kernel can keep a process's signals inside its domain."""
    return abi_version() >= _SCOPES_SINCE


def enter_scope() -> None:
    """Put this thread, and all it will start, into a domain of its own. Needs no_new_privs or CAP_SYS_ADMIN. Raises ``OSError``.

    Every Landlock domain also forbids ptrace-like access (pidfd_getfd, /proc/PID/mem, environ) to processes outside it.
    """
    # struct landlock_ruleset_attr {u64 handled_access_fs; u64 handled_access_net; u64 scoped;}
    attributes = ctypes.create_string_buffer(struct.pack("=QQQ", 0, 0, _SCOPE_SIGNAL), 24)
    # SAFETY: ``attributes`` is the 24 bytes whose size is passed, and lives until the call returns.
    ruleset = syscall(SYS_LANDLOCK_CREATE_RULESET, attributes, len(attributes), 0, what="landlock_create_ruleset")
    try:
        syscall(SYS_LANDLOCK_RESTRICT_SELF, ruleset, 0, what="landlock_restrict_self")
    finally:
        os.close(ruleset)
