"""Pythons and virtual environments."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from places import DEFAULT_PATH, SHARED, USER
from steps import StepFailed, run, say

PROBE = "import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))"
NAMES = ("python3", "python3.14", "python3.13", "python3.12", "python3.11")


def make_venv(python: Path, folder: Path) -> None:
    """A fresh virtual environment; an unfinished one is replaced."""
    run(python, "-m", "venv", "--clear", folder)


def pip_install(venv: Path, *what: str | Path) -> None:
    """Install into ``venv``. pip's own look-up of a newer pip is no business of ours."""
    run(venv / "bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *what)


def own_python() -> Path:
    """The Python that runs this set-up, out of any virtual environment."""
    return Path(getattr(sys, "_base_executable", "") or sys.executable)


def shared_python() -> Path:
    """A Python ≥ 3.11 that the ordinary user can run. Root's own may lie under /root; then it is copied.

    Raises ``StepFailed`` when not even the copy runs.
    """
    if os.geteuid() != 0:
        return own_python()
    for name in NAMES:
        found = shutil.which(name, path=DEFAULT_PATH)
        if found and _runs_as_user(Path(found)):
            return Path(found)
    copy = SHARED / "python"
    if not copy.is_dir():
        say(f"· copying {sys.base_prefix}, which only root can run")
        shutil.copytree(sys.base_prefix, copy, symlinks=True)
    python = copy / "bin" / f"python3.{sys.version_info.minor}"
    if _runs_as_user(python):
        return python
    raise StepFailed(f"no Python 3.11 or newer with venv that {USER} can run; install python3 and python3-venv")


def _runs_as_user(python: Path) -> bool:
    try:
        return subprocess.run(
            [python, "-I", "-c", PROBE], user=USER, group=USER, extra_groups=[], cwd="/", capture_output=True, check=False
        ).returncode == 0  # fmt: skip
    except (OSError, LookupError):
        return False
