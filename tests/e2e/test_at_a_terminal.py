"""A human at the terminal: asked, answering, and given the screen back."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support.machine import QGUARD, needs

pytestmark = [pytest.mark.kernel, needs("terraform")]

DATABASE = ("terraform_data.database",)
DESTROY = "terraform destroy -auto-approve -no-color"
DEAF = "One moment"
PROMPT = r"agent> *\Z"


@pytest.fixture
def shell(platform):
    """An interactive shell as the agent, at a terminal, with a prompt that can be recognised."""
    (platform.home / "rc").write_text("PS1='agent> '\nunset HISTFILE\n")
    with platform.guard_at_terminal("bash", "--rcfile", platform.home / "rc", "-i", options=["--task", "COST-123: fix rounding"]) as human:
        human.sees(PROMPT)
        yield human


def test_asked_denied_asked_approved_run(shell, terraform):
    """The whole story: a no stops it, a yes lets it run once, and the next time it is asked again."""
    project = terraform()
    shell.enters(DESTROY)
    shell.answers("d", "terraform destroy")
    assert "human was asked and said no" in shell.sees(PROMPT).replace("\n", "")
    assert project.resources == DATABASE
    shell.enters(f"{DESTROY}; echo status $?")
    shell.answers("o", "terraform destroy")
    shell.sees("status 0")
    assert project.resources == ()
    shell.enters(DESTROY)
    shell.answers("d", "terraform destroy")
    shell.enters("exit 5")
    assert shell.leaves() == 5
    assert "1 approved" in shell.screen.replace("\n", " ")


def test_the_card_says_what_matters(shell, terraform):
    """The whole command, where it lands, why it is asked, through which processes, and for which task."""
    terraform()
    shell.enters(f"sh -c '{DESTROY} -target=terraform_data.database; true'")
    card = shell.is_asked("terraform destroy").replace("\n", " ")
    assert "takes down" in card
    assert "-target=terraform_data.database" in card
    assert "COST-123: fix rounding" in card
    assert "place unknown" in card or "workspace" in card
    shell.types("d")
    shell.sees(PROMPT)


def test_same_again_this_session(shell, terraform):
    """One answer for the same command in the same place; another command is another question."""
    project = terraform("database")
    shell.enters(DESTROY)
    shell.answers("s")
    shell.sees(r"Destroy complete[^$]*agent> *\Z")
    project.run("apply", "-auto-approve")
    assert project.resources == DATABASE
    shell.enters(f"clear; {DESTROY}; echo once more: $?")
    shell.sees(r"once more: 0")
    assert project.resources == ()
    shell.enters(f"{DESTROY} -lock=false")
    shell.answers("d", "lock=false")


def test_the_screen_is_given_back(shell, terraform):
    """What stood there before the question stands there afterwards."""
    terraform()
    shell.enters("clear; echo a line that was there before")
    before = shell.sees(r"before\nagent>")
    shell.enters(DESTROY)
    shell.answers("d")
    after = shell.sees(r"not permitted[^$]*agent> *\Z")
    assert after.startswith(before.splitlines()[0])
    assert not shell.full_screen


def test_what_was_typed_ahead_does_not_answer(shell, terraform):
    """Keys pressed before the card could be read are not answers."""
    project = terraform()
    shell.types(f"{DESTROY}\rooooo\ro\r")
    shell.is_asked()
    assert project.resources == DATABASE
    shell.answers("d")
    shell.sees(PROMPT)
    assert project.resources == DATABASE


def test_enter_and_escape_are_no(shell, terraform):
    """The default is deny."""
    project = terraform()
    for key in ("\r", "\x1b", "\x03"):
        shell.enters(f"clear; {DESTROY}; echo status $?")
        shell.answers(key)
        shell.sees(r"status 126")
    assert project.resources == DATABASE


def test_no_answer_in_time_is_no(platform, terraform):
    """``--ask-timeout`` seconds, then deny."""
    project = terraform()
    with platform.guard_at_terminal("sh", "-c", DESTROY, options=["--ask-timeout", "2"]) as human:
        human.is_asked("terraform destroy")
        assert human.leaves() == 126
        assert "nobody answered in time" in human.screen.replace("\n", " ")
    assert project.resources == DATABASE
    (answer,) = platform.trail_of("answer")
    assert "timeout" in str(answer)


def test_hanging_up_is_no_and_ends_the_session(platform, terraform):
    """A closed window denies what was asked, and ends what ran, even what ignores hang-ups."""
    project = terraform()
    with platform.guard_at_terminal("bash", "-c", f"trap '' HUP; sleep 300 & echo $! >pid; {DESTROY}; sleep 300") as human:
        human.is_asked()
        human.hangs_up()
        human.leaves()
    assert project.resources == DATABASE
    assert not Path("/proc", (platform.work / "pid").read_text().strip()).exists()


def test_a_command_that_gave_up_takes_its_question_back(shell, terraform):
    """``timeout 2`` ends the waiting command: the human reads that nobody waits any more."""
    project = terraform()
    shell.enters(f"timeout 2 {DESTROY}; echo status $?")
    shell.is_asked("terraform destroy")
    assert "[d] deny" not in shell.sees("stopped waiting")
    shell.sees_no_more(DEAF)
    shell.types("d")
    shell.sees("status 124")
    assert project.resources == DATABASE


def test_a_late_yes_is_good_for_the_next_try(shell, terraform):
    """An answer that came too late becomes a grant for one more try of the same command."""
    project = terraform()
    shell.enters(f"timeout 2 {DESTROY}; echo status $?")
    shell.is_asked("terraform destroy")
    shell.sees("stopped waiting")
    shell.sees_no_more(DEAF)
    shell.types("o")
    shell.sees("status 124")
    assert project.resources == DATABASE
    shell.enters(f"clear; {DESTROY}; echo once more: $?")
    shell.sees("once more: 0")
    assert project.resources == ()
    project.run("apply", "-auto-approve")
    shell.enters(f"clear; {DESTROY}")
    shell.answers("d")


def test_several_at_once_queue(shell, terraform):
    """One card at a time, in order, each with its own answer."""
    project = terraform("database", "queue")
    for name in ("one", "two", "three"):
        project.run("workspace", "new", name)
    shell.enters(
        "clear; for w in one two three; do TF_WORKSPACE=$w terraform destroy -auto-approve -lock=false & done; wait; echo all done"
    )
    shell.sees("1 of 3")
    shell.answers("d")
    shell.sees("2 of 3")
    shell.answers("d")
    shell.sees("3 of 3")
    shell.answers("d")
    shell.sees(r"all done\nagent>")
    assert project.resources == ("terraform_data.database", "terraform_data.queue")


def test_output_into_a_pipe_is_asked_all_the_same(platform, terraform):
    """``qguard run … | tee log``: the question goes to the terminal, the output into the pipe."""
    project = terraform()
    line = f"{QGUARD} run -- sh -c 'echo one; {DESTROY}; echo two' 2>err </dev/null | tee log; echo piped"
    with platform.spawn("sh", "-c", line) as human:
        human.answers("d", "terraform destroy")
        human.sees("piped")
    assert (platform.work / "log").read_text() == "one\ntwo\n"
    assert project.resources == DATABASE


@pytest.mark.promise(9)
def test_escape_sequences_in_the_command_are_shown_and_not_obeyed(shell):
    """A command that tries to repaint the card is shown as what it is."""
    shell.enters(r"""printf -v x '\033[2J\033[Hall clear\u202egnp'; terraform destroy "$x" """)
    card = shell.is_asked("terraform destroy")
    assert re.search(r"\\(x1b|e|033|u001b)\[2J", card)
    assert "\u202e" not in card
    shell.types("d")
    shell.sees(PROMPT)


def test_a_small_window_can_be_made_bigger(shell, terraform):
    """Nobody can agree to what they cannot see; after a resize they can."""
    project = terraform()
    shell.enters(DESTROY)
    shell.is_asked()
    shell.resizes(5, 20)
    shell.sees(r"too\s+small")
    shell.types("o")
    shell.resizes(30, 100)
    shell.is_asked("terraform destroy")
    assert project.resources == DATABASE
    shell.answers("d")
    shell.sees(PROMPT)
