"""Bytes between the human's terminal and the agent's pty, both ways, bounded both ways."""

from __future__ import annotations

import os
import selectors
import time
from collections.abc import Iterator

from guard.terminal import tty
from guard.terminal.modes import ModeTracker
from guard.terminal.outbox import Outbox

_READ = 1 << 16
_READS_AT_ONCE = 32
_TO_HUMAN, _TO_AGENT = 1 << 18, 1 << 16
HELD = 4 << 20
_HALF_SECONDS = _NUDGE_SECONDS = 0.05
_NEVER = float("inf")


class Relay:
    """Owns both ends while the session runs. While ``holding``, what the agent writes waits; when too much waits, the agent does.

    A master that reports an error is not asked again, a human's terminal that does is ``gone``; neither ends the session.
    """

    def __init__(self, human: int, master: int) -> None:
        self.tracker = ModeTracker()
        self.human: int | None = human
        self.master: int | None = master
        self.to_human, self.to_agent = Outbox(), Outbox()
        self.holding = False
        self.at_line_start = True
        self._held: list[bytes] = []
        self._held_size = 0
        self._half_since = 0.0
        self._nudged_until = _NEVER
        # The agent's terminal stays open while nobody has it (all of 0-2 are pipes, and /dev/tty is opened now and then).
        self._anchor: int | None = tty.open_slave(master)

    def interest(self, *, reading: bool) -> Iterator[tuple[int, int]]:
        """(descriptor, selector events) wanted now; ``reading`` says whether keys are."""
        if self.human is not None:
            wanted = selectors.EVENT_READ if reading and len(self.to_agent) < _TO_AGENT else 0
            yield self.human, wanted | (selectors.EVENT_WRITE if self.to_human else 0)
        if self.master is not None:
            yield self.master, (selectors.EVENT_READ if self._has_room() else 0) | (selectors.EVENT_WRITE if self.to_agent else 0)

    def _has_room(self) -> bool:
        return self._held_size < HELD if self.holding else len(self.to_human) < _TO_HUMAN

    def pump(self) -> None:
        """Bring what the agent wrote to the human, as much as goes without waiting."""
        for _ in range(_READS_AT_ONCE):
            if self.master is None or not self._has_room() or not self._pump_once(self.master):
                return

    def _pump_once(self, master: int) -> bool:
        """One read; whether there may be more."""
        try:
            data = os.read(master, _READ)
        except BlockingIOError:
            return False
        except OSError:
            data = b""  # EIO: nobody has the other end open
        if not data:
            self._drop_master()
            return False
        if self.holding:
            self._held.append(data)
            self._held_size += len(data)
        else:
            self._show(self.tracker.feed(data))
        return True

    def _show(self, data: bytes) -> None:
        if data and self.human is not None:
            self.at_line_start = data.endswith(b"\n")
            self.to_human.put(data)
            self.flush()

    def tick(self, now: float) -> float:
        """Do what is due; return when to come back (infinite: no need)."""
        if now >= self._nudged_until:
            self.resize()
        return min(self._nudged_until, self._half_a_character(now))

    def _half_a_character(self, now: float) -> float:
        """Show half a character that nothing follows."""
        if not self.tracker.half_a_character or self.holding:
            self._half_since = 0.0
            return _NEVER
        self._half_since = self._half_since or now
        if now < self._half_since + _HALF_SECONDS:
            return self._half_since + _HALF_SECONDS
        self._half_since = 0.0
        self._show(self.tracker.release())
        return _NEVER

    def nudge(self, now: float) -> None:
        """Make the agent redraw: its terminal really changes its size, twice, because many ignore a size that they know."""
        self._resize(nudged=True)
        self._nudged_until = now + _NUDGE_SECONDS

    def resize(self) -> None:
        """The agent's terminal gets the human's size."""
        self._nudged_until = _NEVER
        self._resize(nudged=False)

    def _resize(self, *, nudged: bool) -> None:
        if self.human is None or self.master is None:
            return
        try:
            size = tty.get_size(self.human)
            tty.set_size(self.master, tty.nudged(size) if nudged else size)
        except OSError:
            return  # one of the two is going away, which its own descriptor will tell

    def size(self) -> tuple[int, int]:
        """Columns and rows of the human's terminal."""
        try:
            return tty.cells(tty.get_size(self.human)) if self.human is not None else (80, 24)
        except OSError:
            return 80, 24

    def say(self, data: bytes) -> None:
        """Something of our own for the human."""
        if self.human is not None:
            self.to_human.put(data)
            self.flush()

    def unhold(self) -> None:
        """Show what waited."""
        held, self._held, self._held_size, self.holding = self._held, [], 0, False
        for data in held:
            self.to_human.put(self.tracker.feed(data))
        if held:
            self.at_line_start = held[-1].endswith(b"\n")
        self.flush()

    def flush(self) -> None:
        """Write to the human what the terminal takes now."""
        if self.human is None:
            self.to_human.clear()
            return
        try:
            self.to_human.write(self.human)
        except OSError:
            self.gone()

    def feed_agent(self, data: bytes) -> None:
        """Input for the agent; more than it may ever want is not kept."""
        if self.master is None or len(self.to_agent) > _TO_AGENT:
            return
        self.to_agent.put(data)
        self.flush_agent()

    def flush_agent(self) -> None:
        """Write to the agent what its terminal takes now."""
        if self.master is None:
            return
        try:
            self.to_agent.write(self.master)
        except OSError:
            self._drop_master()

    def read_human(self) -> bytes | None:
        """What was typed; ``None`` for nothing now. Afterwards ``human`` is ``None`` when the terminal is gone."""
        if self.human is None:
            return None
        try:
            data = os.read(self.human, _READ)
        except BlockingIOError:
            return None
        except OSError:
            data = b""  # EIO: gone, or (SIGTTIN being ignored) another job's at the moment
        if not data and not self._exists():
            self.gone()
        return data or None

    def _exists(self) -> bool:
        """Whether the human's terminal still has a foreground at all."""
        try:
            return self.human is not None and os.tcgetpgrp(self.human) >= 0
        except OSError:
            return False

    def gone(self) -> None:
        """The human's terminal is no more: what the agent writes is read and forgotten."""
        self.human = None
        self.to_human.clear()
        if self.holding:
            self.unhold()

    def _drop_master(self) -> None:
        self.master = None
        self.to_agent.clear()

    def drain(self, seconds: float) -> None:
        """At the end: everything the agent wrote, and everything to the human, unless either takes longer than this."""
        if self._anchor is not None:
            os.close(self._anchor)
            self._anchor = None
        deadline = time.monotonic() + seconds
        while self.master is not None and time.monotonic() < deadline and self._pump_all(self.master, deadline):
            pass
        self.say(self.tracker.rest())
        self.settle(max(0.1, deadline - time.monotonic()))

    def _pump_all(self, master: int, deadline: float) -> bool:
        """One read of the rest, shown before the next; whether there may be more."""
        if not self._has_room():
            self.settle(max(0.0, deadline - time.monotonic()))
        return self._pump_once(master)

    def settle(self, seconds: float) -> None:
        """Wait until the human's terminal has taken everything, as long as it takes something, and at most so long."""
        deadline = time.monotonic() + seconds
        with selectors.DefaultSelector() as selector:
            if self.human is not None and self.to_human:
                selector.register(self.human, selectors.EVENT_WRITE)
            while self.human is not None and self.to_human and (left := deadline - time.monotonic()) > 0:
                selector.select(left)
                self.flush()
