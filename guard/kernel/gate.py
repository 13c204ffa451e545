"""The gate itself: waiting calls in, answers out; and the second look at what was loaded.

The gate knows no rules. It reads what a task wants to run, lets it run under the eye of a one-shot trace, or refuses;
whoever drives it decides. All of it runs in one thread (ptrace's rule).
"""

from __future__ import annotations

import contextlib
import errno
import os
import signal
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import NamedTuple

from guard.core.attempts import Exec, FileId, Process
from guard.kernel import proc, ptrace, seccomp, tell
from guard.kernel.abi import BY_AUDIT
from guard.kernel.memory import Memory, TooLong, Unreadable
from guard.kernel.ptrace import Stop
from guard.kernel.resolve import AT_FDCWD, Program, Resolver

_MAX_DEPTH = 64
_NEAR = 4096  # bytes between a path and its argv[0] that are worth one read: shells hand over the same string, or its neighbour
_ENDING = sum(1 << (number - 1) for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGALRM, signal.SIGTERM))


@dataclass(slots=True, eq=False)
class Attempt:
    """One exec that waits for an answer, then (``armed``) for what it loads. ``why`` is set when it could not be read.

    ``argv`` is raw; ``program`` is what ``path`` resolves to. ``environment`` is the address of the envp array. ``replaces`` is the earlier
    attempt whose program ends, unfinished, when this one loads (a shim that execs the real thing). ``at`` is (dirfd, flags).
    """

    number: int
    notification: seccomp.Notification
    path: str = ""
    argv: tuple[bytes, ...] = ()
    program: Program | None = None
    environment: int = 0
    why: str = ""
    pid: int = 0
    concerns: bool = False
    kept: bool = False
    words: tuple[str, ...] = ()
    replaces: Attempt | None = None
    at: tuple[int, int] = (AT_FDCWD, 0)

    @property
    def tid(self) -> int:
        """The calling thread."""
        return self.notification.tid

    def as_script(self, program: Program) -> tuple[bytes, ...]:
        """The argv that the kernel gives to a script's interpreter in the place of ours: argv[0] is lost (fs/binfmt_script.c)."""
        return (*map(os.fsencode, (*program.prefix, self.path)), *self.argv[1:])


class Loaded(NamedTuple):
    """What an armed task has really loaded, stopped before its first instruction.

    ``same`` means: file and argv are those that were judged. Otherwise ``file`` and ``argv`` are the truth, or ``why`` says
    that it could not be read.
    """

    attempt: Attempt
    pid: int
    same: bool
    file: FileId | None = None
    argv: tuple[str, ...] = ()
    why: str = ""


@dataclass(frozen=True, slots=True)
class Gone:
    """A task has ended with this raw wait ``status``; or (None) its exec has failed in the kernel, and it lives on as what it was."""

    attempt: Attempt | None
    pid: int
    status: int | None


