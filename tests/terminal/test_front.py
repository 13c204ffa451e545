"""A human at a real terminal, an agent on its own, and questions in between."""

from __future__ import annotations

import os
import re
import signal
import sys

import pytest
from sessions import READY, question, stands_still, until

from guard.core.messages import HungUp, Signalled, Tell, Withdraw

CAT = ("bash", "-c", "echo one; echo two; exec cat")


@pytest.mark.promise(9)
def test_given_an_agent_on_the_main_screen_then_its_screen_is_the_same_before_and_after(session):
    """The card comes on a screen of its own and leaves no trace."""
    it = session(CAT)
    before = it.human.sees("two")
    card = it.asked(question())
    assert "terraform destroy — takes down everything it reaches" in card
    assert "one" not in card.splitlines()[0]
    it.human.types("o")
    assert it.supervisor.answer() == ("s-1", "once", False)
    it.human.waits_until(lambda: not it.human.full_screen, "the main screen")
    assert it.human.screen == before
    it.human.enters("three")
    it.human.sees("three\nthree")
    it.supervisor.ends(7)
    assert it.human.leaves() == 7


@pytest.mark.parametrize(
    ("key", "choice"), [("o", "once"), ("s", "again"), ("d", "deny"), ("\r", "deny"), ("\x1b", "deny"), ("\x03", "deny")]
)
def test_each_key_gives_its_answer(session, key, choice):
    """Five keys answer; all but two of them deny."""
    it = session(CAT)
    it.asked(question())
    it.human.types(key)
    assert it.supervisor.answer() == ("s-1", choice, False)


@pytest.mark.promise(5)
def test_what_is_typed_ahead_does_not_count(session):
    """Keys in the first moments after a card is drawn answer nothing, and the agent does not get them either."""
    it = session(CAT, guard=1.0)
    it.human.sees("two")
    it.human.types("o")
    it.supervisor.asks(question())
    it.human.sees("does not count")
    it.human.types("o")
    it.human.sees(READY)
    assert it.supervisor.hears_nothing(0.3)
    it.human.types("d")
    assert it.supervisor.answer() == ("s-1", "deny", False)
    it.human.waits_until(lambda: not it.human.full_screen, "the main screen")


@pytest.mark.promise(5)
@pytest.mark.parametrize("paste", ["\x1b[200~o\x1b[201~", "oo", "yes, go on\r"])
def test_what_is_pasted_does_not_count(session, paste):
    """Neither in brackets nor without."""
    it = session(CAT)
    it.asked(question())
    it.human.types(paste)
    assert it.supervisor.hears_nothing(0.3)
    it.human.sees(READY)
    it.human.types("s")
    assert it.supervisor.answer() == ("s-1", "again", False)


def test_questions_queue_and_each_has_its_moment(session):
    """One card at a time; the key for the first does not answer the second."""
    it = session(CAT, guard=0.5)
    screen = it.asked(question(1), question(2), question(3))
    assert "1 of 3" in screen
    it.human.types("o")
    assert it.supervisor.answer() == ("s-1", "once", False)
    it.human.types("o")
    it.human.sees("2 of 3")
    it.human.sees(READY)
    assert it.supervisor.hears_nothing(0.2)
    it.human.types("d")
    assert it.supervisor.answer() == ("s-2", "deny", False)
    it.supervisor.says(Withdraw("s-3", "It is gone."))
    it.human.waits_until(lambda: not it.human.full_screen, "the main screen")


def test_a_withdrawn_card_can_still_be_allowed_late(session):
    """The agent gave up, the human says yes all the same: that is a late answer."""
    it = session(CAT)
    it.asked(question())
    it.supervisor.says(Withdraw("s-1", "The command gave up waiting.", grantable=True))
    it.human.sees("The agent stopped waiting: The command gave up waiting")
    it.human.sees_no_more("does not count")
    it.human.types("o")
    assert it.supervisor.answer() == ("s-1", "once", True)


def test_a_withdrawn_card_closes_on_any_other_key(session):
    """Nobody waits, so nothing is said."""
    it = session(CAT)
    before = it.human.sees("two")
    it.asked(question())
    it.supervisor.says(Withdraw("s-1", "The command gave up waiting.", grantable=True))
    it.human.sees("stopped waiting")
    it.human.sees_no_more("does not count")
    it.human.types("x")
    it.human.waits_until(lambda: not it.human.full_screen, "the main screen")
    assert it.human.screen == before
    assert it.supervisor.hears_nothing(0.1)


