"""Which file a path means to the task that wants to run it: its own root, directory, descriptors and /proc/self.

What is found here decides the ruling; what was really loaded is compared afterwards, so a symlink changed in between, or
one that leads to our own /proc/self, is caught there.
"""

from __future__ import annotations

import ctypes
import errno
import os
import stat
from dataclasses import dataclass

from guard.core.attempts import FileId
from guard.kernel.abi import SYS_OPENAT2
from guard.kernel.libc import syscall
from guard.kernel.memory import Unreadable

AT_FDCWD = -100
AT_EMPTY_PATH = 0x1000
_RESOLVE_IN_ROOT = 0x10
_SHEBANG = 256  # BINPRM_BUF_SIZE, include/uapi/linux/binfmts.h
_MAX_INTERPRETERS = 5  # fs/exec.c: ELOOP past that
_MAX_CACHE = 8192

Inode = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Program:
    """A file about to be run. ``loads`` is what /proc/PID/exe will be: itself, its ``#!`` interpreter, or unknown (binfmt_misc).

    Of a script, ``interpreter`` is the real path of what interprets it, and ``prefix`` what the kernel puts before the script's
    path in the argv: the interpreter as the script names it, and its argument if there is one.
    """

    file: FileId
    loads: Inode | None
    interpreter: str = ""
    prefix: tuple[str, ...] = ()


def _own(path: str, tid: int) -> str:
    """``path`` with the target's descriptors and /proc/self in the place of ours."""
    if not path.startswith(("/proc/", "/dev/fd/")):
        return path
    for prefix, own in (("/proc/self/", f"/proc/{tid}/"), ("/proc/thread-self/", f"/proc/{tid}/"), ("/dev/fd/", f"/proc/{tid}/fd/")):
        if path.startswith(prefix):
            return own + path[len(prefix) :]
    return path


def _base(tid: int, dirfd: int, path: str, flags: int) -> str:
    if path.startswith("/"):
        return _own(path, tid)
    if not path:
        if flags & AT_EMPTY_PATH and dirfd >= 0:
            return f"/proc/{tid}/fd/{dirfd}"
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
    return f"/proc/{tid}/cwd/{path}" if dirfd == AT_FDCWD else f"/proc/{tid}/fd/{dirfd}/{path}"


