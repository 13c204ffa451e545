"""The questions on the desk: one card at a time, in the order in which they came. Pure: keys and times are handed in."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum, auto

from guard.core.cards import Answer, Choice, Question
from guard.core.messages import Withdraw
from guard.terminal.keys import ENTER, ESCAPE, INTERRUPT, Key

LATE_SECONDS = 15.0
_DENIES = frozenset({ENTER, ESCAPE, INTERRUPT, "d"})
_CHOICES = {"o": Choice.ONCE, "s": Choice.AGAIN}
_OPENS_DETAILS = frozenset({"m", "?"})
_LEAVES_DETAILS = frozenset({"m", "?", "q", ESCAPE})


class View(Enum):
    """What of the card is on the screen."""

    CARD = auto()
    DETAILS = auto()


@dataclass(frozen=True, slots=True)
class Card:
    """One question on the desk. ``since`` is when it came; ``late`` is why nobody waits for its answer any more."""

    question: Question
    since: float
    view: View = View.CARD
    late: str = ""
    late_until: float = 0.0

    def seconds_left(self, now: float) -> int | None:
        """Until it answers itself; ``None`` when it never does."""
        if self.late or not self.question.timeout:
            return None
        return max(0, int(self.since + self.question.timeout - now))


class Desk:
    """The queue of cards; the first one is shown."""

    __slots__ = ("_by", "_cards", "_done")

    def __init__(self, by: str) -> None:
        self._by = by
        self._cards: list[Card] = []
        self._done = 0

    @property
    def top(self) -> Card | None:
        """The card to show."""
        return self._cards[0] if self._cards else None

    @property
    def place(self) -> tuple[int, int]:
        """Count (the shown card, of how many) since the desk was empty last."""
        return self._done + 1, self._done + len(self._cards)

    def add(self, question: Question, now: float) -> None:
        """Queue a question; the same one again changes nothing."""
        if all(card.question.id != question.id for card in self._cards):
            self._cards.append(Card(question, now))

    def withdraw(self, message: Withdraw, now: float, *, shown: bool) -> None:
        """Take a question back. One that a human is looking at stays a moment longer when a late yes still has a meaning."""
        for index, card in enumerate(self._cards):
            if card.question.id != message.question:
                continue
            if index == 0 and shown and message.grantable:
                self._cards[0] = replace(card, view=View.CARD, late=message.why or "it is gone", late_until=now + LATE_SECONDS)
            else:
                self._remove(index)
            return

    def expire(self, now: float) -> None:
        """Close a late card that nobody wanted."""
        if self._cards and self._cards[0].late and now >= self._cards[0].late_until:
            self._remove(0)

    def clear(self) -> None:
        """Nobody is there to answer any more."""
        self._cards.clear()
        self._done = 0

    def press(self, key: Key, *, seen: bool) -> Answer | None:
        """A key that counts. Only a card that can be ``seen`` can be agreed to. Returns the answer, if it is one."""
        card = self._cards[0]
        if card.late:
            self._remove(0)
            return self._answer(card, Choice.ONCE) if key.name == "o" and seen else None
        if key.name in _CHOICES:
            return self._decide(card, _CHOICES[key.name]) if seen else None
        if card.view is View.DETAILS and key.name in _LEAVES_DETAILS:
            self._cards[0] = replace(card, view=View.CARD)
        elif card.view is View.CARD and key.name in _OPENS_DETAILS:
            self._cards[0] = replace(card, view=View.DETAILS)
        elif key.name in _DENIES and not (card.view is View.DETAILS and key.name == ENTER):
            return self._decide(card, Choice.DENY)
        return None

    def _decide(self, card: Card, choice: Choice) -> Answer:
        self._remove(0)
        return self._answer(card, choice)

    def _answer(self, card: Card, choice: Choice) -> Answer:
        return Answer(question=card.question.id, choice=choice, by=self._by, late=bool(card.late))

    def _remove(self, index: int) -> None:
        """A withdrawn card further down counts as done, too: "1 of 3" never becomes a smaller whole while one is answered."""
        del self._cards[index]
        self._done = self._done + 1 if self._cards else 0
