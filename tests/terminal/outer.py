"""An outer process for the tests: the real plan and front, an agent on its pty, and the test as its supervisor.

outer.py SOCKET GUARD_SECONDS AGENT [ARG...]
"""

from __future__ import annotations

import fcntl
import os
import pickle
import socket
import struct
import sys
import termios

from guard.terminal import Front, SupervisorGone, TerminalPlan, prepare

HEADER = struct.Struct("!I")


class TestLink:
    """Values over a socket, pickled, each after its length."""

    def __init__(self, line: socket.socket) -> None:
        self._line, self._data = line, b""
        line.setblocking(False)

    def fileno(self) -> int:
        """For a selector."""
        return self._line.fileno()

    def receive(self) -> list:
        """All messages that have arrived."""
        try:
            data = self._line.recv(1 << 20)
        except BlockingIOError:
            return []
        if not data:
            raise EOFError
        self._data += data
        messages = []
        while len(self._data) >= HEADER.size:
            end = HEADER.size + HEADER.unpack(self._data[: HEADER.size])[0]
            if len(self._data) < end:
                break
            messages.append(pickle.loads(self._data[HEADER.size : end]))
            self._data = self._data[end:]
        return messages

    def send(self, message: object) -> None:
        """Say something."""
        data = pickle.dumps(message)
        self._line.setblocking(True)
        self._line.sendall(HEADER.pack(len(data)) + data)
        self._line.setblocking(False)


def start_agent(plan: TerminalPlan, argv: list[str]) -> int:
    """Fork the agent onto its own terminal."""
    if (pid := os.fork()) > 0:
        return pid
    os.setsid()
    if plan.slave is not None:
        fcntl.ioctl(plan.slave, termios.TIOCSCTTY, 0)
    for number, fd in enumerate(plan.stdio):
        if number == fd:
            os.set_inheritable(fd, True)
        else:
            os.dup2(fd, number)
    return os.execvp(argv[0], argv)


def main() -> int:
    """Be the outer process; the test says when it ends."""
    path, guard, *argv = sys.argv[1:]
    line = socket.socket(socket.AF_UNIX)
    line.connect(path)
    plan = prepare()
    agent = start_agent(plan, argv)
    plan.close_slave()
    link = TestLink(line)
    link.send((os.getpid(), agent, plan))
    try:
        return Front(plan, link, guard_seconds=float(guard)).run()
    except SupervisorGone:
        os.write(1, b"supervisor gone\n")
        return 70


if __name__ == "__main__":
    sys.exit(main())
