"""The terminal calls of the kernel: sizes, raw mode, foreground (ioctl_tty(2), termios(3), credentials(7))."""

from __future__ import annotations

import fcntl
import os
import struct
import termios
from typing import Any

_SIZE = struct.Struct("HHHH")  # struct winsize: rows, columns, and the same in pixels
_NOTHING = bytes(_SIZE.size)
_TIOCGPTPEER = 0x5441  # _IO('T', 0x41), on every architecture but alpha, mips, powerpc and sparc; Linux 4.13
_IFLAG, _OFLAG, _CFLAG, _LFLAG, _ISPEED, _OSPEED, _CC = range(7)


def get_size(fd: int) -> bytes:
    """The ``struct winsize`` of a terminal, all zero when it has none. Raises ``OSError``."""
    # SAFETY: TIOCGWINSZ writes one struct winsize into the 8 bytes given; fcntl.ioctl copies them in and out.
    return fcntl.ioctl(fd, termios.TIOCGWINSZ, _NOTHING)


def set_size(fd: int, size: bytes) -> None:
    """Give a terminal a ``struct winsize``; the kernel sends SIGWINCH when it differs. Raises ``OSError``."""
    # SAFETY: TIOCSWINSZ only reads the 8 bytes given.
    fcntl.ioctl(fd, termios.TIOCSWINSZ, size)


def cells(size: bytes) -> tuple[int, int]:
    """(columns, rows); 80 by 24 for a terminal that does not know, as everybody does."""
    rows, columns, _, _ = _SIZE.unpack(size)
    return columns or 80, rows or 24


def nudged(size: bytes) -> bytes:
    """A size that differs from ``size`` in its rows by one, so that a program notices a change."""
    rows, columns, wide, high = _SIZE.unpack(size)
    return _SIZE.pack(rows - 1 if rows > 1 else rows + 1, columns, wide, high)


def open_slave(master: int) -> int:
    """A new descriptor of the other end, whatever is mounted on /dev/pts. Raises ``OSError``."""
    # SAFETY: the argument of TIOCGPTPEER is open(2) flags; O_NOCTTY keeps our own controlling terminal.
    return fcntl.ioctl(master, _TIOCGPTPEER, os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)


def in_foreground(fd: int) -> bool:
    """Whether this process may read ``fd`` and change it; a terminal that is gone is nobody's foreground."""
    try:
        return os.tcgetpgrp(fd) == os.getpgrp()
    except OSError:
        return False


def signal_character(master: int, index: int) -> bytes:
    """The byte that makes the agent's terminal send a signal (``index``: VINTR, VQUIT); empty when it would be mere input."""
    try:
        attributes = termios.tcgetattr(master)
    except termios.error:
        return b""
    character: bytes = attributes[_CC][index]
    return character if attributes[_LFLAG] & termios.ISIG and character != b"\0" else b""


def is_line_by_line(master: int) -> bool:
    """Whether the agent's terminal edits lines and echoes: no program draws on it by itself."""
    try:
        flags: int = termios.tcgetattr(master)[_LFLAG]
    except termios.error:
        return False
    return bool(flags & termios.ICANON and flags & termios.ECHO)


class RawMode:
    """The human's terminal made raw and given back, as often as needed. Never raises: a terminal that is gone has no mode."""

    __slots__ = ("_before", "_fd", "_shared")

    def __init__(self, fd: int, *, shared: bool) -> None:
        """With ``shared`` another program writes to this terminal too (``| tee log``): its newlines must keep working."""
        self._fd, self._shared = fd, shared
        self._before: list[Any] | None = None

    def enter(self) -> None:
        """Remember the mode as it is now, and go raw as cfmakeraw(3) does; once more, when somebody has undone it."""
        try:
            before = self._before or termios.tcgetattr(self._fd)
            termios.tcsetattr(self._fd, termios.TCSANOW, self._raw(before))
        except termios.error:
            return
        self._before = before

    def leave(self) -> None:
        """Give back what ``enter`` found, unless the terminal is another job's by now, and its mode with it."""
        before, self._before = self._before, None
        if before is None or not in_foreground(self._fd):
            return
        try:
            termios.tcsetattr(self._fd, termios.TCSANOW, before)
        except termios.error:
            return

    def _raw(self, before: list[Any]) -> list[Any]:
        raw = list(before)
        raw[_CC] = list(before[_CC])
        raw[_IFLAG] &= ~(
            termios.IGNBRK | termios.BRKINT | termios.PARMRK | termios.ISTRIP
            | termios.INLCR | termios.IGNCR | termios.ICRNL | termios.IXON
        )  # fmt: skip
        if not self._shared:
            raw[_OFLAG] &= ~termios.OPOST
        raw[_LFLAG] &= ~(termios.ECHO | termios.ECHONL | termios.ICANON | termios.ISIG | termios.IEXTEN)
        raw[_CFLAG] = raw[_CFLAG] & ~(termios.CSIZE | termios.PARENB) | termios.CS8
        raw[_CC][termios.VMIN], raw[_CC][termios.VTIME] = 1, 0
        return raw
