"""Modes and manners: audit, dry run, nesting, and the exit statuses to the letter."""

from __future__ import annotations

import pytest
from support.machine import QGUARD, needs

pytestmark = pytest.mark.kernel

DATABASE = ("terraform_data.database",)
DESTROY = "terraform destroy -auto-approve -no-color"


@needs("terraform")
def test_audit_lets_everything_run_and_says_what_it_would_have_asked(platform, terraform):
    """Nothing is asked or refused; the end of the session and the trail say what would have been."""
    project = terraform()
    done = platform.guard("sh", "-c", DESTROY, options=["--audit"])
    assert (done.status, project.resources) == (0, ()), done.err
    assert "1 would have been asked about" in done.err
    assert "AUDIT ONLY" in done.err
    assert [record for record in platform.trail_of("exec.intended") if "would_ask" in str(record)]
    assert platform.trail_of("exec.refused", "question.asked") == ()


@needs("terraform")
def test_audit_asks_nothing_at_a_terminal_either(platform, terraform):
    """No card, and it runs."""
    project = terraform()
    with platform.guard_at_terminal("sh", "-c", DESTROY, options=["--audit"]) as human:
        assert human.leaves() == 0
        assert b"may this run?" not in human.history
    assert project.resources == ()


@needs("terraform")
def test_dry_run_does_not_run_what_would_be_asked(platform, terraform):
    """EPERM and one line, at a terminal too; what is not gated runs."""
    project = terraform()
    done = platform.guard("sh", "-c", f"echo runs; {DESTROY}", options=["--dry-run"])
    assert (done.status, done.out) == (126, "runs\n"), done.err
    assert "dry run: qguard would ask a human" in done.err
    with platform.guard_at_terminal("sh", "-c", DESTROY, options=["--dry-run"]) as human:
        assert human.leaves() == 126
        assert b"may this run?" not in human.history
    assert project.resources == DATABASE


@needs("terraform")
def test_inside_a_session_the_outer_guard_stays_in_force(platform, terraform):
    """``qguard run`` in ``qguard run`` says so, keeps the outer session, and cannot weaken it."""
    project = terraform()
    inner = f"{QGUARD} run --audit -- sh -c 'echo $QGUARD_SESSION; {DESTROY}'"
    done = platform.guard("sh", "-c", f"echo $QGUARD_SESSION; {inner}")
    outside, inside = done.out.split()
    assert outside == inside
    assert done.status == 126
    assert "already inside a guarded session" in done.err
    assert project.resources == DATABASE


def test_options_of_the_agent_are_the_agents(engineer):
    """After ``--`` nothing is qguard's."""
    assert engineer.guard("echo", "--help", "--audit", "--", "-x").out == "--help --audit -- -x\n"


def test_two_modes_at_once_are_refused(engineer):
    """``--audit --dry-run`` can mean two things, so it means neither."""
    done = engineer.guard("touch", "ran", options=["--audit", "--dry-run"])
    assert done.status == 125, done.err
    assert not (engineer.work / "ran").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["run", "--", "there-is-no-such-agent"], "not on PATH"),
        (["run", "--", "./missing"], "does not exist"),
        (["run", "--", "/etc/passwd"], "not an executable"),
        (["run", "--"], "No agent"),
        (["run"], "No agent"),
        (["run", "touch", "ran"], "-- before the agent is missing"),
        (["run", "--no-such-option", "--", "touch", "ran"], "no-such-option"),
        (["run", "--ask", "telepathy", "--", "touch", "ran"], "telepathy"),
        (["run", "--ask-timeout", "soon", "--", "touch", "ran"], "soon"),
        (["run", "--policy", "missing.yaml", "--", "touch", "ran"], "missing.yaml"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_an_agent_that_cannot_be_started_is_125(engineer, words, said):
    """One clear sentence, the status of env(1) and timeout(1), and nothing ran."""
    done = engineer.qguard(*words)
    assert done.status == 125, done.err
    assert said in done.err
    assert "Traceback" not in done.err
    assert not (engineer.work / "ran").exists()


def test_an_unknown_verb_is_2(engineer):
    """Elsewhere than in ``run`` a usage error is 2."""
    done = engineer.qguard("flee")
    assert done.status == 2
    assert "flee" in done.err


def test_unguarded_says_so_and_records_nothing(engineer):
    """Danger is in the name, and in the first line."""
    done = engineer.guard("sh", "-c", "exit 3", options=["--dangerously-unguarded"])
    assert done.status == 3
    assert "NOT GUARDED" in done.err
    assert engineer.trail == ()


def test_a_policy_that_the_agent_changed_is_said_at_the_end_in_the_trail_and_at_the_next_start(engineer):
    """It binds no one before the next session; whoever starts that must know."""
    policy = engineer.folder("config/qguard") / "policy.yaml"
    policy.write_text("version: 1\n")
    done = engineer.guard("sh", "-c", f"echo 'verdicts: {{teardown: allow}}' >> {policy}")
    assert f"perhaps by the agent: {policy}" in done.err
    (record,) = engineer.trail_of("guard.changed")
    assert record["paths"] == [str(policy)]
    assert f"perhaps by the agent: {policy}" in engineer.guard("true").err
    assert "perhaps by the agent" not in engineer.guard("true").err
