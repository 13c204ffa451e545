"""The private line between the supervisor and the outer process."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from guard.core.messages import FromOuter, FromSupervisor


class OuterLink(Protocol):
    """The outer process's end."""

    def fileno(self) -> int:
        """For a selector; readable when ``receive`` has something or the supervisor is gone."""
        ...

    def receive(self) -> Sequence[FromSupervisor]:
        """All messages that have arrived, never blocking. Raises ``EOFError`` when the supervisor is gone."""
        ...

    def send(self, message: FromOuter) -> None:
        """Say something. Raises ``OSError`` when the supervisor is gone."""
        ...
