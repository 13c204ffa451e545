"""``qguard check``: exit statuses and shapes."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from guard.cli.check import EXIT, _question, body
from guard.core.words import Opaque, Ruling, Verdict

TOKEN = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"


def answers(done):
    """What was printed, line by line."""
    return [json.loads(line) for line in done.out.splitlines()]


# ---- one command -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "env", "status"),
    [
        (["ls"], {}, 0),
        (["terraform plan"], {}, 0),
        (["terraform apply"], {}, 0),
        (["terraform apply"], {"TF_WORKSPACE": "prod"}, 10),
        (["terraform destroy"], {}, 10),
        (["cd x && sudo terraform destroy"], {}, 10),
        (["$(echo terraform) destroy"], {}, 10),
        (["--", "terraform", "destroy"], {}, 10),
        (["--", "sh", "-c", "terraform destroy"], {}, 10),
        (["--", "echo", "terraform destroy"], {}, 0),
        (["broken x"], {}, 10),
    ],
)
def test_the_exit_status_is_the_verdict(judged, monkeypatch, words, env, status):
    """The same with and without JSON."""
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    plain, as_json = judged("check", *words), judged("check", "--json", *words)
    assert (plain.status, plain.err, as_json.status, as_json.err) == (status, "", status, "")
    assert plain.out.splitlines()[0] == json.loads(as_json.out)["verdict"]
    assert EXIT[Verdict[plain.out.splitlines()[0].upper()]] == status


def test_every_verdict_has_its_status():
    """0 allow, 10 ask, 11 second, 12 deny: no two alike, and the order is that of strictness."""
    assert {verdict.word: EXIT[verdict] for verdict in Verdict} == {"allow": 0, "ask": 10, "second": 11, "deny": 12}


def test_the_strictest_of_all_counts(judged, monkeypatch):
    """Several actions in one line."""
    monkeypatch.setenv("TF_WORKSPACE", "dev")
    done = judged("check", "--json", "terraform apply; terraform destroy; ls")
    assert done.status == 10
    assert [(one["operation"], one["verdict"]) for one in json.loads(done.out)["actions"]] == [("apply", "allow"), ("destroy", "ask")]


def test_the_shape_of_json(judged, monkeypatch, tmp_path):
    """All that the design names, and what the trail says besides."""
    monkeypatch.setenv("TF_WORKSPACE", "prod")
    done = judged("check", "--json", "bash -c 'terraform destroy a'")
    found = json.loads(done.out)
    found["actions"][0]["place"]["facts"][1][1] = found["actions"][0]["place"]["facts"][1][1].replace(str(tmp_path), "~")
    assert found == snapshot(
        {
            "verdict": "ask",
            "actions": [
                {
                    "rule": "terraform.destroy",
                    "provider": "terraform",
                    "service": None,
                    "operation": "destroy",
                    "effect": "teardown",
                    "undo": "restore",
                    "argv": ["terraform", "destroy", "a"],
                    "place": {"label": "prod", "facts": [["workspace", "prod"], ["cwd", "~"]], "pinned": False},
                    "targets": [{"kind": "resource", "name": "a"}],
                    "via": ["bash -c"],
                    "because": "It takes down everything.",
                    "instead": "Ask the platform team.",
                    "verdict": "ask",
                    "why": "It takes down everything.",
                    "reasons": [{"source": "default policy", "verdict": "ask", "text": "A teardown is asked about."}],
                }
            ],
            "opaque": [],
        }
    )
    wanted = "rule provider service operation argv effect undo place targets via verdict why"
    assert set(wanted.split()) <= set(found["actions"][0])


def test_what_is_not_understood_is_said(judged):
    """And it is never allowed (promise 3)."""
    found = json.loads(judged("check", "--json", "$X terraform destroy").out)
    assert (found["verdict"], found["actions"]) == ("ask", [])
    (opaque,) = found["opaque"]
    assert set(opaque) == {"source", "why"}


def test_plain_output_says_why(judged):
    """The verdict first, for ``head -1``."""
    assert judged("check", "terraform destroy a 'b c'").out == snapshot(
        "ask\n  ask: terraform destroy a 'b c': It takes down everything. (terraform.destroy)\n"
    )
    assert judged("check", "broken x").out == snapshot(
        "ask\n  not understood: broken x: the rules for broken cannot be read: broken.yaml:3: A rule is wrong.\n"
    )
    assert judged("check", "ls").out == "allow\n"


@pytest.mark.promise(8)
@pytest.mark.parametrize("options", [[], ["--json"]])
def test_no_secret_is_printed(judged, options):
    """In argv, in what was not understood, in a target's name."""
    for line in (f"terraform destroy -var token={TOKEN}", f"TOKEN={TOKEN} terraform destroy {TOKEN}", f"$X terraform --token {TOKEN}"):
        assert TOKEN not in judged("check", *options, line).out


