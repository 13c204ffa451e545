"""What the agent did to the terminal is known, put aside whole, and given back whole."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.terminal.modes import ModeTracker

MODES = ("1", "5", "6", "7", "9", "25", "47", "69", "1000", "1002", "1003", "1004", "1006", "1047", "1049", "2004", "2026", "2031", "2048")
PIECES = (
    *(f"\x1b[?{mode}{final}".encode() for mode in MODES for final in "hlsr"),
    b"\x1b[?1002;1006;2004h", b"\x1b[4h", b"\x1b[4l", b"\x1b=", b"\x1b>", b"\x1bc", b"\x1b[!p", b"\x0e", b"\x0f",
    b"\x1b(0", b"\x1b(B", b"\x1b)0", b"\x1b[3;20r", b"\x1b[r", b"\x1b[;r", b"\x1b[>1u", b"\x1b[>31u", b"\x1b[<u", b"\x1b[<3u",
    b"\x1b[=5;2u", b"\x1b[=1;3u", b"\x1b[?u", b"\x1b[>4;2m", b"\x1b[>4m", b"\x1b[1;31m", b"\x1b[H", b"\x1b[2J", b"\x1b7", b"\x1b8",
    b"\x1b]0;title\x07", b"\x1b]8;;http://x\x1b\\", b"\x1bP+q544e\x1b\\", b"\x1b_Gi=1;AAAA\x1b\\", b"\x1b]0;\x1b[?1049h",
    b"\x1b[?\n25l", b"text", "\u00e9\u2713\U0001f600".encode(), b"\n", b"\x1b[?10\x1849h",
    b"\x1b", b"\x1b[", b"\x1b[?", b"\x1b]52;c;", b"\xe2\x9c",
)  # fmt: skip
WHOLE = PIECES[: PIECES.index(b"\x1b[?10\x1849h")]
OUTPUT = st.lists(st.sampled_from(PIECES) | st.binary(max_size=6), max_size=30).map(b"".join)


def tracked(*chunks: bytes) -> ModeTracker:
    """A tracker that has seen these."""
    tracker = ModeTracker()
    for chunk in chunks:
        tracker.feed(chunk)
    return tracker


@given(OUTPUT, st.lists(st.integers(0, 200), max_size=8))
def test_wherever_the_output_is_cut_the_state_is_the_same_and_nothing_is_lost(output, cuts):
    """Chunk boundaries mean nothing."""
    at = sorted({0, len(output), *(cut for cut in cuts if cut < len(output))})
    pieces = [output[start:end] for start, end in pairwise(at)]
    whole, cut = ModeTracker(), ModeTracker()
    assert whole.feed(output) + whole.rest() == output
    assert b"".join(map(cut.feed, pieces)) + cut.rest() == output
    assert whole.state == cut.state


@given(OUTPUT)
def test_one_byte_at_a_time_is_the_same_too(output):
    """The finest cut."""
    whole, cut = tracked(output), tracked(*(output[at : at + 1] for at in range(len(output))))
    assert (whole.state, whole.in_string, whole.half_a_character) == (cut.state, cut.in_string, cut.half_a_character)


@given(st.lists(st.sampled_from(WHOLE), max_size=10).map(b"".join), st.integers(0, 200))
def test_what_is_shown_never_ends_inside_a_control_sequence(output, end):
    """So a question can open after any read."""
    tracker = ModeTracker()
    shown = tracker.feed(output[:end])
    again = ModeTracker()
    again.feed(shown)
    assert again.rest() == b""


@given(OUTPUT)
def test_going_aside_and_back_changes_nothing(output):
    """A terminal that was in some state is in that state again."""
    tracker = ModeTracker()
    terminal = tracked(tracker.feed(output), tracker.cut() if tracker.in_string else b"")
    before = terminal.state
    terminal.feed(tracker.aside())
    terminal.feed(tracker.back())
    assert normal(before) == normal(terminal.state)


@given(OUTPUT)
def test_aside_nothing_of_the_agents_is_on(output):
    """Only what the card wants itself: bracketed paste, no cursor."""
    tracker = ModeTracker()
    terminal = tracked(tracker.feed(output), tracker.cut() if tracker.in_string else b"", tracker.aside())
    alternate, modes, _, keyboards, other_keys, region, charsets, shifted = terminal.state
    assert alternate
    assert dict(modes) == {b"?2004": True, b"?25": False}
    assert keyboards[1][-1] == 0
    assert other_keys in (None, b"0")
    assert (region, dict(charsets), shifted) == (b"", {b"(": b"B", b")": b"B"}, False)


@given(OUTPUT)
def test_the_shell_gets_a_plain_terminal_and_the_agent_its_own_again(output):
    """``leave`` switches off what is on, ``again`` puts it back."""
    tracker = ModeTracker()
    terminal = tracked(tracker.feed(output), tracker.cut() if tracker.in_string else b"")
    before = terminal.state
    terminal.feed(tracker.leave())
    alternate, modes, _, keyboards, other_keys, region, charsets, shifted = terminal.state
    assert (alternate, modes, other_keys, region, shifted) == (False, (), None, b"", False)
    assert keyboards[0] == (0,)
    assert dict(charsets) == {b"(": b"B", b")": b"B"}
    terminal.feed(tracker.again())
    assert before[0] == terminal.state[0]
    assert normal(before)[1:3] == normal(terminal.state)[1:3]


def normal(state):
    """The order in which independent modes were set does not matter; that of the mouse modes does."""
    alternate, modes, saved, keyboards, other_keys, region, charsets, shifted = state
    mouse = [mode for mode in modes if mode[0] in (b"?9", b"?1000", b"?1001", b"?1002", b"?1003")]
    return alternate, dict(modes), mouse, saved, keyboards, other_keys, region, dict(charsets), shifted


def test_a_program_that_sent_no_escape_sequence_leaves_nothing_to_undo():
    """``ls | cat`` ends without a single byte of ours."""
    assert tracked(b"plain\r\n", b"text").leave() == b""


def test_the_main_screen_is_left_alone_and_an_alternate_one_is_cleared():
    """The terminal keeps the one; the other is for its program to draw again."""
    assert b"\x1b[?1049h" in tracked(b"x").aside()
    assert b"\x1b[?1049l" in tracked(b"x").back()
    assert b"1049" not in tracked(b"\x1b[?1049h").aside() + tracked(b"\x1b[?1049h").back()


def test_the_cursor_goes_back_to_its_place_after_everything_that_moves_it():
    """DECSTBM and DECOM go home: restoring the cursor comes after them. On the main screen mode 1049 restores it, in tmux nothing else."""
    on_main, on_alternate = tracked(b"\x1b[3;20r\x1b[?6h").back(), tracked(b"\x1b[?1049h\x1b[3;20r\x1b[?6h").back()
    assert on_main.index(b"\x1b[?1049l") > max(on_main.index(b"\x1b[3;20r"), on_main.index(b"\x1b[?6h"))
    assert b"\x1b8" not in on_main
    assert on_alternate.rindex(b"\x1b8") > max(on_alternate.index(b"\x1b[3;20r"), on_alternate.index(b"\x1b[?6h"))


def test_kitty_keys_are_pushed_and_popped_and_only_where_they_are_known():
    """The terminal's own stack remembers the flags."""
    assert b"\x1b[>0u" not in tracked(b"x").aside()
    assert (b"\x1b[>0u" in tracked(b"\x1b[>5u").aside(), b"\x1b[<u" in tracked(b"\x1b[>5u").back()) == (True, True)


def test_a_string_that_was_cut_short_is_not_shown_further():
    """A title in the middle of which a question opens ends there; what follows it is shown."""
    tracker = ModeTracker()
    assert tracker.feed(b"a\x1b]0;half") == b"a\x1b]0;half"
    assert tracker.in_string
    assert tracker.cut() == b"\x18\x1b\\"
    assert (tracker.feed(b" a title"), tracker.feed(b" and\x07text")) == (b"", b"text")


def test_half_a_character_is_kept_until_it_is_whole_or_released():
    """Terminals that do not speak UTF-8 get their bytes a moment later."""
    tracker = ModeTracker()
    assert tracker.feed(b"caf\xc3") == b"caf"
    assert tracker.feed(b"\xa9") == b"\xc3\xa9"
    assert tracker.feed(b"\xe9") == b""
    assert (tracker.half_a_character, tracker.release()) == (True, b"\xe9")


@pytest.mark.parametrize("junk", [b"\x1b[" + b"1" * 100_000, b"\x1b" * 100_000, b"\x1b[1;" * 50_000, b"\x1bP" * 50_000])
def test_no_output_is_slow(junk):
    """Hostile output costs what it is long."""
    tracker = tracked(junk, junk)
    assert len(tracker.rest()) < 1000
