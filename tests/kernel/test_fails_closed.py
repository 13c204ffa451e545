"""A guard that dies, fails or cannot see lets nothing new start (promise 4), and nothing runs unrecorded (promise 1)."""

from __future__ import annotations

import errno
import os
import select
import shutil
import signal
import sys
from pathlib import Path

import pytest
from support.gated import Rules

from guard.core import messages
from guard.core.cards import Choice
from guard.core.session import Mode
from guard.core.words import Verdict
from guard.kernel import confine, landlock, proc
from guard.kernel.gate import Gate, Loaded
from guard.runtime import launch
from guard.runtime.supervisor import Supervisor

pytestmark = [pytest.mark.kernel, pytest.mark.promise(4)]
ROOT = os.geteuid() == 0
TRY_AFTERWARDS = 'trap "" HUP TERM; "$1" destroy; echo "status $?"; /bin/true; echo "status $?"; echo over > fifo; read -r forever < never'


def assert_nothing_holds(alive, held):
    """The session's processes have all ended: nobody holds the pipe that they inherited."""
    os.close(held)
    assert select.select([alive], [], [], 10)[0], "something of the session is still alive"
    assert os.read(alive, 1) == b""
    os.close(alive)


def kill_supervisor(_question, engineer):
    """The engineer's answer: end the supervisor, as the kernel does when memory runs out."""
    os.kill(engineer.supervisor, signal.SIGKILL)


def test_given_a_killed_supervisor_then_nothing_starts_any_more(anywhere, programs):
    """The waiting exec fails, so does every later one, and the outer process ends what is left."""
    for name in ("fifo", "never"):
        os.mkfifo(anywhere.folder / name)

    def prepare():
        end = launch.end_everything

        def look_first():
            with open("fifo", encoding="ascii") as fifo:  # noqa: PTH123 - opened by the outer process, in its own directory
                assert fifo.read() == "over\n"
            return end()

        launch.end_everything = look_first

    alive, held = os.pipe()
    played = anywhere.but(reply=kill_supervisor, prepare=prepare).shell(TRY_AFTERWARDS, programs.forbidden, stdin=held)
    assert_nothing_holds(alive, held)
    assert not anywhere.destroyed
    assert played.out == "status 126\nstatus 126\n"
    assert os.strerror(errno.ENOSYS) in played.err
    assert played.status == 70
    assert "The supervisor was killed by SIGKILL, so the session was ended (1 processes)" in played.error


@pytest.mark.promise(6)
def test_given_a_supervisor_killed_before_the_second_look_then_the_program_dies_with_it(stage, programs):
    """It is loaded and stands before its first instruction: the kernel ends it (PTRACE_O_EXITKILL)."""

    def die(_gate, _attempt, pid):
        if b"destroy" in proc.cmdline(pid):
            os.kill(os.getpid(), signal.SIGKILL)
        return Loaded(_attempt, pid, same=True)

    dying = stage.but(reply=lambda *_: Choice.ONCE, prepare=lambda: setattr(Gate, "_compare", die))
    played = dying.play(programs.attacks, "plain", programs.forbidden)
    assert played.error.startswith("The supervisor was killed by SIGKILL")
    assert not stage.destroyed


def test_given_a_stopped_supervisor_then_execs_wait(stage, programs):
    """Nothing starts while it does not answer; it goes on where it was."""
    its_in, our_out = os.pipe()

    def stop(_question, engineer):
        os.kill(engineer.supervisor, signal.SIGSTOP)
        os.waitid(os.P_PID, engineer.supervisor, os.WSTOPPED)
        assert not stage.destroyed
        os.kill(engineer.supervisor, signal.SIGCONT)
        return Choice.ONCE

    played = stage.but(reply=stop).shell('"$1" destroy; echo "status $?"', programs.forbidden, stdin=its_in)
    os.close(its_in)
    os.close(our_out)
    assert stage.destroyed
    assert played.out == "status 0\n"


def test_given_a_killed_outer_process_then_the_session_ends(stage, programs):
    """Nobody can be asked any more: the question is denied, every process of the session is killed."""
    alive, held = os.pipe()

    def die(_question, _engineer):
        os.kill(os.getpid(), signal.SIGKILL)

    os.mkfifo(stage.folder / "never")
    played = stage.but(reply=die).shell('trap "" HUP TERM; "$1" destroy; read -r x < never', programs.forbidden, stdin=held)
    assert played.status == -signal.SIGKILL
    assert_nothing_holds(alive, held)
    assert not stage.destroyed


