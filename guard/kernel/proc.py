"""What /proc tells about a task: small readers, each one syscall or three (proc(5))."""

from __future__ import annotations

import os

_PAGE = 4096
_AT_LEAST = 20  # fields after the command name in /proc/PID/stat that we look at


def slurp(path: str, limit: int = 16 * 1024 * 1024) -> bytes:
    """The whole of a /proc file, up to ``limit`` bytes. Raises ``OSError``."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        data = os.read(fd, _PAGE)
        if len(data) < _PAGE:  # a short first read of a /proc file is all of it
            return data
        parts, size = [data], len(data)
        while data and size < limit:
            data = os.read(fd, 1 << 20)
            parts.append(data)
            size += len(data)
        return b"".join(parts)
    finally:
        os.close(fd)


def parent_and_start(pid: int) -> tuple[int, int]:
    """(parent pid, start time in clock ticks since boot) of ``pid``. Raises ``OSError``."""
    # The command name may hold anything, parentheses and newlines included: fields count from the last ")".
    fields = slurp(f"/proc/{pid}/stat").rpartition(b")")[2].split()
    if len(fields) < _AT_LEAST:
        raise ProcessLookupError(f"/proc/{pid}/stat is cut short")
    return int(fields[1]), int(fields[19])


def status_field(tid: int, name: str) -> int:
    """A number out of /proc/TID/status (``Tgid``, ``TracerPid``); 0 when the task is gone or has no such field."""
    try:
        text = slurp(f"/proc/{tid}/status")
    except OSError:
        return 0
    for line in text.split(b"\n"):
        key, _, value = line.partition(b":")
        if key == name.encode():
            return int(value.split()[0])
    return 0


def waiting_signals(tid: int) -> int:
    """The signals that are pending for a task and neither blocked nor ignored, as a mask (bit n-1 is signal n); 0 when it is gone."""
    try:
        text = slurp(f"/proc/{tid}/status")
    except OSError:
        return 0
    masks = dict.fromkeys((b"SigPnd", b"ShdPnd", b"SigBlk", b"SigIgn"), 0)
    for line in text.split(b"\n"):
        key, _, value = line.partition(b":")
        if key in masks:
            masks[key] = int(value, 16)
    return (masks[b"SigPnd"] | masks[b"ShdPnd"]) & ~masks[b"SigBlk"] & ~masks[b"SigIgn"]


def cmdline(pid: int) -> bytes:
    """The argv of a loaded program, each word ended by a NUL. Raises ``OSError``."""
    return slurp(f"/proc/{pid}/cmdline")


def words(block: bytes) -> tuple[str, ...]:
    """NUL-terminated words as text (surrogate escapes for what is not UTF-8)."""
    if not block:
        return ()
    return tuple(os.fsdecode(word) for word in block.removesuffix(b"\0").split(b"\0"))


def children_map() -> dict[int, list[int]]:
    """Parent pid → pids, for all processes that can be seen."""
    tree: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                parent, _ = parent_and_start(int(name))
            except OSError:
                continue  # it ended while we looked
            tree.setdefault(parent, []).append(int(name))
    return tree


def descendants(pid: int) -> tuple[int, ...]:
    """All processes below ``pid``, nearest first."""
    tree = children_map()
    found: list[int] = []
    queue = list(tree.get(pid, ()))
    while queue:
        found += queue
        queue = [child for parent in queue for child in tree.get(parent, ())]
    return tuple(found)
