"""An edit to record i is found at i, and the sentence says what kind of edit it was."""

import json
import os

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from guard.audit.reader import Line, ends, find_session, is_running, read, sessions
from guard.audit.verify import State, verify, walk
from guard.audit.writer import FileTrail
from guard.core.chain import NO_PREVIOUS, canonical, seal
from guard.errors import TrailError, UsageError

SESSION = "20261123-195601-x7k2q9"


def chain(count, session=SESSION, **changes):
    """The lines of a whole trail; ``changes`` apply to every record."""
    previous, made = NO_PREVIOUS, []
    for number in range(count):
        kind = "session.ended" if number == count - 1 else "exec.seen"
        record = {
            "v": 1,
            "seq": number,
            "at": "2026-11-23T19:56:01.000Z",
            "session": session,
            "kind": kind,
            "argv": ["x", str(number)],
            **changes,
        }
        record = seal(previous, record)
        previous = record["hash"]
        made.append(canonical(record) + b"\n")
    return made


def flaw(lines, session=SESSION):
    """How far ``lines`` hold, and what is wrong then."""
    parsed = []
    for index, raw in enumerate(lines):
        try:
            record = json.loads(raw)
        except ValueError:
            record = None
        parsed.append(Line(index, raw, record if isinstance(record, dict) else None, "" if isinstance(record, dict) else "it is not JSON"))
    found = walk(parsed, session)
    return found.records, found.flaw


WHOLE = chain(8)


def test_a_whole_trail_holds():
    """From start to end."""
    assert flaw(WHOLE) == (8, "")


@given(st.integers(0, 7), st.data())
def test_an_edited_byte_is_found_at_its_record(index, data):
    """Whatever byte it is, and whatever it becomes."""
    line = bytearray(WHOLE[index])
    position = data.draw(st.integers(0, len(line) - 2))
    line[position] = data.draw(st.integers(0, 255).filter(lambda byte: byte not in (line[position], 10)))
    at, why = flaw([*WHOLE[:index], bytes(line), *WHOLE[index + 1 :]])
    assert index == at
    assert why


@given(st.integers(0, 7), st.sampled_from(["argv", "kind", "at", "new"]), st.integers() | st.text() | st.floats() | st.none())
def test_an_edited_field_is_found_at_its_record(index, key, value):
    """Written as JSON, so that only the hash can tell."""
    record = json.loads(WHOLE[index])
    assume(record.get(key, "nothing") != value)
    edited = json.dumps({**record, key: value}, sort_keys=True, separators=(",", ":")).encode() + b"\n"
    at, why = flaw([*WHOLE[:index], edited, *WHOLE[index + 1 :]])
    assert index == at
    assert "edited" in why


@given(st.integers(0, 6), st.integers(1, 3))
def test_a_removed_record_is_found_where_it_was(index, count):
    """And how many there were."""
    assume(index + count < 8)
    at, why = flaw(WHOLE[:index] + WHOLE[index + count :])
    assert index == at
    assert f"{count} before it" in why
    assert "removed" in why


@given(st.integers(0, 7), st.integers(0, 7))
def test_a_moved_record_is_found_where_the_order_ends(one, other):
    """Two records exchanged."""
    assume(one != other)
    lines = list(WHOLE)
    lines[one], lines[other] = lines[other], lines[one]
    assert min(one, other) == flaw(lines)[0]


@given(st.integers(0, 7), st.integers(0, 7))
def test_a_repeated_record_is_found_where_it_was_inserted(source, place):
    """A copy of one that is real."""
    at, why = flaw([*WHOLE[:place], WHOLE[source], *WHOLE[place:]])
    assert (place if source != place else place + 1) == at
    assert why


def test_a_record_that_was_sealed_again_breaks_the_next():
    """Who edits a record and mends its hash is found one later; who mends all to the end is not (docs/record-format.md)."""
    record = json.loads(WHOLE[3])
    mended = canonical(seal(record["prev"], {**{k: v for k, v in record.items() if k not in ("prev", "hash")}, "argv": ["y"]})) + b"\n"
    at, why = flaw([*WHOLE[:3], mended, *WHOLE[4:]])
    assert at == 4
    assert "exchanged" in why


@pytest.mark.parametrize(
    ("why", "changes"),
    [
        ("format is version 2", {"v": 2}),
        ("format is version True", {"v": True}),
        ("records were renumbered", {"seq": 7}),
        ("no number", {"seq": True}),
        ("no number", {"seq": None}),
        (r"belongs to session \u202ex", {"session": "\u202ex"}),
        ("what kind", {"kind": None}),
    ],
)
def test_a_chain_of_something_else_does_not_hold(why, changes):
    """Its hashes are right, what they stand for is not."""
    at, found = flaw(chain(2, **changes))
    assert at == 0
    assert why in found


