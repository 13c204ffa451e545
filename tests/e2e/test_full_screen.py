"""Inside full-screen programs and a real terminal multiplexer: the question has its own screen, and theirs comes back whole."""

from __future__ import annotations

import pytest
from support.machine import QGUARD, needs
from support.tmux import tmux

pytestmark = [pytest.mark.kernel, needs("terraform")]

DATABASE = ("terraform_data.database",)


@needs("vim")
def test_vim_is_whole_after_a_question(platform, terraform):
    """``:!terraform destroy`` in vim: asked, denied, and vim's screen is as it was."""
    project = terraform()
    (platform.work / "notes.txt").write_text("".join(f"line {number} of the notes\n" for number in range(1, 60)))
    with platform.guard_at_terminal("vim", "-u", "NONE", "-N", "-n", "-i", "NONE", "notes.txt", size=(24, 80)) as human:
        human.sees("line 20 of the notes")
        human.types("10Gzt")
        before = human.sees(r"\Aline 10 of the notes")
        human.enters(":!terraform destroy -auto-approve")
        human.answers("d", "terraform destroy")
        human.sees("Press ENTER")
        human.types("\r")
        after = human.sees(r"\Aline 10 of the notes[\s\S]*line 32 of the notes")
        assert before.splitlines()[:23] == after.splitlines()[:23]
        assert human.full_screen
        human.enters(":q!")
        assert human.leaves() == 0
        assert not human.full_screen
    assert project.resources == DATABASE


@needs("tmux")
def test_by_hand_in_tmux(platform, terraform):
    """In a real terminal: a shell under guard, terraform destroy asked, denied, asked, approved, run."""
    project = terraform()
    rc = platform.home / "rc"
    rc.write_text("PS1='agent> '\nunset HISTFILE\n")
    with tmux(platform, f"{QGUARD} run -- bash --rcfile {rc} -i") as pane:
        pane.sees("agent>")
        pane.enters("echo before the question")
        pane.enters("terraform destroy -auto-approve; echo status $?")
        pane.sees("Nothing runs until you answer.")
        pane.types("d")
        assert "before the question" in pane.sees("status 126")
        assert project.resources == DATABASE
        pane.enters("terraform destroy -auto-approve; echo status $?")
        pane.sees("Nothing runs until you answer.")
        pane.types("o")
        assert "Destroy complete" in pane.sees("status 0")
        assert project.resources == ()


@needs("tmux")
def test_output_goes_on_where_it_was_in_tmux(platform, terraform):
    """Vim sets margins, leaves its screen and runs a command, as ``:!`` does: what stood there is not written over."""
    terraform()
    script = platform.work / "like-vim"
    script.write_text(
        "printf 'one\\ntwo\\n\\033[?1049h\\033[1;20r\\033[?1049l'; terraform destroy -auto-approve; echo the end; read wait\n"
    )
    with tmux(platform, f"{QGUARD} run -- sh {script} 2>err") as pane:
        pane.sees("Nothing runs until you answer.")
        pane.types("d")
        lines = pane.sees("the end").splitlines()
        at = [next(number for number, line in enumerate(lines) if start in line) for start in ("one", "two", "the end")]
        assert at == sorted(set(at)), lines
        pane.types("Enter")
