"""``qguard explain``: every step, at 80 and 40 columns, without colour, with hostile bytes in it."""

# ruff: noqa: RUF001 - explain shows wrappers with an arrow of its own
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from guard.cli.asked import Asked
from guard.cli.explain import tell
from guard.core.words import Action, Effect, Invocation, Judged, Label, Opaque, Place, Reason, Ruling, Target, Undo, Verdict
from guard.runtime.judge import Explained
from guard.terminal.fold import cells

HOSTILE = ("aws", "cloudformation", "delete-stack", "--stack-name", "prod\x1b[2J\u202e", "terr\u0430form", "\udcff")
TOKEN = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
ACTION = Action(
    "aws.cloudformation.delete-stack",
    "aws",
    "cloudformation",
    "DeleteStack",
    Effect.TEARDOWN,
    Undo.RESTORE,
    HOSTILE,
    Place(Label.PROD, (("profile", "prod\x07"), ("account", "111122223333"), ("region", "eu-west-1")), pinned=True),
    (Target("stack", "prod\x1b[2J\u202e"), Target("stack", "日本-billing")),
    because="It deletes a stack and every resource in it.",
    instead="Change the template, and look at a change set first.",
)
REASONS = (
    Reason("default policy", Verdict.ASK, "A teardown is asked about."),
    Reason("policy.yaml:12", Verdict.SECOND, "Production takes two people.\x1b[2J"),
)
INVOCATIONS = (
    Invocation("aws", HOSTILE, "/src", (), ("sudo -u deploy", "bash -c")),
    Invocation("terraform", ("terraform", "plan"), "/src"),
)
RULING = Ruling(
    Verdict.SECOND,
    (Judged(ACTION, Verdict.SECOND, REASONS),),
    (Opaque("$X\x1b]0;x\x07 destroy", "the program is a variable that is not known"),),
)
QUESTION = Asked("sudo -u deploy bash -c 'aws …\x1b[2J'; terraform plan; $X destroy", (), "/src", ())


def told(width=80, *, colour=False):
    """The explanation of all that at some width."""
    return "\n".join(tell(QUESTION, Explained(RULING, INVOCATIONS, (1, 0)), width, colour=colour)) + "\n"


@pytest.mark.promise(9)
def test_it_tells_every_step():
    """What was given, how it was read, what it does, where, what each policy says, and why."""
    assert told() == snapshot("""\
command     sudo -u deploy bash -c 'aws \\u2026\\x1b[2J'; terraform plan; $X
            destroy
verdict     second: it takes two people, so this version refuses it

1. read as  aws cloudformation delete-stack --stack-name $'prod\\x1b[2J\\u202e'
            $'terr\\u0430form' $'\\xff'
via         sudo -u deploy › bash -c
rule        aws.cloudformation.delete-stack (aws cloudformation:DeleteStack)
effect      teardown, undo: restore
on          stack prod\\x1b[2J\\u202e, stack 日本-billing
place       prod: profile prod\\x07, account 111122223333, region eu-west-1
            (pinned)
policy      ask: A teardown is asked about. (default policy)
policy      second: Production takes two people.\\x1b[2J (policy.yaml:12)
so          second
because     It deletes a stack and every resource in it.
instead     Change the template, and look at a change set first.

2. read as  terraform plan
rule        none of those for terraform is concerned

3. unread   $X\\x1b]0;x\\x07 destroy
because     the program is a variable that is not known
""")


@pytest.mark.promise(9)
def test_it_fits_a_narrow_terminal():
    """The same at 40 columns."""
    assert told(40) == snapshot("""\
command     sudo -u deploy bash -c 'aws
            \\u2026\\x1b[2J'; terraform
            plan; $X destroy
verdict     second: it takes two
            people, so this version
            refuses it

1. read as  aws cloudformation
            delete-stack --stack-name
            $'prod\\x1b[2J\\u202e'
            $'terr\\u0430form' $'\\xff'
via         sudo -u deploy › bash -c
rule        aws.cloudformation.delete-st
            ack (aws cloudformation:Dele
            teStack)
effect      teardown, undo: restore
on          stack prod\\x1b[2J\\u202e,
            stack 日本-billing
place       prod: profile prod\\x07,
            account 111122223333,
            region eu-west-1 (pinned)
policy      ask: A teardown is asked
            about. (default policy)
policy      second: Production takes
            two people.\\x1b[2J
            (policy.yaml:12)
so          second
because     It deletes a stack and
            every resource in it.
instead     Change the template, and
            look at a change set first.

2. read as  terraform plan
rule        none of those for terraform
            is concerned

3. unread   $X\\x1b]0;x\\x07 destroy
because     the program is a variable
            that is not known
""")


