"""Becoming the agent: what the child does between fork and exec, in the order that makes each step safe."""

from __future__ import annotations

import errno
import fcntl
import os
import resource
import signal
import socket
import termios
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn

from guard.errors import CannotStart
from guard.kernel import landlock
from guard.kernel.abi import PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS, abis
from guard.kernel.bpf import Wish, assemble
from guard.kernel.libc import prctl
from guard.kernel.seccomp import install

_HINT = "Run it on Linux 5.8 or newer, outside a sandbox that forbids seccomp(2), or accept no guard at all with --dangerously-unguarded."
_CAP_SYS_ADMIN, _CAP_SYS_PTRACE = 21, 19


@dataclass(frozen=True, slots=True)
class Protection:
    """What holds in this session besides the exec gate, decided before the fork and shown in the banner."""

    scoped: bool
    no_new_privs: bool
    keep_dumpable: bool


def _effective_capabilities() -> int:
    with open("/proc/self/status", encoding="ascii", errors="replace") as status:
        for line in status:
            if line.startswith("CapEff:"):
                return int(line.split()[1], 16)
    return 0


def plan() -> Protection:
    """What this kernel and these rights allow. Raises ``CannotStart`` on a machine whose system calls are not known."""
    if not abis():
        raise CannotStart(f"The kernel gate does not know this machine ({os.uname().machine}).", _HINT)
    capabilities = _effective_capabilities()
    return Protection(
        scoped=landlock.can_scope(),
        no_new_privs=not capabilities >> _CAP_SYS_ADMIN & 1,
        keep_dumpable=not capabilities >> _CAP_SYS_PTRACE & 1,
    )


@dataclass(frozen=True, slots=True)
class Launch:
    """The agent to become.

    ``file`` is resolved; ``stdio`` are the descriptors for 0, 1, 2; ``terminal`` is its controlling terminal, or None;
    ``ignored`` are the signals that it is to ignore, as nohup would have it.
    """

    file: str
    argv: tuple[str, ...]
    env: Mapping[str, str]
    stdio: tuple[int, int, int]
    terminal: int | None
    guards: tuple[int, ...]
    groups: tuple[int, ...]
    gated: bool = True
    ignored: tuple[signal.Signals, ...] = ()


def become(launch: Launch, protection: Protection, report: socket.socket) -> NoReturn:
    """Turn this (forked, single-threaded) process into the agent.

    Never returns: when it fails it exits 125 (set-up) or 126 (exec), with the reason on ``report``.
    """
    try:
        os.setsid()
        if launch.terminal is not None:
            # SAFETY: we are a session leader without a terminal, so this pty becomes the session's; 0: do not steal.
            fcntl.ioctl(launch.terminal, termios.TIOCSCTTY, 0)
        _take_stdio(launch.stdio)
        _restore_signals(launch.ignored)
        if launch.gated:
            _enter(launch, protection, report)
    except OSError as error:
        report.sendall(b"S" + (error.strerror or str(error)).encode() + b"\0" + str(error.errno or 0).encode())
        os._exit(125)
    try:
        os.execve(launch.file, launch.argv, launch.env)
    except (OSError, ValueError) as error:
        why, number = getattr(error, "strerror", None) or str(error), getattr(error, "errno", 0) or 0
        report.sendall(b"X" + why.encode(errors="replace") + b"\0" + str(number).encode())
    os._exit(126)


def _take_stdio(stdio: tuple[int, int, int]) -> None:
    # Duplicates above 2 first, so that no order of the three can overwrite one that is still needed.
    copies = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 3) for fd in stdio]
    for number, fd in enumerate(copies):
        os.dup2(fd, number, inheritable=True)


# Python ignores the first two, the supervisor the others or blocks them: an exec would hand that on to the agent.
_OURS = (
    signal.SIGPIPE,
    signal.SIGXFSZ,
    signal.SIGINT,
    signal.SIGQUIT,
    signal.SIGTSTP,
    signal.SIGTTOU,
    signal.SIGTERM,
    signal.SIGHUP,
    signal.SIGCHLD,
)


def ignored_signals() -> tuple[signal.Signals, ...]:
    """What whoever started qguard told it to ignore (nohup, a background job of a script). Ask before the supervisor ignores its own."""
    return tuple(number for number in _OURS[2:] if signal.getsignal(number) is signal.SIG_IGN)


def _restore_signals(ignored: tuple[signal.Signals, ...]) -> None:
    for number in _OURS:
        signal.signal(number, signal.SIG_IGN if number in ignored else signal.SIG_DFL)
    signal.set_wakeup_fd(-1)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def _enter(launch: Launch, protection: Protection, report: socket.socket) -> None:
    # The guard is undumpable and so is this copy of it: until it is not, an unprivileged supervisor could not read our first argv.
    prctl(PR_SET_DUMPABLE, 1)
    if protection.no_new_privs:
        prctl(PR_SET_NO_NEW_PRIVS, 1)
    if protection.scoped:
        landlock.enter_scope()
    wish = Wish(() if protection.scoped else launch.guards, launch.groups, protection.keep_dumpable, limited=launch.guards)
    listener = install(assemble(abis(), wish))
    socket.send_fds(report, [b"L"], [listener])
    os.close(listener)


def receive_listener(report: socket.socket) -> int:
    """The supervisor's side of the handshake: the listener. Raises ``CannotStart`` with the child's reason."""
    data, fds, _, _ = socket.recv_fds(report, 4096, 1)
    if data[:1] == b"L" and fds:
        os.set_inheritable(fds[0], False)
        return fds[0]
    reason, _, number = data[1:].partition(b"\0")
    raise explain(reason.decode(errors="replace") or "the child ended before its first word", int(number or b"0"))


def explain(reason: str, number: int) -> CannotStart:
    """Why the filter could not be installed, in one sentence."""
    if number in (errno.EINVAL, errno.ENOSYS):
        return CannotStart(f"This kernel has no seccomp user notification ({reason}), so execs cannot be stopped.", _HINT)
    if number in (errno.EPERM, errno.EACCES):
        return CannotStart(f"This sandbox or container forbids the filter ({reason}), so execs cannot be stopped.", _HINT)
    return CannotStart(f"The gate could not be put in place ({reason}).", _HINT)


def is_nested() -> bool:
    """True when a filter with a listener is already in force above us (seccomp(2): EBUSY), tried in a child that then ends."""
    if not _filtered():
        return False
    child = os.fork()
    if child == 0:
        try:
            prctl(PR_SET_NO_NEW_PRIVS, 1)
            install(assemble(abis(), Wish()))
        except OSError as error:
            os._exit(1 if error.errno == errno.EBUSY else 0)
        os._exit(0)
    if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != 1:
        return False
    if "QGUARD_SESSION" not in os.environ:  # every process of a session of ours has it; a container manager's listener guards nothing
        raise CannotStart(
            "Somebody else's seccomp listener is in force here, and there can be only one, so execs cannot be stopped.", _HINT
        )
    return True


def _filtered() -> bool:
    with open("/proc/self/status", encoding="ascii", errors="replace") as status:
        return any(line.startswith("Seccomp:") and line.split()[1] == "2" for line in status)


def harden() -> None:
    """Make this process of the guard unreadable to others of the same user, without core dumps (secrets of the environment)."""
    prctl(PR_SET_DUMPABLE, 0)
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
