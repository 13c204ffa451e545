"""Steps that are done once: a stamp holds a fingerprint of what they were made from."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path


class StepFailed(Exception):
    """A step could not be done; the text says which and why."""


def say(text: str) -> None:
    """One line for whoever watches the set-up."""
    print(text, file=sys.stderr, flush=True)


def run(*argv: str | Path, quiet: bool = True, env: dict[str, str] | None = None) -> None:
    """Run a program of the set-up; its output is shown only when it fails (or when ``quiet`` is false)."""
    words = [str(word) for word in argv]
    try:
        subprocess.run(
            words, check=True, stdin=subprocess.DEVNULL, env=env, text=True,
            stdout=subprocess.PIPE if quiet else None, stderr=subprocess.STDOUT if quiet else None,
        )  # fmt: skip
    except FileNotFoundError as missing:
        raise StepFailed(f"{words[0]} is not installed") from missing
    except subprocess.CalledProcessError as failed:
        raise StepFailed(f"{shlex.join(words)} exited {failed.returncode}\n{failed.stdout or ''}".rstrip()) from failed


def fingerprint(*parts: object) -> str:
    """A digest over texts and over files and folders (given as ``Path``): names and contents, caches left out."""
    digest = hashlib.sha256()
    for part in parts:
        for name, content in _contents(part):
            digest.update(f"{name}\0{len(content)}\0".encode())
            digest.update(content)
    return digest.hexdigest()


def _contents(part: object) -> Iterator[tuple[str, bytes]]:
    if not isinstance(part, Path):
        yield "text", str(part).encode()
        return
    files: Iterable[Path] = sorted(part.rglob("*")) if part.is_dir() else [part]
    for file in files:
        if file.is_file() and "__pycache__" not in file.parts:
            yield str(file.relative_to(part.parent)), file.read_bytes()


def once(stamp: Path, made_from: str, title: str, make: Callable[[], None]) -> bool:
    """Call ``make`` unless ``stamp`` says that it was done from the same things. True when it was called."""
    if stamp.is_file() and stamp.read_text() == made_from:
        return False
    say(f"· {title}")
    stamp.unlink(missing_ok=True)
    make()
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(made_from)
    return True


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Only one set-up at a time works on ``folder``."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o755)
    descriptor = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
