"""The supervisor's pen: records are on disk or the reason comes back."""

from __future__ import annotations

import errno
import json
import os

import pytest

from guard.audit.verify import State, verify
from guard.audit.writer import FileTrail
from guard.core.happenings import Record
from guard.core.session import Counts
from guard.kernel.gate import Attempt
from guard.kernel.seccomp import Notification
from guard.runtime.ledger import Ledger

SESSION = "20261123-195601-x7k2q9"


@pytest.fixture
def trail(tmp_path):
    """A trail that has just begun."""
    made = FileTrail.create(tmp_path / "sessions", SESSION, clock=lambda: 1_795_463_761.0)
    yield made
    made.abandon()


@pytest.fixture
def ledger(trail):
    """A pen for it."""
    return Ledger(trail)


def written(trail):
    """What is in the file."""
    return [json.loads(line) for line in trail.path.read_bytes().splitlines()]


def seen(*argv):
    """An exec that concerned no rule."""
    return Attempt(1, Notification(1, 100, 59, 0, ()), "/bin/true", words=argv)


@pytest.mark.promise(1)
def test_a_record_is_on_disk_when_it_returns(ledger, trail):
    """And what was only seen before stands before it."""
    ledger.seen(seen("true"))
    assert (written(trail), ledger.dirty, ledger.passed) == ([], True, 1)
    assert ledger.record(Record("exec.refused", 7)) == ""
    assert [record["kind"] for record in written(trail)] == ["exec.seen", "exec.refused"]
    assert not ledger.dirty


def test_what_was_only_seen_is_written_together_and_says_when(tmp_path):
    """Each with its own time, in its order, before whatever comes after."""
    times = iter(range(1_795_463_761, 1_795_463_861))
    trail = FileTrail.create(tmp_path / "sessions", SESSION, clock=lambda: next(times))
    ledger = Ledger(trail)
    for number in range(70):
        ledger.seen(seen("true", str(number)))
    ledger.note("session.ended", {})
    records = written(trail)
    assert [["true", str(number)] for number in range(70)] == [record["argv"] for record in records[:70]]
    assert [records[0]["at"], records[69]["at"]] == ["2026-11-23T19:56:01.000Z", "2026-11-23T19:57:10.000Z"]
    assert (len(records), records[70]["kind"]) == (71, "session.ended")
    assert verify(trail.path).state is State.WHOLE
    trail.abandon()


@pytest.mark.promise(1)
@pytest.mark.parametrize("call", ["write", "fdatasync"])
def test_a_failure_comes_back_as_a_reason(call, ledger, monkeypatch, trail):
    """The first one is kept for the end of the session; the next record may work again."""

    def fail(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as broken:
        broken.setattr(os, call, fail)
        assert ledger.record(Record("exec.intended", 1)) == "No space left on device"
        ledger.flush()
    assert ledger.record(Record("exec.refused", 1)) == ""
    assert ledger.problem == "No space left on device"
    assert [record["kind"] for record in written(trail)] == ["exec.refused"]


def test_what_another_thread_hands_in_waits_for_the_flush(ledger, trail):
    """Two threads never write."""
    ledger.later("agent.identified", {"path": "/x", "digest": None})
    assert written(trail) == []
    ledger.flush()
    assert [record["kind"] for record in written(trail)] == ["agent.identified"]


@pytest.mark.promise(8)
def test_trouble_keeps_no_secret(ledger, trail):
    """A traceback may hold what was in a command."""
    key = "AKIA" + "IOSFODNN7EXAMPLE"
    ledger.trouble(f"Traceback: --token=hunter2hunter2 {key}")
    (record,) = written(trail)
    assert record["kind"] == "guard.error"
    assert key not in record["traceback"]
    assert "hunter2hunter2" not in record["traceback"]


def test_the_last_record_counts_and_the_chain_holds(ledger, trail):
    """The trail of a session that ended well verifies."""
    ledger.note("session.started", {})
    ledger.seen(seen("true"))
    ledger.end(3, Counts(asked=2, denied=1))
    last = written(trail)[-1]
    assert (last["kind"], last["status"], last["passed"]) == ("session.ended", 3, 1)
    assert (last["counts"]["asked"], last["counts"]["denied"]) == (2, 1)
    assert verify(trail.path).state is State.WHOLE


@pytest.mark.promise(1)
def test_given_a_trail_that_somebody_changed_then_nothing_is_written_to_it(ledger, trail):
    """Its records would be worth nothing: the reason comes back, so nothing runs."""
    ledger.note("session.started", {})
    trail.path.write_bytes(b"")
    assert ledger.record(Record("exec.intended", 1)) == "somebody else changed or removed the trail"
