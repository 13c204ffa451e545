"""From an invocation, a line or an argv to a ruling: classify → place → policy. The one path of every way in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Protocol

from guard.core.peek import Peek
from guard.core.words import NOTHING, Action, Invocation, Opaque, Ruling
from guard.errors import RulebookError
from guard.places import ENV_NAMES
from guard.policy import Policies, rule
from guard.ports.places import PlaceFinder
from guard.shell import Reading

_SPOKEN = 120


class Book(Protocol):
    """What is needed of the rulebook: the programs it knows, the variables it looks at, and what an invocation does."""

    @property
    def names(self) -> frozenset[str]:
        """Every program that some rule knows."""
        ...

    @property
    def env_names(self) -> frozenset[str]:
        """The variables that can change what a program does."""
        ...

    @property
    def env_prefixes(self) -> tuple[str, ...]:
        """Beginnings of the names of such variables."""
        ...

    def classify(self, invocation: Invocation, peek: Peek) -> tuple[Action | Opaque, ...]:
        """What ``invocation`` does, and what of it is not understood. Raises ``RulebookError`` when its rules cannot be read."""
        ...


@dataclass(frozen=True, slots=True)
class Explained:
    """A ruling with what led to it. The first ``counts[0]`` actions of the ruling are those of ``invocations[0]``, and so on."""

    ruling: Ruling
    invocations: tuple[Invocation, ...] = ()
    counts: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Judge:
    """Knows the rules, the policies and the places. Not understood is a value: judging raises nothing for want of understanding."""

    book: Book
    policies: Policies
    places: PlaceFinder
    peek: Peek

    def judge(self, program: str, invocation: Invocation) -> Ruling:
        """The ruling on one invocation of the watched ``program``, its wrappers already off."""
        return self._explained(Reading((replace(invocation, program=program),))).ruling

    def explain_line(self, line: str, cwd: str, env: Iterable[tuple[str, str]] = ()) -> Explained:
        """The ruling on a line, with how the line was read."""
        from guard.shell import read  # noqa: PLC0415 - the kernel gate reads no lines

        return self._explained(read(line, self.book.names, cwd=cwd, env=self._relevant(env)))

    def explain_argv(self, argv: tuple[str, ...], cwd: str, env: Iterable[tuple[str, str]] = ()) -> Explained:
        """The ruling on the words of one command, with what they come down to."""
        from guard.shell import peel  # noqa: PLC0415 - the kernel gate peels nothing

        found = peel(Invocation("", argv, cwd, self._relevant(env)), self.book.names)
        invocations = tuple(part for part in found if isinstance(part, Invocation))
        return self._explained(Reading(invocations, tuple(part for part in found if isinstance(part, Opaque))))

    def _explained(self, reading: Reading) -> Explained:
        # A line may have set any variable: of those, too, only the ones that can matter are kept.
        invocations = tuple(replace(invocation, env=self._relevant(invocation.env)) for invocation in reading.invocations)
        actions: list[Action] = []
        opaque = list(reading.opaque)
        counts = []
        for invocation in invocations:
            before = len(actions)
            try:
                done, unread = self._actions(invocation)
                actions += done
                opaque += unread
            except RulebookError as problem:
                source = " ".join(invocation.argv)[:_SPOKEN]
                opaque.append(Opaque(source, f"the rules for {invocation.program} cannot be read: {problem.sentence}"))
            counts.append(len(actions) - before)
        ruling = rule(tuple(actions), tuple(opaque), self.policies) if actions or opaque else NOTHING
        return Explained(ruling, invocations, tuple(counts))

    def _relevant(self, env: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
        """The variables that can matter, sorted: what the kernel gate reads of a process."""
        wanted, starts = self.book.env_names | ENV_NAMES, self.book.env_prefixes
        return tuple(sorted((name, value) for name, value in env if name in wanted or name.startswith(starts)))

    def _actions(self, invocation: Invocation) -> tuple[tuple[Action, ...], tuple[Opaque, ...]]:
        found = self.book.classify(invocation, self.peek)
        unread = tuple(one for one in found if isinstance(one, Opaque))
        actions = tuple(one for one in found if isinstance(one, Action))
        if not actions:
            return (), unread
        place = self.places.find(invocation)
        return tuple(replace(action, place=place, via=invocation.via) for action in actions), unread
