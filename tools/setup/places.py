"""Where set-up puts things. The tests import this too, so that nobody types a path twice."""

from __future__ import annotations

import os
from pathlib import Path

USER = "qguard-test"
"""The ordinary user that root makes for the tests."""

ROOT = Path(__file__).resolve().parents[2]
"""The project: a clone, or the copy that the ordinary user tests."""

_MACHINE_WIDE = Path("/var/cache/qguard-test")
SHARED = _MACHINE_WIDE if os.geteuid() == 0 or ROOT.is_relative_to(_MACHINE_WIDE) else ROOT / ".cache"
"""What both root and the ordinary user run: a clone under /root is out of an ordinary user's reach, this is not."""

TOOLS = SHARED / "tools"
"""Real programs for the tests and the demo: the AWS CLI, an AWS emulator, and what the machine lacks."""

VENV = ROOT / ".venv"
"""The developer's environment: qguard itself (editable), its tests and its checks."""

ORDINARY = SHARED / "ordinary"
"""The ordinary user's own environment, with qguard installed from a wheel, and a copy of the tests."""

DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""PATH without anything that a developer's shell added: what the tests and the demo see, after ``TOOLS/bin``."""
