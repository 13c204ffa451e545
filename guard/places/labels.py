"""How much a place matters, by the words in its names (DESIGN section 1: "place")."""

from __future__ import annotations

import re
from collections.abc import Iterable

from guard.core.words import Label

WORDS: tuple[tuple[Label, frozenset[str]], ...] = (
    (Label.PROD, frozenset({"prod", "production", "prd", "live"})),
    (Label.STAGING, frozenset({"staging", "stage", "stg", "preprod", "uat"})),
    (Label.DEV, frozenset({"dev", "develop", "development", "test", "sandbox"})),
    (Label.LOCAL, frozenset({"local", "localhost", "minikube", "kind", "k3d", "docker-desktop", "localstack"})),
)
_WORD = re.compile(r"[a-z]+|[A-Z](?:[a-z]+|[A-Z]*(?![a-z]))")


def label_of(names: Iterable[str]) -> Label:
    """The label that some word of some name means; the one that matters most wins."""
    words = {word.lower() for name in names for word in _WORD.findall(name)}
    return next((label for label, known in WORDS if words & known), Label.UNKNOWN)
