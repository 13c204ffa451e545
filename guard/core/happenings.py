"""What goes in and out of the session's state machine: past-tense events in, imperative effects out."""

from __future__ import annotations

from dataclasses import dataclass

from guard.core.attempts import Exec
from guard.core.cards import Answer, Question
from guard.core.grants import Grant
from guard.core.words import Ruling

# ---- events: what happened. ``at`` is seconds since the epoch. -------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ExecAttempted:
    """A process wants to start a program that some rule knows. ``attempt`` is the gate's number for it."""

    attempt: int
    exec: Exec
    ruling: Ruling
    at: float


@dataclass(frozen=True, slots=True)
class ExecUnverifiable:
    """An exec that cannot be read, judged, or checked after loading; ``why`` is a clause ("its memory cannot be opened …")."""

    attempt: int
    tid: int
    path: str
    argv: tuple[str, ...]
    why: str
    at: float


@dataclass(frozen=True, slots=True)
class HumanSaid:
    """An answer arrived."""

    answer: Answer
    at: float


@dataclass(frozen=True, slots=True)
class AgentGaveUp:
    """The process that waited for an answer is gone (killed, timed out, interrupted)."""

    attempt: int
    at: float


@dataclass(frozen=True, slots=True)
class TimedOut:
    """Nobody answered in time."""

    question: str
    at: float


@dataclass(frozen=True, slots=True)
class HumanLeft:
    """The terminal hung up: nobody can answer any more."""

    at: float


@dataclass(frozen=True, slots=True)
class ProgramLoaded:
    """An exec that concerned a rule has loaded its program and stands before its first instruction. ``ruling`` is of what was loaded.

    ``same``: file, argv and environment are those that were judged. ``why`` says what could not be read, or is empty.
    """

    attempt: int
    exec: Exec | None
    ruling: Ruling
    same: bool
    why: str
    at: float


@dataclass(frozen=True, slots=True)
class ProcessEnded:
    """A process that was let run after a ruling has ended, by ``exit_status`` or by ``signal``.

    Both None: its exec failed in the kernel after all, or (``replaced``) the process has loaded another program since.
    """

    attempt: int
    exit_status: int | None
    signal: int | None
    at: float
    replaced: bool = False


@dataclass(frozen=True, slots=True)
class NotRecorded:
    """The record of an attempt could not be written; ``why`` is the system's reason."""

    attempt: int
    why: str
    at: float


Event = ExecAttempted | ExecUnverifiable | HumanSaid | AgentGaveUp | TimedOut | HumanLeft | ProgramLoaded | ProcessEnded | NotRecorded

# ---- effects: what to do, in order. When a durable Record fails, what follows it for that attempt is not done. --------


@dataclass(frozen=True, slots=True)
class Record:
    """Write one record; ``facts`` are further (name, value) pairs. A failure comes back as ``NotRecorded``."""

    kind: str
    attempt: int = 0
    exec: Exec | None = None
    ruling: Ruling | None = None
    question: Question | None = None
    answer: Answer | None = None
    grant: Grant | None = None
    facts: tuple[tuple[str, str | int | bool | None], ...] = ()


@dataclass(frozen=True, slots=True)
class Ask:
    """Put a question to the human."""

    question: Question


@dataclass(frozen=True, slots=True)
class Withdraw:
    """Take a question back; ``grantable``: a late yes may still become a grant."""

    question: str
    why: str
    grantable: bool


@dataclass(frozen=True, slots=True)
class Resume:
    """Let a waiting exec go on, to be checked when loaded. ``unchecked``: it cannot be checked (audit mode only)."""

    attempt: int
    unchecked: bool = False


@dataclass(frozen=True, slots=True)
class Refuse:
    """Fail a waiting exec with EPERM, after one line on its standard error."""

    attempt: int
    text: str


@dataclass(frozen=True, slots=True)
class Release:
    """Let a loaded, checked program run its first instruction."""

    attempt: int


@dataclass(frozen=True, slots=True)
class Kill:
    """End a loaded program before its first instruction, after one line on its standard error."""

    attempt: int
    text: str


@dataclass(frozen=True, slots=True)
class Tell:
    """One line for the human."""

    text: str


Effect = Record | Ask | Withdraw | Resume | Refuse | Release | Kill | Tell
