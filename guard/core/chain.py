"""Canonical JSON (RFC 8785) and the hash chain of the trail. Pure: a record in, a sealed record out.

The standard library writes canonical JSON when the keys are ASCII strings and no number is a float: what RFC 8785 says
about key order (UTF-16 code units) and about numbers (ECMAScript) is then what ``json`` does anyway. Whatever would make
a difference is rejected instead of being written otherwise. Text that is no valid Unicode is an argument's bytes.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

NO_PREVIOUS = "0" * 64
_LARGEST_INTEGER = 2**53 - 1  # RFC 7493: beyond it, not every reader sees the same number
_write = json.JSONEncoder(ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"), check_circular=False).encode


class NotCanonicalError(ValueError):
    """A value that canonical JSON cannot say in one way only."""


def check(value: Any) -> None:
    """Raise ``NotCanonicalError`` for anything but null, booleans, safe integers, valid text, arrays, and objects with ASCII keys."""
    match value:
        case None | bool() | str():
            pass  # text that is not Unicode cannot be encoded below
        case int():
            if abs(value) > _LARGEST_INTEGER:
                raise NotCanonicalError(f"the integer {value} is beyond 2^53 - 1")
        case list() | tuple():
            for item in value:
                check(item)
        case dict():
            for key, item in value.items():
                if not (isinstance(key, str) and key.isascii()):
                    raise NotCanonicalError(f"the key {key!r} is not ASCII text")
                check(item)
        case _:
            raise NotCanonicalError(f"a {type(value).__name__} has no canonical form")


def canonical(value: Any) -> bytes:
    """Return ``value`` as canonical JSON. Raises ``NotCanonicalError``."""
    check(value)
    return _bytes(value)


def _bytes(value: Any) -> bytes:
    """Write a value that was checked, or that is known to be right."""
    try:
        return _write(value).encode()
    except UnicodeEncodeError as error:
        raise NotCanonicalError("a text is not valid Unicode: encode_argument() keeps its bytes") from error


def encode_argument(text: str) -> str | dict[str, str]:
    """``text`` as a record has it: itself, or ``{"bytes": BASE64}`` when it stands for bytes that are not UTF-8 (PEP 383)."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raw = text.encode("utf-8", "surrogateescape" if _only_escapes(text) else "surrogatepass")
        return {"bytes": base64.b64encode(raw).decode("ascii")}
    return text


def _only_escapes(text: str) -> bool:
    """Whether every surrogate in ``text`` is one that PEP 383 makes, as in anything that the kernel gave us."""
    return not any("\ud800" <= char <= "\udfff" and not "\udc80" <= char <= "\udcff" for char in text)


def decode_argument(value: str | Mapping[str, str]) -> str:
    """Return what ``encode_argument`` was given. Raises ``ValueError`` for anything it cannot have returned."""
    if isinstance(value, str):
        return value
    return base64.b64decode(value["bytes"], validate=True).decode("utf-8", "surrogateescape")


def digest(record: Mapping[str, Any]) -> str:
    """Return the SHA-256 of the canonical form of ``record`` without its ``hash``, in hexadecimal."""
    return hashlib.sha256(canonical({key: value for key, value in record.items() if key != "hash"})).hexdigest()


def seal(previous: str, record: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``record`` with ``prev``, the hash of the record before it, and its own ``hash``, which covers ``prev``."""
    sealed = {**record, "prev": previous}
    return {**sealed, "hash": digest(sealed)}


def seal_line(previous: str, record: Mapping[str, Any]) -> tuple[str, bytes]:
    """Return the hash of ``record`` and its sealed line, newline included: the hot path, written once and hashed once.

    The hash stands in its sorted place, so that the line is canonical too. ``record`` is not checked, but for its text:
    the caller vouches that ``check`` would pass.
    """
    body = _bytes({**record, "prev": previous, "hash": previous})
    place = b'"hash":"' + previous.encode() + b'",'  # "prev" always follows, hence the comma
    head, found, tail = body.partition(place)
    if not found or place in tail:  # a nested "hash" that says the same: take the long way
        sealed = seal(previous, record)
        return str(sealed["hash"]), _bytes(sealed) + b"\n"
    hashed = hashlib.sha256(head + tail).hexdigest()
    return hashed, b"".join((head, b'"hash":"', hashed.encode(), b'",', tail, b"\n"))


class Flaw(StrEnum):
    """Why a record cannot follow another; the value says it."""

    EDITED = "its hash does not fit what it says: it was edited"
    MISPLACED = "it does not follow the record before it: one was removed, inserted or moved"


def check_link(previous: str, record: Mapping[str, Any]) -> Flaw | None:
    """Return why ``record`` cannot be the one after the record whose hash is ``previous``; ``None`` when it can."""
    try:
        own = digest(record)
    except NotCanonicalError:
        return Flaw.EDITED
    if record.get("hash") != own:
        return Flaw.EDITED
    return None if record.get("prev") == previous else Flaw.MISPLACED
