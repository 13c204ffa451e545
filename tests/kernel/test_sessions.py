"""Everything else runs as if qguard were not there: errors, signals, job control, orphans, ends."""

from __future__ import annotations

import os
import platform
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support.machine import needs

from guard.core.cards import Choice
from guard.kernel import proc
from guard.runtime import supervisor

pytestmark = pytest.mark.kernel


needs_killable_waits = pytest.mark.skipif(
    tuple(map(int, platform.release().split(".")[:2])) < (5, 19), reason="Linux before 5.19 has no SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"
)


def quickly():
    """Give up on failed execs sooner, so that tests need not wait."""
    supervisor._STALE = 0.05


def test_the_agents_status_is_passed_on(stage):
    """Its exit status, or 128 and the number of the signal that ended it."""
    assert stage.shell("exit 7").status == 7
    assert stage.shell("kill -9 $$").status == 137
    assert stage.shell("kill -TERM $$").status == 143


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("\x7fELFnonsense", "it is no program for this machine, and no script with a #! line"),
        ("echo hello", "it is no program for this machine, and no script with a #! line"),
        ("#!/no/such/interpreter", "the interpreter that it names does not exist"),
    ],
)
def test_an_agent_that_the_kernel_cannot_load_is_125(content, why, stage, script):
    """And the reason is said, once, without errno's number."""
    agent = script("nonsense", content)
    played = stage.play(agent)
    assert played.status == 125
    assert f"The agent {str(agent)!r} cannot be started: {why}." in played.told


def test_a_refused_agent_is_126(stage, programs):
    """As a shell would have it."""
    played = stage.play(programs.forbidden, "destroy")
    assert not stage.destroyed
    assert played.status == 126
    assert "qguard: refused" in played.err


@pytest.mark.parametrize("protection", [True, False], ids=["landlock", "filter"])
def test_execs_that_fail_in_the_kernel_leave_nothing_stuck(protection, stage, programs):
    """ETXTBSY, ENOEXEC, E2BIG in both its forms; let go of, stopped, continued, and then something that works."""
    played = stage.but(prepare=quickly, scoped=protection).play(programs.attacks, "not-a-program", programs.forbidden)
    assert (played.status, played.err) == (0, "")
    assert played.kinds("exec.refused", "exec.killed", "guard.error") == []


ERRNOS = """
import os, sys
for path in sys.argv[1:]:
    try:
        os.execve(path, [path], {})
    except OSError as error:
        print(error.errno, end=" ")
tracer = next(line for line in open("/proc/self/status") if line.startswith("TracerPid"))
print(tracer.split()[1])
"""


def test_what_cannot_be_run_gets_its_errno_without_being_traced(stage):
    """ENOENT, ENOTDIR, EACCES for a directory and a plain file, ELOOP, ENAMETOOLONG: answered by the gate, nothing armed."""
    (stage.folder / "plain").write_text("text")
    (stage.folder / "loop").symlink_to("loop")
    paths = ("/nonexistent", "/etc/passwd/x", "/tmp", "plain", "loop", "x" * 300)
    unguarded = subprocess.run([sys.executable, "-c", ERRNOS, *paths], capture_output=True, text=True, cwd=stage.folder, check=True)
    played = stage.play(sys.executable, "-c", ERRNOS, *paths)
    assert played.out == unguarded.stdout == "2 20 13 13 40 36 0\n"


def test_a_search_along_the_path_finds_the_last(stage):
    """A PATH of directories that lack it: execvp goes on, as ever."""
    path = "/nonexistent:/:/etc:/usr/bin:/bin"
    played = stage.but(variables={"PATH": path}).play("/usr/bin/env", "true")
    assert (played.status, played.err) == (0, "")


RETRY = """
import os, sys
for _ in range(3):
    try:
        os.execve(sys.argv[1], ["forbidden", "destroy"], dict(os.environ))
    except OSError as error:
        print(error.errno, flush=True)
"""


def test_given_a_task_that_tries_again_then_it_is_asked_once(stage, programs):
    """Same task, same argv: one question, one answer, every try recorded."""
    played = stage.but(reply=lambda *_: Choice.DENY).play(sys.executable, "-c", RETRY, programs.forbidden)
    assert not stage.destroyed
    assert played.out == "1\n1\n1\n"
    assert len(played.questions) == 1
    assert [record["why"] for record in played.of("exec.refused")] == ["same task and argv as before"] * 2


def test_given_another_task_then_it_is_asked_again(stage, programs):
    """A no is for the one who tried."""
    played = stage.but(reply=lambda *_: Choice.DENY).shell('"$1" destroy; "$1" destroy', programs.forbidden)
    assert len(played.questions) == 2


def test_given_again_then_the_same_command_is_not_asked_again(stage, programs):
    """``a`` holds for this argv in this session, not for another one."""
    played = stage.but(reply=lambda *_: Choice.AGAIN).shell('"$1" destroy one; "$1" destroy one; "$1" destroy two', programs.forbidden)
    assert stage.destroyed
    assert [question.argv[2] for question in played.questions] == ["one", "two"]


