"""Where the knowledge lies: YAML in a checkout, the same as JSON in a wheel, and the engineer's own files.

A wheel's JSON is what ``Node.plain`` says of the YAML: one file a provider, read when something of that provider is first seen, and an
index that says which programs there are. There is no cache that could be written to.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import guard
from guard.core.data import Node, from_plain
from guard.errors import RulebookError
from guard.rulebook.files import read_yaml

_PACKAGE = Path(guard.__file__).parent
COMPILED = _PACKAGE / "_data" / "compiled"
SOURCE = _PACKAGE.parent / "rulesets"
INDEX = "index.json"
_NOT_RULES = "policies"
_REINSTALL = "Install qguard again."


@dataclass(frozen=True, slots=True)
class Entry:
    """One provider in the index: the names of its programs, and the variables that change what these do."""

    names: tuple[str, ...]
    env: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Documents:
    """All that is shipped. ``read`` holds documents that are parsed already (a checkout's)."""

    entries: Mapping[str, Entry]
    digest: str
    read: Mapping[str, tuple[Node, ...]] = field(default_factory=dict)

    def of(self, provider: str) -> tuple[Node, ...]:
        """The documents of one provider. Raises ``RulebookError``."""
        if provider in self.read:
            return self.read[provider]
        path = COMPILED / f"{provider}.json"
        return tuple(from_plain(plain, name) for name, plain in _json(path).items())


def shipped() -> Documents:
    """The knowledge that comes with qguard. Raises ``RulebookError`` when there is none: empty is not everything (promise 11)."""
    if (COMPILED / INDEX).exists():
        found = _json(COMPILED / INDEX)
        try:
            entries = {name: Entry(tuple(one["names"]), tuple(one["env"])) for name, one in found["providers"].items()}
            documents = Documents(entries, str(found["digest"]))
        except (KeyError, TypeError, AttributeError) as error:
            raise RulebookError("qguard's index of rules is damaged.", _REINSTALL, file=str(COMPILED / INDEX)) from error
    else:
        documents = from_sources(SOURCE)
    if not documents.entries:
        raise RulebookError("qguard's rules are missing.", _REINSTALL, file=str(COMPILED))
    return documents


def from_sources(folder: Path) -> Documents:
    """The knowledge in a checkout's YAML."""
    read: dict[str, list[Node]] = {}
    for path in sorted(folder.glob("*/**/*.yaml")):
        name = path.relative_to(folder)
        if name.parts[0] != _NOT_RULES:
            read.setdefault(name.parts[0], []).append(read_yaml(path, "ruleset"))
    return Documents(
        {provider: entry_of(documents) for provider, documents in read.items()},
        digest_of(document for documents in read.values() for document in documents),
        {provider: tuple(documents) for provider, documents in read.items()},
    )


def own(folders: Iterable[Path]) -> tuple[Node, ...]:
    """The engineer's documents, in the order of their paths."""
    return tuple(read_yaml(path, "ruleset") for folder in folders for path in sorted(folder.rglob("*.yaml")))


def entry_of(documents: Iterable[Node]) -> Entry:
    """What the index says about these documents."""
    from guard.rules.reading import is_program, read_program  # noqa: PLC0415 - a wheel has its index

    programs = [read_program(document, PROBES) for document in documents if is_program(document)]
    return Entry(
        tuple(sorted({name for program in programs for name in program.names})),
        tuple(sorted({name for program in programs for name in program.env})),
    )


def digest_of(documents: Iterable[Node]) -> str:
    """SHA-256 over what the documents say."""
    return hashlib.sha256(json.dumps([document.plain() for document in documents], sort_keys=True).encode()).hexdigest()


PROBES = frozenset({"terraform-plan"})
"""The names of the probes; what they are is imported when something is classified."""


def _json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise RulebookError("qguard's rules cannot be read.", _REINSTALL, file=str(path)) from error
    if not isinstance(found, dict):
        raise RulebookError("qguard's rules cannot be read.", _REINSTALL, file=str(path))
    return found
