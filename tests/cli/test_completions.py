"""``qguard completions``: what the scripts say is what the commands are, and the shells agree."""

from __future__ import annotations

import subprocess
import sys

import pytest
from places import ROOT
from support.machine import find, needs

from guard.cli.completing.tree import GENERATED, read_tree
from guard.cli.completions import FILES, WRITERS, script
from guard.cli.main import VERBS

# ---- the tree --------------------------------------------------------------------------------------------------------


def verb(*path):
    """One command of the tree."""
    (found,) = [one for one in read_tree().all() if one.path == path]
    return found


def test_every_verb_is_in_it():
    """With the short help of ``qguard --help``, in its order."""
    assert list(VERBS) == [child.path[0] for child in read_tree().children]
    assert all(child.help and not child.help.endswith(".") for child in read_tree().children)


def test_it_knows_what_may_follow():
    """A command of somebody else's, a session, or one of a few words."""
    assert verb("run").follows == "command"
    assert verb("check").follows == "command"
    assert verb("explain").follows == "command"
    assert verb("audit", "show").follows == "session"
    assert verb("completions").follows == ("bash", "zsh", "fish")


def test_it_knows_what_options_take():
    """Nothing, a text, a file, or one of a few words."""
    takes = {option.names: option.value for option in verb("run").options}
    assert takes["--keep",] is None
    assert takes["--task",] == "text"
    assert takes["--policy",] == "file"
    assert "never" in takes["--ask",]
    assert "--help" in verb("run").flags


# ---- the scripts -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shell", WRITERS)
def test_what_is_shipped_is_what_would_be_printed(shell):
    """Nothing typed twice, nothing stale. In a process of its own: click remembers the options of a command that was started alone."""
    argv = [sys.executable, "-m", "guard.cli.main", "completions", shell]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    assert done.stdout == (ROOT / "completions" / FILES[shell]).read_text()


@pytest.mark.parametrize("shell", WRITERS)
def test_every_verb_and_option_is_in_the_script(shell):
    """And where it came from."""
    text = script(shell)
    assert GENERATED.format(shell) in text
    for one in read_tree().all():
        assert not one.path or one.path[-1] in text
        for flag in one.flags:
            assert (f"-l {flag[2:]}" if shell == "fish" and flag.startswith("--") else flag.removeprefix("-")) in text


@pytest.mark.parametrize("shell", [pytest.param(shell, marks=needs(shell)) for shell in WRITERS])
def test_the_shell_parses_it(tmp_path, shell):
    """``-n``: no commands are run."""
    path = tmp_path / FILES[shell]
    path.write_text(script(shell))
    done = subprocess.run([find(shell), "-n", str(path)], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


# ---- bash, asked -----------------------------------------------------------------------------------------------------


def completed(tmp_path, *words, before=""):
    """What bash offers after these words, the last of which is being typed."""
    path = tmp_path / "qguard.bash"
    path.write_text(script("bash"))
    line = f'{before}\nsource {path}; COMP_WORDS=(qguard "$@"); COMP_CWORD=$#; _qguard; printf "%s\\n" "${{COMPREPLY[@]}}"'
    env = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    done = subprocess.run(
        ["bash", "--norc", "-c", line, "bash", *words], capture_output=True, text=True, check=True, env=env, cwd=tmp_path
    )  # fmt: skip
    assert done.stderr == ""
    return done.stdout.split()


def test_bash_completes_verbs_and_options(tmp_path):
    """At every level."""
    assert list(VERBS) == completed(tmp_path, "")
    assert completed(tmp_path, "au") == ["audit"]
    assert completed(tmp_path, "audit", "s") == ["show"]
    assert "--task" in completed(tmp_path, "run", "--t")
    assert completed(tmp_path, "check", "") == ["--"]
    assert completed(tmp_path, "completions", "z") == ["zsh"]
    assert completed(tmp_path, "run", "--ask", "n") == ["never"]
    assert completed(tmp_path, "run", "--task", "") == []
    assert completed(tmp_path, "run", "--policy", "qguard.b") == ["qguard.bash"]


def test_bash_completes_sessions(tmp_path):
    """By the trails that lie there."""
    sessions = tmp_path / ".local/state/qguard/sessions"
    assert completed(tmp_path, "audit", "show", "") == []
    sessions.mkdir(parents=True)
    (sessions / "20261123-195601-x7k2q9.jsonl").touch()
    (sessions / "notes.txt").touch()
    assert completed(tmp_path, "audit", "show", "2026") == ["20261123-195601-x7k2q9"]


def test_bash_leaves_what_comes_after_two_dashes_to_others(tmp_path):
    """With bash-completion, the other command's own; without, programs, then files."""
    assert "bash" in completed(tmp_path, "run", "--", "bas")
    assert completed(tmp_path, "run", "--", "cat", "qguard.b") == ["qguard.bash"]
    assert completed(tmp_path, "run", "--", "", before="_comp_command_offset() { COMPREPLY=(at $1); }") == ["at", "3"]
