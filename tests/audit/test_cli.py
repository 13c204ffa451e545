"""What ``qguard audit`` prints: at 80 columns, without colour, with hostile bytes in it."""

import json
from dataclasses import asdict, replace

import pytest
from click.testing import CliRunner
from inline_snapshot import snapshot

from guard.audit.bodies import record_body, seen_body
from guard.audit.story import tell
from guard.audit.writer import FileTrail
from guard.cli.audit import audit, command
from guard.core.attempts import Exec, FileId
from guard.core.cards import Answer, Choice, Question
from guard.core.happenings import Record
from guard.core.session import Counts
from guard.core.words import Action, Effect, Judged, Ruling, Undo, Verdict
from guard.errors import TrailError, UsageError

SESSION = "20261123-195601-x7k2q9"
NOW = 1_795_463_761.0
ARGV = ("aws", "cloudformation", "delete-stack", "--stack-name", "prod\x1b[2J\u202e", "terr\u0430form", "\udcff")
EXEC = Exec(7, 7, "aws", FileId("/usr/bin/aws", 1, 2, 3, 0), ARGV, "/src/a folder")
ACTION = Action(
    "aws.delete-stack", "aws", "cloudformation", "DeleteStack", Effect.TEARDOWN, Undo.RESTORE, because="Deletes a stack and all in it."
)
RULING = Ruling(Verdict.ASK, (Judged(ACTION, Verdict.ASK),))
QUESTION = Question(f"{SESSION}-1", SESSION, ARGV, "/src", "/usr/bin/aws", RULING)


@pytest.fixture
def told(directory, monkeypatch):
    """A session in which a stack was saved, and then deleted after all."""
    monkeypatch.setenv("XDG_STATE_HOME", str(directory.parent.parent))
    monkeypatch.delenv("COLUMNS", raising=False)
    trail = FileTrail.create(directory, SESSION, clock=lambda: NOW)
    trail.append(
        "session.started", {"agent": {"name": "claude"}, "engineer": {"login": "alice"}, "task": "COST-123 \x1b]0;x\x07"}, durable=True
    )
    for pid in range(3):
        trail.append("exec.seen", seen_body(pid, "/bin/ls", ("ls", "-l")), durable=False)
    for number, choice in enumerate((Choice.DENY, Choice.ONCE), start=1):
        asked = Record("question.asked", number, EXEC, RULING, QUESTION)
        trail.append(asked.kind, record_body(asked), durable=True)
        answer = replace(asked, kind="answer", answer=Answer(QUESTION.id, choice, "alice"))
        trail.append(answer.kind, record_body(answer), durable=True)
    trail.append("exec.intended", record_body(Record("exec.intended", 2, EXEC, RULING)), durable=True)
    outcome = Record("exec.outcome", 2, EXEC, facts=(("loaded", True), ("exit_status", 0), ("signal", None), ("replaced", False)))
    trail.append("exec.outcome", record_body(outcome), durable=True)
    trail.append("session.ended", {"status": 0, "passed": 3, "counts": asdict(Counts(asked=2, approved=1, denied=1))}, durable=True)
    trail.close()
    return trail.path


def run(*words):
    """What is printed, and the exception that the front door turns into a message."""
    done = CliRunner().invoke(audit, words)
    return done.output, done.exception


@pytest.mark.usefixtures("told")
def test_show_tells_what_mattered():
    """Asked, denied, asked, approved, run; of the rest, how much."""
    output, _ = run("show")
    assert output == snapshot("""\
session 20261123-195601-x7k2q9, 2026-11-23
19:56:01Z  started   claude for alice
                     task COST-123 \\x1b]0;x\\x07
19:56:01Z  asked     aws cloudformation delete-stack --stack-name
                     $'prod\\x1b[2J\\u202e' $'terr\\u0430form' $'\\xff'
                     in /src/a folder
                     Deletes a stack and all in it.
19:56:01Z  denied    deny, by alice
                     aws cloudformation delete-stack --stack-name
                     $'prod\\x1b[2J\\u202e' $'terr\\u0430form' $'\\xff'
19:56:01Z  asked     aws cloudformation delete-stack --stack-name
                     $'prod\\x1b[2J\\u202e' $'terr\\u0430form' $'\\xff'
                     in /src/a folder
                     Deletes a stack and all in it.
19:56:01Z  approved  once, by alice
                     aws cloudformation delete-stack --stack-name
                     $'prod\\x1b[2J\\u202e' $'terr\\u0430form' $'\\xff'
19:56:01Z  runs      aws cloudformation delete-stack --stack-name
                     $'prod\\x1b[2J\\u202e' $'terr\\u0430form' $'\\xff'
                     in /src/a folder
                     Deletes a stack and all in it.
19:56:01Z  outcome   exit status 0
                     aws cloudformation delete-stack --stack-name
                     $'prod\\x1b[2J\\u202e' $'terr\\u0430form' $'\\xff'
19:56:01Z  ended     status 0
                     2 asked, 1 approved, 1 denied
and 3 exec.seen (--all shows them)
""")
    assert max(map(len, output.splitlines())) <= 80


