"""Whole conversations with the state machine, without a kernel or a terminal."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.core.attempts import Process
from guard.core.cards import Answer, Choice
from guard.core.grants import GrantKind
from guard.core.happenings import (
    AgentGaveUp,
    Ask,
    ExecUnverifiable,
    HumanLeft,
    HumanSaid,
    Kill,
    NotRecorded,
    ProcessEnded,
    ProgramLoaded,
    Record,
    Refuse,
    Release,
    Resume,
    Tell,
    TimedOut,
    Withdraw,
)
from guard.core.session import LATE_SECONDS, Mode
from guard.core.words import NOTHING, Verdict
from tests.core.plays import NOW, Play, a_ruling, an_exec, attempted, play

SHIM, REAL = "/shims/terraform", "/opt/terraform"


def said(asked: Play, choice: Choice, *, late: bool = False) -> HumanSaid:
    return HumanSaid(Answer(asked.question(), choice, "ann@terminal", late=late), NOW + 5)


def text_of(played: Play) -> str:
    return next(effect.text for effect in played.effects if isinstance(effect, Refuse | Kill))


@pytest.mark.promise(1)
def test_an_allowed_exec_is_recorded_before_it_resumes():
    """The record comes first, in that order."""
    play().sees(attempted(ruling=a_ruling(Verdict.ALLOW))).emits("exec.intended", Resume(1))


@pytest.mark.promise(1)
def test_a_question_is_recorded_before_it_is_asked_and_the_answer_before_it_acts():
    """Asked, answered, intended: all three are on disk before anything runs."""
    asked = play().sees(attempted()).emits("question.asked", Ask)
    asked.sees(said(asked, Choice.ONCE)).emits("answer", "grant.made", "exec.intended", Resume(1))


@pytest.mark.promise(1)
def test_given_no_room_for_the_record_then_it_is_refused_with_that_reason():
    """Whatever was permitted, an unwritten record takes it back."""
    asked = play().sees(attempted())
    approved = asked.sees(said(asked, Choice.AGAIN))
    lost = approved.sees(NotRecorded(1, "No space left on device", NOW)).emits(Refuse, Tell)
    assert "No space left on device" in text_of(lost)
    assert lost.state.running == ()
    refused = play(can_ask=False).sees(attempted()).sees(NotRecorded(1, "No space left on device", NOW))
    assert refused.state.counts.refused == 1, "one exec, however often its record fails"
    unasked = play().sees(attempted()).sees(NotRecorded(1, "No space left on device", NOW)).emits(Withdraw, Refuse, Tell)
    assert unasked.state.waiting == ()


@pytest.mark.promise(10)
def test_a_denial_teaches():
    """The agent reads what was refused, that a human did it, not to try otherwise, and what to do instead."""
    asked = play().sees(attempted())
    denied = asked.sees(said(asked, Choice.DENY)).emits("answer", Refuse)
    for part in ("terraform destroy", "a human was asked and said no", "do not try another way", "Instead: Plan first."):
        assert part in text_of(denied)
    assert "\n" not in text_of(denied)


def test_asked_denied_asked_approved():
    """A denial is not remembered against a new process: each is asked about."""
    first = play().sees(attempted())
    denied = first.sees(said(first, Choice.DENY))
    second = denied.sees(attempted(2, an_exec(pid=101))).emits("question.asked", Ask)
    second.sees(said(second, Choice.ONCE)).emits("answer", "grant.made", "exec.intended", Resume(2))


def test_one_question_one_fault_for_the_path_candidates_of_one_task():
    """Execvp goes on to the next PATH entry after EPERM: same task, same argv, same answer."""
    asked = play().sees(attempted())
    denied = asked.sees(said(asked, Choice.DENY))
    again = denied.sees(attempted(2, an_exec(path="/bin/terraform"))).emits("exec.refused", Refuse)
    assert text_of(denied) == text_of(again)
    assert again.state.counts.denied == 1


def test_a_reused_pid_is_another_task():
    """Pid and start time together are the identity."""
    asked = play().sees(attempted())
    asked.sees(said(asked, Choice.DENY)).sees(attempted(2, an_exec(start=2))).emits("question.asked", Ask)


def test_once_is_once():
    """The same command by another process is asked about again."""
    asked = play().sees(attempted())
    asked.sees(said(asked, Choice.ONCE)).sees(attempted(2, an_exec(pid=101))).emits("question.asked", Ask)


def test_again_covers_the_same_command_here_and_nothing_else():
    """Same argv, directory, variables, deeds: covered; any difference: asked."""
    asked = play().sees(attempted())
    approved = asked.sees(said(asked, Choice.AGAIN))
    approved.sees(attempted(2, an_exec(pid=101))).emits("exec.intended", Resume(2))
    for other in (
        attempted(3, an_exec("terraform", "destroy", "-auto-approve", pid=101)),
        attempted(3, replace(an_exec(pid=101), cwd="/elsewhere")),
        attempted(3, replace(an_exec(pid=101), env=(("TF_WORKSPACE", "prod"),))),
        attempted(3, an_exec(pid=101), a_ruling(target="prod")),
    ):
        approved.sees(other).emits("question.asked", Ask)


@pytest.mark.promise(2)
def test_no_grant_lifts_a_denial_of_the_policy():
    """A grant answers an ask; deny and second stand."""
    asked = play().sees(attempted())
    approved = asked.sees(said(asked, Choice.AGAIN))
    for verdict in (Verdict.SECOND, Verdict.DENY):
        approved.sees(attempted(2, an_exec(pid=101), a_ruling(verdict))).emits("exec.refused", Refuse)


def test_what_takes_two_people_is_refused_and_says_so():
    """One is all that this version can ask; the policy did not deny it."""
    played = play().sees(attempted(ruling=a_ruling(Verdict.SECOND))).emits("exec.refused", Refuse)
    assert "The policy wants two people, and this version can ask only one." in text_of(played)
    denied = play().sees(attempted(ruling=a_ruling(Verdict.DENY))).emits("exec.refused", Refuse)
    assert "The policy denies it." in text_of(denied)


def test_an_approved_script_cannot_run_copy_after_copy():
    """Each copy is a file of its own; the chain of a version manager is short."""
    asked = play().sees(attempted(1, an_exec(path=SHIM)))
    run = asked.sees(said(asked, Choice.ONCE))
    for number in (2, 3, 4):
        run = run.sees(attempted(number, an_exec("/opt/terraform", "destroy", path=f"/copy/{number}"))).emits(
            "exec.intended", Resume(number)
        )
    run.sees(attempted(5, an_exec("/opt/terraform", "destroy", path="/copy/5"))).emits("question.asked", Ask)


def test_an_approved_shim_may_exec_the_real_program_once():
    """A pyenv-like shim leads to the program that was meant: one question for the whole chain."""
    asked = play().sees(attempted(1, an_exec(path=SHIM)))
    shim = asked.sees(said(asked, Choice.ONCE))
    real = shim.sees(attempted(2, an_exec("/opt/terraform", "destroy", path=REAL))).emits("exec.intended", Resume(2))
    real.sees(attempted(3, an_exec("/opt/terraform", "destroy", path=REAL))).emits("question.asked", Ask)


def test_a_child_of_the_approved_process_continues_it_and_a_stranger_does_not():
    """The continuation belongs to the approved process and what it starts."""
    asked = play().sees(attempted(1, an_exec(path=SHIM)))
    shim = asked.sees(said(asked, Choice.ONCE))
    child = an_exec("/opt/terraform", "destroy", path=REAL, pid=150, parents=(Process(100, 1, "terraform"),))
    shim.sees(attempted(2, child)).emits("exec.intended", Resume(2))
    shim.sees(attempted(2, an_exec("/opt/terraform", "destroy", path=REAL, pid=150))).emits("question.asked", Ask)
    other_words = an_exec("/opt/terraform", "destroy", "-auto-approve", path=REAL)
    shim.sees(attempted(2, other_words)).emits("question.asked", Ask)


def test_a_continuation_ends_with_its_process():
    """What is dead starts nothing; its number may be another's."""
    asked = play().sees(attempted(1, an_exec(path=SHIM)))
    over = asked.sees(said(asked, Choice.ONCE)).sees(ProcessEnded(1, 0, None, NOW)).emits("exec.outcome")
    assert [grant for grant in over.state.grants if grant.kind is GrantKind.CONTINUATION] == []