@dataclass(slots=True)
class Gate:
    """Owns the listener and the table of armed tasks.

    ``env_wanted(name)`` says which environment variables matter; of those that are ``env_sealed`` too only a digest is kept, by a key of
    this session: enough to tell that one changed. ``debuggers`` accepts tasks that somebody else traces: their
    exec cannot be checked after loading (``--allow-debuggers``).
    """

    listener: int
    env_wanted: Callable[[bytes], bool]
    env_sealed: Callable[[bytes], bool] = lambda _name: False
    debuggers: bool = False
    resolver: Resolver = field(default_factory=Resolver)
    armed: dict[int, Attempt] = field(default_factory=dict)
    kept: dict[int, Attempt] = field(default_factory=dict)
    _key: bytes = field(default_factory=lambda: os.urandom(16), repr=False)
    _count: int = 0
    _failed: set[int] = field(default_factory=set)
    _news: deque[Gone] = field(default_factory=deque)

    def fileno(self) -> int:
        """For a selector."""
        return self.listener

    # ---- before the exec -------------------------------------------------------------------------------------------

    def receive(self) -> Attempt | None:
        """The next exec that a human or a rule may care about; answers by itself those that could not succeed anyway.

        ``None``: nothing to decide. An attempt with ``why`` could not be read. Raises ``OSError`` when the listener is lost.
        """
        notification = seccomp.receive(self.listener)
        if notification is None:
            return None
        self._count += 1
        attempt = Attempt(self._count, notification)
        try:
            self._read(attempt)
        except Unreadable as problem:
            attempt.why = str(problem)
        except TooLong:
            seccomp.refuse(self.listener, notification.id, errno.E2BIG)
            return None
        except OSError as problem:
            seccomp.refuse(self.listener, notification.id, problem.errno or errno.EACCES)
            return None
        return attempt

    def _read(self, attempt: Attempt) -> None:
        call = attempt.notification
        abi = BY_AUDIT.get(call.audit)
        if abi is None:
            raise Unreadable(f"its system call ABI {call.audit:#x} is not known")
        if call.nr == abi.execve:
            dirfd, (path, argv, environment), flags = AT_FDCWD, call.args[:3], 0
        else:
            # int arguments: the kernel looks at the low 32 bits only
            dirfd, (path, argv, environment), flags = _signed(call.args[0]), call.args[1:4], call.args[4] & 0xFFFFFFFF
        memory = Memory(call.tid)
        pointers = memory.pointers(argv, abi)
        if pointers and abs(pointers[0] - path) < _NEAR:
            file, *words = memory.strings([path, *pointers])
        else:
            file, words = memory.string(path, 4096), memory.strings(pointers)
        attempt.path, attempt.argv = os.fsdecode(file), tuple(words)
        attempt.words = tuple(map(os.fsdecode, attempt.argv))
        attempt.environment = environment
        attempt.at = dirfd, flags
        attempt.program = self.resolver.resolve(call.tid, dirfd, attempt.path, flags)

    def describe(self, attempt: Attempt) -> Exec:
        """The attempt with all that a rule or a human may want to know. Raises ``Unreadable`` or ``OSError`` when the task is going."""
        call = attempt.notification
        attempt.program = program = self.resolver.resolve_carefully(call.tid, attempt.at[0], attempt.path, attempt.at[1])
        attempt.pid = proc.status_field(call.tid, "Tgid") or call.tid
        try:
            cwd = os.readlink(f"/proc/{call.tid}/cwd")
        except OSError as error:
            raise Unreadable(f"its working directory cannot be read ({error.strerror})") from error
        memory = Memory(call.tid)
        try:
            env = memory.strings(memory.pointers(attempt.environment, BY_AUDIT[call.audit]))
        except TooLong as error:
            raise Unreadable("its environment is longer than the kernel takes") from error
        # Only now is it certain that what was read is of the waiting task and not of a later owner of its number.
        if not self.is_waiting(attempt):
            raise ProcessLookupError(errno.ESRCH, "the task is gone")
        return Exec(
            tid=call.tid,
            pid=attempt.pid,
            path=attempt.path,
            file=program.file,
            argv=attempt.words,
            cwd=cwd,
            env=self._relevant(env),
            ancestry=ancestry(attempt.pid, os.getpid()),
        )

    def _relevant(self, env: list[bytes]) -> tuple[tuple[str, str], ...]:
        pairs = (word.partition(b"=") for word in env)
        # getenv(3) finds the first of two equal names, so the first is the one that counts.
        chosen: dict[bytes, bytes] = {}
        for name, _, value in pairs:
            if self.env_wanted(name):
                chosen.setdefault(name, self._sealed(value) if self.env_sealed(name) else value)
        return tuple(sorted((os.fsdecode(name), os.fsdecode(value)) for name, value in chosen.items()))

    def _sealed(self, value: bytes) -> bytes:
        return b"sealed:" + blake2b(value, key=self._key, digest_size=8).hexdigest().encode()

    def is_waiting(self, attempt: Attempt) -> bool:
        """True while the task still waits for this answer."""
        return seccomp.is_waiting(self.listener, attempt.notification.id)

    def interrupt_if_signalled(self, attempt: Attempt) -> bool:
        """End the call with EINTR when the task has caught a signal that ends programs. True when it did.

        A task waits killably: a signal that it has a handler for (timeout(1)'s TERM, before its child has loaded anything) would
        otherwise wait as long as the human does.
        """
        return bool(proc.waiting_signals(attempt.tid) & _ENDING) and seccomp.refuse(self.listener, attempt.notification.id, errno.EINTR)

    def let_run(self, attempt: Attempt, *, keep: bool = False) -> str:
        """Arm the task and let its call go on. Returns why not, when it could not be armed (then it still waits); "" when done.

        ``keep`` stays attached after the check, to learn the exit status.
        """
        attempt.kept = keep
        tid = attempt.tid
        if tid not in self.armed and tid not in self.kept:
            try:
                ptrace.seize(tid)
            except ProcessLookupError:
                return ""  # killed meanwhile: nobody waits
            except PermissionError:
                tracer = proc.status_field(tid, "TracerPid")
                if not tracer or not self.debuggers:
                    who = f"process {tracer} traces it" if tracer else "the kernel does not let qguard trace it"
                    return f"{who}, so what it loads cannot be seen"
                seccomp.unsafe_continue(self.listener, attempt.notification.id)
                return ""
        attempt.replaces = self.kept.pop(tid, None)
        if (failed := self.armed.get(tid)) is not None:  # it tries again, so its last exec did not work out
            attempt.replaces = failed.replaces
            self._news.append(Gone(failed, tid, None))
        self.armed[tid] = attempt
        if not seccomp.unsafe_continue(self.listener, attempt.notification.id):
            # It died, and its number may belong to another task by now: nothing was let go, so let go of whom we seized.
            self._abandon(tid)
        return ""

    def unsafe_let_run_unchecked(self, attempt: Attempt) -> None:
        """Let a call go on whose loading cannot be checked. Only audit mode, which refuses nothing, may do this."""
        seccomp.unsafe_continue(self.listener, attempt.notification.id)

    def refuse(self, attempt: Attempt, text: str, number: int = errno.EPERM) -> bool:
        """Fail the call, after one line on its standard error. False when nobody waited any more."""
        if text and self.is_waiting(attempt):
            tell.say(attempt.pid or attempt.tid, text)
        return seccomp.refuse(self.listener, attempt.notification.id, number)

    # ---- after the exec --------------------------------------------------------------------------------------------

    def next_change(self) -> Loaded | Gone | None:
        """The next thing that happened to traced tasks or children and that somebody must hear of; ``None``: no more for now."""
        if self._news:
            return self._news.popleft()
        while (change := ptrace.next_change()) is not None:
            if change.stop is Stop.GONE:
                attempt = self.armed.pop(change.pid, None) or self.kept.pop(change.pid, None)
                self._failed.discard(change.pid)
                return Gone(attempt, change.pid, change.status)
            if change.stop is Stop.LOADED:
                loaded = self._loaded(change.pid)
                if loaded is not None:
                    return loaded
            elif change.stop is Stop.GROUP:
                ptrace.listen(change.pid)
            elif change.stop is Stop.SIGNAL:
                ptrace.resume(change.pid, change.signal)
            elif (failed := self._trapped(change.pid)) is not None:
                return failed
        return None

    def _trapped(self, pid: int) -> Gone | None:
        """A stop that we asked for: its exec has failed, or it would have reported as loaded before coming here."""
        attempt = self.armed.pop(pid, None) if pid in self._failed else None
        self._failed.discard(pid)
        if attempt is None:
            ptrace.resume(pid)
            return None
        if attempt.replaces is not None:
            self.kept[pid] = attempt.replaces
            ptrace.resume(pid)
        else:
            ptrace.detach(pid)
        return Gone(attempt, pid, None)

    def give_up_on_failed(self, before: int) -> None:
        """Let go of tasks that were armed as attempt number ``before`` or earlier and never loaded anything (ENOEXEC, E2BIG, ETXTBSY).

        Safe at any time: an interrupted task reports an exec under way first.
        """
        for tid, attempt in list(self.armed.items()):
            if attempt.number <= before and tid not in self._failed:
                self._abandon(tid)

    def _abandon(self, tid: int) -> None:
        if ptrace.interrupt(tid):
            self._failed.add(tid)
        else:
            self.armed.pop(tid, None)

    def _loaded(self, pid: int) -> Loaded | None:
        former = ptrace.former_tid(pid)
        attempt = self.armed.pop(former, None)
        if former != pid:
            self._thread_took_over(pid, attempt)
        if attempt is None:
            kept = self.kept.pop(pid, None) or self.kept.pop(former, None)
            if kept is None:
                # Impossible while every task that we seized has its attempt: so it does not run.
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, 9)
                return None
            # A task kept for its status came here without a new notification: impossible while the filter holds, so refuse it.
            return Loaded(kept, pid, same=False, why="it loaded a program that was never judged")
        self._failed.discard(former)
        return self._compare(attempt, pid)

    def _thread_took_over(self, pid: int, attempt: Attempt | None) -> None:
        """Another thread's exec has ended the group leader, without a report of its own: so has what the leader was about."""
        if (ended := self.armed.pop(pid, None)) is not None:
            self._failed.discard(pid)
            self._news.append(Gone(ended, pid, None))
        if attempt is not None and attempt.replaces is None:
            attempt.replaces = self.kept.pop(pid, None)

    def _compare(self, attempt: Attempt, pid: int) -> Loaded:
        program = attempt.program
        try:
            exe = os.stat(f"/proc/{pid}/exe")
            cmdline = proc.cmdline(pid)
        except OSError as error:
            return Loaded(attempt, pid, same=False, why=f"what it loaded cannot be read ({error.strerror})")
        if program is not None and program.loads == (exe.st_dev, exe.st_ino):
            # An empty argv becomes one empty word (since Linux 5.18).
            judged = attempt.as_script(program) if program.interpreter else (attempt.argv or (b"",))
            if cmdline == b"\0".join(judged) + b"\0":
                return Loaded(attempt, pid, same=True)
        try:
            name = os.readlink(f"/proc/{pid}/exe")
        except OSError as error:
            return Loaded(attempt, pid, same=False, why=f"what it loaded cannot be read ({error.strerror})")
        file = FileId(name, exe.st_dev, exe.st_ino, exe.st_size, exe.st_mtime_ns)
        return Loaded(attempt, pid, same=False, file=file, argv=proc.words(cmdline))

    def loaded_environment(self, pid: int) -> tuple[tuple[str, str], ...] | None:
        """The variables that matter, as the loaded program has them; ``None`` when they cannot be read."""
        try:
            block = proc.slurp(f"/proc/{pid}/environ")
        except OSError:
            return None
        return self._relevant(block.split(b"\0"))

    def release(self, loaded: Loaded) -> None:
        """Let a checked task run: detached, or (when kept) still reporting its end."""
        if loaded.attempt.kept and ptrace.resume(loaded.pid):
            self.kept[loaded.pid] = loaded.attempt
        elif not loaded.attempt.kept:
            ptrace.detach(loaded.pid)

    def kill(self, loaded: Loaded, text: str) -> None:
        """End a task before its first instruction, after one line on its standard error."""
        tell.say(loaded.pid, text)
        try:
            os.kill(loaded.pid, 9)
        except ProcessLookupError:
            return
        ptrace.detach(loaded.pid)


def _signed(value: int) -> int:
    low = value & 0xFFFFFFFF
    return low - (1 << 32) if low & 0x80000000 else low


def ancestry(pid: int, top: int) -> tuple[Process, ...]:
    """The chain from ``pid`` up to the child of ``top`` (this supervisor), the calling process first."""
    chain: list[Process] = []
    while pid > 1 and pid != top and len(chain) < _MAX_DEPTH:
        try:
            parent, start = proc.parent_and_start(pid)
            name = os.fsdecode(proc.slurp(f"/proc/{pid}/comm").rstrip(b"\n"))
            chain.append(Process(pid, start, name, proc.words(proc.cmdline(pid)[:4096])))
        except OSError:
            break
        pid = parent
    return tuple(chain)
