"""A question on the human's terminal: when its screen opens and closes, and what becomes of each key."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from guard.core.cards import Answer, Question
from guard.core.messages import Withdraw
from guard.terminal.desk import Card, Desk, View
from guard.terminal.hold import Hold
from guard.terminal.keys import ENTER, Key, KeyReader, Reply, Token
from guard.terminal.patience import SCROLLS, Patience
from guard.terminal.stage import Scene, Stage

_STRING_SECONDS = 0.05  # how long a title or an image may take to end before it is cut
_KEY_SECONDS, _REPLY_SECONDS = 0.05, 0.5  # a lone ESC is a key after this; half a reply is given up after that
_BACKGROUND_SECONDS = 0.25
_NEVER = float("inf")
_BELL = b"\a"


class Asking:
    """Puts questions one at a time on a screen of their own. Times are handed in; ``answered`` is called with each answer."""

    def __init__(self, hold: Hold, stage: Stage, *, by: str, guard: float, notes: list[str], answered: Callable[[Answer], None]) -> None:
        """``notes`` are lines for the human that could not be shown yet; a card takes those off that it has shown."""
        self._hold, self._relay, self._stage, self._inline = hold, hold.relay, stage, stage.inline
        self._notes, self._answered = notes, answered
        self._desk, self._patience, self._reader = Desk(by), Patience(guard), KeyReader()
        self.is_open = False
        self._scene: Scene | None = None
        self._undrawn = False
        self._stale = False
        self._typed_at = 0.0
        self._again_at = _NEVER  # when to look whether a card can open
        self._string_until = _NEVER

    # ---- what the supervisor says ----------------------------------------------------------------------------------------

    def show(self, question: Question, now: float) -> None:
        """Queue a question."""
        self._desk.add(question, now)

    def withdraw(self, message: Withdraw, now: float) -> None:
        """Take a question back."""
        self._desk.withdraw(message, now, shown=self.is_open)

    # ---- what the human does ---------------------------------------------------------------------------------------------

    def typed(self, data: bytes, now: float) -> None:
        """One read from the human while the card is open."""
        self._typed_at = now
        self._take(self._reader.feed(data), now)

    def _take(self, tokens: Sequence[Token], now: float) -> None:
        for token in tokens:
            if isinstance(token, Reply):
                self._relay.feed_agent(token.data)
        for key in self._patience.take(tokens, now):
            self._press(key)

    def _press(self, key: Key) -> None:
        """A key that counts, for what is on the screen: since it was drawn, the desk may have changed."""
        card, scene = self._desk.top, self._scene
        if card is None or scene is None or scene.card != (card.question.id, card.late):
            return
        scrolls = key.name in SCROLLS or (key.name == ENTER and card.view is View.DETAILS)
        if scrolls and not card.late:
            self._stage.scroll(key)
            self._stale = True
        elif (answer := self._desk.press(key, seen=self._stage.fits(scene) and self._stage.is_read)) is not None:
            self._answered(answer)

    # ---- time ------------------------------------------------------------------------------------------------------------

    def tick(self, now: float) -> None:
        """Bring the screen in line with the desk. Everything typed before ``now`` has been handed to ``typed``."""
        if self.is_open:
            self._count_keys(now)
        self._desk.expire(now)
        card = self._desk.top
        if card is None:
            self._again_at = self._string_until = _NEVER
            self.close(now)
        elif self.is_open or self._opens(now):
            self._paint(card, now)
        if self._undrawn and not self._relay.to_human:
            self._undrawn = False
            self._patience.restart(now)

    def _count_keys(self, now: float) -> None:
        patience = _REPLY_SECONDS if self._reader.half_a_reply else _KEY_SECONDS
        if self._reader.unfinished and now >= self._typed_at + patience:
            self._take(self._reader.idle(), now)
        if (key := self._patience.tick(now)) is not None:
            self._press(key)

    def deadline(self, now: float) -> float:
        """When ``tick`` is due at the latest."""
        due = self._again_at
        if not self.is_open or self._scene is None:
            return due
        if self._reader.unfinished:
            due = min(due, self._typed_at + (_REPLY_SECONDS if self._reader.half_a_reply else _KEY_SECONDS))
        if self._scene.left or self._scene.late:
            due = min(due, now + 1.0)
        return min(due, self._patience.deadline())

    # ---- the screen ------------------------------------------------------------------------------------------------------

    def _opens(self, now: float) -> bool:
        """Open the question's screen, unless the terminal is another job's or in the middle of a title or an image."""
        if not self._hold.is_foreground:
            self._again_at = now + _BACKGROUND_SECONDS
            return False
        if self._relay.tracker.in_string:
            self._string_until = min(self._string_until, now + _STRING_SECONDS)
            if now < self._string_until:
                self._again_at = self._string_until
                return False
            self._relay.say(self._relay.tracker.cut())
        self._again_at = self._string_until = _NEVER
        self._hold.borrow()
        self._relay.holding = self.is_open = True
        self._relay.say(b"" if self._inline else self._relay.tracker.aside())
        return True

    def close(self, now: float) -> None:
        """Give the screen back as it was, and show what waited."""
        if not self.is_open:
            return
        self.is_open = False
        redraw = self._inline or self._relay.tracker.alternate
        self._hold.give_back_borrowed()
        self._relay.say(b"" if self._inline else self._relay.tracker.back())
        self._relay.feed_agent(self._reader.rest())
        self._relay.unhold()
        self._forget()
        if redraw:
            self._relay.nudge(now)

    def _forget(self) -> None:
        if self._scene is not None and self._scene.notes:
            del self._notes[-len(self._scene.notes) :]
        self._scene = None
        self._undrawn = False
        self._patience.stop()
        self._stage.clear()

    def hang_up(self, now: float) -> None:
        """Nobody will answer any more."""
        self._desk.clear()
        self.close(now)

    def repaint(self) -> None:
        """Somebody else has painted over the card, or the window changed: draw all of it, and let it be read anew."""
        self._stage.retouch()
        self._scene = None

    def _paint(self, card: Card, now: float) -> None:
        scene = self._look(card, now)
        before, self._scene = self._scene, scene
        if before is not None and before.card == scene.card and before.size == scene.size:
            if self._stale or before != scene:
                self._stale = False
                self._relay.say(self._stage.paint(scene))
            return
        self._patience.stop()
        scene = self._scene = self._look(card, now)
        if before is None or before.card != scene.card:
            self._stage.clear()
        self._stage.retouch()
        clear = b"" if self._inline else b"\x1b[H\x1b[2J"
        bell = b"" if card.late or (before is not None and before.card == scene.card) else _BELL
        self._relay.say(clear + self._stage.paint(scene) + bell)
        self._undrawn = True

    def _look(self, card: Card, now: float) -> Scene:
        return Scene(
            question=card.question,
            place=self._desk.place,
            left=card.seconds_left(now),
            ready=self._patience.ready,
            view=card.view,
            late=card.late,
            notes=tuple(self._notes[-1:]),
            size=self._relay.size(),
        )
