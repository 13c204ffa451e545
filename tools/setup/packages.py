"""Programs that the tests drive, from the machine's own packages where root may install them."""

from __future__ import annotations

import os
import shutil

from places import DEFAULT_PATH
from steps import StepFailed, run, say

WANTED = {
    "bash": "bash",
    "dash": "dash",
    "zsh": "zsh",
    "fish": "fish",
    "vim": "vim",
    "tmux": "tmux",
    "strace": "strace",
    "sudo": "sudo",
    "bwrap": "bubblewrap",
    "openssl": "openssl",
    "kubectl": "kubernetes-client",
    "cc": "gcc libc6-dev",
    "ssh-keygen": "openssh-client",
}
"""Program → Debian packages."""


def missing() -> dict[str, str]:
    """What of ``WANTED`` is not on PATH."""
    return {program: package for program, package in WANTED.items() if not shutil.which(program, path=DEFAULT_PATH)}


def install() -> list[str]:
    """Install what is missing, one package at a time so that one unknown package costs only itself.

    Returns one sentence for each program that is still missing.
    """
    wanted = missing()
    if wanted and os.geteuid() == 0 and shutil.which("apt-get"):
        _apt(*" ".join(wanted.values()).split())
    return [f"{program} (Debian: {package}): the tests that need it are skipped by name" for program, package in missing().items()]


def _apt(*packages: str) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    say(f"· apt-get install {' '.join(packages)}")
    try:
        run("apt-get", "update", "-qq", env=environment)
    except StepFailed as failed:
        say(f"  {failed}")
    for package in packages:
        try:
            run("apt-get", "install", "-y", "-qq", "--no-install-recommends", package, env=environment)
        except StepFailed as failed:
            say(f"  {failed}")


def install_venv_module() -> None:
    """Debian splits ``venv`` from Python: without it nothing else can be set up."""
    try:
        import ensurepip  # noqa: F401, PLC0415 - only whether it is there
    except ImportError:
        if os.geteuid() != 0 or not shutil.which("apt-get"):
            raise StepFailed("this Python has no venv module: install python3-venv") from None
        _apt("python3-venv")
