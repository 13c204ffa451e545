"""Record, then act (promise 1): a record is on disk or it is not in the trail, whatever the disk does."""

import errno
import json
import os
import resource
import stat
import subprocess
import sys

import pytest

from guard.audit import writer
from guard.audit.names import is_session_id, new_session_id, sessions_directory
from guard.audit.reader import read
from guard.audit.verify import State, verify
from guard.audit.writer import FileTrail
from guard.core.chain import NotCanonicalError
from guard.errors import CannotStart

SESSION = "20261123-195601-x7k2q9"
pytestmark = pytest.mark.promise(1)


def kinds(trail):
    """The kinds of the records that are in the file."""
    return [line.record["kind"] for line in read(trail.path)]


def test_a_durable_record_is_in_the_file_when_append_returns(trail):
    """With everything that was buffered before it."""
    trail.append("one", {"a": 1}, durable=False)
    assert kinds(trail) == []
    trail.append("two", {"a": ["ä", {"bytes": "/w=="}]}, durable=True)
    assert kinds(trail) == ["one", "two"]


def test_a_durable_record_is_synced(trail, monkeypatch):
    """After the write, and before append returns."""
    seen = []
    monkeypatch.setattr(os, "fdatasync", lambda fd: seen.append(os.fstat(fd).st_size))
    trail.append("one", {}, durable=True)
    assert [trail.path.stat().st_size] == seen


def test_a_record_has_the_documented_fields(trail):
    """Version, number, time, session, kind, the body, the links."""
    trail.append("x", {"body": None}, durable=True)
    (line,) = read(trail.path)
    assert {"v", "seq", "at", "session", "kind", "body", "prev", "hash"} == set(line.record)
    assert tuple(line.record[key] for key in ("v", "seq", "at", "session")) == (1, 0, "2026-11-23T19:56:01.000Z", SESSION)


def test_the_buffer_is_written_when_it_is_full(trail):
    """64 KiB at most stay in memory."""
    for number in range(300):
        trail.append_fast("exec.seen", {"n": number, "argv": ["x" * 300]})
    assert trail.path.stat().st_size > 64 * 1024
    trail.flush()
    assert len(kinds(trail)) == 300


def test_a_body_cannot_pretend_to_be_the_frame(trail):
    """The writer's own fields are its own."""
    with pytest.raises(ValueError, match="hash, seq"):
        trail.append("x", {"seq": 1, "hash": ""}, durable=True)


@pytest.mark.parametrize("durable", [True, False])
def test_a_body_that_is_not_canonical_leaves_no_trace(trail, durable):
    """Neither in the file nor in the numbering."""
    for body in ({"x": 1.5}, {"x": "\udcff"}, {"ä": 1}):
        with pytest.raises(NotCanonicalError):
            trail.append("x", body, durable=durable)
    trail.append("y", {}, durable=True)
    trail.append("session.ended", {}, durable=True)
    trail.close()
    assert State.WHOLE is verify(trail.path).state


