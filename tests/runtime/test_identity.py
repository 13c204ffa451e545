"""Who runs, and who launched it: facts, learnt without running anything."""

from __future__ import annotations

import hashlib
import json
import os
import pwd

import pytest

from guard.runtime import identity


@pytest.fixture
def agent(tmp_path):
    """An agent as npm installs it: a link in bin, a package with a package.json."""
    package = tmp_path / "lib/node_modules/@acme/agent"
    (package / "dist").mkdir(parents=True)
    (package / "package.json").write_text(json.dumps({"name": "@acme/agent", "version": "2.1.0", "bin": {"agent": "dist/cli.js"}}))
    (package / "dist/cli.js").write_text("#!/usr/bin/env node\n")
    (tmp_path / "bin").mkdir()
    link = tmp_path / "bin/agent"
    link.symlink_to(package / "dist/cli.js")
    return link


def test_an_agent_is_its_file_its_digest_and_its_version(agent):
    """The real file; the name is that of the command."""
    found = identity.identify_agent(str(agent), ("agent", "-p", "x"))
    digest = hashlib.sha256(b"#!/usr/bin/env node\n").hexdigest()
    assert (found.name, found.path) == ("agent", str(agent.resolve()))
    assert (found.digest, found.version) == (f"sha256:{digest}", "2.1.0")
    assert found.body() == {"name": "agent", "path": found.path, "digest": found.digest, "version": "2.1.0"}


def test_a_name_can_be_given(agent):
    """``--agent NAME``."""
    assert identity.identify_agent(str(agent), ("agent",), "claude").name == "claude"


@pytest.mark.parametrize(
    "text", ["not json", "[]", "{}", '{"version": "1.0"}', '{"bin": "x", "version": 3}', '{"bin": "x"}'], ids=lambda text: text
)
def test_a_package_that_says_nothing_of_use_is_no_version(text, agent):
    """A package.json without a program, or of another kind."""
    (agent.resolve().parents[1] / "package.json").write_text(text)
    found = identity.identify_agent(str(agent), ("agent",))
    assert (found.version, found.body()["version"]) == ("", None)


def test_a_big_agent_is_hashed_later(agent, monkeypatch):
    """The start does not wait for hundreds of megabytes."""
    monkeypatch.setattr(identity, "_HASHED_AT_ONCE", 10)
    assert identity.identify_agent(str(agent), ("agent",)).digest == ""


def test_the_engineer_is_who_launched_it():
    """The user's number and name, where from, and the login that su and sudo do not change."""
    found = identity.engineer({"SSH_CONNECTION": "10.0.0.1 5 10.0.0.2 22"})
    assert (found["uid"], found["login"]) == (os.getuid(), pwd.getpwuid(os.getuid()).pw_name)
    assert found["ssh"] == "10.0.0.1 5 10.0.0.2 22"
    assert identity.engineer({})["ssh"] is None
    assert found["login_uid"] is None or isinstance(found["login_uid"], int)


def test_a_user_without_a_name_is_a_number():
    """As in containers."""
    assert identity.login_name(3_999_999_999) == "3999999999"
