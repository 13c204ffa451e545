"""What the session gets for a terminal, decided before anything is forked."""

from __future__ import annotations

import os
import termios
from dataclasses import dataclass

from guard.errors import CannotStart
from guard.terminal import tty

_STANDARD = (0, 1, 2)


@dataclass(frozen=True, slots=True)
class TerminalPlan:
    """The human's controlling terminal, the agent's pty, and who gets what.

    ``tty`` is the human's terminal, ``master`` and ``slave`` are the ends of the agent's pty; all three are ``None`` without a
    controlling terminal. ``stdio`` are the descriptors that the agent gets as 0, 1, 2; its child code makes ``slave`` its controlling
    terminal (setsid, TIOCSCTTY), so that its /dev/tty is never the human's. ``keys``: standard input is a terminal, so keys are the
    agent's. ``shared``: standard output or error is not, so another program may be writing to the human's terminal.
    """

    tty: int | None
    master: int | None
    slave: int | None
    stdio: tuple[int, int, int]
    keys: bool
    shared: bool

    @property
    def has_terminal(self) -> bool:
        """Whether a human can be asked here."""
        return self.tty is not None

    def close_slave(self) -> None:
        """In the outer process and the supervisor, once the agent has it."""
        _close(self.slave)


def prepare() -> TerminalPlan:
    """Look at the terminal and allocate a pty like it. Raises ``CannotStart`` when there is no pty to be had."""
    _fill_standard_descriptors()
    terminals = tuple(os.isatty(fd) for fd in _STANDARD)
    try:
        human = os.open("/dev/tty", os.O_RDWR | os.O_CLOEXEC | os.O_NOCTTY | os.O_NONBLOCK)
    except OSError:
        return TerminalPlan(None, None, None, _STANDARD, keys=False, shared=True)
    try:
        master, slave = _pty_like(human)
    except (OSError, termios.error) as error:
        os.close(human)
        raise CannotStart(f"No pty could be allocated for the agent: {error}.", "Is /dev/pts mounted, and not full?") from error
    zero, one, two = (slave if is_terminal else fd for fd, is_terminal in zip(_STANDARD, terminals, strict=True))
    return TerminalPlan(human, master, slave, (zero, one, two), keys=terminals[0], shared=not (terminals[1] and terminals[2]))


def _pty_like(human: int) -> tuple[int, int]:
    """A pty (non-blocking master, slave) with the mode and size of the human's terminal."""
    master, slave = os.openpty()
    try:
        termios.tcsetattr(slave, termios.TCSANOW, termios.tcgetattr(human))
        tty.set_size(slave, tty.get_size(human))
        os.set_blocking(master, False)
    except (OSError, termios.error):
        os.close(master)
        os.close(slave)
        raise
    return master, slave


def _fill_standard_descriptors() -> None:
    """Open /dev/null for each of 0, 1, 2 that is closed, so that no descriptor of ours ever becomes somebody's output."""
    while (fd := os.open("/dev/null", os.O_RDWR)) <= max(_STANDARD):
        os.set_inheritable(fd, True)
    os.close(fd)


def _close(fd: int | None) -> None:
    if fd is not None:
        os.close(fd)