@pytest.mark.parametrize("width", [30, 40, 80, 120])
def test_no_line_is_wider_than_the_terminal(width):
    """By cells, not by characters."""
    assert max(map(cells, told(width).splitlines())) <= width


def test_colour_is_only_on_the_verdict():
    """And without it there is no control character at all."""
    assert "\x1b" not in told()
    (coloured,) = [line for line in told(colour=True).splitlines() if "\x1b" in line]
    assert coloured == "verdict     \x1b[35m\x1b[1msecond: it takes two people, so this version refuses it\x1b[0m"


@pytest.mark.promise(8)
def test_no_secret_is_told():
    """In words, lines, targets, places and reasons."""
    action = Action(
        "r",
        "p",
        None,
        TOKEN,
        Effect.DELETE,
        Undo.NONE,
        ("aws", TOKEN),
        Place(Label.DEV, (("x", TOKEN),)),
        (Target("t", TOKEN),),
        (TOKEN,),
        TOKEN,
    )
    ruling = Ruling(Verdict.ASK, (Judged(action, Verdict.ASK, (Reason(TOKEN, Verdict.ASK, TOKEN),)),), (Opaque(TOKEN, TOKEN),))
    for asked in (Asked(f"aws {TOKEN}", (), "/", ()), Asked(None, ("aws", TOKEN), "/", ())):
        explained = Explained(ruling, (Invocation("aws", ("aws", TOKEN), via=(TOKEN,)),), (1,))
        assert TOKEN not in "".join("\n".join(tell(asked, explained)).split())


@pytest.mark.promise(9)
@given(st.text(max_size=30), st.integers(24, 100))
def test_no_text_acts_on_the_terminal(text, width):
    """Whatever stands where."""
    action = Action(
        text, text, text, text, Effect.DELETE, Undo.NONE, (text,), Place(Label.DEV, ((text, text),)), (Target(text, text),), (text,), text
    )
    ruling = Ruling(Verdict.DENY, (Judged(action, Verdict.DENY, (Reason(text, Verdict.DENY, text),)),), (Opaque(text, text),))
    lines = list(tell(Asked(text, (), text, ()), Explained(ruling, (Invocation(text, (text,), via=(text,)),), (1,)), width))
    assert all(line.isprintable() for line in lines)
    assert max(map(cells, lines)) <= width


# ---- from the command line -------------------------------------------------------------------------------------------


def test_a_line_is_explained(judged):
    """Nothing is run; the status is 0, whatever the verdict: this is for people."""
    done = judged("explain", "cd infra && sudo terraform destroy a; terraform plan; broken x")
    assert (done.status, done.err) == (0, "")
    assert done.out == snapshot("""\
command     cd infra && sudo terraform destroy a; terraform plan; broken x
verdict     ask: it waits for a human

1. read as  terraform destroy a
via         sudo
rule        terraform.destroy (terraform destroy)
effect      teardown, undo: restore
on          resource a
place       unknown
policy      ask: A teardown is asked about. (default policy)
so          ask
because     It takes down everything.
instead     Ask the platform team.

2. read as  terraform plan
rule        none of those for terraform is concerned

3. read as  broken x
rule        none of those for broken is concerned

4. unread   broken x
because     the rules for broken cannot be read: broken.yaml:3: A rule is wrong.
""")


def test_words_are_explained(judged):
    """As they would be typed."""
    assert judged("explain", "--", "terraform", "destroy", "a b").out.splitlines()[0] == "command     terraform destroy 'a b'"


def test_what_concerns_nobody_is_said(judged):
    """Nothing to explain is an explanation too."""
    assert judged("explain", "ls -l").out == snapshot("""\
command     ls -l
verdict     allow: it runs as if qguard were not there
because     no rule knows a program that it starts
""")


@pytest.mark.parametrize(
    ("words", "status"), [([], 2), (["--"], 2), (["a", "b"], 2), (["a", "--", "b"], 2), (["--nope"], 2), (["--", "--nope"], 0)]
)
def test_there_is_one_line_or_the_words_of_one_command(judged, words, status):
    """And never a guess which of the two was meant."""
    done = judged("explain", *words)
    assert done.status == status
    assert (done.out == "") == (status == 2)