@pytest.mark.parametrize(
    "spelling",
    [
        lambda line: line.replace(b'{"argv"', b'{ "argv"'),
        lambda line: line.replace(b'"seq":1', b'"seq":1.0'),
        lambda line: line.replace(b'"kind":', b'"kind":"session.ended","kind":'),
        lambda line: line.replace(b'"x"', b'"\\u0078"'),
        lambda line: line.replace(b"\n", b" \n"),
        lambda _line: b"[]\n",
        lambda _line: b"\n",
        lambda _line: b"[" * 100_000 + b"\n",
        lambda _line: b"9" * 5000 + b"\n",
        lambda _line: b"\xff\n",
        lambda _line: b'{"a":NaN}\n',
        lambda _line: b'{"a":"\\ud800"}\n',
    ],
)
def test_a_record_has_one_spelling(spelling, directory):
    """Another would be read differently by another reader; and whatever a line holds, it does not stop the verifying."""
    directory.mkdir(parents=True)
    path = directory / f"{SESSION}.jsonl"
    path.write_bytes(WHOLE[0] + spelling(WHOLE[1]) + b"".join(WHOLE[2:]))
    report = verify(path)
    assert (report.state, report.records, report.bad) == (State.BROKEN, 1, 1)
    assert "record 1 (counted from 0) does not fit" in report.sentence


def test_nothing_comes_after_the_end():
    """A second session appended to the first."""
    assert flaw(WHOLE + chain(2)) == (8, "it comes after the end of its session")


class TestWithoutAnEnd:
    """A session without ``session.ended`` is not called broken, and not called whole."""

    def write(self, directory, text):
        """A trail that nobody writes any more."""
        directory.mkdir(parents=True)
        path = directory / f"{SESSION}.jsonl"
        path.write_bytes(text)
        return verify(path)

    def test_crashed_or_cut(self, directory):
        """The trail cannot tell which, and says so."""
        report = self.write(directory, b"".join(WHOLE[:5]))
        assert (report.state, report.records, report.bad) == (State.UNFINISHED, 5, None)
        assert "killed, or the end was cut off" in report.sentence

    def test_in_the_middle_of_a_record(self, directory):
        """Killed while it wrote."""
        report = self.write(directory, b"".join(WHOLE[:5]) + WHOLE[5][:20])
        assert (report.state, report.records) == (State.UNFINISHED, 5)
        assert "5 records and half of one" in report.sentence

    def test_half_a_line_after_the_end(self, directory):
        """No writer of ours leaves that."""
        report = self.write(directory, b"".join(WHOLE) + b"{")
        assert (report.state, report.bad) == (State.BROKEN, 8)

    def test_empty(self, directory):
        """Killed before the first record."""
        assert State.UNFINISHED is self.write(directory, b"").state

    def test_still_running(self, trail):
        """By the lock that the writer holds as long as it lives."""
        trail.append("session.started", {}, durable=True)
        assert State.RUNNING is verify(trail.path).state
        assert is_running(trail.path)
        trail.append("session.ended", {}, durable=True)
        trail.close()
        assert State.WHOLE is verify(trail.path).state
        assert not is_running(trail.path)


def test_a_renamed_trail_is_not_of_the_session_that_it_is_named_after(directory):
    """Yesterday's good record for today's bad one."""
    directory.mkdir(parents=True)
    path = directory / "20261124-195601-aaaaaa.jsonl"
    path.write_bytes(b"".join(WHOLE))
    assert (verify(path).state, verify(path).bad) == (State.BROKEN, 0)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(st.binary(max_size=300))
def test_any_bytes_can_be_verified(tmp_path, raw):
    """Reading never raises, and only a trail is one."""
    path = tmp_path / f"{SESSION}.jsonl"
    path.write_bytes(raw)
    assert verify(path).state in (State.BROKEN, State.UNFINISHED)
    ends(path)


def test_the_ends_of_a_trail(directory):
    """The first and the last record, however long it is between."""
    directory.mkdir(parents=True)
    path = directory / f"{SESSION}.jsonl"
    path.write_bytes(b"".join(chain(2000)))
    first, last = ends(path)
    assert (first.record["seq"], last.record["seq"]) == (0, 1999)
    path.write_bytes(WHOLE[0])
    first, last = ends(path)
    assert (first.record["seq"], last) == (0, None)


def test_trails_are_found_by_a_beginning_of_their_name(directory):
    """The latest without one; near matches for a wrong one."""
    with pytest.raises(UsageError, match="no session yet"):
        find_session(directory)
    names = ["20261123-195601-x7k2q9", "20261123-200000-aaaaaa", "20261124-000000-bbbbbb"]
    for name in names:
        trail = FileTrail.create(directory, name)
        trail.append("session.started", {}, durable=True)
        trail.close()
    (directory / "notes.jsonl").write_text("")
    assert names == [path.stem for path in sessions(directory)]
    assert names[2] == find_session(directory).stem
    assert names[0] == find_session(directory, "20261123-19").stem
    with pytest.raises(UsageError, match="2 sessions begin with 20261123") as caught:
        find_session(directory, "20261123")
    assert names[1] in caught.value.hint
    with pytest.raises(UsageError, match="no session 20261123-195601-x7k2q8") as caught:
        find_session(directory, "20261123-195601-x7k2q8")
    assert names[0] in caught.value.hint
    with pytest.raises(UsageError, match=r"no session \\x1b"):
        find_session(directory, "\x1b[2J")


def test_what_cannot_be_read_is_said(directory):
    """One sentence, status 74."""
    directory.mkdir(parents=True)
    path = directory / f"{SESSION}.jsonl"
    with pytest.raises(TrailError, match="No such file"):
        list(read(path))
    path.symlink_to(os.devnull)
    with pytest.raises(TrailError, match="symbolic links"):
        verify(path)