def test_the_file_and_its_folder_are_private(trail, directory):
    """Nobody else reads what was run."""
    assert stat.S_IMODE(trail.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700


def test_a_folder_that_was_open_is_closed(directory):
    """Made by hand with the usual umask, say."""
    directory.mkdir(parents=True, mode=0o755)
    FileTrail.create(directory, SESSION).close()
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700


def test_the_descriptor_is_not_inherited(trail):
    """No program of the session gets hold of the trail."""
    assert not os.get_inheritable(trail._fd)


class TestPlacesThatWillNotDo:
    """One clear sentence, a hint, status 125."""

    def refused(self, directory):
        """What create says."""
        with pytest.raises(CannotStart) as caught:
            FileTrail.create(directory, SESSION)
        assert caught.value.hint
        assert caught.value.exit_status == 125
        return caught.value.sentence

    @pytest.mark.usefixtures("trail")
    def test_the_session_exists(self, directory):
        """A trail is never continued."""
        assert "File exists" in self.refused(directory)

    def test_the_file_is_a_link(self, directory, tmp_path):
        """Nothing is written through a symbolic link, dangling or not."""
        directory.mkdir(parents=True)
        (directory / f"{SESSION}.jsonl").symlink_to(tmp_path / "elsewhere")
        assert "File exists" in self.refused(directory)
        assert not (tmp_path / "elsewhere").exists()

    def test_the_folder_is_a_link(self, directory, tmp_path):
        """Nor does the folder itself lead elsewhere."""
        directory.parent.mkdir(parents=True)
        (tmp_path / "elsewhere").mkdir()
        directory.symlink_to(tmp_path / "elsewhere")
        assert "has no place" in self.refused(directory)
        assert list((tmp_path / "elsewhere").iterdir()) == []

    def test_the_folder_is_a_file(self, directory):
        """A mistake of the user's."""
        directory.parent.mkdir(parents=True)
        directory.write_text("")
        assert "has no place" in self.refused(directory)

    def test_a_folder_above_is_open_to_all(self, directory, tmp_path):
        """Anybody could put another folder in its place."""
        (tmp_path / "state").mkdir()
        (tmp_path / "state").chmod(0o777)
        assert "writable by all" in self.refused(directory)

    @pytest.mark.skipif(os.geteuid() != 0, reason="needs root to give a folder away")
    def test_the_folder_is_somebody_elses(self, directory):
        """Its owner could change the trail."""
        directory.mkdir(parents=True)
        os.chown(directory, 12345, 12345)
        assert "belongs to uid 12345" in self.refused(directory)

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
    def test_the_folder_is_not_writable(self, directory):
        """As in a read-only home."""
        directory.mkdir(parents=True)
        directory.chmod(0o500)
        assert "Permission denied" in self.refused(directory)


def fails(error):
    """A system call that fails."""

    def call(*_args):
        raise OSError(error, os.strerror(error))

    return call


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EIO, errno.EDQUOT])
@pytest.mark.parametrize("call", ["write", "fdatasync"])
def test_given_a_failing_disk_the_record_is_not_in_the_trail(trail, monkeypatch, call, error):
    """It is refused, the chain stays whole, and goes on when the disk works again."""
    trail.append("one", {}, durable=True)
    trail.append("buffered", {}, durable=False)
    with monkeypatch.context() as patched:
        patched.setattr(os, call, fails(error))
        for _ in range(3):
            with pytest.raises(OSError, match=os.strerror(error)):
                trail.append("refused", {}, durable=True)
    trail.append("two", {}, durable=True)
    trail.append("session.ended", {}, durable=True)
    trail.close()
    assert kinds(trail) == ["one", "buffered", "two", "session.ended"]
    assert State.WHOLE is verify(trail.path).state


def test_given_a_write_that_stops_halfway_the_file_ends_with_a_whole_record(trail, monkeypatch):
    """A short write, then no room."""
    trail.append("one", {}, durable=True)
    before = trail.path.read_bytes()
    real, calls = os.write, []

    def short(fd, text):
        calls.append(len(text))
        if len(calls) > 1:
            raise OSError(errno.ENOSPC, "full")
        return real(fd, text[:10])

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", short)
        with pytest.raises(OSError, match="full"):
            trail.append("refused", {}, durable=True)
    assert before == trail.path.read_bytes()
    assert len(calls) == 2


def test_given_a_disk_that_cannot_even_cut_nothing_more_is_recorded(trail, monkeypatch):
    """Half a line that cannot be taken back closes the trail: what follows would not be believed."""
    real, calls = os.write, []

    def short(fd, text):
        calls.append(text)
        return real(fd, text[:10]) if len(calls) == 1 else fails(errno.EIO)()

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", short)
        patched.setattr(os, "ftruncate", fails(errno.EIO))
        with pytest.raises(OSError, match=os.strerror(errno.EIO)):
            trail.append("refused", {}, durable=True)
    with pytest.raises(OSError, match="somebody else"):
        trail.append("refused", {}, durable=True)


@pytest.mark.parametrize("harm", ["append", "cut", "delete", "replace"])
def test_given_a_trail_that_somebody_touched_nothing_more_is_recorded(trail, harm):
    """The agent runs as the same user where no sandbox hides the file."""
    trail.append("one", {}, durable=True)
    match harm:
        case "append":
            with trail.path.open("ab") as file:
                file.write(b"{}\n")
        case "cut":
            os.truncate(trail.path, 5)
        case "delete":
            trail.path.unlink()
        case "replace":
            kept = trail.path.read_bytes()
            trail.path.rename(trail.path.with_suffix(".old"))
            trail.path.write_bytes(kept)
    with pytest.raises(OSError, match="somebody else"):
        trail.append("two", {}, durable=True)