def test_given_a_hang_up_then_the_answer_is_no(stage, programs):
    """The terminal is gone: denied, and the session hears SIGHUP."""
    stage = stage.but(reply=lambda _question, engineer: engineer.link.send(messages.HungUp()))
    played = stage.play(programs.attacks, "plain", programs.forbidden)
    assert not stage.destroyed
    assert played.status in {1, 128 + signal.SIGHUP}
    assert played.of("answer")[0]["answer"]["by"] == "hang-up"


def test_given_no_answer_in_time_then_it_is_no(stage, programs):
    """One second here."""
    played = stage.but(reply=lambda *_: None, ask_timeout=1).play(programs.attacks, "plain", programs.forbidden)
    assert not stage.destroyed
    assert "nobody answered in time, which counts as no" in played.err
    assert [type(message) for message in played.heard[:2]] == [messages.Show, messages.Withdraw]


def test_given_a_task_that_gives_up_then_the_question_is_withdrawn(stage, programs):
    """Agents time their commands out: the human need not answer for a dead process."""
    its_in, our_out = os.pipe()

    def reply(*_):
        os.write(our_out, b"now\n")

    script = '"$1" destroy & read -r now; kill -9 $!; wait $!; echo "status $?"; exec sh -c :'
    played = stage.but(reply=reply).shell(script, programs.forbidden, stdin=its_in)
    os.close(its_in)
    os.close(our_out)
    assert played.out == "status 137\n"
    assert played.of("question.withdrawn")
    assert messages.Withdraw(played.questions[0].id, "The command gave up waiting for an answer.", grantable=True) in played.heard


def test_given_a_signal_for_qguard_then_the_agent_gets_it(stage, programs):
    """The outer process hands on what it was sent."""
    stage = stage.but(reply=lambda _question, engineer: engineer.link.send(messages.Signalled(signal.SIGTERM)))
    assert stage.shell('"$1" destroy & wait', programs.forbidden).status == 128 + signal.SIGTERM
    assert not stage.destroyed


class Broken:
    """Rules that fail, the first time or (after a good answer) the second."""

    def __init__(self, good):
        self.good = good

    def judge(self, program, invocation):
        """Raise, as a bug would."""
        if invocation.argv[1:2] != ("destroy",):
            return Rules().judge(program, invocation)
        if self.good:
            self.good -= 1
            return Rules().judge(program, invocation)
        raise ZeroDivisionError


@pytest.mark.promise(3)
def test_given_rules_that_fail_then_it_is_refused_and_the_session_goes_on(stage, programs):
    """The reason is said, the traceback is in the trail."""
    played = stage.but(rules=Broken(0)).shell('"$1" destroy; echo "status $?"; "$1" plan; echo "status $?"', programs.forbidden)
    assert not stage.destroyed
    assert played.out == "status 126\nstatus 0\n"
    assert "qguard cannot check it: qguard itself failed while judging it" in played.err
    assert "ZeroDivisionError" in played.of("guard.error")[0]["traceback"]


def test_given_rules_that_fail_at_the_second_look_then_it_is_killed(stage, script, programs):
    """A yes is for what was judged; what was loaded (a script by a descriptor has another argv) could not be."""
    path = script("forbidden", '#!/bin/sh\n: > "$MARK"\n')
    played = stage.but(rules=Broken(1), reply=lambda *_: Choice.ONCE).play(programs.attacks, "relative-fd", path)
    assert not stage.destroyed
    assert played.status == 137
    assert "qguard itself failed while checking it; it was ended before its first instruction" in played.err


def test_given_a_loop_that_keeps_failing_then_the_session_ends(stage):
    """A guard that cannot work any more says so and stops, rather than to guess."""

    def prepare():
        def fail(_self):
            raise ZeroDivisionError

        Supervisor._look_around = fail

    played = stage.but(prepare=prepare).shell("while /bin/true; do :; done")
    assert played.status == 70
    assert "so the session was ended" in played.error
    assert "ZeroDivisionError" in played.of("guard.error")[-1]["traceback"]


def lose_the_listener(program, invocation):
    """What a bug, or somebody with root's rights, could do to the guard."""
    for path in list(Path("/proc/self/fd").iterdir()):
        if path.is_symlink() and str(path.readlink()) == "anon_inode:seccomp notify":
            os.close(int(path.name))
    return Rules().judge(program, invocation)


def test_given_a_lost_listener_then_nothing_starts(stage, programs):
    """The kernel answers for us: ENOSYS."""

    class Losing:
        judge = staticmethod(lose_the_listener)

    played = stage.but(rules=Losing(), reply=lambda *_: Choice.ONCE).shell(
        '"$1" destroy; echo "status $?"; /bin/true; echo "status $?"', programs.forbidden
    )
    assert not stage.destroyed
    assert played.out == "status 126\nstatus 126\n"


