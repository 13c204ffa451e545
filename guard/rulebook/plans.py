"""What a saved Terraform plan would do, read from the file without running Terraform: whether it destroys, or deletes anything.

Source: Terraform's internal/plans/planfile (a zip archive whose member ``tfplan`` is a protocol buffer) and planproto/planfile.proto;
OpenTofu 1.x has kept both. Field numbers: protobuf.dev/programming-guides/encoding.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence

from guard.core.peek import Peek
from guard.rules.classify import MORE
from guard.rules.model import Parameters

LARGEST = 64 << 20
_MEMBER = "tfplan"
_VERSION = 3
_MODE, _CHANGES, _FORMAT = 17, 3, 1  # message Plan
_NORMAL, _DESTROY, _REFRESH_ONLY = 0, 1, 2  # enum Mode
_CHANGE, _ADDRESS = 9, 13  # message ResourceInstanceChange
_ACTION = 1  # message Change
_KEEPING = frozenset({0, 1, 2, 3})  # enum Action: NOOP, CREATE, READ, UPDATE
_TAKING = frozenset({5, 6, 7, 8, 9})  # DELETE, DELETE_THEN_CREATE, CREATE_THEN_DELETE, FORGET, CREATE_THEN_FORGET
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_MOST = 1000
_MOST_FIELDS = 1 << 20


class _Unreadable(Exception):
    """No plan that we can read."""


_WRONG = (
    _Unreadable,
    zipfile.BadZipFile,
    zlib.error,
    KeyError,
    NotImplementedError,
    RuntimeError,
    EOFError,
    OSError,
    ValueError,
    MemoryError,
)
"""What ``zipfile`` raises for archives that are none."""


def terraform_plan(words: Sequence[str], options: Parameters, cwd: str, peek: Peek) -> Parameters:
    """``plan``: ``destroys``, ``deletes``, ``keeps`` or ``unread``; nothing when no plan is named. ``resource``: what it deletes."""
    if not words:
        return {}
    directory = options.get("chdir", ("",))[-1]
    if directory:
        cwd = directory if directory.startswith("/") else f"{cwd}/{directory}" if cwd else ""
    content = peek(words[0], cwd, LARGEST)
    if content is None:
        return {"plan": ("unread",)}
    try:
        destroys, deleted = _read(_unzipped(content))
    except _WRONG:
        return {"plan": ("unread",)}
    return {
        "plan": ("destroys" if destroys else "deletes" if deleted else "keeps",),
        "resource": deleted[:_MOST] + (MORE,) * (len(deleted) > _MOST),
    }


def _unzipped(content: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        if archive.namelist().count(_MEMBER) != 1:  # of two, Go reads the first and Python the last
            raise _Unreadable
        if archive.getinfo(_MEMBER).compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:  # Go reads no others
            raise _Unreadable
        with archive.open(_MEMBER) as member:
            plan = member.read(LARGEST + 1)
    if len(plan) > LARGEST:
        raise _Unreadable
    return plan


def _read(plan: bytes) -> tuple[bool, tuple[str, ...]]:
    """(whether it was planned with ``-destroy``, the addresses of what it deletes). A field that is there twice counts as the worse."""
    fields = list(_fields(plan))
    if {value for number, value in fields if number == _FORMAT} != {_VERSION}:
        raise _Unreadable
    modes = {value for number, value in fields if number == _MODE}
    if not modes <= {_NORMAL, _DESTROY, _REFRESH_ONLY}:
        raise _Unreadable
    deleted = []
    for change in _messages(fields, _CHANGES):
        instance = list(_fields(change))
        actions = {value for one in _messages(instance, _CHANGE) for number, value in _fields(one) if number == _ACTION}
        if not actions <= _KEEPING | _TAKING:
            raise _Unreadable
        if actions & _TAKING:
            deleted.append(next((one.decode("utf-8", "surrogateescape") for one in _messages(instance, _ADDRESS)), ""))
    return _DESTROY in modes, tuple(deleted)


def _messages(fields: Iterable[tuple[int, int | bytes]], wanted: int) -> Iterator[bytes]:
    """The values of a field that is made of bytes."""
    for number, value in fields:
        if number == wanted:
            if not isinstance(value, bytes):
                raise _Unreadable
            yield value


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """(field number, value) of a message in the wire format."""
    at = count = 0
    while at < len(message):
        count += 1
        if count > _MOST_FIELDS:
            raise _Unreadable
        key, at = _varint(message, at)
        kind = key & 7
        value: int | bytes
        if kind == _VARINT:
            value, at = _varint(message, at)
        else:
            if kind == _BYTES:
                size, at = _varint(message, at)
            elif kind in (_FIXED64, _FIXED32):
                size = 8 if kind == _FIXED64 else 4
            else:
                raise _Unreadable
            if at + size > len(message):
                raise _Unreadable
            value, at = message[at : at + size], at + size
        yield key >> 3, value


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(message) and shift < 70:  # noqa: PLR2004 - ten bytes of seven bits
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at += 1
        if byte < 0x80:  # noqa: PLR2004 - the last byte has its highest bit clear
            return value, at
        shift += 7
    raise _Unreadable