JOB_CONTROL = """
import os, signal, subprocess, sys
child = os.posix_spawn(sys.argv[1], ["forbidden", "destroy"], os.environ)
_, status = os.waitpid(child, os.WUNTRACED)
print("stopped by", signal.Signals(os.WSTOPSIG(status)).name if os.WIFSTOPPED(status) else status, flush=True)
for _ in range(5):
    subprocess.run(["true"])  # the guard has its hands free, and leaves it stopped
print("continuing", flush=True)
os.kill(child, signal.SIGCONT)
print("ended by", signal.Signals(-os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])).name, flush=True)
"""


def test_signals_of_a_task_that_is_kept_arrive(stage, script):
    """An approved program stays attached for its exit status: signals reach it, it stops and continues, its parent sees all of it."""
    path = script("forbidden", "#!/bin/sh\ntrap 'echo got' USR1\nkill -USR1 $$\nkill -STOP $$\necho on\nkill -TERM $$\n")
    played = stage.but(reply=lambda *_: Choice.ONCE).play(sys.executable, "-c", JOB_CONTROL, path)
    assert played.out == "got\nstopped by SIGSTOP\ncontinuing\non\nended by SIGTERM\n"
    assert [played.of("exec.outcome")[-1][name] for name in ("exit_status", "signal")] == [None, signal.SIGTERM]


def test_given_a_shim_then_the_real_program_is_covered_by_its_answer(stage, script):
    """A wrapper that execs what it wraps (asdf, tfenv) is one question; its own end is that it was replaced."""
    (stage.folder / "real").mkdir()
    real = stage.folder / "real/forbidden"
    real.hardlink_to(script("copy", '#!/bin/sh\n: > "$MARK"\nexit 5\n'))
    shim = script("forbidden", f'#!/bin/sh\nexec {real} "$@"\n')
    played = stage.but(reply=lambda *_: Choice.ONCE).play(shim, "destroy")
    assert stage.destroyed
    assert (played.status, len(played.questions)) == (5, 1)
    outcomes = [(record["replaced"], record["exit_status"]) for record in played.of("exec.outcome")]
    assert outcomes == [(True, None), (False, 5)]


THREADS = """
import ctypes, os, sys, threading
libc = ctypes.CDLL(None)
def run(path, *words):
    libc.execv(os.fsencode(path), (ctypes.c_char_p * (len(words) + 1))(*map(os.fsencode, words), None))
bad = os.path.join(os.environ["HOME"], "data")
open(bad, "wb").write(b"\x7fELFnonsense")
os.chmod(bad, 0o755)
run(bad, "data")  # armed, failed, not yet let go of
thread = threading.Thread(target=run, args=(sys.argv[1], "forbidden", "destroy"))
thread.start()
thread.join()
"""


def test_given_a_thread_that_execs_while_its_leader_s_exec_has_failed_then_the_answer_is_for_the_thread(stage, programs):
    """What loads under the leader's number is what the thread asked for, and the yes for that holds."""
    played = stage.but(reply=lambda *_: Choice.ONCE).play(sys.executable, "-c", THREADS, programs.forbidden)
    assert stage.destroyed
    assert played.status == 0
    assert played.kinds("exec.killed", "guard.error") == []


@needs_killable_waits
def test_signals_do_not_ask_again(stage, programs):
    """While a human thinks, a runtime's own signal stays pending (Linux 5.19): one exec, one question."""

    def reply(_question, engineer):
        task = proc.descendants(engineer.supervisor)[0]
        pending = Path(f"/proc/{task}/status")
        for _ in range(2000):
            line = next(line for line in pending.read_text().splitlines() if line.startswith("ShdPnd"))
            if int(line.split()[1], 16) >> (signal.SIGURG - 1) & 1:
                break
        return Choice.DENY

    played = stage.but(reply=reply).play(programs.attacks, "signals", programs.forbidden)
    assert (played.status, len(played.questions)) == (1, 1)


URGENT = """
import os, signal, sys
child = os.fork()
if child == 0:
    signal.signal(signal.SIGURG, lambda *_: None)
    signal.siginterrupt(signal.SIGURG, False)
    os.execve("/bin/sh", ["sh", "-c", "echo started"], {})
while os.waitpid(child, os.WNOHANG) == (0, 0):
    os.kill(child, signal.SIGURG)
"""


def test_an_exec_interrupted_by_signals_still_happens(stage):
    """A storm of them (Go preempts its threads by SIGURG) does not keep a program from starting."""
    assert stage.play(sys.executable, "-c", URGENT).out == "started\n"


def test_daemons_are_guarded_and_ended_with_the_session(stage, programs):
    """Forked twice, in a session of its own, its parent dead: it is still gated, listed at the end, and ended."""
    inner = 'trap "" HUP; "$1" destroy; echo "status $?"; echo ready > fifo; read -r forever < never'
    os.mkfifo(stage.folder / "fifo")
    os.mkfifo(stage.folder / "never")
    played = stage.shell(f"(setsid sh -c '{inner}' daemon \"$1\" &) ; read -r line < fifo; echo $line", programs.forbidden)
    assert not stage.destroyed
    assert played.out == "status 126\nready\n"
    assert "the agent has ended; ending what it left running: sh (" in played.told
    assert played.of("session.leftovers")[0]["count"] == 1


