"""Looking into a file: bounded, and never waiting for anybody."""

from __future__ import annotations

import fcntl
import os
import signal
import socket

import pytest

from guard.places.peek import peek


def test_a_file_is_read_up_to_the_limit(tmp_path):
    """One byte more, and it is not read at all."""
    (tmp_path / "f").write_bytes(b"12345")
    assert peek(str(tmp_path / "f"), "", 5) == b"12345"
    assert peek("f", str(tmp_path), 6) == b"12345"
    assert peek("f", str(tmp_path), 4) is None


def test_a_file_without_a_size_is_bounded_too():
    """Files of /proc say that they are empty."""
    assert peek("/proc/self/stat", "", 1 << 16)
    assert peek("/proc/self/stat", "", 4) is None


@pytest.mark.parametrize(("path", "cwd"), [("f", ""), ("f", "relative"), ("", ""), ("a\0b", "/"), ("/\ud800", "/"), ("/" + "x" * 300, "/")])
def test_what_names_no_file_is_none(path, cwd):
    """Never an exception, and never a file relative to qguard's own directory."""
    assert peek(path, cwd, 10) is None


def test_what_is_no_regular_file_is_not_opened(tmp_path, promptly):
    """Opening a FIFO waits, opening a device acts."""
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "loop").symlink_to("loop")
    with socket.socket(socket.AF_UNIX) as served:
        served.bind(str(tmp_path / "socket"))
        with promptly():
            for path in ("fifo", "loop", "socket", ".", "/dev/zero", "/dev/tty", "/dev/ptmx"):
                assert peek(path, str(tmp_path), 100) is None


def test_a_name_that_is_not_utf_8_can_be_read(tmp_path):
    """By its surrogate escapes (PEP 383)."""
    (tmp_path / os.fsdecode(b"\xff")).write_bytes(b"x")
    assert peek("\udcff", str(tmp_path), 10) == b"x"


@pytest.mark.promise(3)
def test_a_lease_does_not_make_it_wait(tmp_path, promptly):
    """Whoever holds a lease may keep an open(2) waiting for 45 seconds (fcntl(2)): here it is unreadable at once."""
    path = tmp_path / "leased"
    path.write_bytes(b"x")
    before = signal.signal(signal.SIGIO, signal.SIG_IGN)
    try:
        with path.open("rb+") as held:
            fcntl.fcntl(held, fcntl.F_SETLEASE, fcntl.F_WRLCK)
            with promptly():
                assert peek(str(path), "", 10) is None
            fcntl.fcntl(held, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    finally:
        signal.signal(signal.SIGIO, before)
    assert peek(str(path), "", 10) == b"x"
