"""Whatever the order of things: a yes is for the card that was on the screen, long enough, and for nothing else."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sessions import question

from guard.core.cards import Answer, Choice
from guard.core.messages import Withdraw
from guard.terminal.asking import Asking
from guard.terminal.modes import ModeTracker
from guard.terminal.patience import SETTLE_SECONDS
from guard.terminal.stage import Stage

GUARD = 0.5


class Paper:
    """A relay and a hold in one, that only remember what was shown."""

    def __init__(self, *, foreground: bool = True) -> None:
        self.relay = self
        self.tracker = ModeTracker()
        self.is_foreground = foreground
        self.holding = False
        self.to_human = b""
        self.shown: list[bytes] = []
        self.fed: list[bytes] = []
        self.say, self.feed_agent = self.shown.append, self.fed.append

    def borrow(self) -> None:
        """Raw mode."""

    give_back_borrowed = borrow

    def nudge(self, now: float) -> None:
        """A redraw."""

    def unhold(self) -> None:
        """Nothing waited."""
        self.holding = False

    def size(self) -> tuple[int, int]:
        """A usual window."""
        return 80, 24


class Table:
    """An ``Asking`` on paper, with a clock that is turned by hand."""

    def __init__(self, **how) -> None:
        self.paper, self.now, self.answers = Paper(**how), 100.0, []
        stage = Stage(color=False, inline=False)
        self.asking = Asking(self.paper, stage, by="ada@terminal", guard=GUARD, notes=[], answered=self.answers.append)

    def turn(self, seconds: float = 0.0, typed: bytes = b"") -> None:
        """One turn of the loop, so much later, with these keys read in it."""
        self.now += seconds
        if typed and self.asking.is_open:
            self.asking.typed(typed, self.now)
        self.asking.tick(self.now)

    def wait(self) -> None:
        """Let the card become ready."""
        self.turn()
        self.turn(GUARD)


@pytest.mark.promise(9)
def test_given_a_card_is_withdrawn_under_a_key_then_the_key_is_not_for_the_next_card():
    """The key was pressed for the first question; the second has not been on the screen yet."""
    it = Table()
    it.asking.show(question(1), it.now)
    it.asking.show(question(2), it.now)
    it.wait()
    it.turn(typed=b"o")
    it.asking.withdraw(Withdraw("s-1", "gone"), it.now)
    it.turn(SETTLE_SECONDS)
    it.turn(SETTLE_SECONDS)
    assert it.answers == []
    it.turn(GUARD)
    it.turn(typed=b"o")
    it.turn(SETTLE_SECONDS)
    assert [Answer("s-2", Choice.ONCE, "ada@terminal")] == it.answers


def test_given_a_card_turns_late_under_a_key_then_the_key_does_not_count():
    """Yes to a waiting command is not yes to its next try."""
    it = Table()
    it.asking.show(question(1), it.now)
    it.wait()
    it.turn(typed=b"o")
    it.asking.withdraw(Withdraw("s-1", "gone", grantable=True), it.now)
    it.turn(SETTLE_SECONDS)
    assert it.answers == []
    assert it.asking.is_open


def test_given_the_terminal_is_slow_then_the_wait_begins_when_the_card_is_out():
    """What is still queued has not been seen by anybody."""
    it = Table()
    it.paper.to_human = b"flood"
    it.asking.show(question(1), it.now)
    it.turn()
    it.turn(60.0, typed=b"o")
    it.turn(1.0)
    assert it.answers == []
    it.paper.to_human = b""
    it.wait()
    it.turn(typed=b"o")
    it.turn(SETTLE_SECONDS)
    assert len(it.answers) == 1


def test_nothing_is_drawn_in_the_background():
    """The terminal is another job's; the card comes with the foreground."""
    it = Table(foreground=False)
    it.asking.show(question(1), it.now)
    it.turn(5.0)
    assert (it.paper.shown, it.asking.is_open) == ([], False)
    assert it.asking.deadline(it.now) > it.now
    it.paper.is_foreground = True
    it.turn(0.3)
    assert it.asking.is_open


def test_the_bell_rings_once_for_each_card():
    """Not for a countdown, not for a late card."""
    it = Table()
    it.asking.show(question(1, timeout=60), it.now)
    it.wait()
    it.turn(1.0)
    it.asking.withdraw(Withdraw("s-1", "gone", grantable=True), it.now)
    it.turn(1.0)
    assert b"".join(it.paper.shown).count(b"\a") == 1


STEPS = st.one_of(
    st.tuples(st.just("show"), st.integers(1, 6)),
    st.tuples(st.just("withdraw"), st.integers(1, 6), st.booleans()),
    st.tuples(st.just("key"), st.sampled_from([b"o", b"o", b"s", b"d", b"m", b"x", b"\x1b", b"j", b"oo", b"\x1b[200~o\x1b[201~"])),
    st.tuples(st.just("wait"), st.sampled_from([0.01, SETTLE_SECONDS, 0.1, GUARD, 20.0])),
)


@pytest.mark.promise(5)
@given(st.lists(STEPS, max_size=40))
def test_a_yes_is_always_for_a_card_that_stood_long_enough(steps):
    """Any order of questions, withdrawals, keys and pauses: when ``o`` or ``s`` answers, its card had been drawn for the whole wait."""
    it, drawn = Table(), {}
    for step, *what in steps:
        before = len(it.paper.shown)
        match step:
            case "show":
                it.asking.show(question(what[0], argv=("true", f"<{what[0]}>")), it.now)
                it.turn()
            case "withdraw":
                it.asking.withdraw(Withdraw(f"s-{what[0]}", "gone", grantable=what[1]), it.now)
                it.turn()
            case "key":
                it.turn(typed=what[0])
            case _:
                it.turn(what[0])
        for answer in it.answers:
            if answer.choice is not Choice.DENY:
                assert it.now - drawn[answer.question] >= GUARD
        it.answers.clear()
        for number in re.findall(rb"<(\d)>", b"".join(it.paper.shown[before:])):
            drawn.setdefault(f"s-{number.decode()}", it.now)
        if not it.asking.is_open:
            drawn.clear()