def _open_in_root(root: str, path: str) -> int:
    """An O_PATH descriptor of ``path`` with ``root`` as "/", absolute symlinks included (openat2(2))."""
    root_fd = os.open(root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        # struct open_how {u64 flags; u64 mode; u64 resolve;}
        how = (ctypes.c_uint64 * 3)(os.O_PATH | os.O_CLOEXEC, 0, _RESOLVE_IN_ROOT)
        name = ctypes.create_string_buffer(os.fsencode(path))
        # SAFETY: ``how`` is the 24 bytes whose size is passed; both buffers outlive the call; the kernel only reads them.
        buffer = ctypes.cast(how, ctypes.POINTER(ctypes.c_char * 24)).contents
        return syscall(SYS_OPENAT2, root_fd, name, buffer, 24, what="openat2")
    finally:
        os.close(root_fd)


class Resolver:
    """Resolves paths for tasks of the session, remembering files by device, inode, size, and times."""

    def __init__(self) -> None:
        self._cache: dict[tuple[str, int, int, int, int, int], Program] = {}
        self._root = self._inode("/proc/self/root")
        self._mounts = self._inode("/proc/self/ns/mnt")

    @staticmethod
    def _inode(path: str) -> Inode:
        found = os.stat(path)
        return found.st_dev, found.st_ino

    def _shares_our_view(self, tid: int) -> bool:
        try:
            return self._inode(f"/proc/{tid}/ns/mnt") == self._mounts and self._inode(f"/proc/{tid}/root") == self._root
        except PermissionError as error:
            raise Unreadable("its root directory cannot be read (it hides itself, or runs as another user)") from error

    def resolve(self, tid: int, dirfd: int, path: str, flags: int = 0) -> Program:
        """The file that an execve by ``tid`` probably means: a look through our own root first, since nearly every task shares it.

        Good enough to see whether a rule may care; what was loaded is compared with it. Raises like ``resolve_carefully``.
        """
        base = _base(tid, dirfd, path, flags)
        if base.startswith("/proc/"):
            return self._open_and_examine(base, tid)  # the same path is another file for every task
        try:
            found = os.stat(base)
        except OSError:
            return self.resolve_carefully(tid, dirfd, path, flags)
        key = (base, found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
        known = self._cache.get(key)
        if known is None:
            known = self.resolve_carefully(tid, dirfd, path, flags)
            if len(self._cache) >= _MAX_CACHE:
                self._cache.clear()
            if (known.file.device, known.file.inode) == key[1:3]:
                self._cache[key] = known
        return known

    def resolve_carefully(self, tid: int, dirfd: int, path: str, flags: int = 0) -> Program:
        """The file that an execve by ``tid`` means, in its own mount namespace and root.

        Raises ``OSError`` with the errno that the call itself would get, or ``Unreadable`` when qguard cannot look but the task could.
        """
        base = _base(tid, dirfd, path, flags)
        if base.startswith("/proc/") or self._shares_our_view(tid):
            return self._open_and_examine(base, tid)
        return self._foreign(tid, base)

    def _open_and_examine(self, path: str, tid: int) -> Program:
        fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
        try:
            return self._examine(fd, tid)
        finally:
            os.close(fd)

    def _foreign(self, tid: int, path: str) -> Program:
        fd = _open_in_root(f"/proc/{tid}/root", path)
        try:
            return self._examine(fd, tid)
        finally:
            os.close(fd)

    def _examine(self, fd: int, tid: int) -> Program:
        found = os.fstat(fd)
        if not stat.S_ISREG(found.st_mode):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        if not found.st_mode & 0o111:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        name = os.readlink(f"/proc/self/fd/{fd}")
        file = FileId(name, found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)
        head = self._head(fd, found.st_mode)
        if head.startswith(b"\x7fELF"):
            return Program(file, (found.st_dev, found.st_ino))
        if head.startswith(b"#!"):
            return self._script(file, head, tid)
        return Program(file, None)

    def _head(self, fd: int, mode: int) -> bytes:
        try:
            readable = os.open(f"/proc/self/fd/{fd}", os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except PermissionError as error:
            if not os.access(f"/proc/self/fd/{fd}", os.X_OK):
                raise
            raise Unreadable(f"the file is execute-only (mode {stat.S_IMODE(mode):o}), so what it loads could not be checked") from error
        try:
            return os.pread(readable, _SHEBANG, 0)
        finally:
            os.close(readable)

    def _script(self, file: FileId, head: bytes, tid: int) -> Program:
        """A script and what a ``#!`` line ends up loading; unknown when that cannot be told beforehand."""
        prefix: tuple[str, ...] = ()
        for _ in range(_MAX_INTERPRETERS):
            words = tuple(map(os.fsdecode, shebang(head)))
            if not words or not words[0].startswith("/"):
                break
            prefix = words + prefix
            try:
                fd = _open_in_root(f"/proc/{tid}/root", words[0])
            except OSError:
                break
            try:
                found = os.fstat(fd)
                head = self._head(fd, found.st_mode)
                name = os.readlink(f"/proc/self/fd/{fd}")
            except (OSError, Unreadable):
                break
            finally:
                os.close(fd)
            if not head.startswith(b"#!"):
                return Program(file, (found.st_dev, found.st_ino), name, prefix)
        return Program(file, None)


def shebang(head: bytes) -> tuple[bytes, ...]:
    """A script's interpreter and its one argument, if any, as the kernel reads them: blanks and tabs part them (fs/binfmt_script.c)."""
    line = head[2:_SHEBANG].partition(b"\n")[0].partition(b"\0")[0].strip(b" \t")
    name = line.replace(b"\t", b" ").partition(b" ")[0]
    argument = line[len(name) :].lstrip(b" \t")
    return tuple(word for word in (name, argument) if word)
