"""The pen: records of one session, appended to one file that nobody else writes (promise 1: record, then act).

What the file holds is at every moment a whole chain: a write that fails is taken back to the end of the last whole
record, and the records that were not written keep their place in memory until there is room again. A trail that somebody
else shortened, lengthened or deleted takes no further record.
"""

from __future__ import annotations

import errno
import fcntl
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self

from guard.audit.names import SUFFIX, is_session_id, new_session_id
from guard.audit.place import open_directory
from guard.core.chain import NO_PREVIOUS, check, seal_line
from guard.core.escape import visible
from guard.errors import CannotStart

__all__ = ["VERSION", "FileTrail", "new_session_id"]

VERSION = 1
RESERVED = frozenset({"v", "seq", "at", "session", "kind", "prev", "hash"})
_FULL = 64 * 1024
_TOO_MUCH = 4 * 1024 * 1024


class FileTrail:
    """A trail in a file. Not for two threads, nor for two processes: after a fork one ``abandon``s it."""

    def __init__(self, descriptor: int, path: Path, session: str, clock: Callable[[], float]) -> None:
        self.path, self.session = path, session
        self._fd, self._clock = descriptor, clock
        self._size = 0
        self._next, self._previous = 0, NO_PREVIOUS  # of the next record
        self._written = (0, NO_PREVIOUS)  # the same, as far as the file goes
        self._pending: list[bytes] = []
        self._pending_size = 0
        self._lost = 0  # records given up for want of room
        self._confessed = 0  # the same, as a record in the buffer says
        self._second, self._stamp = -1, ""

    @classmethod
    def create(cls, directory: Path, session: str, *, clock: Callable[[], float] = time.time) -> Self:
        """Begin the trail of ``session`` in ``directory``. Raises ``CannotStart`` when it cannot be written there."""
        if not is_session_id(session):
            raise ValueError(f"{session!r} is no session id")
        folder = open_directory(directory)
        path = directory / (session + SUFFIX)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            descriptor = os.open(path.name, flags, 0o600, dir_fd=folder)
            os.fsync(folder)
        except OSError as error:
            raise CannotStart(
                f"The audit trail cannot be written: {visible(str(path))}: {error.strerror}.",
                "Make room or give rights there, or set XDG_STATE_HOME to another folder.",
            ) from error
        finally:
            os.close(folder)
        _lock(descriptor)
        return cls(descriptor, path, session, clock)

    def append(self, kind: str, body: Mapping[str, Any], *, durable: bool) -> None:
        """Write one record; with ``durable`` it is on disk before this returns, or it is not in the trail and this raises ``OSError``.

        Without, it is kept in memory until ``flush``, the next durable record, or 64 KiB; ``OSError`` then says that what
        is kept could not be written, and it stays kept. Raises ``NotCanonicalError`` for a body that no record can hold.
        """
        check(body)
        if durable:
            self._append_durably(kind, body)
        else:
            self.append_fast(kind, body)

    def append_fast(self, kind: str, body: Mapping[str, Any], at: float | None = None) -> None:
        """As ``append`` without ``durable``, for a body that the caller knows to be canonical (ints, text, lists, ASCII keys).

        ``at`` is when it happened, in seconds since the epoch, if not now.
        """
        self._confess()
        self._add(kind, body, at)
        if self._pending_size > _FULL:
            self.flush()

    def flush(self) -> None:
        """Hand what is buffered to the kernel, without waiting for the disk. Raises ``OSError``; the records stay buffered."""
        try:
            self._write()
        except OSError:
            if self._pending_size > _TOO_MUCH:
                self._lose()
            raise

    def close(self) -> None:
        """Write what is buffered, wait for the disk, let go of the file; a file without a record is removed. Raises ``OSError``."""
        if self._fd < 0:
            return
        try:
            self._write()
            os.fdatasync(self._fd)
        finally:
            if self._size == 0:
                self.path.unlink(missing_ok=True)
            self.abandon()

    def abandon(self) -> None:
        """Let go of the file without writing: in the process of a fork that does not keep the trail."""
        if self._fd >= 0:
            os.close(self._fd)
        self._fd = -1
        self._pending.clear()
        self._pending_size = 0

    def _add(self, kind: str, body: Mapping[str, Any], at: float | None = None) -> None:
        """Seal one record and put it into the buffer."""
        if not RESERVED.isdisjoint(body):
            raise ValueError(f"a body must not hold {', '.join(sorted(RESERVED.intersection(body)))}")
        when = self._stamp_of(self._clock() if at is None else at)
        record = {"v": VERSION, "seq": self._next, "at": when, "session": self.session, "kind": kind, **body}
        self._previous, line = seal_line(self._previous, record)
        self._next += 1
        self._pending.append(line)
        self._pending_size += len(line)

    def now(self) -> float:
        """The time by this trail's clock, in seconds since the epoch."""
        return self._clock()

    def _stamp_of(self, at: float) -> str:
        """RFC 3339 in UTC, to the millisecond."""
        second, milliseconds = divmod(int(at * 1000), 1000)
        if second != self._second:
            self._second, self._stamp = second, time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
        return f"{self._stamp}.{milliseconds:03d}Z"

    def _write(self) -> None:
        """Append what is buffered. When it raises, the file ends where it ended before."""
        if self._fd < 0:
            raise OSError(errno.EBADF, "the trail is closed")
        self._refuse_if_touched()
        text = b"".join(self._pending)
        try:
            done = 0
            while done < len(text):
                done += os.write(self._fd, memoryview(text)[done:])
        except OSError:
            os.ftruncate(self._fd, self._size)
            raise
        self._size += len(text)
        self._written = self._next, self._previous
        self._confessed = 0
        self._pending.clear()
        self._pending_size = 0

    def _refuse_if_touched(self) -> None:
        """Raise ``OSError`` when somebody else wrote to the file, cut it or deleted it: no record would be worth anything."""
        found = os.fstat(self._fd)
        try:
            named = os.lstat(self.path)
        except FileNotFoundError:
            named = None
        if named is None or not os.path.samestat(found, named) or found.st_size != self._size:
            raise OSError(errno.ESTALE, "somebody else changed or removed the trail")

    def _append_durably(self, kind: str, body: Mapping[str, Any]) -> None:
        """Write everything up to this record to disk, or leave this record out of the trail and raise ``OSError``."""
        self._confess()
        before = self._next, self._previous
        self._add(kind, body)
        length = len(self._pending[-1])
        try:
            self._write()
        except OSError:
            self._pending_size -= len(self._pending.pop())
            self._next, self._previous = before
            raise
        try:
            os.fdatasync(self._fd)
        except OSError:  # the trail must not say what its caller has to take for unsaid
            self._next, self._previous = self._written = before
            self._size -= length
            os.ftruncate(self._fd, self._size)
            raise

    def _confess(self) -> None:
        """Begin with the record that says how many before it were lost, if any were."""
        if self._lost:
            self._confessed, self._lost = self._lost, 0
            self._add("trail.gap", {"lost": self._confessed})

    def _lose(self) -> None:
        """Give up what is buffered, and remember how many records that was: the next one to be written says so."""
        confession = 1 if self._confessed else 0
        self._lost += self._next - self._written[0] - confession + self._confessed
        self._confessed = 0
        self._next, self._previous = self._written
        self._pending.clear()
        self._pending_size = 0


def _lock(descriptor: int) -> None:
    """Hold a lock for as long as the session lives, by which ``audit`` tells a running session from a crashed one.

    Nothing depends on it: on a file system without locks a session without an end is just called unfinished.
    """
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno not in (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL, errno.EWOULDBLOCK):
            raise