def test_a_queued_question_that_is_withdrawn_never_shows(session):
    """The second is gone before its turn."""
    it = session(CAT)
    it.asked(question(1), question(2))
    it.supervisor.says(Withdraw("s-2", "It is gone.", grantable=True))
    it.human.sees_no_more("1 of 2")
    it.human.types("d")
    it.supervisor.answer()
    it.human.waits_until(lambda: not it.human.full_screen, "the main screen")


def test_what_the_agent_writes_meanwhile_is_shown_afterwards(session, tmp_path):
    """Nothing of it is on the card, all of it comes after."""
    it = session(("bash", "-c", "echo start; read x; echo meanwhile; touch written; exec cat"))
    it.human.sees("start")
    it.human.enters("go")
    it.human.sees("meanwhile")
    it.asked(question())
    (tmp_path / "written").unlink()
    it.human.types("d")
    it.supervisor.answer()
    it.human.sees("start\ngo\nmeanwhile")


FLOOD = """
import os, time
while not os.path.exists("go"):
    time.sleep(0.01)
for number in range(50_000):
    os.write(1, b"%099d\\n" % number)
    if number % 1000 == 0:
        open("count", "w").write(str(number))
os.write(1, b"flooded\\n")
time.sleep(60)
"""


def test_a_flood_during_a_question_stops_at_the_bound_and_is_complete_afterwards(session, tmp_path):
    """Backpressure: four MiB wait here, the agent waits for the rest."""
    it = session((sys.executable, "-c", FLOOD))
    it.asked(question())
    (tmp_path / "go").touch()
    until(lambda: stands_still(tmp_path / "count"), "the agent to wait")
    assert 4 << 20 < (int((tmp_path / "count").read_text()) + 1000) * 101 < 5 << 20
    it.human.types("d")
    it.supervisor.answer()
    flood = bytearray()
    while b"flooded" not in flood[-4096:]:
        flood += os.read(it.human._master, 1 << 16)  # the emulator would take a minute
    assert list(range(50_000)) == [int(line) for line in re.findall(rb"(\d{99})\r\n", flood)]


def test_hang_up_is_said_once_and_the_session_goes_on_until_its_end(session):
    """The window is closed while a card is open."""
    it = session(("bash", "-c", "trap '' HUP; echo start; sleep 60"))
    it.asked(question())
    it.human.hangs_up()
    assert it.supervisor.hears() == HungUp()
    it.supervisor.asks(question(2))
    assert it.supervisor.answer() == ("s-2", "deny", False)
    it.supervisor.ends(3)
    assert it.human.leaves() == 3


def test_a_resized_window_redraws_the_card_and_reaches_the_agent(session):
    """The card fits the new width, and the agent knows the new size."""
    it = session(("bash", "-c", "echo start; trap 'stty size' WINCH; while read -t 60 x || true; do :; done"))
    it.human.sees("start")
    it.asked(question())
    it.human.resizes(30, 44)
    it.human.sees("it reaches\nWhere .*backend\n")
    screen = it.human.sees(READY)
    assert max(map(len, screen.splitlines())) <= 44
    it.human.types("d")
    it.supervisor.answer()
    it.human.sees("30 44")


@pytest.mark.promise(9)
def test_an_argument_of_two_megabytes_can_be_read_to_its_end(session):
    """The card says how much is missing, the details hold all of it."""
    it = session(CAT)
    huge = "x" * 2_000_000 + "THE-END"
    screen = it.asked(question(argv=("terraform", "destroy", huge)))
    assert re.search(r"… 1,999,\d\d\d more characters: \[m\] shows all", screen)
    it.human.types("m")
    it.human.sees(r"more lines below")
    it.human.types("G")
    it.human.sees("THE-END")
    it.human.types("q")
    it.human.sees("shows all")
    it.human.types("o")
    assert it.supervisor.answer() == ("s-1", "once", False)


@pytest.mark.promise(9)
def test_in_a_low_window_nobody_agrees_before_the_command_was_on_the_screen(session):
    """What matters most stands first; in nine rows the command is further down. A no needs no reading."""
    it = session(CAT)
    it.human.resizes(9, 60)
    it.supervisor.asks(question())
    screen = it.human.sees("Read to the end of the command before you agree")
    assert "-auto-approve" not in screen
    it.human.types("o")
    assert it.supervisor.hears_nothing(0.3)
    it.human.types("j")
    it.human.sees("11 more lines")
    it.human.types("j")
    assert "-auto-approve" in it.human.sees(READY)
    it.human.types("o")
    assert it.supervisor.answer() == ("s-1", "once", False)


