"""The outer process's loop: it holds the human's terminal, relays, and puts the supervisor's questions. It decides nothing."""

from __future__ import annotations

import os
import select
import selectors
import signal
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, assert_never

from guard.core.cards import Answer, Choice, Question
from guard.core.messages import Ended, FromOuter, FromSupervisor, HungUp, Said, Show, Signalled, Tell, Withdraw
from guard.ports.link import OuterLink
from guard.terminal.hold import Hold
from guard.terminal.plan import TerminalPlan
from guard.terminal.signals import PASSED_ON, Signals, stop_self

if TYPE_CHECKING:
    from guard.terminal.asking import Asking

GUARD_SECONDS = 0.5
_BACKGROUND_SECONDS = 0.25
_WRITE_SECONDS = 0.5
_MOST_NOTES = 100
_STDERR = 2
_NEVER = float("inf")
_PAPER = frozenset({"", "dumb", "unknown", "linux", "vt100", "vt102", "vt220", "ansi", "cons25"})  # no screen to put aside


class SupervisorGone(EOFError):
    """The link closed before the session had ended. The terminal has been given back."""


class Front:
    """One session's terminal side. ``run`` returns once, with the session's exit status.

    ``guard_seconds`` is how long a card must be on the screen, with no key pressed, before keys count.
    """

    def __init__(self, plan: TerminalPlan, link: OuterLink, *, guard_seconds: float = GUARD_SECONDS) -> None:
        self._plan, self._link, self._guard = plan, link, guard_seconds
        self._selector = selectors.DefaultSelector()
        self._wanted: dict[int, int] = {}
        self._notes: list[str] = []
        self._ended: Ended | None = None
        self._hung_up = False
        self._hold: Hold | None = None
        self._asking: Asking | None = None
        if plan.tty is not None and plan.master is not None:
            self._hold = Hold(plan.tty, plan.master, wants_keys=plan.keys, shared=plan.shared)

    def run(self) -> int:
        """Serve until the session has ended. Raises ``SupervisorGone`` when it never will."""
        with Signals() as signals:
            try:
                if self._hold is not None:
                    self._hold.begin()
                ended = self._serve(signals)
                self._finish()
            finally:
                self._give_back()
        self._epilogue(ended)
        return ended.status

    # ---- the loop --------------------------------------------------------------------------------------------------------

    def _serve(self, signals: Signals) -> Ended:
        handlers: dict[int | None, Callable[[int], None]] = {
            self._plan.tty: self._human,
            self._plan.master: self._agent,
            signals.fileno(): lambda _events: self._hear(signals),
            self._link.fileno(): lambda _events: self._listen(),
        }
        self._want(signals.fileno(), selectors.EVENT_READ)
        self._want(self._link.fileno(), selectors.EVENT_READ)
        while self._ended is None:
            self._arrange()
            for key, events in self._selector.select(self._timeout()):
                handlers[key.fd](events)
            self._tick(time.monotonic())
        return self._ended

    @property
    def _is_open(self) -> bool:
        """Whether a card is on the screen."""
        return self._asking is not None and self._asking.is_open

    def _arrange(self) -> None:
        """Tell the selector what is wanted now."""
        if self._hold is None:
            return
        wanted = dict(self._hold.relay.interest(reading=self._is_open or self._hold.keys))
        for fd in (self._plan.tty, self._plan.master):
            if fd is not None:
                self._want(fd, wanted.get(fd, 0))

    def _want(self, fd: int, events: int) -> None:
        before = self._wanted.get(fd, 0)
        if before == events:
            return
        self._wanted[fd] = events
        if not before:
            self._selector.register(fd, events)
        elif not events:
            self._selector.unregister(fd)
        else:
            self._selector.modify(fd, events)

    def _timeout(self) -> float | None:
        if self._hold is None:
            return None
        now = time.monotonic()
        due = min(
            self._hold.relay.tick(now),
            self._asking.deadline(now) if self._asking is not None else _NEVER,
            now + _BACKGROUND_SECONDS if self._hold.is_waiting else _NEVER,
        )
        return None if due == _NEVER else max(0.0, due - now)

    def _tick(self, now: float) -> None:
        """Bring everything up to ``now``. What was typed before ``now`` is read first: only then may a card start to listen."""
        if self._hold is None or self._hung_up:
            return
        if self._hold.is_waiting:
            self._hold.take()
        if self._asking is not None:
            self._ask(self._asking, self._hold, now)
        if self._hold.relay.human is None:
            self._hang_up()

    def _ask(self, asking: Asking, hold: Hold, now: float) -> None:
        while asking.is_open and (data := hold.relay.read_human()) is not None:
            asking.typed(data, now)
        if asking.is_open and not hold.is_foreground:
            asking.close(now)
        asking.tick(now)

    # ---- the descriptors -------------------------------------------------------------------------------------------------

    def _agent(self, events: int) -> None:
        if self._hold is None:
            return
        if events & selectors.EVENT_WRITE:
            self._hold.relay.flush_agent()
        if events & selectors.EVENT_READ:
            self._hold.relay.pump()

    def _human(self, events: int) -> None:
        if self._hold is None:
            return
        if events & selectors.EVENT_WRITE:
            self._hold.relay.flush()
        if not events & selectors.EVENT_READ or self._is_open:
            return  # while a card is open, every turn of the loop reads
        data = self._hold.relay.read_human()
        if data is not None:
            self._hold.relay.feed_agent(data)
        elif not self._hold.is_foreground:
            self._hold.lose_keys()

    def _listen(self) -> None:
        try:
            messages = self._link.receive()
        except EOFError as error:
            raise SupervisorGone("The supervisor is gone.") from error
        for message in messages:
            self._heed(message, time.monotonic())

    def _heed(self, message: FromSupervisor, now: float) -> None:
        match message:
            case Show(question):
                self._show(question, now)
            case Withdraw():
                if self._asking is not None:
                    self._asking.withdraw(message, now)
            case Tell(text):
                self._tell(text)
            case Ended():
                self._ended = message
            case _:
                assert_never(message)

    def _show(self, question: Question, now: float) -> None:
        if self._hold is None or self._hung_up:
            self._answered(Answer(question=question.id, choice=Choice.DENY, by="no terminal"))
            return
        if self._asking is None:
            self._asking = self._make_asking(self._hold)
        self._asking.show(question, now)

    def _make_asking(self, hold: Hold) -> Asking:
        from guard.terminal.asking import Asking  # noqa: PLC0415 - most sessions never ask, and every one starts
        from guard.terminal.stage import Stage  # noqa: PLC0415 - likewise

        inline = os.environ.get("TERM", "") in _PAPER
        stage = Stage(color=not os.environ.get("NO_COLOR"), inline=inline, shared=self._plan.shared)
        return Asking(hold, stage, by=f"{_login()}@terminal", guard=self._guard, notes=self._notes, answered=self._answered)

    def _tell(self, text: str) -> None:
        line = f"qguard: {_settled(text)}"
        if self._hold is None or self._hung_up:
            _write_all(_STDERR, line + "\n")
        elif not self._hold.tell(line):
            self._notes.append(text)
            del self._notes[:-_MOST_NOTES]

    def _answered(self, answer: Answer) -> None:
        self._send(Said(answer))

    def _send(self, message: FromOuter) -> None:
        try:
            self._link.send(message)
        except OSError:
            return  # it is gone: what it said last is still to be received, and then the end of the link

    # ---- signals ---------------------------------------------------------------------------------------------------------

    def _hear(self, signals: Signals) -> None:
        for number in signals.received():
            if number is signal.SIGHUP:
                self._hang_up()
            elif number is signal.SIGTSTP:
                self._suspend()
            elif number is signal.SIGCONT:
                self._resume()
            elif number is signal.SIGWINCH and self._hold is not None:
                self._hold.relay.resize()
            elif number in PASSED_ON and not (self._hold is not None and self._hold.press_for(number)):
                self._send(Signalled(number))

    def _suspend(self) -> None:
        """Stop as everybody else does on Ctrl-Z: give the shell its terminal, say so, stop."""
        if self._asking is not None:
            self._asking.close(time.monotonic())
        if self._hold is not None:
            self._hold.leave()
        self._send(Signalled(signal.SIGTSTP))
        stop_self()
        self._send(Signalled(signal.SIGCONT))
        self._resume()

    def _resume(self) -> None:
        """Somebody has continued us, and has done what they liked to the terminal meanwhile."""
        if self._hold is None:
            return
        self._hold.take()
        if self._asking is not None and self._hold.is_foreground:
            self._asking.repaint()
        if not self._is_open and self._hold.is_foreground:
            self._hold.relay.nudge(time.monotonic())

    def _hang_up(self) -> None:
        if self._hung_up:
            return
        self._hung_up = True
        self._send(HungUp())
        if self._asking is not None:
            self._asking.hang_up(time.monotonic())
        if self._hold is not None:
            self._hold.drop()

    # ---- the end ---------------------------------------------------------------------------------------------------------

    def _finish(self) -> None:
        """The session is over: nothing is asked any more, everything that was written is shown."""
        if self._asking is not None:
            self._asking.close(time.monotonic())
        if self._hold is not None:
            self._hold.finish()

    def _give_back(self) -> None:
        """Whatever happened: the terminal as it was."""
        self._selector.close()
        if self._asking is not None:
            self._asking.close(time.monotonic())
        if self._hold is not None:
            self._hold.leave()

    def _epilogue(self, ended: Ended) -> None:
        """What was not said yet, and the summary, on the human's terminal; without one, on standard error."""
        lines = [f"qguard: {_settled(note)}" for note in self._notes] + [_settled(line) for line in ended.text.splitlines()]
        if not lines:
            return
        relay = self._hold.relay if self._hold is not None else None
        start = "" if relay is None or relay.at_line_start else "\n"
        human = relay.human if relay is not None else None
        _write_all(_STDERR if human is None else human, start + "\n".join(lines) + "\n")


def _settled(text: str) -> str:
    """A line that is safe to print."""
    from guard.terminal.wording import settled  # noqa: PLC0415 - brings the tables of Unicode along

    return settled(text)


def _login() -> str:
    """Who we are by uid; the environment may say anything."""
    import pwd  # noqa: PLC0415 - only an answer needs it

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


def _write_all(fd: int, text: str) -> None:
    """Write to a descriptor that may be slow, or closed: then nobody wanted to know."""
    data = text.encode(errors="backslashreplace")
    try:
        while data and select.select([], [fd], [], _WRITE_SECONDS)[1]:
            data = data[os.write(fd, data[:1024]) :]
    except OSError:
        return
