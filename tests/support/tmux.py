"""A real tmux pane, and a person in front of it."""

from __future__ import annotations

import os
import select
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from support.human import PATIENCE
from support.machine import find
from support.runner import Runner


@contextmanager
def tmux(engineer: Runner, line: str) -> Iterator[Pane]:
    """A tmux server of this test's own with one pane that runs ``line``."""
    base = [find("tmux"), "-S", str(engineer.folder("tmp") / "tmux"), "-f", "/dev/null"]
    fifo = engineer.home / "output"
    os.mkfifo(fifo)
    start = [*base, "new-session", "-d", "-x", "90", "-y", "30", line]
    subprocess.run(start, env=engineer.environment, cwd=engineer.work, check=True, timeout=PATIENCE)
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