def test_given_standard_input_is_a_pipe_then_the_question_still_comes_and_the_keys_are_the_cards_alone(session):
    """The terminal stays cooked before and after; the agent reads its pipe."""
    it = session(("bash", "-c", "while read x; do echo got $x; done; echo eof; sleep 60"), around="echo piped | {}")
    it.human.sees("got piped\neof")
    it.asked(question())
    it.human.types("o")
    assert it.supervisor.answer() == ("s-1", "once", False)
    it.human.waits_until(lambda: not it.human.full_screen, "the main screen")
    it.human.types("\x03")
    it.human.sees(r"\^C")
    it.supervisor.ends(0)
    it.human.leaves()


def test_given_standard_input_is_a_pipe_then_ctrl_c_reaches_the_agent(session):
    """The human's terminal makes it a signal for us, the agent's terminal makes it one for the agent."""
    it = session(("bash", "-c", "trap 'echo interrupted' INT; echo start; while :; do sleep 0.05; done"), around="true | {}")
    it.human.sees("start")
    it.human.types("\x03")
    it.human.sees("interrupted")


def test_given_standard_output_is_a_pipe_then_newlines_of_others_keep_working(session):
    """``| cat`` writes to the human's terminal too: its lines must not staircase."""
    it = session(("bash", "-c", "echo one; echo two; echo three >/dev/tty; exec cat"), around="{} | cat")
    it.human.sees("(?m)^one$")
    it.human.sees("(?m)^two$")
    it.human.sees("(?m)^three$")
    it.asked(question())
    it.human.types("d")
    assert it.supervisor.answer() == ("s-1", "deny", False)


def test_without_a_controlling_terminal_a_question_is_denied_and_the_rest_works(session, tmp_path):
    """Signals, lines and the end are served all the same."""
    it = session(("bash", "-c", "echo agent; sleep 60"), around="setsid {} 2>err </dev/null | cat")
    assert not it.supervisor.plan.has_terminal
    it.supervisor.asks(question())
    assert it.supervisor.answer() == ("s-1", "deny", False)
    it.supervisor.says(Tell("a line\x1b[2J"))
    it.supervisor.ends(0, "the summary")
    it.human.sees("agent")
    until(lambda: (tmp_path / "err").read_text() == "qguard: a line\\x1b[2J\nthe summary\n", "the lines on standard error")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGUSR1])
def test_a_signal_is_passed_on(session, number):
    """With the keys in raw mode a signal was sent by somebody, and is meant for the session."""
    it = session(CAT)
    it.human.sees("two")
    os.kill(it.supervisor.outer, number)
    assert it.supervisor.hears() == Signalled(number)


def test_when_the_supervisor_dies_the_terminal_is_given_back(session):
    """The link closes under a full-screen agent with a card open."""
    it = session(("bash", "-c", r"printf '\e[?1049h\e[?1000h\e[?25lfull'; exec cat"))
    it.human.sees("full")
    it.asked(question())
    it.supervisor.dies()
    it.human.sees("supervisor gone")
    assert not it.human.full_screen
    assert it.human.history.rindex(b"\x1b[?1000l") > it.human.history.rindex(b"\x1b[?1000h")
    assert it.human.leaves() == 70


def test_a_line_for_the_human_comes_at_once_or_waits_for_the_end(session):
    """A cooked agent is told beside; a raw one is not torn."""
    it = session(("bash", "-c", "echo start; read x; stty raw -echo; printf raw; exec cat"))
    it.human.sees("start")
    it.supervisor.says(Tell("first"))
    it.human.sees("(?m)^qguard: first$")
    it.human.enters("go")
    it.human.sees("raw")
    it.supervisor.says(Tell("second"))
    screen = it.asked(question())
    assert "qguard: second" in screen
    it.human.types("d")
    it.supervisor.answer()
    it.supervisor.says(Tell("third"))
    it.supervisor.ends(0, "summary")
    it.human.sees("(?m)^qguard: third\nsummary$")
    assert "second" not in it.human.screen
    it.human.leaves()


def test_the_agent_gets_the_answers_to_its_queries_while_a_card_is_open(session):
    """A cursor report that arrives under a card is the agent's."""
    it = session(("bash", "-c", "stty raw -echo; printf ready; head -c 6 | od -An -c; exec cat"))
    it.human.sees("ready")
    it.asked(question())
    it.human.types("\x1b[9;7R")
    it.human.types("d")
    assert it.supervisor.answer() == ("s-1", "deny", False)
    it.human.sees(r"033   \[   9   ;   7   R")
