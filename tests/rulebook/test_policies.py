"""The policy files: found, read, combined; and every way in which one can be wrong."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from policy.docs import DEFAULT_POLICY as DEFAULT
from policy.docs import action

from guard.core.words import Effect, Verdict
from guard.errors import RulebookError
from guard.policy import rule
from guard.rulebook import policies
from guard.rulebook.policies import read_policies
from guard.rulebook.yaml_reader import read

DOCUMENT = Path(__file__).resolve().parents[2] / "docs/policy.md"


@pytest.fixture
def write(tmp_path):
    """Write a policy file."""

    def to(text, name="policy.yaml"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return to


@pytest.fixture
def compiled(monkeypatch, tmp_path):
    """A wheel's compiled default policy."""
    path = tmp_path / "default.json"
    path.write_text(json.dumps(read(DEFAULT.read_bytes(), "x").plain()))
    monkeypatch.setattr(policies, "COMPILED", path)
    monkeypatch.setattr(policies, "SOURCE", DEFAULT)
    return path


def wrong(user=None, project=None):
    """The error that these files are."""
    with pytest.raises(RulebookError) as caught:
        read_policies(user, project)
    return caught.value


def test_without_files_the_default_policy_holds():
    """Ten minutes for an answer, nobody to be the second person."""
    found = read_policies(None, None)
    assert (found.ask_timeout, found.approvers, found.user, found.project) == (600, (), None, None)
    assert set(found.default.verdicts) == set(Effect)


def test_the_compiled_policy_is_the_same(compiled):
    """A wheel's JSON means what the checkout's YAML means, to the digest."""
    from_json = read_policies(None, None)
    compiled.unlink()
    assert from_json == read_policies(None, None)


def test_the_compiled_policy_needs_no_yaml(compiled):
    """Start-up: with no files of the user's, PyYAML is not imported."""
    code = (
        "import sys; from pathlib import Path; from guard.rulebook import policies;"
        "policies.COMPILED = Path(sys.argv[1]); policies.read_policies(None, None);"
        "sys.exit('yaml' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code, compiled], check=False).returncode == 0


@pytest.mark.promise(11)
def test_no_default_policy_is_an_error(monkeypatch, tmp_path):
    """An installation without its policy judges nothing."""
    monkeypatch.setattr(policies, "COMPILED", tmp_path / "a.json")
    monkeypatch.setattr(policies, "SOURCE", tmp_path / "a.yaml")
    assert "missing" in wrong().sentence


@pytest.mark.promise(11)
@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"version": 1}', '{"version": 1, "verdicts": {"read": "allow"}}', "\x00"])
def test_a_damaged_default_policy_is_an_error(compiled, text):
    """Nor one that says less than everything."""
    compiled.write_text(text)
    assert wrong().file == str(compiled)


def test_the_engineer_sets_timeout_and_approvers(write):
    """Both are the engineer's to say."""
    found = read_policies(write("version: 1\nask-timeout: 0\napprovers: [ada, bob]\n"), None)
    assert (found.ask_timeout, found.approvers) == (0, ("ada", "bob"))


@pytest.mark.promise(7)
@pytest.mark.parametrize("line", ["approvers: [me]", "ask-timeout: 0", "ask-timeout: 1", "approvers: []"])
def test_a_project_cannot_set_what_is_the_engineers(write, line):
    """A clear error at the key."""
    error = wrong(None, write(f"version: 1\n{line}\n", ".qguard.yaml"))
    assert (error.line, error.column) == (2, 1)
    assert "A project's policy cannot set" in error.sentence


