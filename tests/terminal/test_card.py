"""What people see: at 80 and at 40 columns, without colour, with hostile bytes in everything that is not ours."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot
from sessions import DESTROY, a_stack, question

from guard.core.words import Action, Effect, Judged, Label, Opaque, Place, Reason, Ruling, Undo, Verdict
from guard.terminal.card import body
from guard.terminal.fold import cells, fold, hanging

STACKS = Judged(
    Action(
        rule="aws.cloudformation.DeleteStack",
        provider="aws",
        service="cloudformation",
        operation="DeleteStack",
        effect=Effect.TEARDOWN,
        undo=Undo.NONE,
        place=Place(Label.UNKNOWN, (("profile", "prod\x1b[31m"),)),
        targets=(a_stack("billing\u200b"), a_stack("orders-prod   Undo     easy to undo")),
        because="A stack goes with everything in it.",
        instead="aws cloudformation describe-stack-resources",
    ),
    Verdict.ASK,
    (Reason("default policy", Verdict.ASK, "A teardown is asked about."),),
)
BUCKET = Judged(
    Action("aws.s3.PutBucketPolicy", "aws", "s3", "PutBucketPolicy", Effect.PRIVILEGE, Undo.EASY, place=Place(Label.PROD, pinned=True)),
    Verdict.SECOND,
    (Reason("policy.yaml:12", Verdict.SECOND, "Two people for who may do what."),),
)
HOSTILE = replace(
    question(
        argv=(
            "aws", "cloudformation", "delete-stack", "x\x1b[2J\x1b[1;1Hls\u202egnp.exe", "a\nb", "\udcff\udcfe", "\u0440roduction",
            "two words", "--x=" + "y" * 39_000,
        ),
        ruling=Ruling(Verdict.SECOND, (STACKS, BUCKET), (Opaque("eval $x", "A variable is not known."),)),
    ),
    task="fix\x1b]0;pwned\x07 the \u202ebug",
    cwd="/home/ada/\x1b[8m",
    agent="claude\r\n",
)  # fmt: skip


def lines(*how, **more) -> str:
    """A card as text."""
    return "\n".join(line.rstrip() for line in body(*how, **more).lines)


def test_a_card_at_80_columns():
    """The plain case."""
    assert lines(question(), 80) == snapshot("""\
terraform destroy — takes down everything it reaches
Where    PROD: workspace prod, backend s3://states/prod
Undo     only by restoring a backup or building it again
Command  terraform destroy -auto-approve

Why      It deletes everything this configuration manages.
Asked by A teardown is asked about. (default policy)
Instead  terraform plan -destroy shows what would go.
Chain    claude → bash -c 'terraform destroy' → terraform destroy
Agent    claude
Task     fix the login bug
In       /home/ada/infra
File     /usr/bin/terraform\
""")


def test_a_card_at_40_columns():
    """In a narrow window."""
    assert lines(question(), 40) == snapshot("""\
terraform destroy — takes down
         everything it reaches
Where    PROD: workspace prod, backend
         s3://states/prod
Undo     only by restoring a backup or
         building it again
Command  terraform destroy -auto-approve

Why      It deletes everything this
         configuration manages.
Asked by A teardown is asked about.
         (default policy)
Instead  terraform plan -destroy shows
         what would go.
Chain    claude → bash -c 'terraform
         destroy' → terraform destroy
Agent    claude
Task     fix the login bug
In       /home/ada/infra
File     /usr/bin/terraform\
""")


@pytest.mark.promise(9)
def test_a_hostile_card_at_80_columns():
    """Control characters, bidirectional text, look-alikes, a line of 40 KB."""
    assert lines(HOSTILE, 80) == snapshot("""\
