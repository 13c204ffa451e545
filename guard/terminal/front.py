"""The outer process's loop: it holds the human's terminal, relays, and puts the supervisor's questions. It decides nothing."""

from __future__ import annotations

import os
import pwd
import select
import selectors
import signal
import termios
import time
from collections.abc import Callable
from typing import assert_never

from guard.core.cards import Answer, Choice, Question
from guard.core.messages import Ended, FromOuter, FromSupervisor, HungUp, Said, Show, Signalled, Tell, Withdraw
from guard.ports.link import OuterLink
from guard.terminal import tty
from guard.terminal.asking import Asking
from guard.terminal.plan import TerminalPlan
from guard.terminal.relay import Relay
from guard.terminal.signals import PASSED_ON, Signals, stop_self
from guard.terminal.stage import Stage
from guard.terminal.wording import settled

GUARD_SECONDS = 0.5
_BACKGROUND_SECONDS = 0.25
_DRAIN_SECONDS = 5.0
_SUSPEND_SECONDS = 0.5
_STDERR = 2
_CONTROL = {signal.SIGINT: termios.VINTR, signal.SIGQUIT: termios.VQUIT}
_PAPER = frozenset({"", "dumb", "unknown", "linux", "vt100", "vt102", "vt220", "ansi", "cons25"})  # no screen to put aside


class SupervisorGone(EOFError):
    """The link closed before the session had ended. The terminal has been given back."""


