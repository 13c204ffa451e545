"""Which account, cluster, workspace: where an invocation would land. One file per provider, one front.

What is found was written by whoever the judged process trusts, the agent included: it may tighten a ruling and never relaxes one.
"""

from __future__ import annotations

from dataclasses import dataclass

from guard.core.peek import Peek
from guard.core.words import Invocation, Label, Place
from guard.places import aws, kube, terraform
from guard.places.labels import label_of
from guard.places.peek import peek
from guard.places.reading import Found, Sight

ENV_NAMES = aws.ENV_NAMES | kube.ENV_NAMES | terraform.ENV_NAMES
"""The variables that say where something lands; no others need be read of a process."""

_PROVIDERS = (aws, kube, terraform)


@dataclass(frozen=True, slots=True)
class Places:
    """The ``PlaceFinder`` for real files."""

    peek: Peek = peek

    def find(self, invocation: Invocation) -> Place:
        """The place that ``invocation`` would act on, by its argv, its environment and the files these name."""
        provider = next((known for known in _PROVIDERS if invocation.program in known.PROGRAMS), None)
        found = provider.find(Sight(invocation, self.peek)) if provider else Found()
        label = label_of(found.names)
        return Place(Label.LOCAL if label is Label.UNKNOWN and found.local else label, found.facts)
