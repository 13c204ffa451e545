"""The terminal is given back as it was: full-screen programs, job control, slow and simple terminals, modes."""

from __future__ import annotations

import os
import re
import shutil
import signal
from pathlib import Path

import pytest
from sessions import READY, question, stands_still, until

from guard.core.messages import Signalled, Tell

CAT = ("bash", "-c", "echo one; exec cat")


def state_of(pid: int) -> str:
    """The letter of a process's state: T is stopped."""
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]


def upper(screen: str) -> list[str]:
    """All but the last line: its message is forgotten by programs that draw again."""
    return screen.splitlines()[:23]


@pytest.mark.skipif(shutil.which("vim") is None, reason="needs vim")
def test_the_screen_of_vim_is_the_same_before_and_after(session, tmp_path):
    """An alternate screen is drawn again by its program, because its size really changed."""
    (tmp_path / "poem").write_text("\n".join(f"line {number} of the poem" for number in range(60)))
    it = session(("vim", "-u", "NONE", "-N", "--cmd", "set mouse=a ruler t_RV= t_u7= laststatus=2", "+20", "poem"))
    it.human.sees("line 19 of the poem")
    before = it.human.sees("20,1")
    it.asked(question())
    assert "poem" not in it.human.screen
    it.human.types("d")
    it.supervisor.answer()
    it.human.waits_until(lambda: upper(it.human.screen) == upper(before), "the screen as it was before")
    it.human.types(":q!\r")
    it.human.waits_until(lambda: not it.human.full_screen, "vim to leave")


@pytest.mark.skipif(shutil.which("less") is None, reason="needs less")
def test_given_a_pager_then_its_screen_comes_back(session, tmp_path):
    """Keys reach it again as well."""
    (tmp_path / "poem").write_text("\n".join(f"line {number}" for number in range(100)))
    it = session(("less", "poem"))
    before = it.human.sees("(?m)^line 22$")
    it.asked(question())
    it.human.types("s")
    it.supervisor.answer()
    it.human.waits_until(lambda: upper(it.human.screen) == upper(before), "the screen as it was before")
    it.human.types(" ")
    it.human.sees("(?m)^line 45$")


def test_the_terminals_mode_is_exactly_what_it_was(session, tmp_path):
    """Odd settings and all, after a question and an end."""
    it = session(CAT, around="stty -ixon intr ^K werase undef; stty -g >before; {}; stty -g >after; echo compare")
    it.asked(question())
    it.human.types("o")
    it.supervisor.answer()
    it.supervisor.ends()
    it.human.sees("compare")
    assert (tmp_path / "before").read_text() == (tmp_path / "after").read_text() != ""


def test_the_agents_terminal_is_never_the_humans(session):
    """Its /dev/tty is its own, of the same size and mode, even when all of 0, 1, 2 are pipes."""
    number = "cut -d' ' -f7 /proc/self/stat"  # the controlling terminal
    script = f"{{ {number}; stty size </dev/tty; echo done; }} >/dev/tty"
    it = session(("bash", "-c", f"{script}; {script}; sleep 60"), around=f"{number}; true | {{}} 2>&1 | cat", size=(25, 81))
    screen = it.human.sees("(?s)done.*done")
    humans, agents, size = re.match(r"(\d+)\n(\d+)\n(\d+ \d+)", screen).groups()
    assert humans != agents
    assert size == "25 81"


def test_ctrl_z_by_a_signal_gives_the_shell_its_terminal_and_fg_takes_it_back(session):
    """A full-screen agent: the shell gets a main screen and a cooked terminal, ``fg`` brings everything back."""
    agent = ("bash", "-c", r"printf '\e[?1049h\e[?1000h\e[H'; trap 'printf full' WINCH; while read -t 60 x || true; do printf $x; done")
    it = session(
        agent,
        around="PS1='ready> ' exec bash --norc --noprofile -i -c 'set -m; {}; stty -a | grep -ow -- -*isig; fg; exec cat' 2>/dev/null",
    )
    it.human.waits_until(lambda: it.human.full_screen, "the agent's screen")
    os.kill(it.supervisor.outer, signal.SIGTSTP)
    assert it.supervisor.hears() == Signalled(signal.SIGTSTP)
    until(lambda: it.supervisor.hears_nothing(0.01) is False or state_of(it.supervisor.outer) != "T", "fg")
    assert it.supervisor.hears() == Signalled(signal.SIGCONT)
    it.human.sees("full")
    assert it.human.full_screen
    left = it.human.history.index(b"\x1b[?1049l")
    assert re.search(rb"(?<!-)isig\r\n", it.human.history[left:])
    assert b"\x1b[?1000l" in it.human.history[: left + 20]
    assert it.human.history.rindex(b"\x1b[?1000h") > left


