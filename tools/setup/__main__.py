"""Everything that a fresh machine lacks. Started by the Makefile; may be started as often as you like.

python3 tools/setup develop     .venv with qguard, its tests and its checks
python3 tools/setup demo        … and the AWS CLI with an AWS emulator
python3 tools/setup test        … and the programs that the tests drive; as root, an ordinary user too
python3 tools/setup bench       what the benchmarks measure: qguard from a wheel, strace, sudo; as root, an ordinary user too
python3 tools/setup ordinary [PYTEST OPTIONS]    as root: run the tests as that user
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

import ordinary
import packages
import realtools
from places import ROOT, SHARED, VENV
from pythons import make_venv, own_python, pip_install
from steps import StepFailed, alone, fingerprint, once, say


def develop() -> list[str]:
    """The developer's environment."""
    packages.install_venv_module()
    made_from = fingerprint(ROOT / "pyproject.toml", sys.version)
    once(VENV / ".stamp", made_from, "the development environment (.venv, PyPI)", _make_develop)
    return []


def _make_develop() -> None:
    if not (VENV / "bin/python").exists():
        make_venv(own_python(), VENV)
    pip_install(VENV, "-e", f"{ROOT}[test,check]")


def demo() -> list[str]:
    """What the demo needs."""
    develop()
    troubles = realtools.install()
    return [trouble for trouble in troubles if not trouble.startswith(("terraform", "kubectl"))]


def test() -> list[str]:
    """What the tests need."""
    develop()
    troubles = packages.install()
    if os.geteuid() == 0:
        ordinary.make()
    return troubles + realtools.install()


def bench() -> list[str]:
    """What the benchmarks need."""
    develop()
    troubles = [trouble for trouble in packages.install() if trouble.startswith(("strace", "sudo"))]
    if os.geteuid() == 0:
        ordinary.make_user()
    ordinary.install()
    return troubles


PARTS: dict[str, Callable[[], list[str]]] = {"develop": develop, "demo": demo, "test": test, "bench": bench}


def main(words: list[str]) -> int:
    """Exit status: 0 when the work can go on, 1 when it cannot, 2 for a usage error, else pytest's own."""
    os.umask(0o022)
    try:
        if words[:1] == ["ordinary"]:
            return ordinary.run_tests(*words[1:])
        if len(words) != 1 or words[0] not in PARTS:
            say(__doc__ or "")
            return 2
        with alone(SHARED):
            troubles = PARTS[words[0]]()
    except StepFailed as failed:
        say(f"set-up: {failed}")
        return 1
    for trouble in troubles:
        say(f"set-up could not install {trouble}")
    return 0


sys.exit(main(sys.argv[1:]))
