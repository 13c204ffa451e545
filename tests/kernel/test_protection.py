"""The agent cannot reach the guard: not its listener, its memory, its processes, nor the human's keys (promise 5)."""

from __future__ import annotations

import os
import sys

import pytest

from guard.kernel import confine, landlock

pytestmark = [pytest.mark.kernel, pytest.mark.promise(5)]
ROOT = os.geteuid() == 0
GUARDS = pytest.mark.parametrize("generations", ["1", "2"], ids=["supervisor", "outer"])


@GUARDS
def test_given_every_kind_of_signal_then_none_arrives(generations, anywhere, programs):
    """kill, tkill, tgkill, rt_sigqueueinfo, its thread's, two kinds of pidfd, its group: the guard is not even stopped."""
    played = anywhere.play(programs.attacks, "murder", programs.forbidden, generations)
    assert played.err == "signals that arrived: 0\n"
    assert played.status == 1


@GUARDS
def test_given_a_thief_then_nothing_of_the_guard_can_be_had(generations, anywhere, programs):
    """Its descriptors (the listener!), its memory in three ways, its environment."""
    if ROOT and anywhere.scoped is False:
        pytest.skip("without Landlock nothing keeps root from the guard's memory: a fence, not a wall, as the banner says")
    played = anywhere.play(programs.attacks, "steal", programs.forbidden, generations)
    assert played.err == "stolen: 0\n"
    assert played.status == 1


def test_given_root_without_landlock_then_the_listener_is_still_out_of_reach(stage):
    """pidfd_getfd is refused to everybody then."""
    code = (
        "import ctypes, os\nlibc = ctypes.CDLL(None, use_errno=True)\n"
        "mine = os.pidfd_open(os.getpid())\nprint(libc.syscall(438, mine, 0, 0), os.strerror(ctypes.get_errno()))"
    )
    assert stage.but(scoped=False).play(sys.executable, "-c", code).out == "-1 Operation not permitted\n"


def test_given_a_typist_then_no_key_reaches_the_human_s_terminal(anywhere, programs):
    """TIOCSTI, plain and with high bits that the kernel ignores."""
    played = anywhere.play(programs.attacks, "tiocsti", programs.forbidden)
    assert played.status == 1, played.err


def test_processes_of_the_session_may_signal_and_trace_each_other(anywhere, programs):
    """Job control, timeouts, sanitizers and debuggers work."""
    played = anywhere.shell('sh -c "read -r x < fifo" & kill $!; wait $!; echo "status $?"')
    assert played.out == "status 143\n"
    assert anywhere.but(debuggers=True).play(programs.attacks, "traced-harmless", programs.forbidden).status == 0


def test_the_guard_leaves_no_core_and_is_unreadable(stage):
    """What is in its environment stays there: its /proc belongs to root, its core limit is 0."""
    code = (
        "import os\nfor pid in (os.getppid(), int(open(f'/proc/{os.getppid()}/stat').read().rpartition(')')[2].split()[1])):\n"
        "    limits = dict((line[:26].strip(), line[26:].split()[0]) for line in open(f'/proc/{pid}/limits'))\n"
        "    print(os.stat(f'/proc/{pid}/mem').st_uid, limits['Max core file size'])"
    )
    assert stage.play(sys.executable, "-c", code).out == "0 0\n0 0\n"


def test_given_its_limits_then_nobody_in_the_session_sets_them(anywhere):
    """Without CPU time or descriptors the guard dies: nothing more would start, and the terminal would stay raw."""
    code = (
        "import os, resource\nfor pid in (os.getppid(), int(open(f'/proc/{os.getppid()}/stat').read().rpartition(')')[2].split()[1])):\n"
        "    try:\n        resource.prlimit(pid, resource.RLIMIT_NOFILE, (0, 0))\n"
        "    except PermissionError:\n        print('refused')"
    )
    assert anywhere.play(sys.executable, "-c", code).out == "refused\nrefused\n"


@pytest.mark.skipif(ROOT, reason="root needs no no_new_privs")
def test_an_ordinary_user_cannot_gain_rights_in_a_session(stage):
    """Without it the kernel takes no filter; with it sudo and su gain nothing, and the banner says so."""
    assert confine.plan().no_new_privs
    assert "NoNewPrivs:\t1\n" in stage.play("/bin/cat", "/proc/self/status").out


@pytest.mark.skipif(ROOT, reason="root can read processes that hide")
def test_a_process_that_hides_is_told_that_it_does(anywhere):
    """prctl(PR_SET_DUMPABLE, 0) answers success and does nothing, or its argv could not be read; other prctls work."""
    code = (
        "import ctypes\nlibc = ctypes.CDLL(None)\nprint(libc.prctl(4, 0, 0, 0, 0), libc.prctl(3, 0, 0, 0, 0))\n"
        "print(libc.prctl(15, b'renamed', 0, 0, 0), open('/proc/self/comm').read().strip())"
    )
    assert anywhere.play(sys.executable, "-c", code).out == "0 1\n0 renamed\n"


def test_landlock_takes_no_files_away(stage):
    """A domain that only scopes signals: files are made, renamed across directories, linked and removed as ever."""
    if not landlock.can_scope():
        pytest.skip("this kernel's Landlock cannot scope signals (ABI 6, Linux 6.12)")
    script = "mkdir a b && echo text > a/file && mv a/file b/ && ln b/file a/hard && rm b/file && read -r line < a/hard && echo $line"
    assert stage.but(scoped=True).shell(script).out == "text\n"