def test_when_the_agent_gives_up_the_question_is_withdrawn_and_a_late_yes_is_a_grant_for_ten_minutes():
    """One shot, ten minutes, the same command."""
    asked = play().sees(attempted())
    gone = asked.sees(AgentGaveUp(1, NOW)).emits(Withdraw, "question.withdrawn")
    late = gone.sees(HumanSaid(Answer(asked.question(), Choice.ONCE, "ann@terminal", late=True), NOW)).emits("answer", "grant.made")
    retried = late.sees(attempted(2, an_exec(pid=101), at=NOW + LATE_SECONDS - 1)).emits("exec.intended", Resume(2))
    retried.sees(attempted(3, an_exec(pid=102), at=NOW + LATE_SECONDS - 1)).emits("question.asked", Ask)
    late.sees(attempted(2, an_exec(pid=101), at=NOW + LATE_SECONDS + 1)).emits("question.asked", Ask)


def test_a_late_no_refuses_nobody():
    """There is nobody left to refuse."""
    asked = play().sees(attempted())
    asked.sees(AgentGaveUp(1, NOW)).sees(said(asked, Choice.DENY, late=True)).emits("answer")


def test_a_timeout_is_a_no():
    """And the card goes away."""
    asked = play().sees(attempted())
    denied = asked.sees(TimedOut(asked.question(), NOW)).emits(Withdraw, "answer", Refuse)
    assert "nobody answered in time" in text_of(denied)


