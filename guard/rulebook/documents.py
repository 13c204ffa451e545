"""Where the knowledge lies: YAML in a checkout, the same as JSON in a wheel, and the engineer's own files.

A wheel's JSON is what ``Node.plain`` says of the YAML: one file a provider, read when something of that provider is first seen, and an
index that says which programs there are. There is no cache that could be written to.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
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
    """One provider in the index: the names of its programs, the variables that change what these do, the SHA-256 of its file."""

    names: tuple[str, ...]
    env: tuple[str, ...] = ()
    sha256: str = ""


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
        if provider not in self.entries:
            raise RulebookError(f"There are no rules for {provider}.")
        found = _json(COMPILED / f"{provider}.json", self.entries[provider].sha256)
        return tuple(from_plain(plain, name) for name, plain in found.items())


def shipped() -> Documents:
    """The knowledge that comes with qguard. Raises ``RulebookError`` when there is none: empty is not everything (promise 11)."""
    if (COMPILED / INDEX).exists():
        found = _json(COMPILED / INDEX)
        try:
            entries = {name: Entry(tuple(one["names"]), tuple(one["env"]), str(one["sha256"])) for name, one in found["providers"].items()}
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
    """The engineer's documents, in the order of their paths. Raises ``RulebookError``, for what cannot be looked into as well."""
    return tuple(read_yaml(path, "ruleset") for folder in folders for path in sorted(_files(folder)))


def _files(folder: Path) -> Iterator[Path]:
    if not os.path.lexists(folder):
        return
    try:
        seen: set[tuple[int, int]] = set()
        for name, folders, files in os.walk(folder, onerror=_raised, followlinks=True):
            here = os.stat(name)  # noqa: PTH116 - a text from os.walk
            if (here.st_dev, here.st_ino) in seen:  # a link back to where we come from
                folders.clear()
                continue
            seen.add((here.st_dev, here.st_ino))
            for file in files:
                if file.endswith(".yml"):
                    raise RulebookError("Rules are read from files whose names end in .yaml.", file=f"{name}/{file}")
                if file.endswith(".yaml"):
                    yield Path(name, file)
    except OSError as error:
        raise RulebookError(f"The rules cannot be read: {error.strerror}.", file=str(error.filename or folder)) from error


def _raised(error: OSError) -> None:
    raise error


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


def _json(path: Path, sha256: str | None = None) -> dict[str, Any]:
    """What a file holds, when it is the one that was installed: a part of the rules would allow what the rest is there for."""
    try:
        content = path.read_bytes()
        found = json.loads(content)
    except (OSError, ValueError, RecursionError) as error:
        raise RulebookError("qguard's rules cannot be read.", _REINSTALL, file=str(path)) from error
    if not isinstance(found, dict) or sha256 not in {None, hashlib.sha256(content).hexdigest()}:
        raise RulebookError("qguard's rules are damaged.", _REINSTALL, file=str(path))
    return found
