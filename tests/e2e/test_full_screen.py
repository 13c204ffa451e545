"""Inside full-screen programs and a real terminal multiplexer: the question has its own screen, and theirs comes back whole."""

from __future__ import annotations

import os
import select
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from support.human import PATIENCE
from support.machine import QGUARD, find, needs

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


@contextmanager
def tmux(platform, line: str) -> Iterator[Pane]:
    """A tmux server of this test's own with one pane that runs ``line``."""
    base = [find("tmux"), "-S", str(platform.folder("tmp") / "tmux"), "-f", "/dev/null"]
    fifo = platform.home / "output"
    os.mkfifo(fifo)
    start = [*base, "new-session", "-d", "-x", "90", "-y", "30", line]
    subprocess.run(start, env=platform.environment, cwd=platform.work, check=True, timeout=PATIENCE)
    reading = os.open(fifo, os.O_RDWR | os.O_NONBLOCK)
    try:
        subprocess.run([*base, "pipe-pane", "-o", f"exec cat > {fifo}"], check=True, timeout=PATIENCE)
        yield Pane(base, reading)
    finally:
        subprocess.run([*base, "kill-server"], check=False, timeout=PATIENCE, capture_output=True)
        os.close(reading)


class Pane:
    """A person in front of a tmux pane. ``output`` becomes readable when the pane has new output: nothing sleeps."""

    def __init__(self, base: list[str], output: int) -> None:
        self._base, self._output = base, output

    def enters(self, text: str) -> None:
        """Type a line."""
        subprocess.run([*self._base, "send-keys", "-l", text], check=True, timeout=PATIENCE)
        self.types("Enter")

    def types(self, key: str) -> None:
        """Press a key, by tmux's name."""
        subprocess.run([*self._base, "send-keys", key], check=True, timeout=PATIENCE)

    @property
    def screen(self) -> str:
        """What the pane shows."""
        done = subprocess.run([*self._base, "capture-pane", "-p"], check=True, capture_output=True, text=True, timeout=PATIENCE)
        return done.stdout.rstrip()

    def sees(self, text: str) -> str:
        """Wait until the pane shows ``text``; the screen."""
        for _ in range(600):
            if text in (screen := self.screen):
                return screen
            if select.select([self._output], [], [], 0.5)[0]:
                os.read(self._output, 1 << 20)
        raise AssertionError(f"waited for {text!r}; the pane:\n{self.screen}")


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
