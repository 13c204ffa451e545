"""Attempts: what a process of the session tried to start."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Process:
    """One process of the ancestry. ``start`` is field 22 of /proc/PID/stat (clock ticks since boot): with the pid, an identity."""

    pid: int
    start: int
    name: str
    argv: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FileId:
    """Which file it really is: stat(2) of the resolved path, as the target sees it."""

    path: str
    device: int
    inode: int
    size: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class Exec:
    """One attempt to start a program.

    ``tid`` is the calling thread, ``pid`` its thread group. ``path`` is as the caller wrote it, ``file`` what that resolves to
    inside the caller's root. ``env`` holds only the variables that matter. ``ancestry`` runs from the calling process up to the agent.
    """

    tid: int
    pid: int
    path: str
    file: FileId
    argv: tuple[str, ...]
    cwd: str = "/"
    env: tuple[tuple[str, str], ...] = ()
    ancestry: tuple[Process, ...] = ()