def test_a_hang_up_is_a_no_to_everything_open_and_to_come():
    """Without a terminal nobody can answer."""
    asked = play().sees(attempted()).sees(attempted(2, an_exec(pid=101)))
    left = asked.sees(HumanLeft(NOW)).emits("answer", Refuse, "answer", Refuse)
    left.sees(attempted(3, an_exec(pid=102))).emits("exec.refused", Refuse)


@pytest.mark.promise(5)
def test_an_answer_to_no_open_question_does_nothing():
    """Not twice, not to a made-up one."""
    asked = play().sees(attempted())
    answered = asked.sees(said(asked, Choice.DENY))
    answered.sees(said(asked, Choice.ONCE)).emits()
    answered.sees(HumanSaid(Answer("s-77", Choice.ONCE, "x"), NOW)).emits()


def test_without_a_terminal_the_refusal_says_how_to_approve():
    """One line: why, whose decision, what next."""
    refused = play(can_ask=False, no_asking="There is no terminal.").sees(attempted()).emits("exec.refused", Refuse)
    for part in ("It destroys.", "There is no terminal.", "a human's decision", "To approve"):
        assert part in text_of(refused)


def test_audit_mode_lets_everything_run_and_says_what_it_would_have_done():
    """Only the record stands before it."""
    for verdict in (Verdict.ASK, Verdict.SECOND, Verdict.DENY):
        played = play(mode=Mode.AUDIT).sees(attempted(ruling=a_ruling(verdict))).emits("exec.intended", Resume(1))
        assert (("audit", f"would_{verdict.word}"),) == played.effects[0].facts
    unreadable = ExecUnverifiable(1, 5, "/x", ("x",), "it is hidden", NOW)
    play(mode=Mode.AUDIT).sees(unreadable).emits("exec.unchecked", Resume(1, unchecked=True))
    play(mode=Mode.AUDIT).sees(attempted(ruling=a_ruling(Verdict.DENY))).sees(NotRecorded(1, "full", NOW)).emits(Refuse, Tell)


def test_dry_run_runs_nothing_that_would_be_asked_and_everything_else():
    """EPERM and one line."""
    play(mode=Mode.DRY_RUN).sees(attempted()).emits("exec.refused", Refuse)
    play(mode=Mode.DRY_RUN).sees(attempted(ruling=a_ruling(Verdict.ALLOW))).emits("exec.intended", Resume(1))


@pytest.mark.promise(3)
def test_what_cannot_be_checked_is_refused_with_its_reason():
    """Never an allow."""
    refused = play().sees(ExecUnverifiable(1, 5, "/x", ("x", "y"), "process 7 traces it", NOW)).emits("exec.refused", Refuse)
    assert "process 7 traces it" in text_of(refused)


@pytest.mark.promise(6)
def test_what_was_loaded_as_judged_is_released():
    """And its loading is on record."""
    run = play().sees(attempted(ruling=a_ruling(Verdict.ALLOW)))
    run.sees(ProgramLoaded(1, None, a_ruling(), same=True, why="", at=NOW)).emits("exec.loaded", Release(1))


