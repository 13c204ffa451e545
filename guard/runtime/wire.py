"""The private line between supervisor and outer process: length-prefixed JSON over a socketpair that only these two hold.

Values are frozen dataclasses of the core; the class name goes with each, and only classes listed here come back.
"""

from __future__ import annotations

import dataclasses
import json
import socket
import struct
from collections.abc import Sequence
from typing import Any

from guard.core import cards, messages, words

_CLASSES: tuple[type[Any], ...] = (
    *(messages.Show, messages.Withdraw, messages.Tell, messages.Ended, messages.Said, messages.HungUp, messages.Signalled),
    *(cards.Question, cards.Answer, words.Ruling, words.Judged, words.Reason, words.Action, words.Place, words.Target, words.Opaque),
)
_ENUMS: tuple[type[Any], ...] = (cards.Choice, words.Verdict, words.Effect, words.Undo, words.Label)
_BY_NAME: dict[str, type[Any]] = {kind.__name__: kind for kind in (*_CLASSES, *_ENUMS)}
_HEADER = struct.Struct("!I")


def _pack(value: Any) -> Any:
    if isinstance(value, _ENUMS):
        return {"e": type(value).__name__, "v": value.value}
    if isinstance(value, _CLASSES):
        return {"c": type(value).__name__, "v": [_pack(getattr(value, field.name)) for field in dataclasses.fields(value)]}
    if isinstance(value, tuple):
        return [_pack(item) for item in value]
    return value  # a signal goes as its number; what JSON does not know fails here, at the sender


def _unpack(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_unpack(item) for item in value)
    if not isinstance(value, dict):
        return value
    if "e" in value:
        return _BY_NAME[value["e"]](value["v"])
    return _BY_NAME[value["c"]](*(_unpack(item) for item in value["v"]))


class Wire:
    """One end. Sending blocks until the other end has room; receiving never does."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._pending = bytearray()

    def fileno(self) -> int:
        """For a selector."""
        return self._socket.fileno()

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def send(self, message: messages.FromSupervisor | messages.FromOuter) -> None:
        """Say ``message``. Raises ``OSError`` when the other end is gone."""
        data = json.dumps(_pack(message)).encode("ascii")
        self._socket.sendall(_HEADER.pack(len(data)) + data)

    def receive(self) -> Sequence[Any]:
        """All whole messages that have arrived. Raises ``EOFError`` when the other end is gone and nothing is left."""
        gone = False
        while not gone:
            try:
                chunk = self._socket.recv(1 << 18, socket.MSG_DONTWAIT)
            except BlockingIOError:
                break
            except ConnectionResetError:
                chunk = b""
            gone = not chunk
            self._pending += chunk
        found = list(self._whole())
        if gone and not found:
            raise EOFError
        return found

    def _whole(self) -> Sequence[Any]:
        found = []
        while len(self._pending) >= _HEADER.size:
            (size,) = _HEADER.unpack_from(self._pending)
            if len(self._pending) < _HEADER.size + size:
                break
            body = bytes(self._pending[_HEADER.size : _HEADER.size + size])
            del self._pending[: _HEADER.size + size]
            found.append(_unpack(json.loads(body)))
        return found


def pair() -> tuple[Wire, Wire]:
    """(supervisor's end, outer's end)."""
    left, right = socket.socketpair()
    return Wire(left), Wire(right)
