"""The shipped YAML, checked and made into the JSON of a wheel. Run when one is built; a rule whose examples fail stops the build."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from guard.core.data import Node
from guard.rulebook.book import make_book
from guard.rulebook.documents import INDEX, SOURCE, Documents, from_sources
from guard.rulebook.examples import check
from guard.rulebook.files import read_yaml


def compiled(source: Path = SOURCE) -> dict[str, bytes]:
    """The files of a wheel by their names: the index, one file a provider, the default policy. Raises ``RulebookError``."""
    documents = from_sources(source)
    book = make_book(documents)
    for provider in documents.entries:
        check(book, book.ruleset(provider).operations.values())
    files = {f"{provider}.json": _dumped(dict(_named(provider, nodes))) for provider, nodes in documents.read.items()}
    files[INDEX] = _dumped(_index(documents, files))
    files["default-policy.json"] = _dumped(read_yaml(source / "policies" / "default.yaml", "policy").plain())
    return files


def _named(provider: str, nodes: tuple[Node, ...]) -> Iterator[tuple[str, object]]:
    for node in nodes:
        yield f"{provider}/{Path(node.mark.file).name}", node.plain()


def _index(documents: Documents, files: Mapping[str, bytes]) -> dict[str, object]:
    """What there is, and how each file must look: one that lost a rule is not read."""
    providers = {
        provider: {"names": entry.names, "env": entry.env, "sha256": hashlib.sha256(files[f"{provider}.json"]).hexdigest()}
        for provider, entry in documents.entries.items()
    }
    return {"digest": documents.digest, "providers": providers}


def _dumped(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=True, separators=(",", ":")).encode()
