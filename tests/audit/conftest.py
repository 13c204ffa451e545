"""A trail to write to, a clock that stands still."""

import pytest

from guard.audit.writer import FileTrail

SESSION = "20261123-195601-x7k2q9"
NOW = 1_795_463_761.0  # 2026-11-23T19:56:01Z, as the id says


@pytest.fixture
def directory(tmp_path):
    """Where trails lie."""
    return tmp_path / "state" / "qguard" / "sessions"


@pytest.fixture
def trail(directory):
    """A trail that has just begun."""
    made = FileTrail.create(directory, SESSION, clock=lambda: NOW)
    yield made
    made.abandon()
