"""Our hold on the human's terminal: taken while it is ours, given back whenever somebody else's turn comes."""

from __future__ import annotations

import signal
import termios
import time

from guard.terminal import tty
from guard.terminal.relay import Relay

_DRAIN_SECONDS = 5.0
_SETTLE_SECONDS = 0.5
_CONTROL = {signal.SIGINT: termios.VINTR, signal.SIGQUIT: termios.VQUIT}


class Hold:
    """The human's terminal, the relay to the agent's, and whose the keys are now.

    ``keys`` is true while what is typed goes to the agent: standard input is the terminal, and we are its foreground job.
    """

    def __init__(self, human: int, master: int, *, wants_keys: bool, shared: bool) -> None:
        self.relay = Relay(human, master)
        self.keys = False
        self._is_away = False
        self._human, self._wants_keys = human, wants_keys
        self._raw = tty.RawMode(human, shared=shared)

    @property
    def is_foreground(self) -> bool:
        """Whether the terminal is ours to read and change now."""
        return self.relay.human is not None and tty.in_foreground(self._human)

    @property
    def is_waiting(self) -> bool:
        """Whether the terminal should be ours and is another job's for the moment: look again, no signal will tell."""
        return (self._is_away or (self._wants_keys and not self.keys)) and self.relay.human is not None

    def begin(self) -> None:
        """The agent's terminal gets the right size, and the agent the keys."""
        self.relay.resize()
        self.take()

    def take(self) -> None:
        """If the terminal is ours: take back what ``leave`` gave away, and go raw if the keys are the agent's."""
        foreground = self.is_foreground
        self.keys = self._wants_keys and foreground
        if self.keys:
            self._raw.enter()
        if foreground and self._is_away:
            self._is_away = False
            self.relay.say(self.relay.tracker.again())
            self.relay.nudge(time.monotonic())

    def lose_keys(self) -> None:
        """The terminal is another job's: not a key of it is ours, nor is its mode."""
        self.keys = False

    def borrow(self) -> None:
        """Raw mode for a question."""
        self._raw.enter()

    def give_back_borrowed(self) -> None:
        """The question is over: raw mode stays only where the agent has the keys."""
        if not self.keys:
            self._raw.leave()

    def press_for(self, number: signal.Signals) -> bool:
        """Ctrl-C on a cooked terminal came to us as a signal; pressed on the agent's terminal, it is one for the agent."""
        if self.keys or self.relay.master is None or number not in _CONTROL:
            return False
        character = tty.signal_character(self.relay.master, _CONTROL[number])
        self.relay.feed_agent(character)
        return bool(character)

    def tell(self, text: str) -> bool:
        """Print one line of our own, if that tears nothing: neither a program's screen nor a line that is being edited."""
        relay = self.relay
        if relay.holding or relay.tracker.alternate or relay.tracker.in_string:
            return False
        if relay.master is not None and not tty.is_line_by_line(relay.master):
            return False
        start = "" if relay.at_line_start else "\r\n"
        relay.say(f"{start}{text}\r\n".encode(errors="backslashreplace"))
        relay.at_line_start = True
        return True

    def leave(self) -> None:
        """Give the terminal to the shell, as it expects it."""
        self.relay.say(self.relay.tracker.leave())
        self.relay.settle(_SETTLE_SECONDS)
        self.keys, self._is_away = False, True
        self._raw.leave()

    def drop(self) -> None:
        """The terminal is gone; if it is not (a plain ``kill -HUP``), it is given back all the same."""
        self.leave()
        self.relay.gone()

    def finish(self) -> None:
        """Show the last of what the agent wrote."""
        self.relay.drain(_DRAIN_SECONDS)