@pytest.mark.parametrize(
    ("text", "line", "column", "says"),
    [
        ("rules: []\n", 1, 1, "'version' is missing"),
        ("version: 2\n", 1, 10, "version 1"),
        ("version: '1'\n", 1, 10, "whole number"),
        ("- a list\n", 1, 1, "mapping"),
        ("version: 1\nrulez: []\n", 2, 1, "no key 'rulez'"),
        ("version: 1\nverdicts: {delte: ask}\n", 2, 12, "no key 'delte'"),
        ("version: 1\nverdicts: {delete: maybe}\n", 2, 20, "'maybe' is not one of the verdicts"),
        ("version: 1\nplaces: {production: {}}\n", 2, 10, "no key 'production'"),
        ("version: 1\nplaces: {prod: {words: ['-']}}\n", 2, 25, "no letter"),
        ("version: 1\nplaces: {prod: {words: []}}\n", 2, 24, "empty"),
        ("version: 1\nplaces: {prod: {pins: {profile: x}}}\n", 2, 24, "no key 'profile'"),
        ("version: 1\nrules:\n", 2, 7, "must be a list"),
        ("version: 1\nrules:\n- {verdict: allow}\n", 3, 3, "'when' is missing"),
        ("version: 1\nrules:\n- {when: {}, verdict: allow}\n", 3, 10, "needs a condition"),
        ("version: 1\nrules:\n- {when: {target: []}, verdict: allow}\n", 3, 19, "empty"),
        ("version: 1\nrules:\n- {when: {target: ''}, verdict: allow}\n", 3, 19, "empty"),
        ("version: 1\nrules:\n- {when: {effect: []}, verdict: allow}\n", 3, 19, "empty"),
        ("version: 1\nrules:\n- {when: {label: live}, verdict: deny}\n", 3, 18, "'live' is not one of the labels"),
        ("version: 1\nrules:\n- {when: {target: a}, verdict: allow, why: x}\n", 3, 39, "no key 'why'"),
        ("version: 1\nask-timeout: -1\n", 2, 14, "out of range"),
        ("version: 1\nask-timeout: 999999999\n", 2, 14, "out of range"),
        ("version: 1\nask-timeout: 10m\n", 2, 14, "whole number"),
        ("", 1, 1, "empty"),
    ],
)
def test_a_mistake_has_a_place_and_a_sentence(write, text, line, column, says):
    """One sentence, at the value or the key that is wrong."""
    path = write(text)
    error = wrong(path)
    assert (error.file, error.line, error.column) == (str(path), line, column)
    assert says in error.sentence


def test_a_project_is_read_by_the_same_rules(write):
    """A mistake in a repository is a mistake."""
    assert wrong(None, write("version: 1\nrulez: []\n", ".qguard.yaml")).line == 2


def test_a_file_that_was_given_must_be_readable(tmp_path):
    """Missing, a folder, a pipe that nobody writes to, a dangling link: a sentence each, and nothing waits."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "dangling").symlink_to("nowhere")
    expected = {"missing": "No such file", ".": "Is a directory", "pipe": "not a regular file", "dangling": "No such file"}
    assert {name for name, says in expected.items() if says in wrong(tmp_path / name).sentence} == set(expected)
    assert wrong(tmp_path / "missing").file == str(tmp_path / "missing")


def test_the_digest_is_of_all_that_holds(write):
    """Another word changes it, another remark does not; whose file it is matters."""
    one = read_policies(write("version: 1\nverdicts: {delete: deny}\n"), None).digest
    assert re.fullmatch("[0-9a-f]{64}", one)
    assert one == read_policies(write("version: 1 # remark\n\nverdicts: {delete: deny}\n"), None).digest
    others = {
        read_policies(None, None).digest,
        read_policies(write("version: 1\nverdicts: {delete: ask}\n"), None).digest,
        read_policies(None, write("version: 1\nverdicts: {delete: deny}\n")).digest,
    }
    assert len({one, *others}) == 4


def test_the_documented_example_holds(write):
    """docs/policy.md: the example is read, and does what the page says."""
    (example,) = re.findall(r"```yaml\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    found = read_policies(write(example), None)

    def kubectl(*targets):
        deletion = action(
            "delete", *targets, provider="kubernetes", service=None, operation="delete", argv=("kubectl", "delete", "pod", *targets)
        )
        return rule((deletion,), (), found).verdict

    assert found.ask_timeout == 900
    assert kubectl("preview-7") is Verdict.ALLOW
    assert kubectl("preview-7", "billing-db") is Verdict.ASK
    assert rule((action("teardown", "billing"),), (), found).verdict is Verdict.DENY
    assert rule((action("evade"),), (), found).verdict is Verdict.DENY
    (judged,) = rule((action("teardown", "prod", argv=("terraform", "destroy", "-auto-approve")),), (), found).judged
    assert "Production is never destroyed from a laptop." in [reason.text for reason in judged.reasons]
