"""What /proc tells of a task, with names that try to mislead."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from guard.kernel import gate, proc

SPITEFUL = "import ctypes, sys\nctypes.CDLL(None).prctl(15, b') R 1 (\\n', 0, 0, 0)\nprint(flush=True)\nsys.stdin.read()\n"


@pytest.fixture
def spiteful():
    """A process that calls itself ``) R 1 (`` and a newline."""
    with subprocess.Popen([sys.executable, "-c", SPITEFUL, "", "a b"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        yield process.pid


def test_a_name_cannot_pose_as_a_field(spiteful):
    """Fields count from the last parenthesis."""
    parent, start = proc.parent_and_start(spiteful)
    assert parent == os.getpid()
    assert start >= proc.parent_and_start(os.getpid())[1]
    assert proc.status_field(spiteful, "Tgid") == spiteful
    assert proc.status_field(spiteful, "PPid") == os.getpid()
    assert spiteful in proc.descendants(os.getpid())


def test_words_keep_what_is_empty(spiteful):
    """An empty word is a word."""
    assert proc.words(proc.cmdline(spiteful))[-2:] == ("", "a b")
    assert proc.words(b"") == ()
    assert proc.words(b"\0") == ("",)
    assert proc.words(b"caf\xe9\0") == ("caf\udce9",)


def test_long_files_are_read_whole_and_bounded(tmp_path):
    """More than one read; up to the limit."""
    long = tmp_path / "long"
    long.write_bytes(b"x" * 3_000_000)
    assert len(proc.slurp(str(long))) == 3_000_000
    assert len(proc.slurp(str(long), limit=100_000)) < 3_000_000


def test_ancestry_runs_from_the_caller_up_to_the_child_of_the_supervisor(spiteful):
    """The supervisor itself is not in it; with the start time a pid is an identity."""
    (only,) = gate.ancestry(spiteful, os.getpid())
    assert (only.pid, only.start) == (spiteful, proc.parent_and_start(spiteful)[1])
    assert only.argv[-1] == "a b"
    assert gate.ancestry(os.getpid(), os.getppid())[0].pid == os.getpid()


def test_a_task_that_is_gone_has_nothing():
    """0 for a field, an error where the caller must know."""
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    assert proc.status_field(child, "TracerPid") == 0
    assert gate.ancestry(child, os.getpid()) == ()
    with pytest.raises(OSError, match="No such"):
        proc.parent_and_start(child)


def test_of_two_variables_of_one_name_the_first_counts():
    """As getenv(3) has it; the others of the environment are nobody's business."""
    reading = gate.Gate(-1, {b"PLACE"}.__contains__)
    block = [b"PLACE=live", b"SECRET=x", b"PLACE=dev", b"odd", b"PLACES=x", b"=PLACE"]
    assert reading._relevant(block) == (("PLACE", "live"),)
