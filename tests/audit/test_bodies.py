"""What records say, masked and fit for canonical JSON."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from guard.audit.bodies import brief_argv_body, record_body, seen_body
from guard.core.attempts import Exec, FileId, Process
from guard.core.cards import Answer, Choice, Question
from guard.core.chain import canonical, decode_argument
from guard.core.grants import Grant, GrantKind
from guard.core.happenings import Record
from guard.core.words import Action, Effect, Judged, Label, Opaque, Place, Reason, Ruling, Target, Undo, Verdict

SECRET = "hunter2-AKIAIOSFODNN7EXAMPLE"
FILE = FileId("/usr/bin/mysql", 2**64 - 1, 2**63, 1234, 1_795_463_761_123_456_789)
EXEC = Exec(
    7,
    7,
    "mysql",
    FILE,
    ("mysql", f"-p{SECRET}", "\udcff"),
    "/src",
    (("MYSQL_PWD", SECRET), ("HOME", "/h")),
    (Process(5, 99, "bash", ("bash", "-c", f"mysql -p{SECRET}")), Process(1, 1, "claude")),
)
ACTION = Action(
    "mysql.drop",
    "mysql",
    None,
    "drop",
    Effect.TEARDOWN,
    Undo.RESTORE,
    EXEC.argv,
    Place(Label.PROD, (("url", f"mysql://u:{SECRET}@h/d"),)),
    (Target("database", "billing"),),
    ("bash -c",),
    "It is gone.",
    "Ask.",
)
RULING = Ruling(
    Verdict.ASK,
    (Judged(ACTION, Verdict.ASK, (Reason("default policy", Verdict.ASK, "a teardown asks"),)),),
    (Opaque(f"eval mysql -p{SECRET}", "eval"),),
)
QUESTION = Question("q-1", "s", EXEC.argv, "/src", FILE.path, RULING, asked_at="2026-11-23T19:56:01.000Z", timeout=600)
ANSWER = Answer("q-1", Choice.ONCE, "alice", note=f"password={SECRET}")
GRANT = Grant("g-1", GrantKind.LATE, EXEC.argv, "/src", EXEC.env, (), 1, 1_795_463_761.5, (5, 99))
RECORD = Record("answer", 3, EXEC, RULING, QUESTION, ANSWER, GRANT, (("why", f"TOKEN={SECRET}"), ("grant", "g-1"), ("status", None)))


@pytest.mark.promise(8)
def test_no_secret_is_in_any_part_of_a_record():
    """Not in the exec, its ancestors, its variables, the ruling, the place, the opaque line, the answer, the facts."""
    written = canonical(record_body(RECORD))
    assert b"hunter2" not in written
    assert b"AKIA" not in written


def test_a_record_has_the_documented_fields():
    """The whole of docs/record-format.md in one record. Format version 1 is frozen: this may grow, never change."""
    body = record_body(replace(RECORD, facts=(("grant", "g-1"), ("loaded", True))))
    assert body == snapshot(
        {
            "attempt": 3,
            "exec": {
                "tid": 7,
                "pid": 7,
                "path": "mysql",
                "file": {
                    "path": "/usr/bin/mysql",
                    "device": "18446744073709551615",
                    "inode": "9223372036854775808",
                    "size": "1234",
                    "mtime": "2026-11-23T19:56:01.123456789Z",
                },
                "argv": ["mysql", "-p***", {"bytes": "/w=="}],
                "cwd": "/src",
                "env": [["MYSQL_PWD", "***"], ["HOME", "/h"]],
                "ancestry": [
                    {"pid": 5, "start": 99, "name": "bash", "argv": ["bash", "-c", "mysql -p***"]},
                    {"pid": 1, "start": 1, "name": "claude", "argv": []},
                ],
            },
            "ruling": {
                "verdict": "ask",
                "judged": [
                    {
                        "action": {
                            "rule": "mysql.drop",
                            "provider": "mysql",
                            "service": None,
                            "operation": "drop",
                            "effect": "teardown",
                            "undo": "restore",
                            "argv": ["mysql", "-p***", {"bytes": "/w=="}],
                            "place": {"label": "prod", "facts": [["url", "mysql://u:***@h/d"]], "pinned": False},
                            "targets": [{"kind": "database", "name": "billing"}],
                            "via": ["bash -c"],
                            "because": "It is gone.",
                            "instead": "Ask.",
                        },
                        "verdict": "ask",
                        "reasons": [{"source": "default policy", "verdict": "ask", "text": "a teardown asks"}],
                    }
                ],
                "opaque": [{"source": "eval mysql -p***", "why": "eval"}],
            },
            "question": {"id": "q-1", "asked_at": "2026-11-23T19:56:01.000Z", "expires_at": None, "timeout": 600},
            "answer": {"question": "q-1", "choice": "once", "by": "alice", "late": False, "note": "password=***"},
            "grant": {
                "id": "g-1",
                "kind": "late",
                "argv": ["mysql", "-p***", {"bytes": "/w=="}],
                "cwd": "/src",
                "env": [["MYSQL_PWD", "***"], ["HOME", "/h"]],
                "uses": 1,
                "until": "2026-11-23T19:56:01Z",
                "process": {"pid": 5, "start": 99},
            },
            "grant_id": "g-1",
            "loaded": True,
        }
    )


def test_what_is_not_there_is_not_written():
    """A record of facts has no empty parts."""
    assert record_body(Record("exec.refused", facts=(("why", "x"),))) == {"why": "x"}


@given(st.lists(st.binary(max_size=50).map(lambda raw: raw.decode("utf-8", "surrogateescape")), max_size=8))
def test_any_argv_can_be_written(argv):
    """Words that are not UTF-8 keep their bytes."""
    body = seen_body(1, "/bin/x", argv)
    canonical(body)
    assert len(argv) == len(body["argv"])


@given(st.lists(st.text("ab", max_size=3000), max_size=8))
def test_a_long_argv_is_cut_in_brief_and_says_so(argv):
    """An exec that nobody asks about takes four kilobytes at most."""
    body = brief_argv_body(argv)
    kept = [decode_argument(word) for word in body["argv"]]
    assert sum(map(len, kept)) <= 4096
    assert all(word.startswith(part) for word, part in zip(argv, kept, strict=False))
    assert (kept == argv) == ("words" not in body)


def test_a_secret_that_the_cut_would_behead_is_masked():
    """Masked before it is cut: half a token has no shape."""
    token = "ghp_" + "a1B2" * 9
    for length in range(4040, 4100):
        assert "a1B2" not in str(brief_argv_body(["x" * length, token]))
        assert "a1B2" not in str(brief_argv_body(["x" * (length - 4000) + " " * 4000 + token]))