def test_given_keep_then_what_is_left_runs_on(stage):
    """``--keep`` waits for it instead."""
    os.mkfifo(stage.folder / "fifo")
    played = stage.but(keep=True).shell("(setsid sh -c 'read -r line < fifo; echo $line' &); (setsid sh -c 'echo done > fifo' &); exit 3")
    assert (played.status, played.out) == (3, "done\n")


ORPHANS = """
import os, sys
for _ in range(50):
    if os.fork() == 0:
        if os.fork() == 0:
            os._exit(0)
        os._exit(0)
    os.wait()
above = os.getppid()
zombies = lambda: [1 for pid in os.listdir("/proc") if pid.isdigit() and alive(pid)]
def alive(pid):
    try:
        fields = open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()
    except OSError:
        return False
    return fields[0] == "Z" and int(fields[1]) == above
while zombies():
    os.sched_yield()
print("reaped")
"""


def test_orphans_are_reaped(stage):
    """They fall to the supervisor, which leaves no zombies."""
    assert stage.play(sys.executable, "-c", ORPHANS).out == "reaped\n"


def signals_of(played):
    """(blocked, ignored) as cat saw them. Without 32 and 33, the C library's own: make(1) starts its children with these ignored."""
    state = dict(line.split(":\t") for line in played.out.splitlines() if line.startswith("Sig"))
    return tuple(int(state[name], 16) & ~(0b11 << 31) for name in ("SigBlk", "SigIgn"))


def test_the_agent_inherits_no_signal_state_of_ours(stage):
    """Nothing blocked, nothing ignored that was not ignored before: Ctrl-C, pipes and job control work as ever."""
    assert signals_of(stage.play("/bin/cat", "/proc/self/status")) == (0, 0)


def test_given_nohup_then_the_agent_ignores_hang_ups_too(stage):
    """What whoever started qguard ignored, the agent ignores."""
    ignored = stage.but(prepare=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
    assert signals_of(ignored.play("/bin/cat", "/proc/self/status")) == (0, 1 << (signal.SIGHUP - 1))


def only_ours():
    """Whoever runs the tests may have left descriptors open for everybody."""
    for path in list(Path("/proc/self/fd").iterdir()):
        if int(path.name) > 2 and path.exists():
            os.set_inheritable(int(path.name), False)


def test_the_agent_inherits_no_descriptor_of_ours(stage):
    """0, 1, 2, and nothing of the guard: no listener, no trail, no line to the outer process."""
    code = "import os; print(sorted(int(fd) for fd in os.listdir('/proc/self/fd') if os.path.exists(f'/proc/self/fd/{fd}')))"
    assert stage.but(prepare=only_ours).play(sys.executable, "-I", "-c", code).out == "[0, 1, 2]\n"


def test_given_a_session_inside_a_session_then_it_is_noticed(stage):
    """Filters with a listener do not nest (EBUSY), a plain filter is no session."""
    code = "from guard.kernel import confine; print(confine.is_nested())"
    assert stage.play(sys.executable, "-c", code).out == "True\n"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"


@needs("bwrap")
def test_bubblewrap_inside_is_gated_like_anything_else(stage, programs):
    """Its own namespaces and its own filter change nothing."""
    box = ("bwrap", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--unshare-pid")
    if subprocess.run([*box, "true"], capture_output=True, check=False).returncode:
        pytest.skip("bubblewrap cannot make namespaces here")
    played = stage.shell('"$@" destroy; echo "status $?"', *box, programs.forbidden)
    assert not stage.destroyed
    assert "qguard: refused" in played.err
    assert stage.shell('"$@" echo inside', *box).out == "inside\n"


FOREIGN = """
import os, struct, sys
from guard.kernel import bpf, seccomp
from guard.kernel.libc import prctl
prctl(38, 1)
program = [bpf._load(0), *bpf._on_call(169, [bpf._ret(bpf.RET_USER_NOTIF)]), bpf._ret(bpf.RET_ALLOW)]  # reboot(2)
listener = seccomp.install(b"".join(struct.pack("=HBBI", *instruction) for instruction in program))
from guard.errors import CannotStart
from guard.kernel import confine
try:
    print(confine.is_nested())
except CannotStart as problem:
    print(problem.sentence)
"""


def test_given_a_container_managers_listener_then_it_is_not_taken_for_a_session(monkeypatch):
    """LXD, sysbox and others have one for a few calls: execs are not among them, and the agent must not start unguarded."""
    monkeypatch.delenv("QGUARD_SESSION", raising=False)
    said = subprocess.run([sys.executable, "-c", FOREIGN], capture_output=True, text=True, check=True).stdout
    assert said.startswith("Somebody else's seccomp listener is in force")