def test_given_a_disk_that_stays_full_what_was_lost_is_counted(trail, monkeypatch):
    """Cheap records do not fill the memory; the trail says how many are missing."""
    trail.append("one", {}, durable=True)
    monkeypatch.setattr(writer, "_TOO_MUCH", 100_000)
    refused = 0
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", fails(errno.ENOSPC))
        for _ in range(700):
            try:
                trail.append_fast("exec.seen", {"argv": ["x" * 300]})
            except OSError:
                refused += 1
    assert refused
    trail.append("session.ended", {}, durable=True)
    trail.close()
    records = [line.record for line in read(trail.path)]
    gap = next(record for record in records if record["kind"] == "trail.gap")
    assert gap["lost"] + sum(record["kind"] == "exec.seen" for record in records) == 700
    assert State.WHOLE is verify(trail.path).state


FULL = """
import os, sys, pathlib
from guard.audit.writer import FileTrail
trail = FileTrail.create(pathlib.Path(sys.argv[1]), "20261123-195601-x7k2q9")
LIMIT
trail.append("session.started", {}, durable=True)
refused = 0
for number in range(2000):
    try:
        trail.append("exec.intended", {"argv": ["x" * (number % 500)]}, durable=True)
    except OSError:
        refused += 1
assert refused > 100, refused
assert trail.path.read_bytes().endswith(b"\\n")
ROOM
trail.append("session.ended", {"refused": refused}, durable=True)
trail.close()
"""


def check_full(directory, limit, room):
    """Run a session into a full disk, make room again, and look at its trail."""
    code = FULL.replace("LIMIT", limit).replace("ROOM", room)
    subprocess.run([sys.executable, "-c", code, str(directory)], check=True, timeout=60)
    report = verify(directory / f"{SESSION}.jsonl")
    assert State.WHOLE is report.state
    assert report.records > 10


def test_given_a_file_size_limit_the_chain_stays_whole(directory):
    """RLIMIT_FSIZE: a short write, then EFBIG; needs no rights."""
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[1] == resource.RLIM_INFINITY
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (50_001, resource.RLIM_INFINITY))"
    check_full(directory, limit, "resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))")


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 100 KB. Skips where it cannot be mounted."""
    disk = tmp_path / "disk"
    disk.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=100k,mode=700", "tmpfs", str(disk)], capture_output=True, check=False)
    if done.returncode:
        pytest.skip(f"no tmpfs can be mounted here: {done.stderr.decode().strip()}")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to mount a small disk")
def test_given_a_full_disk_the_chain_stays_whole(small_disk):
    """A real one: ENOSPC from the kernel, and room again when something is deleted."""
    ballast = small_disk / "ballast"
    ballast.write_bytes(b"x" * 40_000)
    check_full(small_disk / "sessions", "", f"os.unlink({str(ballast)!r})")


def test_an_empty_trail_is_not_left_behind(trail):
    """A session that never began has none."""
    trail.close()
    assert not trail.path.exists()
    trail.close()
    with pytest.raises(OSError, match="closed"):
        trail.append("x", {}, durable=True)


def test_after_a_fork_one_abandons_what_the_other_writes(trail):
    """What was buffered at the fork is written once."""
    trail.append("one", {}, durable=False)
    child = os.fork()
    if child == 0:
        trail.abandon()
        os._exit(0)
    assert (child, 0) == os.waitpid(child, 0)
    trail.append("two", {}, durable=True)
    assert kinds(trail) == ["one", "two"]


def test_a_record_of_two_megabytes_is_one_line(trail):
    """The longest argv there is."""
    argv = ["\x1b" * 131_071] * 16
    trail.append("exec.intended", {"argv": argv}, durable=True)
    (line,) = read(trail.path)
    assert argv == line.record["argv"]
    assert json.loads(trail.path.read_bytes())["argv"] == argv


def test_session_ids_sort_by_time_and_are_safe_names():
    """And say when it was."""
    first, second = new_session_id(1_795_463_761.9, b"abcdefgh"), new_session_id(1_795_463_762, b"\0" * 8)
    assert first < second
    assert first[:16] == "20261123-195601-"
    assert is_session_id(first)
    assert not is_session_id("../../etc/passwd")
    with pytest.raises(ValueError, match="random"):
        new_session_id(0, b"short")


@pytest.mark.parametrize(
    ("expected", "environ"),
    [
        ("/x/qguard/sessions", {"XDG_STATE_HOME": "/x", "HOME": "/h"}),
        ("/h/.local/state/qguard/sessions", {"XDG_STATE_HOME": "relative", "HOME": "/h"}),
        ("/h/.local/state/qguard/sessions", {"HOME": "/h"}),
    ],
)
def test_where_trails_lie(expected, environ):
    """By the XDG base directory specification."""
    assert expected == str(sessions_directory(environ))
