"""A question as it is put to a human: plain data, so that a terminal, a page or a team store can show it alike."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from guard.core.words import Ruling


class Choice(StrEnum):
    """What a human can answer."""

    DENY = "deny"
    ONCE = "once"
    AGAIN = "again"  # the same command again this session


@dataclass(frozen=True, slots=True)
class Question:
    """One open question.

    ``argv`` is raw: whoever shows it escapes it. ``chain`` is the process chain from the agent to the command, one short
    text each. ``asked_at`` and ``expires_at`` are RFC 3339 in UTC; ``expires_at`` is empty when the question never expires;
    ``timeout`` is that span in seconds (0 = never). ``position`` is (this, of how many) in the queue.
    """

    id: str
    session: str
    argv: tuple[str, ...]
    cwd: str
    file: str
    ruling: Ruling
    chain: tuple[str, ...] = ()
    agent: str = ""
    task: str = ""
    asked_at: str = ""
    expires_at: str = ""
    timeout: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """What a human (or the lack of one) said to a question. ``by`` says who or what answered; ``late`` that nobody waited any more."""

    question: str
    choice: Choice
    by: str
    late: bool = False
    note: str = ""