@pytest.mark.usefixtures("told")
def test_show_all_tells_everything():
    """Three programs that nobody asked about as well."""
    output, _ = run("show", SESSION[:10], "--all")
    assert output.count("ls -l") == 3


def test_show_json_is_the_records(told):
    """All of them, as they are in the file."""
    output, _ = run("show", "--json")
    assert [json.loads(line) for line in told.read_bytes().splitlines()] == json.loads(output)


@pytest.mark.usefixtures("told")
def test_list_names_the_sessions(directory):
    """Agent, engineer, state, counts."""
    running = FileTrail.create(directory, "20261124-080000-aaaaaa", clock=lambda: NOW)
    running.append("session.started", {"agent": {"name": "codex"}, "engineer": {"login": "bob"}}, durable=True)
    output, _ = run("list")
    assert output == snapshot("""\
session                 agent   by     state    what was asked
20261123-195601-x7k2q9  claude  alice  ended    2 asked, 1 approved, 1 denied
20261124-080000-aaaaaa  codex   bob    running
""")
    first, second = json.loads(run("list", "--json")[0])
    assert (first["session"], first["state"], first["status"], first["counts"]["asked"]) == (SESSION, "ended", 0, 2)
    assert (second["agent"], second["state"], second["counts"]) == ("codex", "running", None)
    running.close()


@pytest.mark.usefixtures("told")
def test_verify_says_that_all_is_well():
    """And exits with 0."""
    output, exception = run("verify")
    assert output == snapshot("20261123-195601-x7k2q9.jsonl: 11 records, unbroken from start to end.\n")
    assert exception is None


def test_verify_names_file_and_record(told):
    """Status 74, by way of the error."""
    lines = told.read_bytes().splitlines(keepends=True)
    lines[5] = lines[5].replace(b'"deny"', b'"once"')
    told.write_bytes(b"".join(lines))
    output, exception = run("verify", SESSION)
    assert output == ""
    assert isinstance(exception, TrailError)
    assert exception.exit_status == 74
    assert exception.sentence == snapshot(
        "20261123-195601-x7k2q9.jsonl: record 5 (counted from 0) does not fit: its hash does not fit what it says: it was edited."
    )
    output, exception = run("verify", "--json")
    assert isinstance(exception, TrailError)
    (report,) = json.loads(output)
    assert (report["state"], report["bad"]) == ("broken", 5)


def test_verify_does_not_call_a_crash_broken(told):
    """It says what it cannot tell."""
    told.write_bytes(b"".join(told.read_bytes().splitlines(keepends=True)[:-1]))
    output, exception = run("verify")
    assert exception is None
    assert output == snapshot("""\
20261123-195601-x7k2q9.jsonl: 10 records, unbroken, but without an end: qguard
  was killed, or the end was cut off. The trail cannot tell which.
""")


def test_show_survives_a_damaged_trail(told):
    """It tells what can be read, and which record cannot."""
    lines = told.read_bytes().splitlines(keepends=True)
    told.write_bytes(lines[0] + b"\x1b[2J\n" + b'{"kind":{},"exec":[],"attempt":[]}\n' + b"".join(lines[2:]) + b'{"cut')
    output, exception = run("show")
    assert exception is None
    assert "record 1 cannot be read" in output
    assert "record 12 cannot be read: it is cut off" in output
    assert "\x1b" not in output


def test_without_a_session_it_says_so(tmp_path, monkeypatch):
    """Nothing to list is no mistake; nothing to show is."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert "There is no session yet" in run("list")[0]
    assert run("list", "--json")[0] == "[]\n"
    assert "nothing to verify" in run("verify")[0]
    assert isinstance(run("show")[1], UsageError)
    assert command is audit


@pytest.mark.promise(9)
@pytest.mark.parametrize(
    "record",
    [
        {},
        {"kind": None},
        {"kind": "\x1b[2J", "at": "\x1b[2J"},
        {"kind": "answer", "answer": "\x1b"},
        {"kind": "exec.refused", "exec": {"argv": [1, None, {"bytes": "!"}, {"bytes": 3}, ["\x1b"]]}, "why": "\x1b"},
        {"kind": "question.asked", "ruling": {"judged": ["\x1b", {"action": {"because": ["\x1b"]}}]}},
        {"kind": "session.ended", "counts": {"\x1b": 1}, "status": "\x1b"},
        {"kind": "exec.outcome", "signal": "\x1b"},
        {"kind": "guard.error", "traceback": "\x1b\udcff"},
        {"kind": "grant.made", "grant": []},
        {"kind": "session.started", "agent": {"name": "\x1b"}, "task": ["\x1b"]},
    ],
    ids=str,
)
def test_any_record_can_be_told(record):
    """A trail may have been written by anybody; what it says never reaches the terminal raw."""
    moment = tell(record)
    assert "\x1b" not in moment.at + moment.what + moment.text
