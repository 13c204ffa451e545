"""Where qguard finds its things, for every kind of environment and project."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from guard.errors import CannotStart
from guard.runtime.settings import find_settings


@pytest.fixture
def home(tmp_path):
    """An engineer's home directory."""
    path = tmp_path / "home"
    path.mkdir()
    return path


def settings(home, cwd=None, **variables):
    """For somebody at home there."""
    return find_settings({"HOME": str(home), **variables}, cwd or home)


def test_without_anything_there_are_the_defaults(home):
    """XDG's, and nothing that does not exist."""
    found = settings(home)
    assert (found.state_dir, found.config_dir) == (home / ".local/state/qguard", home / ".config/qguard")
    assert (found.user_policy, found.project_policy, found.rule_dirs) == (None, None, ())
    assert found.cwd == str(home)


def test_xdg_variables_move_them(home, tmp_path):
    """Absolute ones; the specification has relative ones ignored."""
    found = settings(home, XDG_STATE_HOME=str(tmp_path / "s"), XDG_CONFIG_HOME="relative")
    assert (found.state_dir, found.config_dir) == (tmp_path / "s/qguard", home / ".config/qguard")


@pytest.mark.parametrize("value", [None, "", "relative"])
def test_given_no_home_then_it_says_what_to_set(value, tmp_path):
    """Nothing is kept in the working directory by accident."""
    variables = {} if value is None else {"HOME": value}
    with pytest.raises(CannotStart, match="Neither HOME nor XDG_CONFIG_HOME is an absolute path"):
        find_settings(variables, tmp_path)
    both = {**variables, "XDG_CONFIG_HOME": "/c", "XDG_STATE_HOME": "/s"}
    assert str(find_settings(both, tmp_path).state_dir) == "/s/qguard"


@pytest.mark.promise(11)
def test_a_policy_that_cannot_be_read_is_not_one_that_is_not_there(home):
    """A dangling link is found, so that reading it fails loudly."""
    folder = home / ".config/qguard"
    folder.mkdir(parents=True)
    (folder / "policy.yaml").symlink_to("nowhere")
    (home / ".qguard.yaml").symlink_to("nowhere")
    found = settings(home)
    assert found.user_policy == folder / "policy.yaml"
    assert found.project_policy == home / ".qguard.yaml"


@pytest.mark.promise(11)
@pytest.mark.parametrize("hidden", ["policy.yaml", "rules", ".qguard.yaml"])
def test_what_may_not_be_looked_at_is_not_absent(hidden, home, monkeypatch):
    """A folder without rights may hold what would forbid the command: one sentence, and nothing starts."""

    def lstat(path, real=Path.lstat):
        if path.name == hidden:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(Path, "lstat", lstat)
    with pytest.raises(CannotStart, match=rf"Whether there is \S+/{hidden} cannot be seen: Permission denied\."):
        settings(home)


def test_rules_of_the_engineer_s_own(home):
    """Whatever is there by that name: a link that leads nowhere fails when it is read."""
    folder = home / ".config/qguard/rules"
    folder.parent.mkdir(parents=True)
    folder.symlink_to("nowhere")
    assert settings(home).rule_dirs == (folder,)
    folder.unlink()
    folder.mkdir()
    assert settings(home).rule_dirs == (folder,)


@pytest.mark.promise(7)
@pytest.mark.parametrize("mark", [".git", ".hg", ".jj", ".svn"])
def test_a_project_s_policy_is_the_nearest_up_to_its_root(mark, home):
    """Seen from any folder of the repository; from a worktree, too, whose .git is a file. What is above it is another's."""
    project = home / "project"
    deep = project / "a/b"
    deep.mkdir(parents=True)
    (home / ".qguard.yaml").write_text("version: 1\n")
    assert settings(home, deep).project_policy == home / ".qguard.yaml"
    (project / mark).write_text("gitdir: elsewhere\n")
    assert settings(home, deep).project_policy is None
    (project / ".qguard.yaml").write_text("version: 1\n")
    assert settings(home, deep).project_policy == project / ".qguard.yaml"
    (project / "a/.qguard.yaml").write_text("version: 1\n")
    assert settings(home, deep).project_policy == project / "a/.qguard.yaml"


def test_the_search_ends_at_home(home):
    """What lies above is not the engineer's."""
    (home.parent / ".qguard.yaml").write_text("version: 1\n")
    (home / "x").mkdir()
    assert settings(home, home / "x").project_policy is None
    assert settings(home / "other", home / "x").project_policy == home.parent / ".qguard.yaml"
