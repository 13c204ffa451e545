"""A watched program under another name is still that program: the same inode (a hard link, a bind mount), or the same bytes (a copy).

Only compiled programs that carry their own name are compared. What many names share (busybox, the shims of version managers) says
nothing about which of them is meant, and a script is judged by its interpreter and by its name.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from guard.core.attempts import FileId

_ELF = b"\x7fELF"
_CHUNK = 1 << 20
_REMEMBERED = 4096
Canonical = Callable[[str], str | None]
"""The watched program that a file of this name is, or ``None``."""


@dataclass(slots=True)
class Twins:
    """What the watched programs on PATH are when a session starts. ``by_size`` leads to (program, path) pairs."""

    by_inode: dict[tuple[int, int], str] = field(default_factory=dict)
    by_size: dict[int, list[tuple[str, str]]] = field(default_factory=dict)
    _known: dict[FileId, str | None] = field(default_factory=dict)

    def of(self, file: FileId, tid: int) -> str | None:
        """The watched program that ``file``, as task ``tid`` sees it, is a twin of."""
        found = self.by_inode.get((file.device, file.inode))
        if found is not None or file.size not in self.by_size:
            return found
        if file not in self._known:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[file] = self._compared(file, tid)
        return self._known[file]

    def _compared(self, file: FileId, tid: int) -> str | None:
        for program, path in self.by_size[file.size]:
            if _same_content(path, f"/proc/{tid}/root{file.path}"):
                return program
        return None


def find_twins(names: Iterable[str], path: str, canonical: Canonical) -> Twins:
    """Look at the watched programs in every directory of ``path`` (a PATH)."""
    twins = Twins()
    known = sorted(names)
    for folder in dict.fromkeys(part for part in path.split(":") if part.startswith("/")):
        for name in known:
            _add(twins, name, f"{folder}/{name}", canonical)
    return twins


def _add(twins: Twins, name: str, path: str, canonical: Canonical) -> None:
    if not os.access(path, os.F_OK):
        return
    real = os.path.realpath(path)
    if canonical(Path(real).name) != canonical(name):
        return  # a link to something that has other names as well
    try:
        with open(real, "rb") as file:  # noqa: PTH123 - as a file descriptor that can be asked for its inode
            about = os.fstat(file.fileno())
            if file.read(len(_ELF)) != _ELF:
                return
    except OSError:
        return
    twins.by_inode[about.st_dev, about.st_ino] = name
    twins.by_size.setdefault(about.st_size, []).append((name, real))


def _same_content(first: str, second: str) -> bool:
    """Whether two files of one size hold the same; one that cannot be read may."""
    try:
        with open(first, "rb", buffering=0) as one, open(second, "rb", buffering=0) as other:  # noqa: PTH123 - unbuffered
            while chunk := one.read(_CHUNK):
                if other.read(_CHUNK) != chunk:
                    return False
    except OSError:
        return True
    return True
