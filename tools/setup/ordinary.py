"""The ordinary user: qguard guards people who are not root, so root's machines test it as one.

Root's Python and root's clone may be out of this user's reach, hence a wheel (which is tested on the way), an
environment made from a Python that the user can run, and a copy of the tests.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

from places import DEFAULT_PATH, ORDINARY, ROOT, USER, VENV
from pythons import make_venv, pip_install, shared_python
from steps import StepFailed, fingerprint, once, run, say

SHIPPED = ("guard", "rulesets", "policies", "completions", "pyproject.toml", "hatch_build.py", "README.md", "LICENSE")
"""What a wheel is made from."""

TESTED = ("tests", "tools", "examples", "rulesets", "policies", "completions", "docs", "pyproject.toml", "README.md", "CHANGELOG.md")
"""What tests read. Not ``guard``: the ordinary user tests the wheel."""


def make() -> None:
    """The user, its environment, qguard in it as it is now, and the tests as they are now."""
    make_user()
    install()
    _copy_tests()


def install() -> None:
    """The environment with qguard in it from a wheel, as its users have it. Needs no root: the benchmarks want it too."""
    once(ORDINARY / ".stamp-venv", fingerprint(ROOT / "pyproject.toml"), "an environment that an ordinary user can run", _make_environment)
    sources = [path for name in SHIPPED if (path := ROOT / name).exists()]
    once(ORDINARY / ".stamp-wheel", fingerprint(*sources), "qguard from a wheel", _install_wheel)


def make_user() -> None:
    """The user itself."""
    try:
        pwd.getpwnam(USER)
    except KeyError:
        say(f"· the ordinary user {USER}")
        run("useradd", "--create-home", "--user-group", "--shell", "/bin/bash", USER)


def _make_environment() -> None:
    make_venv(shared_python(), ORDINARY / "venv")
    (ORDINARY / ".stamp-wheel").unlink(missing_ok=True)
    _wheel("[test]")


def _install_wheel() -> None:
    _wheel("", "--force-reinstall", "--no-deps")


def _wheel(extras: str, *options: str) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        run(VENV / "bin/python", "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps", "-w", scratch, ROOT)
        (wheel,) = Path(scratch).glob("*.whl")
        pip_install(ORDINARY / "venv", *options, f"{wheel}{extras}")


def _copy_tests() -> None:
    copy = ORDINARY / "src"
    shutil.rmtree(copy, ignore_errors=True)
    copy.mkdir(parents=True)
    for name in TESTED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, copy / name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
        elif source.is_file():
            shutil.copy2(source, copy / name)
    for path in (copy, *copy.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)


def run_tests(*options: str) -> int:
    """Run pytest as the ordinary user, on the copy, in a clean environment. Returns pytest's exit status."""
    if os.geteuid() != 0:
        raise StepFailed("you are an ordinary user already: run pytest itself")
    with tempfile.TemporaryDirectory(prefix="qguard-") as scratch:
        os.chown(scratch, *_ids())
        return subprocess.run(
            [ORDINARY / "venv/bin/python", "-m", "pytest", "-p", "no:cacheprovider", "--basetemp", f"{scratch}/t", *options],
            user=USER, group=USER, extra_groups=[], umask=0o022, cwd=ORDINARY / "src", env=_environment(scratch), check=False,
        ).returncode  # fmt: skip


def _ids() -> tuple[int, int]:
    entry = pwd.getpwnam(USER)
    return entry.pw_uid, entry.pw_gid


def _environment(scratch: str) -> dict[str, str]:
    return {
        "HOME": pwd.getpwnam(USER).pw_dir,
        "USER": USER,
        "LOGNAME": USER,
        "SHELL": "/bin/bash",
        "PATH": f"{ORDINARY}/venv/bin:{DEFAULT_PATH}",
        "LANG": "C.UTF-8",
        "TERM": os.environ.get("TERM", "dumb"),
        "TMPDIR": scratch,
        "PYTHONDONTWRITEBYTECODE": "1",
        "HYPOTHESIS_STORAGE_DIRECTORY": f"{scratch}/hypothesis",
        "CI": os.environ.get("CI", ""),
    }
