"""The demo is the first thing that anybody sees: it must hold where nobody can be asked, and be pleasant where somebody can."""

from __future__ import annotations

import sys

import pytest
from places import ROOT
from support.machine import needs

pytestmark = [pytest.mark.kernel, needs("aws", "ministack")]

PLAY = ROOT / "examples/demo/play.py"


def test_without_a_terminal_the_stack_survives(engineer):
    """Three tries, three refusals, the bug fixed, the stack alive, the trail whole."""
    done = engineer.run(sys.executable, PLAY, timeout=120)
    assert done.status == 0, done.out + done.err
    assert (done.out + done.err).count("qguard: refused:") >= 3
    assert "ok: 30 days" in done.out
    assert "billing-prod is gone" not in done.out
    assert "production is where it was" in done.out


def test_a_human_says_no(engineer):
    """Asked each time; three times no; the stack is alive."""
    with engineer.spawn(sys.executable, PLAY, size=(50, 120)) as human:
        for _ in range(3):
            human.answers("d", "billing-prod")
        assert human.leaves(120) == 0
        assert "production is where it was" in human.screen


def test_a_human_says_yes(engineer):
    """Approved once: it really runs, and the end says who agreed."""
    with engineer.spawn(sys.executable, PLAY, size=(50, 120)) as human:
        human.answers("o", "billing-prod")
        assert human.leaves(120) == 0
        assert "A human said yes" in human.screen