@pytest.mark.promise(6)
def test_a_difference_that_changes_the_ruling_kills():
    """Another target, another deed, something unreadable: it never runs its first instruction."""
    allowed = play().sees(attempted(ruling=a_ruling(Verdict.ALLOW)))
    for ruling, why in ((a_ruling(), ""), (a_ruling(Verdict.DENY), ""), (NOTHING, "its environment cannot be read")):
        allowed.sees(ProgramLoaded(1, an_exec(), ruling, same=False, why=why, at=NOW)).emits("exec.killed", Kill, Tell)
    asked = play().sees(attempted())
    approved = asked.sees(said(asked, Choice.ONCE))
    changed = ProgramLoaded(1, an_exec(), a_ruling(target="prod"), same=False, why="", at=NOW)
    approved.sees(changed).emits("exec.killed", Kill, Tell)


@pytest.mark.promise(6)
def test_another_directory_than_was_approved_kills():
    """The ruling may not turn on it; what `terraform destroy` takes down does."""
    asked = play().sees(attempted())
    approved = asked.sees(said(asked, Choice.ONCE))
    elsewhere = ProgramLoaded(1, replace(an_exec(), cwd="/elsewhere"), a_ruling(), same=False, why="", at=NOW)
    ended = approved.sees(elsewhere).emits("exec.killed", Kill, Tell)
    assert "its working directory changed" in text_of(ended)


@pytest.mark.promise(6)
def test_an_ungated_exec_that_turned_into_a_gated_one_is_killed():
    """Nobody had been asked about what was loaded."""
    play().sees(ProgramLoaded(9, an_exec(), a_ruling(), same=False, why="", at=NOW)).emits("exec.killed", Kill, Tell)


@pytest.mark.promise(6)
def test_a_difference_that_changes_nothing_is_none():
    """For example the interpreter of a script, or a variable that the ruling does not turn on."""
    play().sees(ProgramLoaded(9, an_exec(), NOTHING, same=False, why="", at=NOW)).emits(Release(9))
    asked = play().sees(attempted())
    approved = asked.sees(said(asked, Choice.ONCE))
    approved.sees(ProgramLoaded(1, an_exec(), a_ruling(), same=False, why="", at=NOW)).emits("exec.loaded", Release(1))


def test_the_outcome_is_recorded_with_status_or_signal():
    """Intent before, outcome after."""
    run = play().sees(attempted(ruling=a_ruling(Verdict.ALLOW)))
    ended = run.sees(ProcessEnded(1, 3, None, NOW)).emits("exec.outcome")
    assert ("exit_status", 3) in ended.effects[0].facts
    ended.sees(ProcessEnded(1, 3, None, NOW)).emits()


@given(st.lists(st.sampled_from(["attempt", "deny", "once", "again", "gave up", "time", "left", "unrecorded"]), max_size=12))
@pytest.mark.promise(1)
@pytest.mark.promise(4)
def test_whatever_happens_nothing_gated_resumes_without_its_record_and_a_yes(story):
    """In any order of events: a Resume of a gated exec follows its record in the same step, and an approval or a grant."""
    now, number = play(), 0
    for event in story:
        before = now.state
        if event == "attempt":
            number += 1
            now = now.sees(attempted(number, an_exec(pid=100 + number)))
        elif event == "left":
            now = now.sees(HumanLeft(NOW))
        elif event in ("gave up", "unrecorded"):
            now = now.sees(AgentGaveUp(number, NOW) if event == "gave up" else NotRecorded(number, "full", NOW))
        elif before.waiting:
            question = before.waiting[0].question.id
            answers = {"deny": Choice.DENY, "once": Choice.ONCE, "again": Choice.AGAIN}
            now = now.sees(TimedOut(question, NOW) if event == "time" else HumanSaid(Answer(question, answers[event], "ann"), NOW))
        resumed = [effect for effect in now.effects if isinstance(effect, Resume)]
        for effect in resumed:
            index = now.effects.index(effect)
            recorded = [
                r for r in now.effects[:index] if isinstance(r, Record) and r.kind == "exec.intended" and r.attempt == effect.attempt
            ]
            assert len(recorded) == 1
            approved = any(isinstance(r, Record) and r.kind == "answer" and r.answer.choice is not Choice.DENY for r in now.effects[:index])
            granted = any(name == "grant" for name, _ in recorded[0].facts)
            assert approved or granted
        now = Play(now.state)
