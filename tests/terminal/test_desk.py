"""The queue of cards, and what each key does to it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sessions import question

from guard.core.cards import Answer, Choice
from guard.core.messages import Withdraw
from guard.terminal.desk import LATE_SECONDS, Desk, View
from guard.terminal.keys import ENTER, ESCAPE, INTERRUPT, UP, Key
from guard.terminal.stage import Scene, Stage


def desk(*numbers: int) -> Desk:
    """A desk with these questions on it."""
    made = Desk("ada@terminal")
    for number in numbers:
        made.add(question(number), 0.0)
    return made


def test_the_first_to_come_is_the_first_to_be_asked_and_comes_once():
    """A repeated Show changes nothing."""
    it = desk(1, 2, 1)
    assert (it.top.question.id, it.place) == ("s-1", (1, 2))


def test_an_answer_names_who_gave_it_and_the_next_card_follows():
    """By whom, and where."""
    it = desk(1, 2)
    assert Answer("s-1", Choice.ONCE, "ada@terminal") == it.press(Key("o"), seen=True)
    assert (it.top.question.id, it.place) == ("s-2", (2, 2))


@pytest.mark.promise(9)
@pytest.mark.parametrize("name", ["o", "s"])
def test_what_cannot_be_seen_cannot_be_agreed_to(name):
    """In a window of five lines only no is an answer."""
    it = desk(1)
    assert it.press(Key(name), seen=False) is None
    assert it.press(Key("d"), seen=False).choice is Choice.DENY


@pytest.mark.parametrize("name", ["x", "y", "q", "k", UP, "O", "S", "D"])
def test_other_keys_are_no_answer(name):
    """Not even the capital letters."""
    it = desk(1)
    assert it.press(Key(name), seen=True) is None
    assert it.top.view is View.CARD


@pytest.mark.parametrize("name", ["m", "?", "q", ESCAPE])
def test_the_details_are_left_without_an_answer(name):
    """Escape goes back first, as in every pager; the second one denies."""
    it = desk(1)
    assert it.press(Key("m"), seen=True) is None
    assert (it.top.view, it.press(Key(ENTER), seen=True)) == (View.DETAILS, None)
    assert it.press(Key(name), seen=True) is None
    assert it.top.view is View.CARD


def test_ctrl_c_denies_everywhere():
    """On the card and in the details."""
    it = desk(1)
    it.press(Key("m"), seen=True)
    assert it.press(Key(INTERRUPT), seen=True).choice is Choice.DENY


def test_a_late_card_is_only_for_who_was_looking_at_it():
    """Shown and grantable it stays; otherwise it goes."""
    for shown, grantable, stays in ((True, True, True), (False, True, False), (True, False, False)):
        it = desk(1)
        it.withdraw(Withdraw("s-1", "gone", grantable=grantable), 10.0, shown=shown)
        assert stays is (it.top is not None)


def test_a_late_card_closes_by_itself():
    """After its time, without an answer."""
    it = desk(1)
    it.withdraw(Withdraw("s-1", "gone", grantable=True), 10.0, shown=True)
    it.expire(10.0 + LATE_SECONDS - 0.1)
    assert it.top is not None
    it.expire(10.0 + LATE_SECONDS)
    assert it.top is None


def test_a_late_yes_is_marked_late_and_always_once():
    """``s`` is not offered any more: it closes."""
    for name, answer in (("o", Answer("s-1", Choice.ONCE, "ada@terminal", late=True)), ("s", None), ("d", None)):
        it = desk(1)
        it.withdraw(Withdraw("s-1", "gone", grantable=True), 10.0, shown=True)
        assert answer == it.press(Key(name), seen=True)
        assert it.top is None


def test_the_countdown_counts_down_to_nothing():
    """And there is none without a timeout."""
    it = Desk("ada@terminal")
    it.add(question(timeout=90), 100.0)
    assert [it.top.seconds_left(now) for now in (100.0, 130.5, 500.0)] == [90, 59, 0]
    assert desk(1).top.seconds_left(5.0) is None


SCENE = Scene(question(), (1, 1), None, ready=True, view=View.CARD, late="", notes=(), size=(80, 24))


@pytest.mark.promise(9)
@pytest.mark.parametrize("height", [11, 12, 15, 30])
def test_whatever_does_not_fit_can_be_scrolled_to(height):
    """Every line of the details appears on some screen, and no screen is higher than the window."""
    scene = replace(SCENE, view=View.DETAILS, size=(40, height))
    stage = Stage(color=False, inline=False)
    seen = set(stage.lines(scene))
    for _ in range(200):
        stage.scroll(Key("j"))
        lines = stage.lines(scene)
        assert len(lines) <= height
        seen.update(lines)
    everything = Stage(color=False, inline=False).lines(replace(scene, size=(40, 500)))
    assert [line for line in everything if line not in seen] == []


def test_only_lines_that_changed_are_painted():
    """A countdown repaints one line."""
    stage = Stage(color=False, inline=False)
    stage.paint(replace(SCENE, left=90))
    assert stage.paint(replace(SCENE, left=90)) == b""
    assert stage.paint(replace(SCENE, left=89)).count(b"\x1b[2K") == 1


def test_a_window_that_is_too_small_says_so():
    """Instead of pretending that something was shown."""
    stage = Stage(color=False, inline=False)
    for height, fits in ((7, False), (8, True)):
        scene = replace(SCENE, size=(80, height))
        assert (fits, not fits) == (stage.fits(scene), any("too small" in line for line in stage.lines(scene)))


@pytest.mark.promise(9)
def test_the_command_counts_as_read_once_its_last_line_was_shown():
    """Scrolling there is enough, scrolling back takes nothing away, another width is another card."""
    stage = Stage(color=False, inline=False)
    low = replace(SCENE, size=(80, 8))
    stage.lines(low)
    assert not stage.is_read
    stage.scroll(Key("G"))
    stage.lines(low)
    assert stage.is_read
    stage.scroll(Key("g"))
    stage.lines(low)
    assert stage.is_read
    stage.lines(replace(low, size=(60, 8)))
    assert not stage.is_read


def test_lines_for_the_human_stand_below_the_card():
    """Escaped, as everything."""
    assert "qguard: a\\x1b[31m" in Stage(color=False, inline=False).lines(replace(SCENE, notes=("a\x1b[31m",)))
