"""Signals as something to read (signal(7), the self-pipe): handlers do nothing, the loop does it."""

from __future__ import annotations

import os
import signal
import socket
from types import FrameType, TracebackType
from typing import Any, Self

PASSED_ON = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2})
_HEARD = PASSED_ON | {signal.SIGWINCH, signal.SIGCONT, signal.SIGTSTP, signal.SIGHUP}
_IGNORED = frozenset({signal.SIGTTOU, signal.SIGTTIN})  # a background terminal gives an error instead of a stop


class Signals:
    """While entered, signals become bytes on a descriptor. What was ignored before (nohup) stays ignored."""

    def __init__(self) -> None:
        self._before: dict[int, Any] = {}
        self._read, self._write = socket.socketpair()
        self._read.setblocking(False)
        self._write.setblocking(False)

    def fileno(self) -> int:
        """For a selector."""
        return self._read.fileno()

    def received(self) -> list[signal.Signals]:
        """The signals since the last call, in order."""
        try:
            return [signal.Signals(number) for number in self._read.recv(4096) if number in _HEARD]
        except BlockingIOError:
            return []

    def __enter__(self) -> Self:
        self._wakeup = signal.set_wakeup_fd(self._write.fileno(), warn_on_full_buffer=False)
        for number in _HEARD:
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, _noted)
        for number in _IGNORED:
            self._before[number] = signal.signal(number, signal.SIG_IGN)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for number, handler in self._before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        signal.set_wakeup_fd(self._wakeup)
        self._read.close()
        self._write.close()


def _noted(_number: int, _frame: FrameType | None) -> None:
    """Do nothing here: the number is on the wakeup descriptor."""


def stop_self() -> None:
    """Stop as Ctrl-Z does; returns when somebody continues us, at once when nobody could (an orphaned process group)."""
    before = signal.signal(signal.SIGTSTP, signal.SIG_DFL)
    os.kill(os.getpid(), signal.SIGTSTP)
    signal.signal(signal.SIGTSTP, before)
