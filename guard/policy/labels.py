"""What a name says about how much a place matters.

Names are written by whoever the judged process trusts, so they may only tighten: *every* label that some name has a word
of counts, and more names never take one away.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType

from guard.core.words import Label

DEFAULT_WORDS: Mapping[Label, Collection[str]] = MappingProxyType(
    {
        Label.PROD: ("prod", "production", "prd", "live"),
        Label.STAGING: ("staging", "stage", "stg", "uat", "preprod"),
        Label.DEV: ("dev", "develop", "development", "test", "sandbox"),
        Label.LOCAL: ("local", "localhost", "kind", "minikube", "k3d", "docker-desktop", "localstack"),
    }
)
STRICTEST_FIRST = (Label.PROD, Label.STAGING, Label.DEV, Label.LOCAL, Label.UNKNOWN)
"""The order in which labels are preferred. ``unknown`` comes last: it says that no name had a word for it."""

# Text, which ``re`` compiles and keeps when the first name is read: a start of a session reads none.
_CAMEL = r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[^\W_A-Za-z0-9]+"
_FLAT = r"[A-Za-z]+|[0-9]+|[^\W_A-Za-z0-9]+"


def label_for(names: Iterable[str], words: Mapping[Label, Collection[str]] = DEFAULT_WORDS) -> Label:
    """The label that matters most among those that some word of some name means; ``unknown`` when none does."""
    found = labels_in(names, words)
    return next((label for label in STRICTEST_FIRST if label in found), Label.UNKNOWN)


def labels_in(names: Iterable[str], words: Mapping[Label, Collection[str]] = DEFAULT_WORDS) -> frozenset[Label]:
    """Every label that some word of some name means."""
    said = tuple(reading for name in names for reading in (_spelled(name, _CAMEL), _spelled(name, _FLAT)))
    return frozenset(label for label, known in words.items() if any(_holds(said, word) for word in known))


def is_word(text: str) -> bool:
    """Whether ``text`` can be found as a word at all."""
    return bool(re.search(_FLAT, text))


def _spelled(text: str, pattern: str) -> str:
    """The words of a name between spaces: " billing prod 2 " for ``billingProd-2``."""
    return f" {' '.join(re.findall(pattern, text))} ".casefold()


def _holds(said: tuple[str, ...], word: str) -> bool:
    """A word of several parts (``docker-desktop``) is one when its parts follow each other."""
    looked_for = _spelled(word, _FLAT)
    return looked_for.strip() != "" and any(looked_for in name for name in said)
