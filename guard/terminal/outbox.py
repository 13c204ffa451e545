"""A queue of bytes in front of a file descriptor that does not always take them."""

from __future__ import annotations

import os
from collections import deque

_CHUNK = 1 << 16


class Outbox:
    """What is still to be written, in order. Unbounded by itself: the owner stops reading while ``len`` is too much."""

    __slots__ = ("_chunks", "_size")

    def __init__(self) -> None:
        self._chunks: deque[bytes] = deque()
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def put(self, data: bytes) -> None:
        """Add to the end."""
        if data:
            self._chunks.append(data)
            self._size += len(data)

    def clear(self) -> None:
        """Forget everything: nobody is there to read it."""
        self._chunks.clear()
        self._size = 0

    def write(self, fd: int) -> None:
        """Write what the descriptor (non-blocking) takes now. Raises ``OSError`` when it takes nothing ever again."""
        while self._chunks:
            chunk = self._chunks.popleft()
            try:
                written = os.write(fd, chunk[:_CHUNK])
            except BlockingIOError:
                self._chunks.appendleft(chunk)
                return
            except OSError:
                self._chunks.appendleft(chunk)
                raise
            self._size -= written
            if written < len(chunk):
                self._chunks.appendleft(chunk[written:])
