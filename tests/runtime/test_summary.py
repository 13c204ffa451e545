"""The line at the start and the line at the end."""

from __future__ import annotations

from dataclasses import replace

import pytest

from guard.core.session import Counts, Mode, Session
from guard.kernel.confine import Protection
from guard.runtime.summary import banner, ending

STATE = Session("20261123-195601-x7k2q9", agent="claude")
ORDINARY = Protection(scoped=True, no_new_privs=True, keep_dumpable=True)
ROOT = Protection(scoped=True, no_new_privs=False, keep_dumpable=False)


@pytest.mark.promise(12)
def test_the_banner_says_what_holds_and_what_does_not():
    """One line."""
    assert banner(STATE, ORDINARY, {}) == (
        "guarding claude (kernel gate, personal) · asks here · sudo and su gain no rights"
        " · not covered: cloud calls without a command, your credentials, writes to this terminal"
        " · session 20261123-195601-x7k2q9"
    )


@pytest.mark.promise(12)
def test_the_banner_says_what_is_weaker():
    """Root, nobody to ask, nothing stopped."""
    assert "RUNNING AS ROOT" in banner(STATE, ROOT, {})
    assert "nobody can be asked: gated commands are denied" in banner(replace(STATE, can_ask=False), ORDINARY, {})
    assert "AUDIT ONLY, nothing is stopped" in banner(replace(STATE, mode=Mode.AUDIT), ORDINARY, {})
    assert "gated commands are denied" not in banner(replace(STATE, mode=Mode.AUDIT, can_ask=False), ORDINARY, {})
    assert "dry run, nothing gated is run" in banner(replace(STATE, mode=Mode.DRY_RUN), ORDINARY, {})


@pytest.mark.promise(12)
@pytest.mark.parametrize(
    ("environment", "inside"),
    [
        ({"TMUX": "/tmp/tmux-0/default,1,0"}, "tmux"),
        ({"STY": "1.pts-0.host"}, "screen"),
        ({"ZELLIJ": "0"}, "zellij"),
        ({"KITTY_LISTEN_ON": "unix:/tmp/kitty"}, "kitty"),
        ({"WEZTERM_UNIX_SOCKET": "/run/wezterm"}, "wezterm"),
        ({"TMUX": "/tmp/x,1,0", "KITTY_LISTEN_ON": "unix:/tmp/kitty"}, "tmux and kitty"),
    ],
)
def test_the_banner_says_what_could_answer(environment, inside):
    """The human's terminal is inside something that can be told to type: by its name, where questions are asked there."""
    said = f"your credentials, writes to this terminal; what can type into this {inside} can answer ·"
    assert said in banner(STATE, ORDINARY, environment)
    for state in (replace(STATE, can_ask=False), replace(STATE, mode=Mode.AUDIT), replace(STATE, mode=Mode.DRY_RUN)):
        assert "not covered: cloud calls without a command, your credentials ·" in banner(state, ORDINARY, environment)


@pytest.mark.promise(12)
@pytest.mark.parametrize("environment", [{}, {"TMUX": ""}, {"KITTY_PID": "1"}, {"TERM": "tmux-256color"}])
def test_the_banner_names_nothing_that_is_not_there(environment):
    """Neither of kitty without remote control, nor of a variable that is empty."""
    assert "can answer" not in banner(STATE, ORDINARY, environment)


def test_an_end_without_anything_says_nothing():
    """Most sessions."""
    assert ending(STATE, passed=300, recorded=True) == ""


def test_an_end_counts_what_happened():
    """Only what did."""
    state = replace(STATE, counts=Counts(asked=3, approved=1, denied=2, killed=1))
    assert ending(state, passed=300, recorded=True) == (
        "qguard: session 20261123-195601-x7k2q9: 3 asked, 1 approved, 2 denied, 1 stopped after they changed; 300 other programs ran."
        " See: qguard audit show 20261123-195601-x7k2q9"
    )


@pytest.mark.promise(12)
def test_an_incomplete_trail_is_always_said():
    """Even when nothing else happened."""
    assert "nothing gated; 1 other programs ran. The trail could not be written completely." in ending(STATE, passed=1, recorded=False)
