"""What the supervisor and the outer process (which holds the human's terminal) say to each other. Frozen, JSON-able values."""

from __future__ import annotations

from dataclasses import dataclass

from guard.core.cards import Answer, Question


@dataclass(frozen=True, slots=True)
class Show:
    """supervisor → outer: put this question to the human (questions queue up; one card at a time)."""

    question: Question


@dataclass(frozen=True, slots=True)
class Withdraw:
    """supervisor → outer: nobody waits for this answer any more; ``why`` is one sentence for the human.

    With ``grantable`` a late ``once`` still makes a one-shot grant, so the card may offer it.
    """

    question: str
    why: str
    grantable: bool = False


@dataclass(frozen=True, slots=True)
class Tell:
    """supervisor → outer: one line for the human, shown when it does not tear the agent's screen."""

    text: str


@dataclass(frozen=True, slots=True)
class Ended:
    """supervisor → outer: the session is over; exit with ``status`` after showing ``text`` (the summary, may be empty)."""

    status: int
    text: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    """outer → supervisor: the human answered."""

    answer: Answer


@dataclass(frozen=True, slots=True)
class HungUp:
    """outer → supervisor: the human's terminal is gone."""


@dataclass(frozen=True, slots=True)
class Signalled:
    """outer → supervisor: the outer process got this signal and the session should get it too."""

    signal: int


FromSupervisor = Show | Withdraw | Tell | Ended
FromOuter = Said | HungUp | Signalled
