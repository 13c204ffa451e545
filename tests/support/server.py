"""Starting a real server for the tests: ready when it says so, ended by its process id."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO


@contextmanager
def serving(program: str, env: Mapping[str, str], cwd: Path, ready: str, patience: float = 30) -> Iterator[None]:
    """Run ``program`` until the block ends. Its output is read all the time; the line that holds ``ready`` says that it serves."""
    process = subprocess.Popen(
        [program], env=dict(env), cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    assert process.stdout is not None
    said: list[bytes] = []
    is_ready = threading.Event()
    reader = threading.Thread(target=_read, args=(process.stdout, ready.encode(), said, is_ready))
    reader.start()
    try:
        assert is_ready.wait(patience), f"{program} did not start:\n{b''.join(said).decode(errors='replace')}"
        assert process.poll() is None, f"{program} ended:\n{b''.join(said).decode(errors='replace')}"
        yield
    finally:
        process.terminate()
        try:
            process.wait(20)
        finally:
            process.kill()
            process.wait()
            reader.join()
            process.stdout.close()


def _read(output: IO[bytes], ready: bytes, said: list[bytes], is_ready: threading.Event) -> None:
    for line in output:
        said.append(line)
        if ready in line:
            is_ready.set()
    is_ready.set()
