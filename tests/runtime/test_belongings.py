"""What of qguard's own an agent changed is said: at the end, in the trail, at the next start."""

from __future__ import annotations

import os

import pytest

from guard.runtime import belongings
from guard.runtime.settings import find_settings


@pytest.fixture
def settings(tmp_path):
    """An engineer's folders, with a policy."""
    (tmp_path / "config/qguard").mkdir(parents=True)
    (tmp_path / "config/qguard/policy.yaml").write_text("version: 1\n")
    return find_settings({"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / "config")}, tmp_path)


def changed(settings, change, policy=None):
    """The paths that are found to differ after ``change()``."""
    before = belongings.look(settings, policy)
    change()
    return belongings.differences(before, belongings.look(settings, policy))


def test_nothing_changed_is_nothing(settings):
    """Most sessions."""
    assert changed(settings, lambda: None) == ()


def test_an_edit_that_restores_size_and_time_is_seen(settings):
    """The kernel's own time of change cannot be set."""
    policy = settings.user_policy

    def edit():
        about = policy.stat()
        policy.write_text("version: 2\n")

        os.utime(policy, ns=(about.st_atime_ns, about.st_mtime_ns))

    assert changed(settings, edit) == (str(policy),)


def test_new_rules_a_new_project_policy_and_a_gone_policy_are_seen(settings, tmp_path):
    """Files that were not there, and one that is no more."""
    rules, project = tmp_path / "config/qguard/rules/more.yaml", tmp_path / ".qguard.yaml"

    def change():
        rules.parent.mkdir()
        rules.write_text("")
        project.write_text("")
        settings.user_policy.unlink()

    assert changed(settings, change) == tuple(sorted(map(str, (rules, project, settings.user_policy))))


def test_the_policy_of_the_command_line_is_looked_at(settings, tmp_path):
    """``--policy FILE``, wherever it is."""
    other = tmp_path / "other.yaml"
    other.write_text("version: 1\n")
    assert changed(settings, lambda: other.write_text("version: 1 \n"), other) == (str(other),)


def test_code_that_python_loads_by_itself_is_seen(settings, tmp_path, monkeypatch):
    """A ``.pth`` or usercustomize.py in the user's site-packages runs before qguard does."""
    monkeypatch.setattr(belongings, "_site_folders", lambda: [tmp_path])
    new = (tmp_path / "evil.pth", tmp_path / "usercustomize.py")
    assert changed(settings, lambda: [path.write_text("import os\n") for path in new]) == tuple(map(str, new))


def test_a_module_compiled_meanwhile_is_no_change_and_an_exchanged_one_is(settings, tmp_path, monkeypatch):
    """Running qguard compiles its modules."""
    package = tmp_path / "guard"
    package.mkdir()
    (package / "__init__.py").write_text("")
    monkeypatch.setattr(belongings.guard, "__file__", str(package / "__init__.py"))
    compiled = package / "core.pyc"
    assert changed(settings, lambda: compiled.write_bytes(b"1")) == ()
    assert changed(settings, lambda: compiled.write_bytes(b"22")) == (str(compiled),)


@pytest.mark.parametrize("damage", [b"", b"{", b"7", b"[1, {}]", b"\xff"])
def test_a_damaged_notice_says_nothing_and_breaks_nothing(tmp_path, damage):
    """It lies where the agent can write."""
    (tmp_path / "changed-in-a-session.json").write_bytes(damage)
    assert belongings.take_notices(tmp_path) == ()


def test_notices_add_up_and_are_said_once(tmp_path):
    """Two sessions, one start."""
    belongings.leave_notice(tmp_path, "one")
    belongings.leave_notice(tmp_path, "two")
    assert belongings.take_notices(tmp_path) == ("one", "two")
    assert belongings.take_notices(tmp_path) == ()


def test_the_sentence_is_safe_and_short():
    """File names are the agent's to choose."""
    said = belongings.sentence(tuple(f"/c/{n}\x1b[2J" for n in range(7)), "s")
    assert "\x1b" not in said
    assert said.startswith("changed during session s, perhaps by the agent: /c/0")
    assert "and 2 more" in said
