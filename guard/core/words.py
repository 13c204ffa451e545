"""One word, one meaning: the vocabulary that every other package speaks."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum


class Verdict(IntEnum):
    """What may happen. Combining opinions is ``max``: the strictest wins (promise 2)."""

    ALLOW = 0
    ASK = 1
    SECOND = 2
    DENY = 3

    @property
    def word(self) -> str:
        """The lower-case word used in output, records and policies."""
        return self.name.lower()


class Effect(StrEnum):
    """What an action does to the world."""

    READ = "read"
    CREATE = "create"
    CHANGE = "change"
    DELETE = "delete"
    TEARDOWN = "teardown"
    PRIVILEGE = "privilege"
    EVADE = "evade"


class Undo(StrEnum):
    """How an action can be taken back."""

    EASY = "easy"
    RESTORE = "restore"
    NONE = "none"


class Label(StrEnum):
    """How much a place matters. An unknown place may be anything."""

    LOCAL = "local"
    DEV = "dev"
    STAGING = "staging"
    PROD = "prod"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Place:
    """Where an action lands, as far as known.

    ``facts`` are (name, value) pairs in the order they should be shown, for example
    ``(("profile", "prod"), ("region", "eu-west-1"))``. They were read from what the agent can write,
    so they may tighten a ruling and never relax one, unless ``pinned`` by the engineer's policy.
    """

    label: Label = Label.UNKNOWN
    facts: tuple[tuple[str, str], ...] = ()
    pinned: bool = False


@dataclass(frozen=True, slots=True)
class Target:
    """One thing that an action acts on: ``Target("stack", "billing-prod")``."""

    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class Invocation:
    """The program and the words that will really act.

    ``program`` is the canonical name (``terraform`` for ``/usr/bin/terraform``, ``tofu`` stays ``tofu``);
    ``argv`` is whole, argv[0] included; ``env`` holds only variables that matter, sorted by name;
    ``via`` names the wrappers that were peeled, outermost first (``("sudo", "bash -c")``).
    Text that is not UTF-8 is kept by surrogate escapes (PEP 383).
    """

    program: str
    argv: tuple[str, ...]
    cwd: str = "/"
    env: tuple[tuple[str, str], ...] = ()
    via: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Opaque:
    """Something that could not be understood: a value, never an exception and never an "allow" (promise 3)."""

    source: str
    why: str


@dataclass(frozen=True, slots=True)
class Action:
    """What an invocation or a call does. Nothing here assumes that there was an argv (``argv`` may be empty)."""

    rule: str
    provider: str
    service: str | None
    operation: str
    effect: Effect
    undo: Undo
    argv: tuple[str, ...] = ()
    place: Place = Place()
    targets: tuple[Target, ...] = ()
    via: tuple[str, ...] = ()
    because: str = ""
    instead: str = ""


@dataclass(frozen=True, slots=True)
class Reason:
    """One opinion: who spoke (``default policy``, ``policy.yaml:12``), how strictly, and why, as one sentence."""

    source: str
    verdict: Verdict
    text: str


@dataclass(frozen=True, slots=True)
class Judged:
    """An action with its verdict and every reason that led to it."""

    action: Action
    verdict: Verdict
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class Ruling:
    """A verdict with every reason that led to it. An empty ruling concerns nobody: it allows."""

    verdict: Verdict = Verdict.ALLOW
    judged: tuple[Judged, ...] = ()
    opaque: tuple[Opaque, ...] = ()

    @property
    def concerns(self) -> bool:
        """True when some ruleset, reader or policy had anything to say."""
        return bool(self.judged or self.opaque)


NOTHING = Ruling()