BAD_POINTERS = """
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
path = sys.argv[1].encode()
for words in ((0x10, 0), ((ctypes.c_void_p * 2)(0x10, None), 0), ((ctypes.c_char_p * 3)(b"x", b"destroy", None), 0x10)):
    libc.execve.argtypes = None
    given = [word if not isinstance(word, int) else ctypes.c_void_p(word) for word in words]
    libc.execve(path, *given)
    print(os.strerror(ctypes.get_errno()), flush=True)
libc.execve(ctypes.c_void_p(0x10), None, None)
print(os.strerror(ctypes.get_errno()), flush=True)
"""


def test_given_memory_that_cannot_be_read_then_it_is_refused(stage, programs):
    """An argv, a word of it, an environment or a path that points nowhere."""
    played = stage.play(sys.executable, "-c", BAD_POINTERS, programs.forbidden)
    assert not stage.destroyed
    assert played.out == f"{os.strerror(errno.EPERM)}\n" * 4
    assert played.err.count("qguard cannot check it: its memory at 0x10 cannot be read (Bad address).") == 4


@pytest.mark.skipif(ROOT, reason="root reads any file")
def test_given_an_execute_only_file_then_it_is_refused(stage, programs):
    """What cannot be read cannot be checked: neither the file nor a process made from it."""
    tool = stage.folder / "tool"
    shutil.copy(programs.forbidden, tool)
    tool.chmod(0o111)
    played = stage.play(programs.attacks, "plain", tool)
    assert not stage.destroyed
    assert "qguard cannot check it: the file is execute-only (mode 111), so what it loads could not be checked." in played.err


def test_given_a_traced_task_then_it_is_refused(anywhere, programs):
    """Somebody else's trace keeps ours away, so what it loads could not be checked; the tracer is named."""
    played = anywhere.play(programs.attacks, "traced-harmless", programs.forbidden)
    assert played.status == 1
    assert "so what it loads cannot be seen" in played.err
    assert "traces it" in played.err


def test_given_a_yes_for_a_traced_task_then_it_is_still_refused(stage, programs):
    """The human said yes to a command that could yet become another."""
    played = stage.but(reply=lambda *_: Choice.ONCE).play(programs.attacks, "traced", programs.forbidden)
    assert not stage.destroyed
    assert "so what it loads cannot be seen" in played.err


def test_given_allow_debuggers_then_traced_tasks_run_and_rulings_hold(anywhere, programs):
    """What is asked about is asked about all the same."""
    lenient = anywhere.but(debuggers=True)
    assert lenient.play(programs.attacks, "traced-harmless", programs.forbidden).status == 0
    assert lenient.play(programs.attacks, "traced", programs.forbidden).status == 1
    assert not anywhere.destroyed


def test_given_audit_mode_then_what_cannot_be_checked_runs_and_is_recorded(stage, programs):
    """Nothing is refused there; the trail says what was not checked."""
    played = stage.but(mode=Mode.AUDIT).play(programs.attacks, "traced-harmless", programs.forbidden)
    assert played.status == 0
    (record,) = played.of("exec.unchecked")
    assert "traces it" in record["why"]


def test_given_a_dry_run_then_what_would_be_asked_is_not_run(stage, programs):
    """EPERM and one line; nobody is asked, even where somebody could be."""
    played = stage.but(mode=Mode.DRY_RUN, reply=lambda *_: Choice.ONCE).play(programs.attacks, "plain", programs.forbidden)
    assert not stage.destroyed
    assert "dry run: qguard would ask a human, so it was not run." in played.err
    assert (played.questions, "1 would have been asked about" in played.told) == ([], True)


def test_given_a_policy_that_denies_then_nobody_is_asked(stage, programs):
    """Nor does a yes to something else help."""
    denying = stage.but(rules=Rules(Verdict.DENY), reply=lambda *_: Choice.ONCE)
    played = denying.play(programs.attacks, "plain", programs.forbidden)
    assert not stage.destroyed
    assert "The policy denies it." in played.err
    assert played.questions == []


# ---- the trail ---------------------------------------------------------------------------------------------------------


class Full:
    """A trail on a full disk, for records of these kinds."""

    def __init__(self, real, *kinds):
        self._real, self._kinds = real, kinds

    def append(self, kind, body, *, durable):
        """Fail, as write(2) does."""
        if kind in self._kinds:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._real.append(kind, body, durable=durable)

    def append_fast(self, kind, body, at=None):
        """Likewise."""
        if kind in self._kinds:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._real.append_fast(kind, body, at)

    def __getattr__(self, name):
        return getattr(self._real, name)


