"""Where records go."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol


class Trail(Protocol):
    """An append-only, hash-chained list of records (promise 1: record, then act)."""

    def append(self, kind: str, body: Mapping[str, Any], *, durable: bool) -> None:
        """Write one record; with ``durable`` it is on disk (fsync) before this returns. Raises ``OSError`` when it is not."""
        ...

    def close(self) -> None:
        """Write what is buffered and let go of the file. Raises ``OSError``."""
        ...
