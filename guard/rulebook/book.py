"""The rulebook: knows at once which programs it knows, and what they do when one of them is first seen."""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from guard.core.peek import Peek
from guard.core.words import Action, Invocation, Opaque
from guard.rulebook.documents import PROBES, Documents, digest_of, entry_of, own, shipped

if TYPE_CHECKING:
    from guard.core.data import Node
    from guard.rules import Probe, Ruleset


@dataclass(slots=True)
class Rulebook:
    """What is known. ``digest`` is the SHA-256 of all of it, the engineer's own rules included."""

    names: frozenset[str]
    env_names: frozenset[str]
    env_prefixes: tuple[str, ...]
    digest: str
    _documents: Documents
    _own: tuple[Node, ...] = ()
    _rulesets: dict[str, Ruleset] = field(default_factory=dict)
    _shipped: dict[str, Ruleset] = field(default_factory=dict)

    def classify(self, invocation: Invocation, peek: Peek, probes: Mapping[str, Probe] | None = None) -> tuple[Action | Opaque, ...]:
        """What ``invocation`` does, and what of it cannot be told. Raises ``RulebookError`` when its rules cannot be read."""
        from guard.rulebook.plans import terraform_plan  # noqa: PLC0415 - most starts of a session classify nothing
        from guard.rules import classify  # noqa: PLC0415

        invocation = _at_home(invocation)
        probes = probes or {"terraform-plan": terraform_plan}
        found: dict[Action | Opaque, None] = {}
        for provider in self.providers(invocation.program):
            for ruleset in self._opinions(provider):
                found |= dict.fromkeys(classify(ruleset, invocation, peek, probes))
        return tuple(found)

    def _opinions(self, provider: str) -> tuple[Ruleset, ...]:
        """All that is known, and what is shipped by itself: a rule of the engineer's own says more, and never less (promise 2)."""
        known = self.ruleset(provider)
        if provider not in self._documents.entries or not self._own_of(provider):
            return (known,)
        if provider not in self._shipped:
            self._shipped[provider] = _ruleset(provider, self._documents.of(provider))
        return known, self._shipped[provider]

    def providers(self, program: str) -> tuple[str, ...]:
        """Whose rules know ``program``."""
        shipped_ones = [provider for provider, entry in self._documents.entries.items() if program in entry.names]
        own_ones = [provider for provider, known in self._rulesets.items() if any(program in one.names for one in known.programs)]
        return tuple(dict.fromkeys((*shipped_ones, *own_ones)))

    def ruleset(self, provider: str) -> Ruleset:
        """All that is known of one provider, read when it is first asked for. Raises ``RulebookError``."""
        if provider not in self._rulesets:
            mine = self._own_of(provider)
            only_mine = bool(mine) and provider not in self._documents.entries
            self._rulesets[provider] = _ruleset(provider, (*(() if only_mine else self._documents.of(provider)), *mine))
        return self._rulesets[provider]

    @property
    def has_own(self) -> bool:
        """Whether the engineer has rules of their own."""
        return bool(self._own)

    def check_own(self) -> None:
        """Read the engineer's own rules at once, with their examples. Raises ``RulebookError``."""
        from guard.rulebook.examples import check  # noqa: PLC0415 - most engineers have none
        from guard.rules.reading import is_program, read_operations  # noqa: PLC0415

        for provider in dict.fromkeys(_provider(document) for document in self._own):
            self.ruleset(provider)
        for document in self._own:
            if not is_program(document):
                check(self, read_operations(document))

    def _own_of(self, provider: str) -> tuple[Node, ...]:
        return tuple(document for document in self._own if _provider(document) == provider)


def _at_home(invocation: Invocation) -> Invocation:
    """Programs look into the user database where ``HOME`` is not set, and find their aliases all the same."""
    if any(name == "HOME" for name, _ in invocation.env):
        return invocation
    try:
        home = pwd.getpwuid(os.getuid()).pw_dir
    except KeyError:
        return invocation
    return replace(invocation, env=tuple(sorted((*invocation.env, ("HOME", home)))))


def _provider(document: Node) -> str:
    return document.mapping(required=("provider",))["provider"].text()


def _ruleset(provider: str, documents: Iterable[Node]) -> Ruleset:
    from guard.rules import make_ruleset  # noqa: PLC0415 - as in classify
    from guard.rules.reading import is_program, read_operations, read_program  # noqa: PLC0415

    documents = tuple(documents)
    programs = [read_program(document, PROBES) for document in documents if is_program(document)]
    operations = [operation for document in documents if not is_program(document) for operation in read_operations(document)]
    return make_ruleset(provider, programs, operations)


def open_rulebook(rule_dirs: Iterable[Path] = ()) -> Rulebook:
    """The shipped rules and those in ``rule_dirs``. Raises ``RulebookError``."""
    book = make_book(shipped(), own(rule_dirs))
    if book.has_own:
        book.check_own()
    return book


def make_book(documents: Documents, mine: tuple[Node, ...] = ()) -> Rulebook:
    """A rulebook of these documents. Raises ``RulebookError``."""
    entries = [*documents.entries.values(), *([entry_of(mine)] if mine else [])]
    env = frozenset(name for entry in entries for name in entry.env)
    return Rulebook(
        names=frozenset(name for entry in entries for name in entry.names),
        env_names=frozenset(name for name in env if not name.endswith("*")),
        env_prefixes=tuple(sorted(name.rstrip("*") for name in env if name.endswith("*"))),
        digest=f"{documents.digest}+{digest_of(mine)}" if mine else documents.digest,
        _documents=documents,
        _own=mine,
    )
