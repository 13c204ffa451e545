"""Sessions on a real terminal."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from sessions import Session


@pytest.fixture
def session(tmp_path):
    """Start sessions; all of them are over when the test is."""
    with ExitStack() as stack:
        yield lambda agent, **how: stack.enter_context(Session(tmp_path, agent, **how))
