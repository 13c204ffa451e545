"""A watched program under another name: the same inode, the same bytes; and what must not be taken for one."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from guard.core.attempts import FileId
from guard.runtime.twins import find_twins
from guard.shell.program import canonical

NAMES = frozenset({"terraform", "kubectl"})
ELF = b"\x7fELF" + b"\0" * 5000


def file_id(path: Path) -> FileId:
    """As the gate describes a file."""
    about = path.stat()
    return FileId(str(path), about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns)


@pytest.fixture
def bin_(tmp_path):
    """A directory on PATH with a program in it."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "terraform").write_bytes(ELF + b"terraform")
    return folder


def twin(bin_, path: Path) -> str | None:
    """What ``path`` is a twin of."""
    return find_twins(NAMES, f"relative:{bin_}:/there/is/none", lambda name: canonical(name, NAMES)).of(file_id(path), os.getpid())


def test_a_hard_link_and_a_copy_are_the_program(bin_, tmp_path):
    """Whatever they are called."""
    os.link(bin_ / "terraform", tmp_path / "hard")
    shutil.copy(bin_ / "terraform", tmp_path / "copy")
    assert [twin(bin_, tmp_path / name) for name in ("hard", "copy")] == ["terraform", "terraform"]


def test_another_program_of_the_same_size_is_not(bin_, tmp_path):
    """Size makes a candidate, content decides."""
    (tmp_path / "other").write_bytes(ELF + b"terraforn")
    (tmp_path / "longer").write_bytes(ELF + b"terraform!")
    assert [twin(bin_, tmp_path / name) for name in ("other", "longer")] == [None, None]


def test_a_file_of_the_same_size_that_cannot_be_read_may_be_one(bin_, tmp_path):
    """Not understood is not allowed."""
    gone = file_id(bin_ / "terraform")
    assert find_twins(NAMES, str(bin_), lambda name: canonical(name, NAMES)).of(
        FileId(str(tmp_path / "gone"), 0, 0, gone.size, 0), os.getpid()
    ) == "terraform"  # fmt: skip


def test_what_many_names_share_names_nobody(bin_, tmp_path):
    """A version manager's shims are links to one program; so are busybox's applets."""
    manager = tmp_path / "mise"
    manager.write_bytes(ELF + b"mise")
    (bin_ / "kubectl").symlink_to(manager)
    assert twin(bin_, manager) is None


def test_a_link_to_the_same_name_is_followed(bin_, tmp_path):
    """Debian's alternatives, Homebrew's Cellar."""
    cellar = tmp_path / "kubectl-1.35"
    cellar.write_bytes(ELF + b"kubectl")
    (bin_ / "kubectl").symlink_to(cellar)
    shutil.copy(cellar, tmp_path / "k")
    assert twin(bin_, tmp_path / "k") == "kubectl"


def test_scripts_are_not_compared(bin_, tmp_path):
    """The shims of one manager are all alike and tell each other apart by their names."""
    (bin_ / "kubectl").write_text("#!/bin/sh\nexec manager exec $0\n")
    shutil.copy(bin_ / "kubectl", tmp_path / "node")
    assert twin(bin_, tmp_path / "node") is None
