"""Which account, cluster, workspace: where an invocation would land. One file per provider, one front.

What is found was written by whoever the judged process trusts, the agent included: it may tighten a ruling and never relaxes one.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from guard.core.peek import Peek
from guard.core.words import Invocation, Label, Place
from guard.places.names import ENV_NAMES, PROVIDERS
from guard.places.peek import peek

if TYPE_CHECKING:
    from guard.places.reading import Found

__all__ = ["ENV_NAMES", "Places"]


@dataclass(frozen=True, slots=True)
class Places:
    """The ``PlaceFinder`` for real files. Providers are imported when something of theirs is judged."""

    peek: Peek = peek

    def find(self, invocation: Invocation) -> Place:
        """The place that ``invocation`` would act on, by its argv, its environment and the files these name."""
        if invocation.program not in PROVIDERS:
            return Place()
        from guard.places.reading import Sight  # noqa: PLC0415 - see the class
        from guard.policy import label_for  # noqa: PLC0415

        provider = import_module(f"{__name__}.{PROVIDERS[invocation.program]}")
        found: Found = provider.find(Sight(invocation, self.peek))
        label = label_for(found.names)
        return Place(Label.LOCAL if label is Label.UNKNOWN and found.local else label, found.facts)
