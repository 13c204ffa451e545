"""Against Terraform itself: the words that it reads, the options that it knows, and what it really takes away."""

from __future__ import annotations

import re
import subprocess

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rules.known import book, is_asked, rules
from support.machine import PATH, needs
from support.terraform import VARIABLES

from guard.core.peek import sees_nothing
from guard.core.words import Invocation
from guard.rules.argv import Focus
from guard.rules.expand import expanded
from guard.rules.shellwords import split_words

pytestmark = needs("terraform")


def terraform(folder, *words, env=None):
    """What Terraform says."""
    environment = {"PATH": PATH, "HOME": str(folder), **VARIABLES, **(env or {})}
    return subprocess.run(
        ["terraform", *words], cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=60
    )


def read_by_terraform(folder, words, env):
    """The words that it reads in the end, from its own log; ``None`` when it refuses them."""
    done = terraform(folder, *words, env={"TF_LOG": "info", **env})
    line = re.search(rb"CLI command args: \[\]string\{(.*)\}\n", done.stderr)
    if line is None:
        return None
    return tuple(_unquoted(one) for one in re.findall(rb'"((?:[^"\\]|\\.)*)"', line[1]))


def _unquoted(text):
    """A string of Go's ``%#v``."""
    simple = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b'"': b'"', b"\\": b"\\"}
    return re.sub(rb"\\(.)", lambda found: simple[found[1]], text).decode()


def read_by_us(words, env):
    """The same, as we read it."""
    program = book().ruleset("terraform").programs[0]
    invocation = Invocation("terraform", ("terraform", *words), "/work", tuple(sorted(env.items())))
    focus = Focus(program.depth, program.deciding, program.subcommands)
    (one,) = expanded(program, invocation, sees_nothing, focus)
    return one[1:] if isinstance(one, tuple) else None


@settings(max_examples=40, deadline=None)
@given(st.text("""ab -\\"'`$(); \t""", max_size=8))
@example('"-d\\estroy"')
@example("a 'b c' \"d e\" \"\" '' f\\ g")
@example("'-destroy;x' y;z")
@example("a$(b c) `d e` f")
def test_a_variable_is_split_as_terraform_splits_it(tmp_path_factory, text):
    """A backslash counts within double quotes, an operator ends it all; wrong quoting is refused by both."""
    folder = tmp_path_factory.getbasetemp()
    if not text:
        return
    assert split_words(text) == _words_of(folder, text)


def _words_of(folder, text):
    found = read_by_terraform(folder, ["version"], {"TF_CLI_ARGS_version": text})
    return None if found is None else found[1:]


@pytest.mark.parametrize(
    ("words", "env"),
    [
        (["version"], {"TF_CLI_ARGS": "a b", "TF_CLI_ARGS_version": "c d"}),
        (["", "version"], {"TF_CLI_ARGS": "a"}),
        (["-chdir=/", "version", "x"], {"TF_CLI_ARGS": "a"}),
        ([], {"TF_CLI_ARGS": "version"}),
        ([], {"TF_CLI_ARGS_": "version"}),
        (["state", "rm", "x"], {"TF_CLI_ARGS": "-a", "TF_CLI_ARGS_state_rm": "-b", "TF_CLI_ARGS_state": "-c"}),
        (["state"], {"TF_CLI_ARGS": "rm x"}),
        (["state"], {"TF_CLI_ARGS_state": "rm x"}),
        (["state", "-lock=false", "rm", "x"], {"TF_CLI_ARGS_state": "-a", "TF_CLI_ARGS_state_rm": "-b"}),
        (["env", "delete", "x"], {"TF_CLI_ARGS_env_delete": "-force"}),
        (["workspace", "delete", "x"], {"TF_CLI_ARGS_workspace_delete": "-force"}),
        (["force-unlock", "1"], {"TF_CLI_ARGS_force_unlock": "-force", "TF_CLI_ARGS_force-unlock": "-no"}),
        (["delete", "workspace", "delete"], {"TF_CLI_ARGS": "-a"}),
    ],
    ids=" ".join,
)
def test_variables_are_put_where_terraform_puts_them(tmp_path, words, env):
    """Behind the subcommand, nested or not; in front when there is none."""
    ours, theirs = read_by_us(words, env), read_by_terraform(tmp_path, words, env)
    assert [word for word in ours if not word.startswith("-chdir=")] == list(theirs)


COMMANDS = ["apply", "destroy", "plan", "state rm", "state push", "state mv", "workspace delete", "force-unlock", "taint", "refresh"]
VALUES = {"var": "a=b"}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_is_read_as_it_is(tmp_path, command):
    """Each flag stands alone, each other option takes what follows: so what is not known is found at the very end."""
    options = book().ruleset("terraform").programs[0].options
    shown = terraform(tmp_path, *command.split(), "-help").stdout.decode()
    names = set(re.findall(r"^ +-([a-z-]+)", shown, re.MULTILINE)) - {"help"}
    flags = [f"-{name}" for name in sorted(names & options.flags)]
    valued = [word for name in sorted(names & options.valued) for word in (f"-{name}", VALUES.get(name, "-0"))]
    done = terraform(tmp_path, *command.split(), *flags, *valued, "-no-such-option")
    assert flags + valued or command == "destroy"
    assert b"not defined: -no-such-option" in done.stdout + done.stderr, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("words", "env"),
    [
        (["destroy", "-auto-approve"], {}),
        (["", "destroy", "-auto-approve"], {}),
        (["apply", "-destroy", "-auto-approve"], {}),
        (["apply", "--destroy=T", "-auto-approve"], {}),
        (["apply", "-auto-approve"], {"TF_CLI_ARGS_apply": '"-d\\estroy"'}),
        (["apply"], {"TF_CLI_ARGS": "-destroy -auto-approve"}),
        ([], {"TF_CLI_ARGS": "destroy -auto-approve"}),
        ([], {"TF_CLI_ARGS_": "destroy -auto-approve"}),
        (["state", "rm", "terraform_data.database"], {}),
        (["state"], {"TF_CLI_ARGS_state": "rm terraform_data.database"}),
        (["apply", "-auto-approve", "-destroy", "-destroy=true", "-no-color"], {}),
        (["destroy", "-target", "terraform_data.database", "-auto-approve"], {}),
    ],
    ids=" ".join,
)
def test_what_it_really_takes_away_is_seen(terraform, engineer, words, env):
    """Each of these leaves nothing in a real state, and is asked about."""
    project = terraform("database")
    engineer.with_env({**VARIABLES, **env}).run("terraform", *words, cwd=project.folder)
    assert project.resources == ()
    assert is_asked("terraform", *words, env=env)


@pytest.mark.parametrize(
    "words", [["state", "rm", "terraform_data.database", "-dry-run"], ["destroy", "--", "-help"], ["destroy", "-version"]]
)
def test_what_looks_dangerous_and_is_not(terraform, engineer, words):
    """Terraform refuses these itself, or only tells its version."""
    project = terraform("database")
    engineer.with_env(VARIABLES).run("terraform", *words, cwd=project.folder)
    assert project.resources == ("terraform_data.database",)


def test_a_replacement_is_a_deletion(terraform, engineer):
    """``apply -replace`` destroys the old one."""
    project = terraform("database")
    done = engineer.with_env(VARIABLES).run(
        "terraform", "apply", "-replace=terraform_data.database", "-auto-approve", "-no-color", cwd=project.folder
    )
    assert "1 destroyed" in done.out
    assert rules("terraform", "apply", "-replace=terraform_data.database", "-auto-approve") == {"terraform.replace"}
