"""The filter, run by an interpreter of our own: every ABI of every machine, not only of this one."""

from __future__ import annotations

import errno
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.kernel.abi import AARCH64, ARM, BY_AUDIT, I386, PR_SET_DUMPABLE, TIOCLINUX, TIOCSTI, X32_BIT, X86_64, abis
from guard.kernel.bpf import RET_ALLOW, RET_KILL_PROCESS, RET_USER_NOTIF, Wish, assemble, ret_errno

GUARDS = (4000, 4001)
BARE = Wish(keep_dumpable=False)
FULL = Wish(GUARDS, (4000, 3999), keep_dumpable=True, limited=GUARDS)
EVERY_ABI = pytest.mark.parametrize("abi", BY_AUDIT.values(), ids=lambda abi: abi.name)
REFUSED = ret_errno(errno.EPERM)


def run(program: bytes, audit: int, number: int, *args: int) -> int:
    """What the kernel would do with this call: classic BPF, the five instructions that we use."""
    words = (*args, 0, 0, 0, 0, 0, 0)[:6]
    data = struct.pack("=IIQ6Q", number, audit, 0, *(word & (1 << 64) - 1 for word in words))
    code = list(struct.iter_unpack("=HBBI", program))
    at = accumulator = 0
    while True:
        operation, yes, no, k = code[at]
        at += 1
        match operation:
            case 0x20:
                assert k % 4 == 0
                (accumulator,) = struct.unpack_from("=I", data, k)
            case 0x15:
                at += yes if accumulator == k else no
            case 0x35:
                at += yes if accumulator >= k else no
            case 0x05:
                at += k
            case 0x06:
                return k


def decide(abi, number, *args, wish=BARE):
    """The filter of the machine that has this ABI."""
    family = next(family for family in (abis("x86_64"), abis("aarch64")) if abi in family)
    return run(assemble(family, wish), abi.audit, number, *args)


@EVERY_ABI
@pytest.mark.parametrize("wish", [BARE, FULL], ids=["bare", "full"])
@pytest.mark.promise(4)
def test_both_execs_wait_for_the_supervisor(abi, wish):
    """Whatever else the filter holds."""
    assert decide(abi, abi.execve, wish=wish) == RET_USER_NOTIF
    assert decide(abi, abi.execveat, wish=wish) == RET_USER_NOTIF


@pytest.mark.promise(4)
def test_an_abi_that_is_not_known_kills():
    """Its numbers could mean anything."""
    for wish in (BARE, FULL):
        assert run(assemble(abis("x86_64"), wish), AARCH64.audit, 59) == RET_KILL_PROCESS
        assert run(assemble(abis("aarch64"), wish), X86_64.audit, 59) == RET_KILL_PROCESS


@pytest.mark.promise(4)
@given(st.integers(0, X32_BIT - 1))
def test_x32_is_refused_as_a_whole(number):
    """As kernels without it do: ENOSYS."""
    assert decide(X86_64, X32_BIT | number) == ret_errno(errno.ENOSYS)
    assert decide(X86_64, 0xFFFFFFFF) == ret_errno(errno.ENOSYS)


@EVERY_ABI
def test_everything_else_costs_nothing(abi):
    """One pass through the filter, no supervisor."""
    named = {getattr(abi, name) for name in abi.__slots__ if name not in {"name", "audit", "pointer"}}
    for number in set(range(500)) - named:
        assert decide(abi, number, 1, 2, 3) == RET_ALLOW
        assert decide(abi, number, *GUARDS, wish=FULL) == RET_ALLOW


@EVERY_ABI
@given(high=st.integers(0, 2**32 - 1))
@pytest.mark.promise(5)
def test_nobody_types_for_the_human_whatever_the_high_bits(abi, high):
    """The kernel takes the low 32 bits of the request, and so do we (CVE-2017-5226, CVE-2019-10063)."""
    for request in (TIOCSTI, TIOCLINUX):
        assert decide(abi, abi.ioctl, 0, high << 32 | request) == REFUSED
    assert decide(abi, abi.ioctl, 0, 0x5413) == RET_ALLOW