@pytest.mark.promise(1)
@pytest.mark.parametrize("kind", ["question.asked", "answer", "grant.made", "exec.intended", "exec.loaded"])
def test_given_a_record_that_cannot_be_written_then_it_does_not_run(kind, stage, programs):
    """Whichever record of its way fails, a yes is not enough."""
    full = stage.but(reply=lambda *_: Choice.ONCE, trail=lambda real: Full(real, kind))
    played = full.shell('"$1" destroy; echo "status $?"; echo still here', programs.forbidden)
    assert not stage.destroyed
    assert played.out == f"status {137 if kind == 'exec.loaded' else 126}\nstill here\n"
    assert "its record could not be written (No space left on device)" in played.err
    assert "the audit trail cannot be written (No space left on device)" in played.told


@pytest.mark.promise(1)
def test_given_a_refusal_that_cannot_be_recorded_then_it_is_refused(stage, programs):
    """A full disk never lets anything through."""
    played = stage.but(trail=lambda real: Full(real, "exec.refused")).shell('"$1" destroy; echo "status $?"', programs.forbidden)
    assert not stage.destroyed
    assert played.out == "status 126\n"


@pytest.mark.promise(1)
def test_given_a_session_that_cannot_be_recorded_then_it_does_not_start(stage):
    """125, and where to make room."""
    played = stage.but(trail=lambda real: Full(real, "session.started")).shell(': > "$MARK"')
    assert not stage.destroyed
    assert played.status == 125
    assert "The audit trail cannot be written (No space left on device), and nothing runs unrecorded." in played.told


@pytest.mark.promise(12)
def test_given_execs_that_were_only_seen_then_a_full_disk_does_not_stop_them(stage):
    """Nothing that matters is lost, and the end of the session says that the trail is incomplete."""
    played = stage.but(trail=lambda real: Full(real, "exec.seen")).shell("/bin/true && echo ran")
    assert played.out == "ran\n"
    assert "The trail could not be written completely." in played.told


@pytest.mark.promise(1)
def test_the_record_is_there_before_the_program_acts(stage, script):
    """The approved program itself reads what the trail says of it."""
    path = script("forbidden", '#!/bin/sh\nwhile read -r line; do echo "$line"; done < "$(echo session-1/trail/*)"\n')
    played = stage.but(reply=lambda *_: Choice.ONCE).shell('"$1" destroy', path)
    assert [kind for kind in ("answer", "exec.intended", "exec.loaded", "exec.outcome") if f'"kind":"{kind}"' in played.out] == [
        "answer",
        "exec.intended",
        "exec.loaded",
    ]


# ---- kernels and sandboxes without what we need --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        (errno.EINVAL, "This kernel has no seccomp user notification (Invalid argument), so execs cannot be stopped."),
        (errno.ENOSYS, "This kernel has no seccomp user notification (Function not implemented), so execs cannot be stopped."),
        (errno.EPERM, "This sandbox or container forbids the filter (Operation not permitted), so execs cannot be stopped."),
        (errno.EACCES, "This sandbox or container forbids the filter (Permission denied), so execs cannot be stopped."),
        (errno.EBUSY, "The gate could not be put in place (Device or resource busy)."),
    ],
    ids=errno.errorcode.get,
)
def test_given_no_filter_then_the_agent_does_not_start(number, sentence, stage):
    """125, one sentence, and the ways out."""

    def refuse(_program):
        raise OSError(number, os.strerror(number))

    played = stage.but(prepare=lambda: setattr(confine, "install", refuse)).shell(': > "$MARK"')
    assert not stage.destroyed
    assert played.status == 125
    assert played.told.startswith(f"qguard: {sentence}\nqguard: Run it on Linux 5.8 or newer")


def test_given_no_domain_where_one_was_promised_then_the_agent_does_not_start(stage):
    """The banner said that Landlock holds: then it must."""

    def fail():
        raise OSError(errno.E2BIG, os.strerror(errno.E2BIG))

    def prepare():
        landlock.can_scope, landlock.enter_scope = (lambda: True), fail

    played = stage.but(prepare=prepare).shell(': > "$MARK"')
    assert not stage.destroyed
    assert (played.status, "The gate could not be put in place" in played.told) == (125, True)


def test_given_an_unknown_machine_then_it_says_so(monkeypatch):
    """No numbers, no guessing."""
    monkeypatch.setattr(confine, "abis", lambda: ())
    with pytest.raises(confine.CannotStart, match="does not know this machine"):
        confine.plan()
