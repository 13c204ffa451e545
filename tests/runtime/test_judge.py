"""Classify, place, policy: one path for an invocation, an argv and a line, whatever the book holds."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.core.peek import sees_nothing
from guard.core.words import NOTHING, Action, Effect, Invocation, Label, Opaque, Place, Target, Undo, Verdict
from guard.errors import RulebookError
from guard.rulebook.policies import read_policies
from guard.runtime.judge import Judge

POLICIES = read_policies(None, None)


@dataclass(frozen=True)
class Book:
    """``tool WORD``: destroy deletes everything, odd is not understood, broken has no readable rules; the rest is nothing."""

    names: frozenset = frozenset({"tool"})
    env_names: frozenset = frozenset({"TOOL_ARGS"})
    env_prefixes: tuple = ("TOOL_VAR_",)

    def classify(self, invocation, _peek):
        """By the words after the program."""
        words = invocation.argv[1:]
        if "broken" in words:
            raise RulebookError("line 3 is wrong")
        found = []
        if "odd" in words:
            found.append(Opaque("odd", "nobody knows what odd does"))
        if "destroy" in words:
            target = (Target("thing", words[-1]),)
            found.append(Action("tool.destroy", "tool", None, "destroy", Effect.TEARDOWN, Undo.NONE, invocation.argv, targets=target))
        return tuple(found)


@dataclass(frozen=True)
class Places:
    """Everything lands where $TOOL_ARGS says."""

    def find(self, invocation):
        """One fact."""
        return Place(Label.DEV, tuple(("where", value) for name, value in invocation.env if name == "TOOL_ARGS"))


JUDGE = Judge(Book(), POLICIES, Places(), sees_nothing)


def test_an_invocation_is_classified_placed_and_ruled_on():
    """The action of the book, with the place of the finder, under the default policy."""
    ruling = JUDGE.judge("tool", Invocation("", ("tool", "destroy", "x"), "/w", (("TOOL_ARGS", "here"),)))
    (judged,) = ruling.judged
    assert (ruling.verdict, judged.action.targets, judged.action.place.facts) == (
        Verdict.ASK,
        (Target("thing", "x"),),
        (("where", "here"),),
    )


def test_what_nobody_knows_concerns_nobody():
    """No ruling, so it runs."""
    assert JUDGE.judge("tool", Invocation("", ("tool", "status"))) is NOTHING
    assert JUDGE.explain_line("echo hello | wc", "/w").ruling is NOTHING
    assert JUDGE.explain_argv(("echo", "tool"), "/w").ruling is NOTHING


@pytest.mark.promise(3)
@pytest.mark.parametrize(
    ("word", "why"),
    [("odd", "nobody knows what odd does"), ("broken", "the rules for tool cannot be read: line 3 is wrong")],
)
def test_given_something_not_understood_then_it_is_asked(word, why):
    """A value of its own, next to what was understood: neither an exception nor an allow."""
    ruling = JUDGE.judge("tool", Invocation("", ("tool", word)))
    assert (ruling.verdict, ruling.judged) == (Verdict.ASK, ())
    assert [opaque.why for opaque in ruling.opaque] == [why]


@pytest.mark.promise(2)
def test_given_several_commands_then_each_counts():
    """A line is as strict as the strictest in it, and says which action came from which."""
    explained = JUDGE.explain_line("tool status; tool destroy a && tool odd destroy b", "/w")
    assert [invocation.argv[1] for invocation in explained.invocations] == ["status", "destroy", "odd"]
    assert explained.counts == (0, 1, 1)
    assert [judged.action.targets[0].name for judged in explained.ruling.judged] == ["a", "b"]
    assert explained.ruling.opaque[0].why == "nobody knows what odd does"
    assert explained.ruling.verdict is Verdict.ASK


def test_wrappers_are_peeled_and_named():
    """An argv, a line in an argv, a line: one and the same deed."""
    for ruling in (
        JUDGE.explain_argv(("sudo", "-u", "root", "tool", "destroy", "x"), "/w").ruling,
        JUDGE.explain_argv(("bash", "-c", "tool destroy x"), "/w").ruling,
        JUDGE.explain_line("env A=b tool destroy x", "/w").ruling,
    ):
        (judged,) = ruling.judged
        assert (judged.action.argv, judged.verdict) == (("tool", "destroy", "x"), Verdict.ASK)
        assert judged.action.via


def test_only_variables_that_can_matter_are_kept():
    """Of the environment and of what a line sets: a secret elsewhere never gets here."""
    env = (("TOOL_ARGS", "a"), ("TOOL_VAR_x", "b"), ("PASSWORD", "c"), ("AWS_PROFILE", "d"))
    (invocation,) = JUDGE.explain_argv(("tool", "destroy"), "/w", env).invocations
    assert invocation.env == (("AWS_PROFILE", "d"), ("TOOL_ARGS", "a"), ("TOOL_VAR_x", "b"))
    (invocation,) = JUDGE.explain_line("PASSWORD=1 TOOL_ARGS=z tool destroy", "/w", env).invocations
    assert invocation.env == (("AWS_PROFILE", "d"), ("TOOL_ARGS", "z"), ("TOOL_VAR_x", "b"))


@pytest.mark.promise(3)
@given(
    st.text(max_size=60) | st.lists(st.sampled_from(["tool", "destroy", "odd", ";", "$(", ")", "'", '"', "|", "\n", "<<E"])).map(" ".join)
)
def test_judging_never_raises(line):
    """Whatever the line is."""
    assert JUDGE.explain_line(line, "/w").ruling.verdict in Verdict


@pytest.mark.promise(2)
@given(st.lists(st.sampled_from(["tool status", "tool destroy x", "tool odd", "tool broken", "ls"]), min_size=1, max_size=5))
def test_another_command_never_relaxes(commands):
    """The whole is at least as strict as each part."""
    whole = JUDGE.explain_line("; ".join(commands), "/w").ruling.verdict
    assert whole == max(JUDGE.explain_line(command, "/w").ruling.verdict for command in commands)


def test_nothing_is_placed_for_nothing():
    """Places read files: only for an action."""

    class Fails:
        def find(self, _invocation):
            raise AssertionError

    assert replace(JUDGE, places=Fails()).judge("tool", Invocation("", ("tool", "odd"))).verdict is Verdict.ASK
