"""Before the agent exists: what is wrong with a start is one sentence."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest
from support.machine import find

from guard.core.session import Mode
from guard.errors import CannotStart
from guard.kernel import confine
from guard.runtime import launch
from guard.runtime.options import Options


@pytest.fixture
def path(tmp_path, monkeypatch):
    """A PATH of one directory."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plain").write_text("text")
    (tmp_path / "agent").write_text("#!/bin/sh\n")
    (tmp_path / "agent").chmod(0o755)
    return tmp_path


def test_an_agent_is_found_on_path_or_where_it_is_said_to_be(path):
    """As a shell would."""
    assert launch.find_agent("agent") == str(path / "agent")
    assert launch.find_agent("./agent") == "./agent"
    assert launch.find_agent(str(path / "agent")) == str(path / "agent")


@pytest.mark.usefixtures("path")
@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("claud", "is not on PATH"),
        ("plain", "is not on PATH"),
        ("./plain", "is not an executable file"),
        (".", "is not on PATH"),
        ("./", "is not an executable file"),
        ("./nothing", "does not exist"),
        ("/root/x/y", "does not exist"),
        ("", "is not on PATH"),
    ],
)
def test_given_no_such_agent_then_it_says_which_and_why(name, what):
    """And what to write."""
    with pytest.raises(CannotStart) as problem:
        launch.find_agent(name)
    assert problem.value.sentence == f"The agent {name!r} {what}."
    assert problem.value.hint == "Write: qguard run [OPTIONS] -- AGENT [ARG...]"
    assert problem.value.exit_status == 125


def test_given_a_directory_that_is_gone_then_it_says_so(tmp_path, monkeypatch):
    """Agents delete worktrees."""
    folder = tmp_path / "gone"
    folder.mkdir()
    monkeypatch.chdir(folder)
    folder.rmdir()
    with pytest.raises(CannotStart, match="The working directory does not exist any more"):
        launch._working_directory()


class Became(Exception):
    """In the place of an exec."""


@pytest.mark.parametrize(
    ("nested", "unguarded", "said"),
    [
        (True, False, "already inside a guarded session: the outer qguard stays in force, with its rules, its questions and its trail."),
        (False, True, "NOT GUARDED (--dangerously-unguarded): nothing is judged, asked or recorded."),
    ],
    ids=["nested", "unguarded"],
)
def test_where_no_guard_is_put_up_the_agent_takes_our_place(nested, unguarded, said, monkeypatch):
    """And the human reads which of the two it is."""
    lines = []

    def execve(file, argv, _env):
        raise Became(file, argv)

    monkeypatch.setattr(confine, "is_nested", lambda: nested)
    monkeypatch.setattr(os, "execve", execve)
    with pytest.raises(Became) as became:
        launch.launch(Options(("true", "x"), unguarded=unguarded), lines.append)
    assert became.value.args == (find("true"), ("true", "x"))
    assert lines == [said]


def test_given_an_agent_that_cannot_be_loaded_then_it_is_125(tmp_path):
    """Also where qguard only hands over."""
    broken = tmp_path / "broken"
    broken.write_bytes(b"\x7fELFnonsense")
    broken.chmod(0o755)
    with pytest.raises(CannotStart, match="cannot be started: Exec format error"):
        launch._become(str(broken), ("broken",))


FAMILY = """
import os, signal, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
for _ in range(3):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.write(1, b".")
            signal.pause()
        os._exit(0)
signal.pause()
"""


@pytest.mark.promise(4)
def test_everything_below_is_ended(tmp_path):
    """Daemons of their own session that ignore signals included; who ends it counts them."""
    reader, writer = os.pipe()
    report = tmp_path / "report"
    outer = os.fork()
    if outer == 0:
        try:
            launch.prctl(launch.PR_SET_CHILD_SUBREAPER, 1)
            os.posix_spawn(sys.executable, [sys.executable, "-c", FAMILY], os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, writer, 1)])
            os.close(writer)
            for _ in range(3):
                os.read(reader, 1)
            report.write_text(str(launch.end_everything()))
        finally:
            os._exit(0)
    os.close(writer)
    os.waitpid(outer, 0)
    assert int(report.read_text()) >= 4
    assert os.read(reader, 1) == b"", "something still holds the pipe"
    os.close(reader)


@pytest.mark.parametrize(
    ("end", "said"), [(lambda: os._exit(3), "ended with status 3"), (lambda: os.kill(os.getpid(), signal.SIGKILL), "was killed by SIGKILL")]
)
def test_how_a_supervisor_ended_is_said(end, said):
    """For the last line of a session whose guard died."""
    child = os.fork()
    if child == 0:
        try:
            end()
        finally:
            os._exit(0)
    assert launch._reap(child) == said
    assert launch._reap(child) == "ended"


def test_options_hold_what_run_is_without_any():
    """Enforcing, asking at the terminal, ending what is left, accepting no debugger."""
    plain = Options(("agent",))
    assert plain == Options(("agent",), Mode.ENFORCE, "", None, None, "terminal", None, keep=False, allow_debuggers=False, unguarded=False)


def test_starting_needs_no_rulebook_to_say_that_there_is_no_agent():
    """The cheapest mistakes are told first: importing the launcher loads neither rules nor terminal."""
    code = "import sys, guard.runtime.launch; print(sorted(m for m in sys.modules if m.startswith(('guard.rule', 'guard.term', 'yaml'))))"
    reader, writer = os.pipe()
    child = os.posix_spawn(sys.executable, [sys.executable, "-c", code], os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, writer, 1)])
    os.close(writer)
    with Path(f"/proc/self/fd/{reader}").open() as said:
        assert said.read() == "[]\n"
    os.close(reader)
    os.waitpid(child, 0)
