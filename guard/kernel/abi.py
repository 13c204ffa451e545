"""System call numbers and constants of every ABI that a process of the session could use.

Numbers are those of the kernel's syscall tables (arch/x86/entry/syscalls, include/uapi/asm-generic/unistd.h, arch/arm/tools).
x32 is not listed: the filter refuses the whole ABI, as Debian, Ubuntu and Fedora kernels do.
"""

from __future__ import annotations

import platform
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Abi:
    """One system call ABI: its audit architecture, pointer size in bytes, and the calls that the filter speaks about."""

    name: str
    audit: int
    pointer: int
    execve: int
    execveat: int
    ioctl: int
    prctl: int
    kill: int
    tkill: int
    tgkill: int
    rt_sigqueueinfo: int
    rt_tgsigqueueinfo: int
    pidfd_send_signal: int
    pidfd_open: int
    pidfd_getfd: int
    ptrace: int
    process_vm_readv: int
    process_vm_writev: int
    prlimit64: int


X86_64 = Abi("x86_64", 0xC000003E, 8, 59, 322, 16, 157, 62, 200, 234, 129, 297, 424, 434, 438, 101, 310, 311, 302)
I386 = Abi("i386", 0x40000003, 4, 11, 358, 54, 172, 37, 238, 270, 178, 335, 424, 434, 438, 26, 347, 348, 340)
AARCH64 = Abi("aarch64", 0xC00000B7, 8, 221, 281, 29, 167, 129, 130, 131, 138, 240, 424, 434, 438, 117, 270, 271, 261)
ARM = Abi("arm", 0x40000028, 4, 11, 387, 54, 172, 37, 238, 268, 178, 363, 424, 434, 438, 26, 376, 377, 369)

X32_BIT = 0x40000000

_MACHINES = {"x86_64": (X86_64, I386), "amd64": (X86_64, I386), "aarch64": (AARCH64, ARM), "arm64": (AARCH64, ARM)}
BY_AUDIT = {abi.audit: abi for abi in (X86_64, I386, AARCH64, ARM)}


def abis(machine: str | None = None) -> tuple[Abi, ...]:
    """The ABIs that a process on ``machine`` (default: this one) can use, the native one first; empty when the gate does not know it."""
    return _MACHINES.get((machine or platform.machine()).lower(), ())


# System calls that qguard itself makes; the numbers are the same on both architectures but for seccomp.
SYS_SECCOMP = {"x86_64": 317, "aarch64": 277}
SYS_PIDFD_OPEN = 434
SYS_PIDFD_GETFD = 438
SYS_OPENAT2 = 437
SYS_LANDLOCK_CREATE_RULESET = 444
SYS_LANDLOCK_RESTRICT_SELF = 446

PR_SET_DUMPABLE = 4
PR_SET_CHILD_SUBREAPER = 36
PR_SET_NO_NEW_PRIVS = 38

TIOCSTI = 0x5412
TIOCLINUX = 0x541C
