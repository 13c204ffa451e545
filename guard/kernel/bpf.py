"""The filter: which system calls wait for the supervisor, which are refused, and that everything else costs nothing.

Classic BPF over ``struct seccomp_data`` (linux/seccomp.h). A program is a list of instructions; jumps are relative and forward
only, so each rule is a block that ends in a return or falls through to the next.
"""

from __future__ import annotations

import errno
import struct
from dataclasses import dataclass

from guard.kernel.abi import PR_SET_DUMPABLE, TIOCLINUX, TIOCSTI, X32_BIT, X86_64, Abi

_LD, _JEQ, _JGE, _RET, _JA = 0x20, 0x15, 0x35, 0x06, 0x05
_NR, _ARCH, _ARGS = 0, 4, 16
RET_ALLOW = 0x7FFF0000
RET_USER_NOTIF = 0x7FC00000
RET_KILL_PROCESS = 0x80000000
_RET_ERRNO = 0x00050000

Instruction = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Wish:
    """What the filter must hold besides the exec gate.

    ``guards``: pids that no process of the session may signal or open (needed where Landlock cannot scope signals).
    ``groups``: process groups of the guard. ``limited``: pids whose resource limits no process of the session may set, which Landlock
    does not see to (a guard without CPU time dies, and leaves the terminal raw). ``keep_dumpable``: answer
    ``prctl(PR_SET_DUMPABLE, 0)`` with success and do nothing, so that an unprivileged supervisor can still read
    the argv of processes that hide themselves.
    """

    guards: tuple[int, ...] = ()
    groups: tuple[int, ...] = ()
    keep_dumpable: bool = True
    limited: tuple[int, ...] = ()


def ret_errno(number: int) -> int:
    """The return value that makes a system call fail with ``number`` (0: succeed and do nothing)."""
    return _RET_ERRNO | number


def _load(offset: int) -> Instruction:
    return (_LD, 0, 0, offset)


def _ret(value: int) -> Instruction:
    return (_RET, 0, 0, value)


def _argument(index: int) -> Instruction:
    # The low half (little-endian) only: the kernel too truncates int and unsigned int arguments, so high bits must not
    # hide a value (CVE-2017-5226 and its successors).
    return _load(_ARGS + 8 * index)


def _on_call(number: int, body: list[Instruction]) -> list[Instruction]:
    """``body`` runs when the accumulator (the call's number) equals ``number``; it must reload the number if it falls through."""
    return [(_JEQ, 0, len(body), number), *body]


def _if_argument(index: int, values: tuple[int, ...], outcome: int) -> list[Instruction]:
    """Return ``outcome`` when the argument is one of ``values``; else fall through with the accumulator spoilt."""
    tests: list[Instruction] = []
    for value in values:
        tests += [(_JEQ, 0, 1, value & 0xFFFFFFFF), _ret(outcome)]
    return [_argument(index), *tests]


def _terminal_rules(abi: Abi) -> list[Instruction]:
    """Nobody types on the human's terminal for the human (TIOCSTI), nor pastes on a console (TIOCLINUX)."""
    body = [*_if_argument(1, (TIOCSTI, TIOCLINUX), ret_errno(errno.EPERM)), _ret(RET_ALLOW)]
    return _on_call(abi.ioctl, body)


def _dumpable_rules(abi: Abi) -> list[Instruction]:
    body = [_argument(0), (_JEQ, 0, 3, PR_SET_DUMPABLE), _argument(1), (_JEQ, 0, 1, 0), _ret(ret_errno(0)), _ret(RET_ALLOW)]
    return _on_call(abi.prctl, body)


def _guard_rules(abi: Abi, wish: Wish) -> list[Instruction]:
    """Without Landlock's signal scope: the guard's processes cannot be signalled, opened, traced, read or limited."""
    refused = ret_errno(errno.EPERM)
    groups = tuple(-group for group in wish.groups)
    program: list[Instruction] = []
    for number, values in (
        (abi.kill, (-1, *wish.guards, *groups)),
        (abi.tkill, wish.guards),
        (abi.tgkill, wish.guards),
        (abi.rt_sigqueueinfo, wish.guards),
        (abi.rt_tgsigqueueinfo, wish.guards),
        (abi.pidfd_open, wish.guards),
        (abi.process_vm_readv, wish.guards),
        (abi.process_vm_writev, wish.guards),
    ):
        program += _on_call(number, [*_if_argument(0, values, refused), _ret(RET_ALLOW)])
    program += _on_call(abi.ptrace, [*_if_argument(1, wish.guards, refused), _ret(RET_ALLOW)])
    program += _on_call(abi.pidfd_getfd, [_ret(refused)])
    # A pidfd also comes from opening /proc/PID, where no number can be compared; callers fall back to kill(2) on ENOSYS.
    program += _on_call(abi.pidfd_send_signal, [_ret(ret_errno(errno.ENOSYS))])
    return program


def _abi_block(abi: Abi, wish: Wish) -> list[Instruction]:
    block: list[Instruction] = [_load(_NR)]
    if abi is X86_64:
        block += [(_JGE, 0, 1, X32_BIT), _ret(ret_errno(errno.ENOSYS))]
    block += _on_call(abi.execve, [_ret(RET_USER_NOTIF)])
    block += _on_call(abi.execveat, [_ret(RET_USER_NOTIF)])
    block += _terminal_rules(abi)
    if wish.keep_dumpable:
        block += _dumpable_rules(abi)
    if wish.limited:
        block += _on_call(abi.prlimit64, [*_if_argument(0, wish.limited, ret_errno(errno.EPERM)), _ret(RET_ALLOW)])
    if wish.guards:
        block += _guard_rules(abi, wish)
    return [*block, _ret(RET_ALLOW)]


def assemble(abis: tuple[Abi, ...], wish: Wish) -> bytes:
    """The filter as an array of ``struct sock_filter`` (8 bytes each). A call through an ABI not listed kills the process."""
    program: list[Instruction] = [_load(_ARCH)]
    for abi in abis:
        block = _abi_block(abi, wish)
        program += [(_JEQ, 1, 0, abi.audit), (_JA, 0, 0, len(block)), *block]
    program.append(_ret(RET_KILL_PROCESS))
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in program)
