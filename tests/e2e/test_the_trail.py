"""Afterwards the trail tells everything, and tells when it was touched."""

from __future__ import annotations

import json
import os

import pytest
from support.machine import needs

pytestmark = [pytest.mark.kernel, needs("terraform")]

DESTROY = "terraform destroy -auto-approve -no-color"


def test_a_denied_session_is_told_whole(platform, terraform):
    """Who, what, where, why, in order: started, refused, ended."""
    terraform()
    platform.guard("sh", "-c", DESTROY, options=["--task", "COST-123"])
    kinds = [record["kind"] for record in platform.trail]
    assert (kinds[0], kinds[-1]) == ("session.started", "session.ended")
    assert kinds.count("exec.refused") == 1
    started = platform.trail[0]
    assert started["task"] == "COST-123"
    assert started["engineer"]["uid"] == os.getuid()
    assert started["agent"]["digest"].startswith("sha256:")


def test_an_approved_session_records_before_it_acts_and_the_outcome_after(platform, terraform):
    """question.asked, answer, exec.intended, and then how it ended."""
    project = terraform()
    with platform.guard_at_terminal("sh", "-c", DESTROY) as human:
        human.answers("o")
        assert human.leaves() == 0
    assert project.resources == ()
    kinds = [record["kind"] for record in platform.trail]
    order = ["session.started", "question.asked", "answer", "exec.intended", "exec.outcome", "session.ended"]
    assert [kind for kind in kinds if kind in order and kind != "exec.seen"] == order


def test_audit_show_and_list_tell_what_the_files_hold(platform, terraform):
    """``audit show --json`` has every record of the latest session; ``audit list --json`` names it."""
    terraform()
    platform.guard("sh", "-c", DESTROY)
    shown = platform.qguard("audit", "show", "--json")
    assert shown.status == 0, shown.err
    assert json.loads(shown.out) == list(platform.trail)
    (listed,) = json.loads(platform.qguard("audit", "list", "--json").out)
    assert listed["session"] == platform.trail[0]["session"]
    text = platform.qguard("audit", "show").out
    assert "terraform destroy" in text


@pytest.mark.promise(8)
def test_no_secret_reaches_the_trail(platform, terraform):
    """A password in argv is masked in the record, in the refusal, and in what ``audit show`` prints."""
    terraform()
    secret = "hunter2-AKIAIOSFODNN7EXAMPLE"
    done = platform.guard("sh", "-c", f"{DESTROY} -var=db_password={secret}; curl -u root:{secret} --version >/dev/null 2>&1")
    assert secret not in done.err
    assert secret not in str(platform.trail)
    assert secret not in platform.qguard("audit", "show").out


def test_verify_finds_what_was_changed(platform, terraform):
    """Untouched: 0. One byte changed: 74, and it says where."""
    terraform()
    platform.guard("sh", "-c", DESTROY)
    assert platform.qguard("audit", "verify").status == 0
    (file,) = (platform.home / "state/qguard/sessions").glob("*.jsonl")
    lines = file.read_bytes().splitlines(keepends=True)
    index = next(index for index, line in enumerate(lines) if b"exec.refused" in line)
    lines[index] = lines[index].replace(b"destroy", b"plan   ", 1)
    file.chmod(0o600)
    file.write_bytes(b"".join(lines))
    broken = platform.qguard("audit", "verify")
    assert broken.status == 74, broken.out + broken.err
    assert str(index) in broken.out + broken.err