def test_given_a_background_job_then_a_question_waits_for_the_foreground(session):
    """The terminal is the shell's: nothing is drawn on it, nothing is read from it."""
    it = session(("sleep", "60"), around="exec bash --norc --noprofile -i -c 'set -m; {} & read line; echo got $line; fg' 2>/dev/null")
    it.supervisor.asks(question())
    it.human.enters("o")
    it.human.sees("got o")
    it.human.sees(READY)
    it.human.types("d")
    assert it.supervisor.answer() == ("s-1", "deny", False)


def test_given_a_simple_terminal_then_the_card_is_printed_without_any_escape(session):
    """TERM=dumb, as in an editor's shell."""
    it = session(CAT, env={"TERM": "dumb"})
    it.human.sees("one")
    it.supervisor.asks(question())
    it.human.sees("may this run")
    it.human.sees(r"\[o\] allow once")
    until(lambda: it.supervisor.hears_nothing(0.3), "the moment in which keys do not count")
    it.human.types("o")
    assert it.supervisor.answer() == ("s-1", "once", False)
    assert b"\x1b" not in it.human.history
    it.human.enters("two")
    it.human.sees("two\ntwo")


def test_no_colour_means_no_colour(session):
    """https://no-color.org: the card has no attributes."""
    it = session(CAT, env={"NO_COLOR": "1"})
    it.asked(question())
    assert not re.search(rb"\x1b\[[\d;]+m", it.human.history)


def test_given_the_agent_is_in_the_middle_of_a_title_then_the_card_is_whole_and_the_rest_of_the_title_is_not_text(session, tmp_path):
    """A string that does not end is cut short; its end is swallowed."""
    it = session(
        ("bash", "-c", r"printf 'start\n\e]0;half'; touch begun; while [ ! -e go ]; do sleep 0.02; done; printf ' title\aend\n'; exec cat")
    )
    it.human.sees("start")
    until((tmp_path / "begun").exists, "half a title")
    screen = it.asked(question())
    assert screen.startswith("qguard: may this run?")
    (tmp_path / "go").touch()
    it.human.types("d")
    it.supervisor.answer()
    it.human.sees("(?m)^end$")
    assert "title" not in it.human.screen


def test_given_kitty_keys_and_the_mouse_then_both_are_off_on_the_card_and_on_again_afterwards(session):
    """What codex and opencode switch on."""
    modes = rb"\e[?1049h\e[?1000h\e[?1006h\e[?2004h\e[?25l\e[>7u".decode()
    it = session(("bash", "-c", f"stty raw -echo; printf '{modes}'; printf ready; exec cat"))
    it.human.sees("ready")
    it.supervisor.asks(question())
    it.human.waits_until(lambda: READY.encode() in it.human.history, "the card")
    card = it.human.history.index(b"\x1b[?1;5;6;66;69;9;1000")
    assert b"\x1b[>0u" in it.human.history[card:]
    it.human.types("d")
    it.supervisor.answer()
    it.human.waits_until(lambda: it.human.history.endswith(b"\x1b[?1000h\x1b[?1006h\x1b[?2004h\x1b[?25l"), "the way back")
    assert b"\x1b8" in it.human.history[it.human.history.rindex(b"\x1b[<u") :]


def test_a_terminal_that_reads_nothing_stops_the_agent_not_the_session(session, tmp_path):
    """A slow human: the relay is bounded, questions and answers of the supervisor are served."""
    flood = "i=0; while :; do printf '%01000d\\n' $i; i=$((i+1)); echo $i >count; done"
    it = session(("bash", "-c", flood))
    until(lambda: stands_still(tmp_path / "count"), "the agent to wait for the terminal")
    assert int((tmp_path / "count").read_text()) < 2000  # lines of 1000 bytes: the relay holds 256 KiB, the terminals little
    it.supervisor.says(Tell("hello"))
    os.kill(it.supervisor.outer, signal.SIGTERM)
    assert it.supervisor.hears() == Signalled(signal.SIGTERM)


def test_the_last_words_of_the_agent_are_shown_before_the_summary(session):
    """A flood right before the end is complete, and the summary comes on a line of its own."""
    it = session(("bash", "-c", "read x; seq 1 3000; printf last"))
    it.human.enters("go")
    until(lambda: state_of(it.supervisor.agent) == "Z", "the agent to end")
    it.supervisor.ends(0, "asked 1, denied 1")
    it.human.sees("3000\nlast\nasked 1, denied 1")
    assert it.human.leaves() == 0


def test_an_agent_that_leaves_its_screen_behind_is_cleaned_up_after(session):
    """Killed in full screen with the mouse on: the shell gets a main screen without one."""
    it = session(("bash", "-c", r"echo main; printf '\e[?1049h\e[?1003hfull'; exec sleep 60"))
    it.human.sees("full")
    it.supervisor.ends(137)
    assert it.human.leaves() == 137
    assert (it.human.full_screen, it.human.screen) == (False, "main")
    assert it.human.history.count(b"\x1b[?1003l") == 1