@pytest.mark.promise(9)
def test_nothing_acts_on_the_terminal(judged):
    """Nor does an argument that is no text break anything."""
    done = judged("check", "--", "terraform", "destroy", "\x1b[2J", "\u202e", "\udcff", "a\nallow")
    assert done.out.splitlines()[0] == "ask"
    assert {"\x1b", "\u202e", "\udcff"}.isdisjoint(done.out)
    assert len(done.out.splitlines()) == 2
    assert json.loads(judged("check", "--json", "--", "terraform", "destroy", "\udcff").out)["actions"][0]["argv"][2] == {"bytes": "/w=="}


def test_a_bug_in_judging_is_70(judged):
    """Not an allow, and not an ask that hides it."""
    assert judged("check", "terraform crash").status == 70


def test_a_home_is_needed(front, monkeypatch):
    """Nothing was to be started, so it is a usage error here."""
    monkeypatch.delenv("HOME")
    assert front("check", "ls").status == 2


def test_a_directory_that_is_gone_is_unknown(judged, tmp_path, monkeypatch):
    """Judging goes on without it."""
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert judged("check", "terraform destroy").status == 10


# ---- many ------------------------------------------------------------------------------------------------------------


def test_each_line_is_answered_in_its_order(judged):
    """JSON strings and objects; the status is that of the strictest."""
    lines = [
        '"ls"',
        '{"line": "terraform destroy"}',
        '{"argv": ["terraform", "destroy", "a b"]}',
        '{"argv": ["terraform", "apply"], "env": {"TF_WORKSPACE": "prod"}, "cwd": "/srv"}',
        '{"argv": ["terraform", "apply"], "env": {}}',
        '{"line": "terraform destroy", "argv": null, "cwd": ""}',
        '  \t"ls"\r',
    ]
    done = judged("check", "--stdin", stdin="\n".join(lines).encode())
    assert (done.status, done.err) == (10, "")
    assert [answer["verdict"] for answer in answers(done)] == ["allow", "ask", "ask", "ask", "allow", "ask", "allow"]
    assert answers(done)[2]["actions"][0]["argv"] == ["terraform", "destroy", "a b"]
    assert answers(done)[3]["actions"][0]["place"]["facts"] == [["workspace", "prod"], ["cwd", "/srv"]]


def test_json_changes_nothing_there(judged):
    """--stdin always answers in JSON; nothing in, nothing out."""
    assert judged("check", "--stdin", stdin=b'"ls"') == judged("check", "--stdin", "--json", stdin=b'"ls"')
    assert (judged("check", "--stdin").status, judged("check", "--stdin").out) == (0, "")


