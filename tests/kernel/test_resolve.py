"""Which file a path means: the errno that the call itself would get, the target's own descriptors, scripts and what interprets them."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.machine import find

from guard.kernel.memory import Unreadable
from guard.kernel.resolve import AT_EMPTY_PATH, AT_FDCWD, Resolver, shebang

ME = os.getpid()


@pytest.fixture
def resolve():
    """Both looks, which must agree."""
    resolver = Resolver()

    def both(path, dirfd=AT_FDCWD, flags=0):
        careful = resolver.resolve_carefully(ME, dirfd, str(path), flags)
        assert resolver.resolve(ME, dirfd, str(path), flags) == careful
        return careful

    return both


@contextmanager
def opened(path):
    """A descriptor that names a file."""
    fd = os.open(path, os.O_PATH)
    try:
        yield fd
    finally:
        os.close(fd)


@pytest.fixture
def tool(tmp_path):
    """A program."""
    return Path(shutil.copy(find("true"), tmp_path / "tool"))


def _inode(path):
    found = Path(path).stat()
    return found.st_dev, found.st_ino


def test_a_program_is_itself(resolve, tool):
    """Its real path, its inode, its size and time; it loads itself."""
    found = resolve(tool)
    status = tool.stat()
    assert (found.file.path, found.loads, found.interpreter) == (str(tool), _inode(tool), "")
    assert (found.file.size, found.file.mtime_ns) == (status.st_size, status.st_mtime_ns)


def test_links_are_followed(resolve, tool, tmp_path):
    """To a link's end; and a hard link has the path by which it was called."""
    (tmp_path / "one").symlink_to("two")
    (tmp_path / "two").symlink_to(tool)
    assert resolve(tmp_path / "one").file.path == str(tool)


def test_relative_paths_are_the_target_s(resolve, tool, monkeypatch):
    """From its directory, or from a descriptor of its."""
    monkeypatch.chdir(tool.parent)
    assert resolve("tool").file.path == str(tool)
    assert resolve("./tool").file.path == str(tool)
    with opened(tool.parent) as fd:
        assert resolve("tool", dirfd=fd).file.path == str(tool)


def test_descriptors_name_files(resolve, tool):
    """An empty path with AT_EMPTY_PATH, /proc/self/fd, /dev/fd: the target's, not ours."""
    with opened(tool) as fd:
        assert resolve("", dirfd=fd, flags=AT_EMPTY_PATH).loads == _inode(tool)
        assert resolve(f"/proc/self/fd/{fd}").loads == _inode(tool)
        assert resolve(f"/proc/thread-self/fd/{fd}").loads == _inode(tool)
        assert resolve(f"/dev/fd/{fd}").loads == _inode(tool)


def test_proc_self_is_the_target_itself():
    """Another process's /proc/self/exe is its program."""
    with subprocess.Popen([find("cat")], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as cat:
        cat.stdin.write(b"x\n")
        cat.stdin.flush()
        assert cat.stdout.readline() == b"x\n"  # it is cat by now
        assert Resolver().resolve(cat.pid, AT_FDCWD, "/proc/self/exe").loads == _inode(find("cat"))


def test_a_memfd_is_a_file_too(resolve, tool):
    """It has a name that says so, and loads itself."""
    fd = os.memfd_create("innocent")
    os.write(fd, tool.read_bytes())
    found = resolve("", dirfd=fd, flags=AT_EMPTY_PATH)
    os.close(fd)
    assert found.file.path == "/memfd:innocent (deleted)"


def _errno_of_exec(path):
    code = "import os, sys\ntry: os.execv(sys.argv[1], ['x'])\nexcept OSError as e: print(e.errno)"
    return int(subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=True).stdout)


