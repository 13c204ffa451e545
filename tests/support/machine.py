"""What this machine has. A test that needs more is skipped by the name of what is missing."""

from __future__ import annotations

import shutil
import socket
import sys
from pathlib import Path

import pytest
from places import DEFAULT_PATH, TOOLS

PATH = f"{TOOLS / 'bin'}:{DEFAULT_PATH}"
QGUARD = Path(sys.executable).with_name("qguard")


def find(program: str) -> str:
    """The program's path. Skips the test that asks for what this machine lacks."""
    found = shutil.which(program, path=PATH)
    if found is None:
        pytest.skip(f"{program} is not installed")
    return found


def needs(*programs: str) -> pytest.MarkDecorator:
    """Mark tests that need these programs."""
    missing = [program for program in programs if shutil.which(program, path=PATH) is None]
    return pytest.mark.skipif(bool(missing), reason=f"not installed: {', '.join(missing)}")


def free_port() -> int:
    """A TCP port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