class Front:
    """One session's terminal side. ``run`` returns once, with the session's exit status.

    ``guard_seconds`` is how long a card must be on the screen, with no key pressed, before keys count.
    """

    def __init__(self, plan: TerminalPlan, link: OuterLink, *, guard_seconds: float = GUARD_SECONDS) -> None:
        self._plan, self._link = plan, link
        self._selector = selectors.DefaultSelector()
        self._wanted: dict[int, int] = {}
        self._ended: Ended | None = None
        self._hung_up = self._suspended = self._keys = False
        self._relay: Relay | None = None
        self._asking: Asking | None = None
        if plan.tty is not None and plan.master is not None:
            term = os.environ.get("TERM", "")
            inline = term in _PAPER
            self._raw = tty.RawMode(plan.tty, shared=plan.shared)
            self._relay = Relay(plan.tty, plan.master)
            stage = Stage(color=not os.environ.get("NO_COLOR"), inline=inline, shared=plan.shared)
            self._asking = Asking(
                self._relay, self._raw, stage, by=f"{_login()}@terminal", guard=guard_seconds, inline=inline, answered=self._answered
            )

    def run(self) -> int:
        """Serve until the session has ended. Raises ``SupervisorGone`` when it never will."""
        with Signals() as signals:
            try:
                self._begin()
                ended = self._serve(signals)
                self._finish()
            finally:
                self._give_back()
        self._epilogue(ended)
        return ended.status

    # ---- the loop --------------------------------------------------------------------------------------------------------

    def _serve(self, signals: Signals) -> Ended:
        handlers: dict[int, Callable[[int], None]] = {
            signals.fileno(): lambda _events: self._hear(signals),
            self._link.fileno(): lambda _events: self._listen(),
            **({self._relay.master: self._agent} if self._relay is not None and self._relay.master is not None else {}),
            **({self._plan.tty: self._human} if self._plan.tty is not None else {}),
        }
        self._want(signals.fileno(), selectors.EVENT_READ)
        self._want(self._link.fileno(), selectors.EVENT_READ)
        while self._ended is None:
            self._arrange()
            for key, events in self._selector.select(self._timeout()):
                handlers[key.fd](events)
            self._tick()
        return self._ended

    def _arrange(self) -> None:
        """Tell the selector what is wanted now."""
        if self._relay is None or self._asking is None:
            return
        reading = self._asking.is_open or self._keys
        wanted = dict(self._relay.interest(reading=reading))
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
        if self._asking is None:
            return None
        now = time.monotonic()
        due = self._asking.deadline(now)
        if self._plan.keys and not self._keys and not self._hung_up:
            due = min(due, now + _BACKGROUND_SECONDS)
        if self._relay is not None:
            due = min(due, self._relay.tick(now))
        return None if due == float("inf") else max(0.0, due - now)

    def _tick(self) -> None:
        if self._asking is None or self._relay is None or self._plan.tty is None or self._hung_up:
            return
        now = time.monotonic()
        if self._plan.keys and not self._keys:
            self._take_keys()
        while self._asking.is_open and (data := self._relay.read_human()) is not None:
            self._asking.typed(data, now)
        if self._asking.is_open and not tty.in_foreground(self._plan.tty):
            self._asking.close(now)
        self._asking.tick(now)
        if self._relay.human is None:
            self._hang_up()

    # ---- the four descriptors --------------------------------------------------------------------------------------------

    def _agent(self, events: int) -> None:
        if self._relay is None:
            return
        if events & selectors.EVENT_WRITE:
            self._relay.flush_agent()
        if events & selectors.EVENT_READ:
            self._relay.pump()

    def _human(self, events: int) -> None:
        if self._relay is None or self._asking is None or self._plan.tty is None:
            return
        if events & selectors.EVENT_WRITE:
            self._relay.flush()
        if not events & selectors.EVENT_READ or self._asking.is_open:
            return  # while a card is open, every turn of the loop reads
        data = self._relay.read_human()
        if data is not None:
            self._relay.feed_agent(data)
        elif self._relay.human is not None and not tty.in_foreground(self._plan.tty):
            self._keys = self._asking.keep_raw = False

    def _listen(self) -> None:
        try:
            messages = self._link.receive()
        except EOFError as error:
            raise SupervisorGone("The supervisor is gone.") from error
        for message in messages:
            self._heed(message)

    def _heed(self, message: FromSupervisor) -> None:
        now = time.monotonic()
        match message:
            case Show(question):
                self._show(question, now)
            case Withdraw():
                if self._asking is not None:
                    self._asking.withdraw(message, now)
            case Tell(text):
                self._tell(settled(text))
            case Ended():
                self._ended = message
            case _:
                assert_never(message)

    def _show(self, question: Question, now: float) -> None:
        if self._asking is None or self._hung_up:
            self._answered(Answer(question=question.id, choice=Choice.DENY, by="no terminal"))
        else:
            self._asking.show(question, now)

    def _tell(self, text: str) -> None:
        if self._asking is None or self._hung_up:
            _write_all(_STDERR, f"qguard: {text}\n")
        else:
            self._asking.tell(text)

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
            self._signalled(number)

    def _signalled(self, number: signal.Signals) -> None:
        if number is signal.SIGHUP:
            self._hang_up()
        elif number is signal.SIGTSTP:
            self._suspend()
        elif number is signal.SIGCONT:
            self._continue()
        elif number is signal.SIGWINCH and self._asking is not None:
            self._asking.resize()
        elif number in PASSED_ON and not self._press_for(number):
            self._send(Signalled(number))

    def _press_for(self, number: signal.Signals) -> bool:
        """Ctrl-C on a cooked terminal came to us as a signal; the agent's terminal makes it one for the agent."""
        if self._relay is None or self._relay.master is None or self._keys or number not in _CONTROL:
            return False
        character = tty.signal_character(self._relay.master, _CONTROL[number])
        self._relay.feed_agent(character)
        return bool(character)

    def _suspend(self) -> None:
        """Stop as everybody else does on Ctrl-Z: give the shell its terminal, say so, stop."""
        if self._asking is not None and self._relay is not None:
            self._asking.close(time.monotonic())
            self._relay.say(self._relay.tracker.leave())
            self._relay.settle(_SUSPEND_SECONDS)
            self._raw.leave()
        self._suspended = True
        self._send(Signalled(signal.SIGTSTP))
        stop_self()
        self._continue()

    def _continue(self) -> None:
        """Somebody has continued us, and has done what they liked to the terminal meanwhile."""
        suspended, self._suspended = self._suspended, False
        if suspended:
            self._send(Signalled(signal.SIGCONT))
        if self._asking is None or self._relay is None or self._plan.tty is None:
            return
        self._keys = self._asking.keep_raw = False
        if not tty.in_foreground(self._plan.tty):
            return
        self._take_keys()
        self._asking.repaint()
        if suspended:
            self._relay.say(self._relay.tracker.again())
        if not self._asking.is_open:
            self._asking.nudge(time.monotonic())

    def _hang_up(self) -> None:
        if self._hung_up:
            return
        self._hung_up = True
        self._send(HungUp())
        if self._asking is not None and self._relay is not None:
            self._keys = self._asking.keep_raw = False
            self._asking.hang_up()
            self._relay.gone()
            self._raw.leave()

    # ---- the beginning and the end ---------------------------------------------------------------------------------------

    def _begin(self) -> None:
        if self._asking is not None:
            self._asking.resize()
            self._take_keys()

    def _take_keys(self) -> None:
        """Keys are the agent's if standard input is the terminal and the terminal is ours."""
        if self._asking is None or self._plan.tty is None or self._hung_up:
            return
        self._keys = self._asking.keep_raw = self._plan.keys and tty.in_foreground(self._plan.tty)
        if self._keys or self._asking.is_open:
            self._raw.enter()

    def _finish(self) -> None:
        """The session is over: nothing is asked any more, everything that was written is shown."""
        if self._asking is not None and self._relay is not None:
            self._asking.close(time.monotonic())
            self._relay.drain(_DRAIN_SECONDS)

    def _give_back(self) -> None:
        """Whatever happened: the terminal as it was."""
        self._selector.close()
        if self._asking is not None and self._relay is not None:
            self._asking.close(time.monotonic())
            self._relay.say(self._relay.tracker.leave())
            self._relay.settle(_SUSPEND_SECONDS)
            self._raw.leave()

    def _epilogue(self, ended: Ended) -> None:
        """What was not said yet, and the summary, on the human's terminal; without one, on standard error."""
        notes = [f"qguard: {note}" for note in self._asking.notes] if self._asking is not None else []
        text = "\n".join((*notes, *(settled(line) for line in ended.text.splitlines())))
        if not text:
            return
        start = "" if self._relay is None or self._relay.at_line_start else "\n"
        human = self._relay.human if self._relay is not None else None
        _write_all(_STDERR if human is None else human, f"{start}{text}\n")


def _login() -> str:
    """Who we are by uid; the environment may say anything."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


def _write_all(fd: int, text: str) -> None:
    """Write to a descriptor that may be slow, or closed: then nobody wanted to know."""
    data = text.encode(errors="backslashreplace")
    try:
        while data and select.select([], [fd], [], _SUSPEND_SECONDS)[1]:
            data = data[os.write(fd, data[:1024]) :]
    except OSError:
        return
