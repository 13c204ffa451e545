"""Against the AWS CLI's own parser: whatever it would call that destroys, our reading sees."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rules.known import book, is_asked
from support.machine import find, needs

from guard.rules.spelling import dashed

pytestmark = needs("aws")

DESTRUCTIVE = [
    (["cloudformation", "delete-stack"], ["--stack-name", "x"]),
    (["rds", "delete-db-instance"], ["--db-instance-identifier", "x"]),
    (["ec2", "terminate-instances"], ["--instance-ids", "i-1"]),
    (["s3api", "delete-bucket"], ["--bucket", "b"]),
    (["lambda", "delete-function"], ["--function-name", "f"]),
    (["dynamodb", "delete-table"], ["--table-name", "t"]),
    (["kms", "schedule-key-deletion"], ["--key-id", "k"]),
    (["emr", "terminate-clusters"], ["--cluster-ids", "j-1"]),
    (["s3", "rb", "s3://b"], ["--force"]),
    (["s3", "rm", "s3://b/x"], ["--recursive"]),
    (["s3", "rm", "s3://b/x"], []),
    (["s3", "sync", ".", "s3://b"], ["--delete"]),
    (["s3", "sync", "help", "s3://b"], ["--delete"]),
    (["s3", "sync", "s3://a", "s3://b"], ["--exclude", "*", "--delete"]),
]
NOISE = [
    ["--region", "eu-west-1"], ["--reg", "eu-west-1"], ["--region=delete-stack"], ["--region", "help"], ["--output", "json"],
    ["--outp=text"],
    ["--color", "off"], ["--debug"], ["--no-verify-ssl"], ["--no-sign-request"], ["--no-pag"], ["--query", "a b"], ["--query", "-a b"],
    ["--query", "-1"], ["--query", "-"], ["--endpoint-url", "http://127.0.0.1:9"], ["--cli-read-timeout", "3"],
    ["--ca-bundle", "help"],
    ["--v2-debug"], ["help"], ["--"], [""], ["--unheard-of"], ["--unheard-of", "x"], ["-x"], ["--dryrun"], ["--dry-run"],
    ["--no-dry-run"],
    ["--page-size", "3"], ["--exclude", "help"], ["--only-show-errors"], ["--cli-input-json", "{}"], ["--generate-cli-skeleton"],
    ["--generate-cli-skeleton", "output"], ["--recursive"], ["--rec"], ["--del"], ["--dryr"], ["x"],
]  # fmt: skip


@pytest.fixture(scope="module")
def calls(tmp_path_factory):
    """The calls that the AWS CLI makes of some words, as [service, operation] or [command, how]."""
    home = tmp_path_factory.mktemp("aws-home")
    python = Path(find("aws")).resolve().with_name("python")
    environment = {
        "HOME": str(home), "PATH": "/usr/bin:/bin", "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x",
        "AWS_DEFAULT_REGION": "eu-west-1", "AWS_EC2_METADATA_DISABLED": "true", "AWS_PAGER": "cat",
    }  # fmt: skip
    argv = [python, "-B", Path(__file__).with_name("aws_oracle.py")]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment) as oracle:

        def ask(words):
            oracle.stdin.write(json.dumps(words) + "\n")
            oracle.stdin.flush()
            return json.loads(oracle.stdout.readline())

        yield ask
        oracle.stdin.close()


def destroys(call):
    """Whether the default policy should ask about a call."""
    service, operation = call
    if " " in service:
        return service in {"s3 rb", "s3 rm", "emr terminate-clusters"} or operation == "delete"
    known = book().ruleset("aws").called(service, dashed(operation))
    return known is not None and known.effect.value in {"delete", "teardown", "evade", "privilege"}


@pytest.mark.parametrize("command", DESTRUCTIVE, ids=lambda one: " ".join(one[0]))
def test_the_plain_command_destroys(calls, command):
    """The oracle works: what we take for destructive is."""
    words, options = command
    made = calls([*words, *options])
    assert made
    assert any(destroys(call) for call in made)
    assert is_asked("aws", *words, *options)


@settings(max_examples=400, deadline=None)
@given(data=st.data())
def test_nothing_that_destroys_is_missed(calls, data):
    """Options of every kind, anywhere between the words."""
    words, options = data.draw(st.sampled_from(DESTRUCTIVE))
    pieces = [[word] for word in words]
    if options:
        pieces.insert(data.draw(st.integers(0, len(pieces))), options)
    for noise in data.draw(st.lists(st.sampled_from(NOISE), max_size=4)):
        pieces.insert(data.draw(st.integers(0, len(pieces))), noise)
    argv = [word for piece in pieces for word in piece]
    if any(destroys(call) for call in calls(argv)):
        assert is_asked("aws", *argv), argv


def test_every_global_option_is_read_as_it_is():
    """Which of them take a value is what the program's own table says."""
    options = book().ruleset("aws").programs[0].options
    (file,) = (Path(find("aws")).resolve().parents[1] / "lib").glob("python*/site-packages/awscli/data/cli.json")
    table = json.loads(file.read_text())
    for name, how in table["options"].items():
        assert (name in options.valued) is not ("action" in how), name
        assert (name in options.flags) is ("action" in how), name


@pytest.mark.parametrize("argv", ["--force -- s3 -- rb s3://b", "-- s3 rm s3://b/x --recursive", "s3 -- rb s3://b", "s3 rb -- s3://b"])
def test_two_dashes_are_for_one_parser_only(calls, argv):
    """What it leaves over is read again by the parser of the next word."""
    assert is_asked("aws", *argv.split()) >= bool(calls(argv.split()))
    assert "rb" not in argv or calls(argv.split())