@pytest.mark.parametrize(
    "name", ["missing", "tool/x", "folder", "plain", "loop", "x" * 256, "dangling", ""], ids=lambda name: name[:10] or "empty"
)
@pytest.mark.usefixtures("tool")
def test_errors_are_the_kernel_s_own(name, resolve, tmp_path):
    """So that the gate can answer in the kernel's place, without a trace."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "plain").write_text("text")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "dangling").symlink_to("nothing")
    path = f"{tmp_path}/{name}" if name else ""
    with pytest.raises(OSError) as problem:  # noqa: PT011 - the number is compared
        resolve(path)
    assert problem.value.errno == _errno_of_exec(path)


def test_a_device_is_no_program(resolve):
    """EACCES, as the kernel says; it is not even opened."""
    with pytest.raises(PermissionError):
        resolve("/dev/null")


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads any file")
def test_an_execute_only_file_is_unreadable(tool):
    """It could be run but not checked."""
    tool.chmod(0o111)
    with pytest.raises(Unreadable, match="execute-only"):
        Resolver().resolve(ME, AT_FDCWD, str(tool))


def test_a_replaced_file_is_looked_at_again(resolve, tool, tmp_path):
    """Remembered is the file, not the name."""
    before = resolve(tool)
    other = shutil.copy(find("false"), tmp_path / "other")
    Path(other).replace(tool)
    assert resolve(tool).loads != before.loads
    script = tmp_path / "script"
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    script.replace(tool)
    assert resolve(tool).interpreter


def _script(path, text):
    path.write_bytes(text)
    path.chmod(0o755)
    return path


def test_a_script_loads_its_interpreter(resolve, tmp_path):
    """The prefix is what the kernel puts before the script's path."""
    found = resolve(_script(tmp_path / "s", b"#! /bin/sh -e -u \necho\n"))
    assert found.loads == _inode("/bin/sh")
    assert found.interpreter == os.path.realpath("/bin/sh")
    assert found.prefix == ("/bin/sh", "-e -u")


def test_a_script_of_a_script_loads_the_last(resolve, tmp_path):
    """The prefixes stand one in the other."""
    inner = _script(tmp_path / "inner", b"#!/bin/sh -e\n")
    found = resolve(_script(tmp_path / "outer", b"#!%s two words\n" % bytes(inner)))
    assert found.loads == _inode("/bin/sh")
    assert found.prefix == ("/bin/sh", "-e", str(inner), "two words")


@pytest.mark.parametrize(
    "text", [b"#!\n", b"#!relative\n", b"#!/nonexistent\n", b"#!/etc/passwd/x\n", b"text\n", b"", b"#!/bin/sh\r\n"], ids=repr
)
def test_what_it_loads_may_be_unknown(text, resolve, tmp_path):
    """Then whatever loads is judged by itself."""
    assert resolve(_script(tmp_path / "s", text)).loads is None


def test_a_script_that_interprets_itself_ends(resolve, tmp_path):
    """The kernel gives up (ELOOP), and so do we."""
    path = tmp_path / "s"
    assert resolve(_script(path, b"#!%s\n" % bytes(path))).loads is None


@pytest.mark.parametrize("blanks", [" ", "\t", "  \t "], ids=repr)
def test_the_kernel_reads_the_first_line_as_we_do(blanks, resolve, tmp_path):
    """Compared with what it really makes of it."""
    show = _script(tmp_path / "show", f"#!{sys.executable} -S\nprint(open('/proc/self/cmdline').read().split(chr(0))[:-1])\n".encode())
    path = _script(tmp_path / "s", f"#!{blanks}{show}{blanks}one  two{blanks}\n".encode())
    shown = subprocess.run(["argv0", "last"], executable=path, capture_output=True, text=True, check=True).stdout
    assert eval(shown) == [*resolve(path).prefix, str(path), "last"]


@given(st.binary(max_size=300))
def test_any_first_line_is_read(rest):
    """At most two words, no blanks around them, no NUL within, and never an error."""
    words = shebang(b"#!" + rest)
    assert len(words) <= 2
    for word in words:
        assert word == word.strip(b" \t")
        assert not {0, 10} & set(word)


def test_a_task_that_is_gone_is_an_error():
    """Not a crash, not a file of ours."""
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    with pytest.raises(OSError) as problem:  # noqa: PT011 - the number is compared
        Resolver().resolve(child, AT_FDCWD, "tool")
    assert problem.value.errno == errno.ENOENT
