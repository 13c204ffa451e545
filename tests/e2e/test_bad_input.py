"""Bad input: one clear sentence and the documented status; nothing hangs, nothing runs unguarded."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from support.machine import needs

pytestmark = pytest.mark.kernel

ALIAS_BOMB = "\n".join(
    ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
)  # fmt: skip


# ---- policies --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("version: 1\nrulez: []\n", 2),
        ("version: 1\nrules: [\n", None),
        ("version: 1\nversion: 1\n", 2),
        ("version: seven\n", 1),
        ("- a list\n", 1),
        (f"{ALIAS_BOMB}\n", 1),
        ("version: 1\nrules:\n\t- tab\n", 3),
    ],
    ids=["unknown key", "not YAML", "a key twice", "wrong type", "not a mapping", "alias bomb", "a tab"],
)
def test_a_wrong_policy_starts_nothing(engineer, text, line):
    """125 under ``run``, and file:line:column says where."""
    policy = engineer.folder("config/qguard") / "policy.yaml"
    policy.write_text(text)
    done = engineer.guard("touch", "ran")
    assert done.status == 125, done.err
    assert f"policy.yaml:{line}:" in done.err if line else "policy.yaml" in done.err, done.err
    assert "Traceback" not in done.err
    assert not (engineer.work / "ran").exists()


def test_a_wrong_policy_is_65_elsewhere(engineer):
    """``qguard check`` reports the file, not a usage error."""
    (engineer.folder("config/qguard") / "policy.yaml").write_text("version: 1\nrulez: []\n")
    done = engineer.qguard("check", "--", "terraform", "destroy")
    assert done.status == 65, done.err
    assert "policy.yaml:2:" in done.err


@pytest.mark.promise(7)
def test_a_wrong_project_file_starts_nothing(engineer):
    """What a repository says is read by the same rules."""
    (engineer.work / ".qguard.yaml").write_text("version: 1\nrulez: []\n")
    done = engineer.guard("touch", "ran")
    assert done.status == 125, done.err
    assert ".qguard.yaml:2:" in done.err
    assert not (engineer.work / "ran").exists()


# ---- the state directory ---------------------------------------------------------------------------------------------


def test_a_state_directory_that_cannot_be_written_starts_nothing(engineer):
    """A file where the folder should be: no trail, no agent."""
    (engineer.folder("state") / "qguard").write_text("in the way")
    done = engineer.guard("touch", "ran")
    assert done.status == 125, done.err
    assert "audit trail" in done.err
    assert not (engineer.work / "ran").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_state_directory_without_rights_starts_nothing(engineer):
    """As an ordinary user: a folder that is not writable."""
    engineer.folder("state").chmod(0o500)
    done = engineer.guard("touch", "ran")
    engineer.folder("state").chmod(0o700)
    assert done.status == 125, done.err
    assert "Permission denied" in done.err
    assert not (engineer.work / "ran").exists()


@pytest.fixture
def full_disk(tmp_path) -> Iterator[Path]:
    """A very small file system, empty."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small file system")
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k,mode=0700", "none", folder], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"no tmpfs can be mounted here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", folder], check=True)


def fill(path: Path) -> None:
    """Write until the disk is full."""
    with path.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(b"\0" * 4096):
            continue


@needs("terraform")
@pytest.mark.promise(1)
def test_a_full_disk_lets_nothing_gated_run(platform, terraform, full_disk):
    """What cannot be recorded does not run, in audit mode either; what is not gated goes on.

    126: there was no room for the intent. 137: just for that, and none for what was loaded.
    """
    project = terraform()
    state = platform.with_env({"XDG_STATE_HOME": str(full_disk)})
    line = f"head -c 1M /dev/zero > {full_disk}/rest 2>/dev/null; echo filled; terraform destroy -auto-approve"
    done = state.guard("sh", "-c", line, options=["--audit"])
    assert done.status in {126, 137}, done.err
    assert done.out == "filled\n"
    assert "No space left" in done.err
    assert project.resources == ("terraform_data.database",)


def test_a_disk_that_is_full_at_the_start_starts_nothing(engineer, full_disk):
    """No record of the start, no agent."""
    fill(full_disk / "rest")
    done = engineer.with_env({"XDG_STATE_HOME": str(full_disk)}).guard("touch", "ran")
    assert done.status == 125, done.err
    assert "No space left" in done.err
    assert not (engineer.work / "ran").exists()


# ---- argv ------------------------------------------------------------------------------------------------------------


def test_an_argv_of_two_megabytes_that_is_not_gated_runs(engineer):
    """E2BIG is the kernel's business, not ours."""
    words = ["x" * 100_000] * 18
    program = f'set -- {" ".join("$w" for _ in words)}; /bin/echo "$@" | wc -c'
    done = engineer.guard("sh", "-c", f"w=$(printf %0100000d 0); {program}", timeout=120)
    assert (done.status, int(done.out)) == (0, 18 * 100_001), done.err


@needs("terraform")
def test_an_argv_of_two_megabytes_that_is_gated_is_refused_with_one_line(platform, terraform):
    """The line is short, whatever the command was."""
    project = terraform()
    words = " ".join(["$w"] * 18)
    done = platform.guard("sh", "-c", f"w=-var=x=$(printf %0100000d 0); terraform destroy -auto-approve {words}", timeout=120)
    assert done.status == 126, done.err[:2000]
    (line,) = [line for line in done.err.splitlines() if line.startswith("qguard: refused:")]
    assert len(line) < 2000
    assert project.resources == ("terraform_data.database",)


@needs("terraform")
@pytest.mark.promise(9)
def test_bytes_that_are_no_text_are_refused_and_recorded(platform, terraform):
    """Invalid UTF-8 is neither a crash nor an allow, and the terminal gets no control character of it."""
    project = terraform()
    done = platform.guard("sh", "-c", "terraform destroy -auto-approve -var=x=$(printf '\\377\\033[2J\\302\\233')")
    assert done.status == 126, done.err
    assert b"\x1b" not in done.stderr
    assert b"\xff" not in done.stderr
    assert b"\xc2\x9b" not in done.stderr
    (record,) = platform.trail_of("exec.refused")
    assert '{"bytes": ' in str(record).replace("'", '"')
    assert project.resources == ("terraform_data.database",)


def test_an_agent_whose_name_is_no_text(engineer):
    """Arguments that are not UTF-8 arrive as they were."""
    done = engineer.guard("printf", "%s", b"\xff\xfe\x80")
    assert (done.status, done.stdout) == (0, b"\xff\xfe\x80"), done.err


def test_an_empty_argv(engineer):
    """Programs may be started without even a name."""
    program = "import ctypes; libc = ctypes.CDLL(None, use_errno=True); print(libc.execve(b'/bin/true', (ctypes.c_char_p * 1)(None), None))"
    assert engineer.guard(sys.executable, "-c", program).status == engineer.run(sys.executable, "-c", program).status