@EVERY_ABI
def test_hiding_is_answered_and_not_done(abi):
    """Exactly prctl(PR_SET_DUMPABLE, 0), where that is wished."""
    keep = Wish(keep_dumpable=True)
    assert decide(abi, abi.prctl, PR_SET_DUMPABLE, 0, wish=keep) == ret_errno(0)
    assert decide(abi, abi.prctl, PR_SET_DUMPABLE, 1, wish=keep) == RET_ALLOW
    assert decide(abi, abi.prctl, 38, 0, wish=keep) == RET_ALLOW
    assert decide(abi, abi.prctl, PR_SET_DUMPABLE, 0) == RET_ALLOW


TO_A_PID = (
    *("kill", "tkill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "pidfd_open"),
    *("process_vm_readv", "process_vm_writev", "prlimit64"),
)


@EVERY_ABI
@pytest.mark.parametrize("name", TO_A_PID)
@pytest.mark.promise(5)
def test_without_landlock_the_guards_pids_are_out_of_reach(abi, name):
    """Each guard, whatever the high bits; other pids are nobody's business."""
    for guard in GUARDS:
        assert decide(abi, getattr(abi, name), guard, 9, wish=FULL) == REFUSED
        assert decide(abi, getattr(abi, name), 7 << 32 | guard, 9, wish=FULL) == REFUSED
    assert decide(abi, getattr(abi, name), 4002, 9, wish=FULL) == RET_ALLOW
    assert decide(abi, getattr(abi, name), GUARDS[0], 9) == RET_ALLOW


@EVERY_ABI
@pytest.mark.promise(5)
def test_without_landlock_nor_are_its_groups_nor_everybody(abi):
    """kill(-1) and kill(-group); a group of the session's own can be signalled."""
    for target in (-1, -4000, -3999):
        assert decide(abi, abi.kill, target, 9, wish=FULL) == REFUSED
    assert decide(abi, abi.kill, -4002, 9, wish=FULL) == RET_ALLOW
    assert decide(abi, abi.kill, 0, 9, wish=FULL) == RET_ALLOW


@EVERY_ABI
@pytest.mark.promise(5)
def test_without_landlock_tracing_and_stealing_are_refused(abi):
    """The pid is ptrace's second argument; a pidfd has no number to compare."""
    for guard in GUARDS:
        assert decide(abi, abi.ptrace, 0x4206, guard, wish=FULL) == REFUSED
    assert decide(abi, abi.ptrace, GUARDS[0], 1, wish=FULL) == RET_ALLOW
    assert decide(abi, abi.pidfd_getfd, 3, 4, wish=FULL) == REFUSED
    assert decide(abi, abi.pidfd_send_signal, 3, 9, wish=FULL) == ret_errno(errno.ENOSYS)


def test_a_filter_is_small():
    """The kernel takes 4096 instructions; jumps reach 255."""
    for machine in ("x86_64", "aarch64"):
        assert len(assemble(abis(machine), Wish(tuple(range(2, 10)), tuple(range(2, 10))))) // 8 < 1000


def test_machines_have_their_abis():
    """The native one first; a machine that is not known has none."""
    assert abis("x86_64") == (X86_64, I386)
    assert abis("AMD64") == (X86_64, I386)
    assert abis("aarch64") == (AARCH64, ARM)
    assert abis("riscv64") == ()


@EVERY_ABI
@pytest.mark.promise(5)
def test_with_landlock_the_guards_limits_are_still_out_of_reach(abi):
    """Landlock does not see to prlimit(2): a guard without CPU time or descriptors is a dead one."""
    scoped = Wish(limited=GUARDS)
    for guard in GUARDS:
        assert decide(abi, abi.prlimit64, guard, 0, wish=scoped) == REFUSED
    assert decide(abi, abi.prlimit64, 0, 0, wish=scoped) == RET_ALLOW
    assert decide(abi, abi.kill, GUARDS[0], 0, wish=scoped) == RET_ALLOW
