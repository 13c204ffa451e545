"""A person at a terminal: reads the screen, presses keys, hangs up.

Nothing sleeps: every wait ends with what it waits for, or fails and shows the screen.
"""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

import pyte

from support.screen import Screen

PATIENCE = 30.0
"""Seconds after which a person calls it broken. Generous: two busy cores."""


ASKED = re.escape("qguard: may this run?")
LISTENS = re.escape("Nothing runs until you answer.")
"""What a question's screen shows; the second only once keys count."""


class Human:
    """One person, one terminal, one program on it, in a session of its own."""

    def __init__(self, argv: Sequence[str | bytes], env: Mapping[str, str], cwd: Path, size: tuple[int, int]) -> None:
        self._master, terminal = os.openpty()
        os.set_inheritable(terminal, True)
        termios.tcsetwinsize(terminal, size)
        self._process = subprocess.Popen(
            ["setsid", "--ctty", *argv], stdin=terminal, stdout=terminal, stderr=terminal, env=dict(env), cwd=cwd
        )  # fmt: skip
        os.close(terminal)
        self._screen = Screen(*size, self._press)
        self._stream = pyte.ByteStream(self._screen)
        self.pid = self._process.pid
        self.history = b""
        self.gone = False

    # ---- eyes --------------------------------------------------------------------------------------------------------

    @property
    def screen(self) -> str:
        """What the terminal shows now."""
        return self._screen.text

    @property
    def full_screen(self) -> bool:
        """Whether a full-screen program, or a question, has put the main screen aside."""
        return self._screen.put_aside is not None

    def sees(self, pattern: str, patience: float = PATIENCE) -> str:
        """Wait until the screen matches the regular expression; the screen."""
        return self.waits_until(lambda: re.search(pattern, self.screen) is not None, f"the screen to match {pattern!r}", patience)

    def sees_no_more(self, pattern: str, patience: float = PATIENCE) -> str:
        """Wait until the screen does not match the regular expression; the screen."""
        return self.waits_until(lambda: re.search(pattern, self.screen) is None, f"the screen not to match {pattern!r}", patience)

    def waits_until(self, holds: Callable[[], bool], what: str, patience: float = PATIENCE) -> str:
        """Watch the terminal until ``holds()``; it is asked after all output, and twice a second."""
        deadline = time.monotonic() + patience
        while not holds():
            left = deadline - time.monotonic()
            if left <= 0 or self.gone:
                raise AssertionError(f"waited for {what}; {'the program is gone; ' if self.gone else ''}the screen:\n{self.screen}")
            self._watch(min(left, 0.5))
        return self.screen

    # ---- the question ------------------------------------------------------------------------------------------------

    def is_asked(self, about: str = "", patience: float = PATIENCE) -> str:
        """Wait for a question about something, and until its keys count; the screen."""
        self.sees(ASKED, patience)
        self.sees(LISTENS, patience)
        return self.sees(about, patience)

    def answers(self, key: str, about: str = "") -> None:
        """Read a question, press its key, and see it go."""
        asked = self.is_asked(about)
        self.types(key)
        self.waits_until(
            lambda: self.screen != asked and not (re.search(ASKED, self.screen) and re.search(LISTENS, self.screen)), "the question to go"
        )

    def _watch(self, patience: float) -> None:
        if not select.select([self._master], [], [], patience)[0]:
            return
        try:
            chunk = os.read(self._master, 65536)
        except OSError:  # EIO: nobody has the terminal open any more
            chunk = b""
        self.gone = not chunk
        self.history += chunk
        self._stream.feed(chunk)

    # ---- hands -------------------------------------------------------------------------------------------------------

    def types(self, keys: str) -> None:
        """Press these keys."""
        self._press(keys.encode())

    def enters(self, line: str) -> None:
        """Type a line and press Enter."""
        self.types(f"{line}\r")

    def resizes(self, rows: int, columns: int) -> None:
        """Drag the window's corner."""
        self._screen.resize(rows, columns)
        termios.tcsetwinsize(self._master, (rows, columns))

    def hangs_up(self) -> None:
        """Close the window."""
        if self._master >= 0:
            os.close(self._master)
            self._master, self.gone = -1, True

    def _press(self, keys: bytes) -> None:
        os.write(self._master, keys)

    # ---- the end -----------------------------------------------------------------------------------------------------

    def leaves(self, patience: float = PATIENCE) -> int:
        """Wait for the program to end; its exit status as a shell says it (128 + n for a signal)."""
        if not self.gone:
            self.waits_until(lambda: self.gone, "the program to end", patience)
        status = self._process.wait(patience)
        return status if status >= 0 else 128 - status

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Hang up; what does not end by that is killed."""
        self.hangs_up()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
            self._process.wait(10)
            raise