aws s3 PutBucketPolicy — changes who may do what: see its words
Where    PROD (pinned by your policy)
Undo     easy to undo
aws cloudformation DeleteStack — takes down stack billing\\u200b and 1 more
Where    place unknown (profile prod\\x1b[31m)
Targets  stack billing\\u200b, stack orders-prod   Undo     easy to undo
Undo     cannot be undone
Not understood — it may do anything
Source   eval $x
Because  A variable is not known.
Command  aws cloudformation delete-stack $'x\\x1b[2J\\x1b[1;1Hls\\u202egnp.exe'
         $'a\\nb' $'\\xff\\xfe' $'\\u0440roduction' 'two words'
         --x=yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy
         yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy
         … 38,837 more characters: [m] shows all
         yyyyyyyyyyyyyyyyyyyyyyyyy

Asked by Two people for who may do what. (policy.yaml:12)
Why      A stack goes with everything in it.
Asked by A teardown is asked about. (default policy)
Instead  aws cloudformation describe-stack-resources
Chain    claude → bash -c 'terraform destroy' → terraform destroy
Agent    claude\\r\\n
Task     fix\\x1b]0;pwned\\x07 the \\u202ebug
In       /home/ada/\\x1b[8m
File     /usr/bin/terraform
Note     a second person must agree as well\
""")


@pytest.mark.promise(9)
def test_a_hostile_card_at_40_columns():
    """The same in a narrow window."""
    assert lines(HOSTILE, 40) == snapshot("""\
aws s3 PutBucketPolicy — changes who
         may do what: see its words
Where    PROD (pinned by your policy)
Undo     easy to undo
aws cloudformation DeleteStack — takes
         down stack billing\\u200b and 1
         more
Where    place unknown (profile
         prod\\x1b[31m)
Targets  stack billing\\u200b, stack
         orders-prod   Undo     easy to
         undo
Undo     cannot be undone
Not understood — it may do anything
Source   eval $x
Because  A variable is not known.
Command  aws cloudformation
         delete-stack $'x\\x1b[2J\\x1b[1;1
         Hls\\u202egnp.exe' $'a\\nb'
         $'\\xff\\xfe' $'\\u0440roduction'
         … 38,998 more characters: [m]
         shows all
         yyyyyyyyyyyyyyyyyy

Asked by Two people for who may do
         what. (policy.yaml:12)
Why      A stack goes with everything
         in it.
Asked by A teardown is asked about.
         (default policy)
Instead  aws cloudformation
         describe-stack-resources
Chain    claude → bash -c 'terraform
         destroy' → terraform destroy
Agent    claude\\r\\n
Task     fix\\x1b]0;pwned\\x07 the
         \\u202ebug
In       /home/ada/\\x1b[8m
File     /usr/bin/terraform
Note     a second person must agree as
         well\
""")


def test_the_details_hold_every_reason_and_the_whole_command():
    """Nothing is cut here."""
    whole = lines(HOSTILE, 80, details=True)
    assert whole.count("y") - 39_000 == lines(replace(HOSTILE, argv=HOSTILE.argv[:-1]), 80, details=True).count("y")
    assert lines(replace(HOSTILE, argv=("true",)), 80, details=True) == snapshot("""\
aws s3 PutBucketPolicy — changes who may do what: see its words
Where    PROD (pinned by your policy)
Undo     easy to undo
Asked by Two people for who may do what. (policy.yaml:12)
Rule     aws.s3.PutBucketPolicy (second)
Reason   second: Two people for who may do what. (policy.yaml:12)

aws cloudformation DeleteStack — takes down stack billing\\u200b and 1 more
Where    place unknown (profile prod\\x1b[31m)
Targets  stack billing\\u200b, stack orders-prod   Undo     easy to undo
Undo     cannot be undone
Why      A stack goes with everything in it.
Asked by A teardown is asked about. (default policy)
Instead  aws cloudformation describe-stack-resources
Rule     aws.cloudformation.DeleteStack (ask)
Reason   ask: A teardown is asked about. (default policy)

Not understood — it may do anything
Source   eval $x
Because  A variable is not known.
Command  true
Chain    claude → bash -c 'terraform destroy' → terraform destroy
Agent    claude\\r\\n
Task     fix\\x1b]0;pwned\\x07 the \\u202ebug
In       /home/ada/\\x1b[8m
File     /usr/bin/terraform
Note     a second person must agree as well
Session  s\
""")


def test_many_actions_say_how_many_are_not_shown():
    """Five actions, three on the card, all in the details."""
    five = replace(question(), ruling=Ruling(Verdict.ASK, (DESTROY,) * 5))
    assert "… and 2 more actions: [m] shows all" in lines(five, 80)
    assert lines(five, 80, details=True).count("terraform destroy —") == 5


def test_colours_change_nothing_but_colours():
    """Without the attributes it is the same text."""
    coloured = body(HOSTILE, 60, color=True).lines
    assert body(HOSTILE, 60).lines == [re.sub(r"\x1b\[[\d;]*m", "", line) for line in coloured]


TEXT = st.text(max_size=60) | st.binary(max_size=40).map(lambda data: data.decode(errors="surrogateescape"))


@pytest.mark.promise(9)
@given(st.lists(TEXT, max_size=6), TEXT, TEXT, st.integers(20, 120), st.booleans())
def test_nothing_breaks_out_of_a_card(argv, task, name, width, details):
    """Whatever the bytes: every line is printable, fits, and never begins where a label could stand unless it is one of ours."""
    ours = r"(terraform| {9}|Where|Targets|Undo|Command|Why|Asked by|Instead|Chain|Agent|Task|In|File|Rule|Reason|Session|$)"
    action = replace(DESTROY.action, targets=(a_stack(name), a_stack(task)))
    shown = body(
        replace(
            question(argv=tuple(argv)), task=task, cwd=name, agent=name, ruling=Ruling(Verdict.ASK, (replace(DESTROY, action=action),))
        ),
        width,
        details=details,
    ).lines
    for line in shown:
        assert line.isprintable()
        assert cells(line) <= width
        assert re.match(ours, line)


@given(TEXT, st.integers(2, 50))
def test_folding_loses_nothing(text, width):
    """The lines joined are the text."""
    assert "".join(fold(text, width)) == text
    assert all(cells(line) <= width for line in fold(text, width))
    assert "".join(line.removeprefix("  ") if index else line for index, line in enumerate(hanging(text, width + 2))) == text


def test_wide_letters_count_twice_and_ambiguous_ones_too():
    """A line that a terminal draws wider than we think would hide the next."""
    assert (cells("日本"), cells("§"), cells("ab")) == (4, 2, 2)