@pytest.mark.promise(3)
@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"ls",
        b"'ls'",
        b'"ls',
        b"[]",
        b"7",
        b"1" * 6000,
        b"null",
        b"true",
        b"NaN",
        b"{}",
        b'{"line": "ls", "argv": ["ls"]}',
        b'{"line": "ls", "line": "ls"}',
        b'{"line": 7}',
        b'{"argv": "ls"}',
        b'{"argv": []}',
        b'{"argv": ["ls", 7]}',
        b'{"line": "ls", "cwd": "relative"}',
        b'{"line": "ls", "cwd": 7}',
        b'{"line": "ls", "cwd": "/' + b"x" * 300 + b'"}',
        b'{"line": "ls", "env": []}',
        b'{"line": "ls", "env": {"A": 7}}',
        b'{"line": "ls", "environment": {}}',
        b'{"\\u001b[2J": 1}',
        b'"terr\\u0000aform destroy"',
        b'{"argv": ["terraform", "destroy\\u0000"]}',
        b"\xff\xfe",
        b'"\xff"',
        b"[" * 100_000,
        b'{"a":' * 100_000,
    ],
    ids=lambda line: repr(line[:40]),
)
def test_an_input_that_cannot_be_read_is_asked_about(judged, line):
    """And the lines after it are answered all the same."""
    done = judged("check", "--stdin", stdin=b'"ls"\n' + line + b'\n"terraform plan"\n')
    first, second, third = answers(done)
    assert (done.status, first["verdict"], third["verdict"]) == (10, "allow", "allow")
    assert set(second) == {"verdict", "error"}
    assert second["verdict"] == "ask"
    assert second["error"]


@given(st.binary(max_size=60) | st.text(alphabet='{}[]":,\\u0argvlinecwd', max_size=40).map(str.encode))
def test_reading_an_input_is_total(raw):
    """A question, or a sentence about what is wrong with it."""
    with suppress(ValueError):
        question = _question(raw, "/", ())
        assert (question.line is None) == bool(question.argv)


def test_a_line_that_is_too_long_is_one_line(judged, monkeypatch):
    """Its beginning is not judged, and its rest is no line of its own."""
    monkeypatch.setattr("guard.cli.check._LONGEST", 100)
    done = judged("check", "--stdin", stdin=b'"' + b"x" * 350 + b'"\n"terraform destroy"\n"' + b"y" * 500)
    assert [answer["verdict"] for answer in answers(done)] == ["ask", "ask", "ask"]
    assert ["error" in answer for answer in answers(done)] == [True, False, True]


def test_an_answer_comes_before_the_next_question(judged, monkeypatch):
    """Whoever talks to it line by line is never kept waiting."""
    said = []

    def lines():
        for line in (b'"ls"', b'"terraform destroy"'):
            said.append(line)
            yield line

    monkeypatch.setattr("guard.cli.check._lines", lines)
    monkeypatch.setattr("click.echo", said.append)
    judged("check", "--stdin")
    assert [type(one) for one in said] == [bytes, str, bytes, str]


def test_without_standard_input_there_is_nothing_to_read(judged):
    """Closed, or beside a command: a usage error."""
    assert judged("check", "--stdin", stdin=None).status == 2
    assert judged("check", "--stdin", "ls").status == 2
    assert judged("check", "--stdin", "--", "ls").status == 2


@pytest.mark.promise(7)
def test_a_project_tightens_what_is_asked_about_in_it(judged, tmp_path):
    """Its policy counts for commands that would run there, wherever qguard itself runs."""
    for name, text in (("strict", "version: 1\nverdicts: {teardown: deny}\n"), ("wrong", "version: 1\nrulez: []\n")):
        (tmp_path / name / "deep").mkdir(parents=True)
        (tmp_path / name / ".qguard.yaml").write_text(text)
    asked = [{"argv": ["terraform", "destroy"], "cwd": str(tmp_path / name / "deep")} for name in ("strict", "wrong", "strict")]
    done = judged("check", "--stdin", stdin="\n".join(map(json.dumps, [*asked, "terraform destroy"])).encode())
    first, second, third, fourth = answers(done)
    assert (done.status, first["verdict"], third["verdict"], fourth["verdict"]) == (12, "deny", "deny", "ask")
    assert second["verdict"] == "ask"
    assert ".qguard.yaml:2:1" in second["error"]


# ---- the shape, from the other side ----------------------------------------------------------------------------------


def test_nothing_known_is_an_empty_allow():
    """Nobody's business."""
    assert body(Ruling()) == {"verdict": "allow", "actions": [], "opaque": []}


def test_text_that_is_not_utf_8_is_bytes():
    """As in the trail."""
    assert body(Ruling(Verdict.ASK, (), (Opaque("\udcff", "x"),)))["opaque"] == [{"source": {"bytes": "/w=="}, "why": "x"}]
