"""What is not gated costs nothing: statuses, streams, environment and signals are the agent's own (promise 4)."""

from __future__ import annotations

import hashlib
import os
import re
import signal
import sys
from pathlib import Path

import pytest
from support.machine import QGUARD

pytestmark = [pytest.mark.kernel, pytest.mark.promise(4)]


@pytest.mark.parametrize("status", [0, 1, 2, 65, 70, 77, 124, 125, 126, 127, 128, 255])
def test_the_exit_status_is_the_agents(engineer, status):
    """Every status means what it means without qguard."""
    assert engineer.guard("sh", "-c", f"exit {status}").status == status


@pytest.mark.parametrize("name", ["SIGTERM", "SIGKILL", "SIGSEGV", "SIGPIPE"])
def test_a_signal_is_reported_as_a_shell_does(engineer, name):
    """128 + n."""
    number = signal.Signals[name]
    assert engineer.guard("sh", "-c", f"ulimit -c 0; kill -{number} $$").status == 128 + number


def test_streams_are_passed_byte_for_byte(engineer):
    """A megabyte of every byte there is, through pipes, and the two outputs are not mixed."""
    data = bytes(range(256)) * 4096
    done = engineer.guard("sh", "-c", "tee /dev/stderr")
    assert done.status == 0
    done = engineer.guard("sh", "-c", "cat; printf error >&2", stdin=data)
    assert hashlib.sha256(done.stdout).digest() == hashlib.sha256(data).digest()
    assert done.stderr.endswith(b"error")


def test_standard_error_holds_one_banner_and_nothing_else_of_ours(engineer):
    """One line at the start; no summary where there was nothing."""
    done = engineer.guard("sh", "-c", "true; true")
    (banner,) = done.err.splitlines()
    assert re.match(r"qguard: guarding sh\b", banner)


def test_standard_output_is_the_agents_alone(engineer):
    """``qguard run -- … | jq`` works."""
    assert engineer.guard("true").stdout == b""


def test_descriptors_are_handed_on(engineer):
    """The agent gets 0, 1, 2 and nothing that is qguard's."""
    done = engineer.guard("sh", "-c", "ls -l /proc/self/fd | grep -cE 'seccomp|socket|/qguard/'; exit 0")
    assert done.out.strip() == "0"


def test_the_environment_is_the_engineers_with_one_more(engineer):
    """``QGUARD_SESSION`` names the session; everything else is untouched."""
    done = engineer.guard("env", "-0")
    inside = dict(entry.split("=", 1) for entry in done.out.split("\0") if entry)
    session = inside.pop("QGUARD_SESSION")
    assert inside == engineer.environment
    assert [record["session"] for record in engineer.trail_of("session.started")] == [session]


def test_a_directory_of_ones_own(engineer):
    """The agent starts where qguard was started."""
    assert engineer.guard("pwd", "-P").out.strip() == os.path.realpath(engineer.work)


def test_a_missing_program_is_missing(engineer):
    """A PATH search ends as it would without qguard."""
    done = engineer.guard("sh", "-c", "there-is-no-such-program; echo $?")
    assert done.out.strip() == "127"


def test_python_sees_the_errors_it_expects(engineer):
    """ENOENT and EACCES and ENOEXEC are not EPERM."""
    (engineer.work / "plain").write_text("no program")
    (engineer.work / "empty").touch(0o755)
    program = (
        "import subprocess\n"
        "for name in ('/nowhere/x', './plain', './empty'):\n"
        "    try: subprocess.run([name])\n"
        "    except OSError as error: print(type(error).__name__, error.errno)\n"
    )
    assert engineer.guard(sys.executable, "-c", program).out == engineer.run(sys.executable, "-c", program).out != ""


def test_what_the_agent_leaves_running_ends_with_the_session(engineer):
    """A daemonised child does not outlive the guard that would have to watch it."""
    done = engineer.guard("sh", "-c", "setsid sleep 300 >/dev/null 2>&1 & echo $!")
    assert done.status == 0
    assert not Path(f"/proc/{int(done.out)}").exists()


@pytest.mark.slow
def test_two_sessions_at_once_do_not_meet(engineer):
    """Each has its own gate, trail and end."""
    script = '"$1" run -- sh -c "exit 3" & a=$!; "$1" run -- sh -c "exit 4" & b=$!; wait $a; x=$?; wait $b; echo $x $?'
    assert engineer.run("sh", "-c", script, "sh", QGUARD).out.strip() == "3 4"
    assert len({record["session"] for record in engineer.trail}) == 2
