"""The front door fails when anything behind it does, and says so; set-up does its work once."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from places import ROOT
from steps import StepFailed, fingerprint, once, run


@pytest.fixture
def stubs(tmp_path):
    """Stand-ins for .venv/bin that exit with what they are told to."""

    def write(**statuses: int) -> Path:
        for name, status in statuses.items():
            program = tmp_path / name.replace("_", "-")
            program.write_text(f"#!/bin/sh\nexit {status}\n")
            program.chmod(0o755)
        return tmp_path

    return write


def make(target: str, **variables: object) -> int:
    """``make TARGET`` with stand-ins; its exit status."""
    settings = [f"{name}={value}" for name, value in variables.items()]
    return subprocess.run(["make", "-C", ROOT, target, *settings], capture_output=True, check=False).returncode


@pytest.mark.parametrize("status", [1, 2, 5])
def test_make_test_fails_with_the_tests_and_when_there_were_none(stubs, status):
    """Exit status 5 of pytest means that no test ran, which is no success."""
    assert make("test", SETUP="true", BIN=stubs(python=0)) == 0
    assert make("test", SETUP="true", BIN=stubs(python=status)) != 0


def test_make_test_fails_when_set_up_does():
    """Nothing is tested on half a machine."""
    assert make("test", SETUP="false", BIN="/nonexistent") != 0


@pytest.mark.parametrize("broken", ["ruff", "mypy", "lint_imports"])
def test_make_check_fails_with_each_of_its_checks(stubs, broken):
    """Four checks, and none of them is only for show."""
    fine = {"ruff": 0, "mypy": 0, "lint_imports": 0}
    assert make("check", SETUP="true", BIN=stubs(**fine)) == 0
    assert make("check", SETUP="true", BIN=stubs(**(fine | {broken: 1}))) != 0


@pytest.mark.parametrize("broken", ["check", "test"])
def test_ci_fails_when_either_half_does(tmp_path, broken):
    """``.ci/run`` is ``make check`` and ``make test``, and hides neither's failure."""
    program = tmp_path / "make"
    program.write_text(f'#!/bin/sh\n[ "$1" != {broken} ]\n')
    program.chmod(0o755)
    done = subprocess.run(["bash", ROOT / ".ci/run"], env={"PATH": f"{tmp_path}:/usr/bin:/bin"}, check=False)
    assert done.returncode != 0


def test_a_step_is_done_once_and_again_when_what_it_is_made_from_changes(tmp_path):
    """The stamp holds what it was made from."""
    done: list[str] = []
    for made_from in ("one", "one", "two", "two", "one"):
        once(tmp_path / "stamp", made_from, "step", lambda made_from=made_from: done.append(made_from))
    assert done == ["one", "two", "one"]


def test_a_step_that_failed_is_done_again(tmp_path):
    """No stamp is left by half a step, not even an older one."""

    def fails() -> None:
        raise StepFailed("no")

    once(tmp_path / "stamp", "one", "step", lambda: None)
    with pytest.raises(StepFailed):
        once(tmp_path / "stamp", "two", "step", fails)
    done: list[bool] = []
    once(tmp_path / "stamp", "one", "step", lambda: done.append(True))
    assert done == [True]


def test_a_fingerprint_sees_names_and_contents_and_no_caches(tmp_path):
    """Renaming counts, compiling does not, and neither does where the clone lies."""
    folder = tmp_path / "a" / "guard"
    folder.mkdir(parents=True)
    (folder / "one.py").write_text("1")
    before = fingerprint(folder)
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__/one.pyc").write_text("cached")
    assert fingerprint(folder) == before
    (tmp_path / "b").mkdir()
    moved = folder.rename(tmp_path / "b" / "guard")
    assert fingerprint(moved) == before
    (moved / "one.py").rename(moved / "two.py")
    assert fingerprint(moved) != before


def test_a_failed_program_shows_its_output():
    """What went wrong is on the screen, not in a log that nobody finds."""
    with pytest.raises(StepFailed, match=r"exited 3\nbecause"):
        run("sh", "-c", "echo because; exit 3")
    with pytest.raises(StepFailed, match="is not installed"):
        run("there-is-no-such-program")
