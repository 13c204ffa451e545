"""Policies as values: tables of verdicts, rules of an engineer or a project, and which of them can relax what.

Most are named tuples: every start of a session pays for each dataclass, about half a millisecond.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from fnmatch import fnmatchcase
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias

from guard.core.words import Action, Effect, Label, Verdict


class Layer(Enum):
    """Whose policy it is, and so what it may do."""

    DEFAULT = auto()  # complete, and the last word where nobody else speaks
    USER = auto()  # the engineer's: may relax
    PROJECT = auto()  # a repository's: only tightens (promise 7)


class Cell(NamedTuple):
    """One entry of a table of verdicts. ``source`` is where it stands."""

    verdict: Verdict
    source: str


Table: TypeAlias = Mapping[Effect, Cell]
Globs: TypeAlias = tuple[str, ...]
_NONE: Mapping[Any, Any] = MappingProxyType({})


class Seen(NamedTuple):
    """An action as policies see it.

    ``labels`` is every label that something said about its place; ``proven`` the one that its pinned place has for certain,
    if it has one and nothing said a stricter one. ``command`` is its argv in the notation of a shell, "" when there was none.
    """

    action: Action
    labels: frozenset[Label]
    proven: Label | None
    command: str


class Condition(NamedTuple):
    """When a rule speaks: each field that is not empty must fit."""

    effects: tuple[Effect, ...] = ()
    providers: Globs = ()
    services: Globs = ()
    operations: Globs = ()
    rules: Globs = ()
    labels: tuple[Label, ...] = ()
    targets: Globs = ()
    commands: Globs = ()

    def may_fit(self, seen: Seen) -> bool:
        """Whether it could be meant: one of the labels and one of the targets will do. Enough to tighten."""
        return (
            self._fits_action(seen)
            and (not self.labels or not seen.labels.isdisjoint(self.labels))
            and (not self.targets or any(_fits(self.targets, target.name) for target in seen.action.targets))
        )

    def surely_fits(self, seen: Seen) -> bool:
        """Whether it is meant beyond doubt: a pinned place, and all of the targets. Needed to relax."""
        return (
            self.may_fit(seen)
            and (not self.labels or seen.proven in self.labels)
            and (not self.targets or all(_fits(self.targets, target.name) for target in seen.action.targets))
        )

    def _fits_action(self, seen: Seen) -> bool:
        action = seen.action
        fields = (
            (self.providers, action.provider),
            (self.services, action.service or ""),
            (self.operations, action.operation),
            (self.rules, action.rule),
            (self.commands, seen.command),
        )
        return (not self.effects or action.effect in self.effects) and all(not globs or _fits(globs, value) for globs, value in fields)


def _fits(globs: Globs, value: str) -> bool:
    """What is not there fits no glob, not even ``*``."""
    return bool(value) and any(fnmatchcase(value, glob) for glob in globs)


class Rule(NamedTuple):
    """One line of somebody's policy."""

    when: Condition
    verdict: Verdict
    because: str
    source: str


class Pin(NamedTuple):
    """A fact about a place (``account``, ``server``) whose value means a label."""

    label: Label
    fact: str
    value: str


class Policy(NamedTuple):
    """One policy file. Tables may be empty, the default policy's is complete."""

    layer: Layer
    name: str
    verdicts: Table = _NONE
    places: Mapping[Label, Table] = _NONE
    rules: tuple[Rule, ...] = ()
    words: Mapping[Label, frozenset[str]] = _NONE
    pins: tuple[Pin, ...] = ()
    approvers: tuple[str, ...] = ()
    ask_timeout: int | None = None


@dataclass(frozen=True, slots=True)
class Policies:
    """What is in force in a session. ``digest`` is the SHA-256 of all that was read, ``ask_timeout`` in seconds (0: for ever)."""

    default: Policy
    user: Policy | None
    project: Policy | None
    words: Mapping[Label, frozenset[str]]
    approvers: tuple[str, ...]
    ask_timeout: int
    digest: str

    @property
    def pins(self) -> tuple[Pin, ...]:
        """The pins of all policies."""
        return tuple(pin for policy in (self.default, self.user, self.project) if policy for pin in policy.pins)
