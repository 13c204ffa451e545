"""One line on a task's own standard error: whatever that is, and never waiting for it."""

from __future__ import annotations

import errno
import fcntl
import os
import pty
import socket
import subprocess
from contextlib import contextmanager

import pytest
from support.machine import find

from guard.kernel import tell


@contextmanager
def task(stderr):
    """A process with this standard error."""
    with subprocess.Popen([find("cat")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr) as cat:
        cat.stdin.write(b"x\n")
        cat.stdin.flush()
        cat.stdout.readline()
        yield cat.pid


@pytest.fixture(params=["pidfd_getfd", "by path"])
def way(request, monkeypatch):
    """Docker's default profile takes pidfd_getfd away."""
    if request.param == "by path":

        def refused(_pid):
            raise OSError(errno.EPERM, "no")

        monkeypatch.setattr(tell, "_borrow", refused)
    return request.param


@pytest.mark.usefixtures("way")
def test_on_a_file_it_is_appended(tmp_path):
    """After what is there."""
    path = tmp_path / "err"
    with path.open("ab") as file, task(file) as pid:
        file.write(b"before\n")
        file.flush()
        assert tell.say(pid, "refused")
        file.write(b"after\n")
    assert path.read_bytes() == b"before\nrefused\nafter\n"


@pytest.mark.usefixtures("way")
def test_on_a_pipe_and_a_terminal_it_arrives():
    """With the terminal's own line end."""
    for make, end in ((os.pipe, b"\n"), (pty.openpty, b"\r\n")):
        reader, writer = make()
        with task(writer) as pid:
            assert tell.say(pid, "refused")
            assert os.read(reader, 100) == b"refused" + end
        os.close(reader)
        os.close(writer)


def test_on_a_socket_it_arrives(way):
    """As node's agents have it; without pidfd_getfd it cannot be said, and nobody waits."""
    ours, its = socket.socketpair()
    with ours, its, task(its) as pid:
        said = tell.say(pid, "refused")
        assert said == (way == "pidfd_getfd")
        if said:
            assert ours.recv(100) == b"refused\n"


@pytest.mark.usefixtures("way")
def test_given_a_full_pipe_then_it_is_left_unsaid():
    """Nobody reads: the gate does not wait, and the pipe stays blocking for its owner."""
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    os.set_blocking(writer, False)
    os.write(writer, b"x" * 4096)
    os.set_blocking(writer, True)
    with task(writer) as pid:
        assert not tell.say(pid, "refused")
    assert os.get_blocking(writer)
    os.close(reader)
    os.close(writer)


@pytest.mark.usefixtures("way")
def test_given_a_closed_reader_then_it_is_left_unsaid():
    """No SIGPIPE for the guard."""
    reader, writer = os.pipe()
    with task(writer) as pid:
        os.close(reader)
        assert not tell.say(pid, "refused")
    os.close(writer)
    ours, its = socket.socketpair()
    with its, task(its) as pid:
        ours.close()
        assert not tell.say(pid, "refused")


def test_given_a_dead_task_then_it_is_left_unsaid():
    """Or one without a standard error."""
    with task(None) as pid:
        pass
    assert not tell.say(pid, "refused")
    with subprocess.Popen([find("sh"), "-c", "exec 2>&-; echo closed; read -r x"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as shell:
        shell.stdout.readline()
        assert not tell.say(shell.pid, "refused")


def test_text_that_is_not_utf_8_goes_out_as_it_came_in(tmp_path):
    """Names of files need not be."""
    path = tmp_path / "err"
    with path.open("ab") as file, task(file) as pid:
        assert tell.say(pid, os.fsdecode(b"caf\xe9"))
    assert path.read_bytes() == b"caf\xe9\n"
