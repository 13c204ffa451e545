"""What ``check`` and ``explain`` have in common, from the files of somebody's account to the ruling, with the rules that are shipped."""

from __future__ import annotations

import json

import pytest

TEARDOWN = "terraform destroy"


def ruling(front, *words):
    """The ruling of ``check --json``."""
    done = front("check", "--json", *words)
    assert done.err == ""
    return json.loads(done.out)


def test_the_shipped_rules_are_in_force(front):
    """A teardown is asked about; what is no business of ours is not."""
    found = ruling(front, f"cd infra && {TEARDOWN}")
    assert (found["verdict"], [action["effect"] for action in found["actions"]]) == ("ask", ["teardown"])
    assert ruling(front, "ls -l; echo terraform") == {"verdict": "allow", "actions": [], "opaque": []}


def test_a_place_is_looked_for(front, tmp_path):
    """In the working directory and the home directory of whoever asks."""
    data = tmp_path / ".terraform"
    data.mkdir()
    (data / "environment").write_text("billing-prod")
    (action,) = ruling(front, TEARDOWN)["actions"]
    assert (action["place"]["label"], action["place"]["facts"]) == ("prod", [["workspace", "billing-prod"]])
    assert "place       prod: workspace billing-prod\n" in front("explain", TEARDOWN).out


@pytest.mark.promise(7)
def test_policies_are_looked_for(front, tmp_path):
    """The engineer's in the configuration, the project's from the working directory up, or the file that is named."""
    folder = tmp_path / ".config/qguard"
    folder.mkdir(parents=True)
    for path, verdict in ((folder / "policy.yaml", "allow"), (tmp_path / ".qguard.yaml", "deny")):
        path.write_text(f"version: 1\nverdicts: {{teardown: {verdict}}}\n")
        assert ruling(front, TEARDOWN)["verdict"] == verdict
    (folder / "policy.yaml").rename(tmp_path / "other.yaml")
    assert ruling(front, "--policy", "other.yaml", TEARDOWN)["verdict"] == "deny"
    (tmp_path / ".qguard.yaml").unlink()
    assert ruling(front, "--policy", "other.yaml", TEARDOWN)["verdict"] == "allow"


def test_a_link_that_leads_nowhere_is_no_absent_policy(front, tmp_path):
    """Somebody meant something to be in force (promise 11)."""
    (tmp_path / ".config/qguard").mkdir(parents=True)
    (tmp_path / ".config/qguard/policy.yaml").symlink_to("nowhere")
    done = front("check", TEARDOWN)
    assert (done.status, done.out) == (65, "")


def test_rules_of_ones_own_that_are_wrong_are_65(front, tmp_path):
    """With the place and the line."""
    (tmp_path / ".config/qguard/rules").mkdir(parents=True)
    (tmp_path / ".config/qguard/rules/mine.yaml").write_text("nonsense: [1]\n")
    done = front("explain", TEARDOWN)
    assert (done.status, done.out) == (65, "")
    assert "mine.yaml:1:" in done.err
    assert "^" in done.err


def test_the_environment_of_whoever_asks_counts(front, monkeypatch):
    """As it would for the command itself."""
    monkeypatch.setenv("TF_WORKSPACE", "live")
    assert ruling(front, TEARDOWN)["actions"][0]["place"]["label"] == "prod"


def test_several_clouds_in_one_line(front):
    """Each with its own rules, each with its own place."""
    line = f"{TEARDOWN}; aws --profile prod cloudformation delete-stack --stack-name billing; kubectl -n live delete namespace live"
    found = ruling(front, line)
    assert {"terraform", "aws", "kubernetes"} == {action["provider"] for action in found["actions"]}
    assert [action["place"]["label"] for action in found["actions"]] == ["unknown", "prod", "prod"]
    assert {action["effect"] for action in found["actions"]} == {"teardown"}
