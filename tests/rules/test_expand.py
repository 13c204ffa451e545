"""Aliases of the AWS CLI and of kubectl, variables of Terraform: what stands in them is read, and cannot hide anything."""

from __future__ import annotations

import os
import pwd
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rules.known import book, files, is_asked, rules
from support.machine import find, needs

from guard.core.words import Invocation

STACK = "aws.cloudformation.DeleteStack"


def with_aliases(text):
    """An engineer's home with this file of aliases."""
    return {"peek": files(**{"/home/e/.aws/cli/alias": text.encode("utf-8", "surrogateescape")})}


@pytest.mark.parametrize(
    ("aliases", "words"),
    [
        ("[toplevel]\ntidy = cloudformation delete-stack\n", "tidy --stack-name x"),
        ("[toplevel]\nTidy = cloudformation delete-stack\n", "tidy --stack-name x"),
        ("[toplevel]\ntidy = --region eu cloudformation delete-stack\n", "tidy --stack-name x"),
        ("[toplevel]\ntidy = --region eu other\nother = cloudformation delete-stack\n", "tidy"),
        ("[toplevel]\na = b\nb = c\nc = d\nd = e\ne = f\nf = g\ng = h\nh = i\ni = j\nj = cloudformation delete-stack\n", "a"),
        ("[toplevel]\ntidy =\n  cloudformation\n  delete-stack\n", "tidy"),
        ("[toplevel]\ntidy = 'cloudformation' \"delete-stack\"\n", "--profile p tidy"),
        ("[toplevel]\ntidy = cloudformation\n", "tidy --region eu delete-stack --stack-name x"),
        ("[toplevel]\ncloudformation = s3\n", "cloudformation delete-stack --stack-name x"),
        ("[toplevel]\ncloudformation = help\n", "cloudformation delete-stack --stack-name x"),
        ("[toplevel]\ns3 = cloudformation\n", "s3 delete-stack"),
        ("[command cloudformation]\nrebuild = delete-stack\n", "cloudformation rebuild --stack-name x"),
        ("[command cloudformation]\nrebuild = --region eu delete-stack\n", "cloudformation --profile p rebuild"),
        ("[toplevel]\ncf = cloudformation\n[command cloudformation]\nrebuild = delete-stack\n", "cf rebuild"),
        ("[toplevel]\ntidy = cloudformation delete-stack\n", "--unheard-of tidy"),
        ("[toplevel]\ntidy = cloudformation delete-stack\n", "--unheard-of value tidy"),
        ("[toplevel]\ntidy: cloudformation delete-stack\n", "tidy"),
        ("[toplevel]\nx = y\n[toplevel]\ntidy = cloudformation delete-stack\n", "tidy"),
    ],
)
def test_an_alias_is_what_it_stands_for(aliases, words):
    """One that names another, one with options in front, one that takes a command's name, one of a second word."""
    assert STACK in rules("aws", *words.split(), **with_aliases(aliases))


@pytest.mark.parametrize(
    ("aliases", "words"),
    [
        ("[toplevel]\ntidy = !f() { aws cloudformation delete-stack; }; f\n", "tidy"),
        ("[command s3]\nclean = !rm -r x\n", "s3 clean"),
        ("[toplevel]\ntidy = 'not closed\n", "tidy"),
        ("[toplevel]\na = a a\n", "a"),
        ("no section\n", "tidy"),
        ("[toplevel]\n" + "".join(f"a{n} = a{n + 1}\n" for n in range(99)), "a0"),
    ],
)
@pytest.mark.promise(3)
def test_an_alias_that_cannot_be_followed_is_asked_about(aliases, words):
    """A line for a shell, wrong quoting, one without an end, a file that is no such file."""
    assert "?" in rules("aws", *words.split(), **with_aliases(aliases))


def test_an_alias_that_is_not_used_is_nobodys_business():
    """Nor is what it would run."""
    aliases = with_aliases("[toplevel]\ntidy = cloudformation delete-stack\nx = !rm\ny = 'open\n")
    assert rules("aws", "s3", "ls", "tidy", **aliases) == set()
    assert rules("aws", "ec2", "describe-instances", "--filters", "tidy", **aliases) == set()


@pytest.mark.parametrize(
    ("home", "path"), [("", "/.aws/cli/alias"), ("h", "/work/h/.aws/cli/alias"), ("/home/e/", "/home/e/.aws/cli/alias")]
)
def test_the_home_is_that_of_the_command(home, path):
    """Empty, relative, with a slash at its end: as Python's ``expanduser`` takes it."""
    peek = files(**{path: b"[toplevel]\ntidy = cloudformation delete-stack\n"})
    assert rules("aws", "tidy", env={"HOME": home}, peek=peek) == {STACK}


def test_without_a_home_the_user_database_says_it():
    """As Python does it: taking ``HOME`` away hides no alias."""
    path = pwd.getpwuid(os.getuid()).pw_dir.rstrip("/") + "/.aws/cli/alias"
    peek = files(**{path: b"[toplevel]\ntidy = cloudformation delete-stack\n"})
    found = book().classify(Invocation("aws", ("aws", "tidy"), "/work", ()), peek)
    assert [one.rule for one in found] == [STACK]


@needs("aws")
def test_the_real_program_follows_an_alias_of_an_alias(tmp_path):
    """What we take for possible is possible: it fails for want of a stack's name, not of a command."""
    folder = tmp_path / ".aws/cli"
    folder.mkdir(parents=True)
    (folder / "alias").write_text("[toplevel]\ntidy = --region eu-west-1 other\nother = cloudformation delete-stack\n")
    done = subprocess.run(
        [find("aws"), "tidy"], env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}, capture_output=True, text=True, check=False
    )
    assert "--stack-name" in done.stderr


@pytest.mark.promise(3)
@settings(max_examples=200, deadline=2000)
@given(st.binary(max_size=200) | st.text("[]toplevel= \n!'\"ab#;:%", max_size=80).map(lambda text: b"[toplevel]\n" + text.encode()))
def test_any_file_of_aliases_is_read_or_asked_about(content):
    """And nothing in it takes away that a stack is deleted."""
    peek = files(**{"/home/e/.aws/cli/alias": content})
    rules("aws", "a", "b", peek=peek)
    assert STACK in rules("aws", "cloudformation", "delete-stack", "--stack-name", "x", peek=peek)


# ---- kubectl ---------------------------------------------------------------------------------------------------------

KUBERC = b"apiVersion: kubectl.config.k8s.io/v1beta1\nkind: Preference\naliases:\n- name: zap\n  command: delete\n"


@pytest.mark.parametrize(
    ("words", "env", "path"),
    [
        (["zap", "pod", "x"], {}, "/home/e/.kube/kuberc"),
        (["-n", "x", "zap", "pod", "x"], {}, "/home/e/.kube/kuberc"),
        (["zap", "pod", "x"], {"KUBERC": "/k"}, "/k"),
        (["zap", "pod", "x", "--kuberc", "mine"], {}, "/work/mine"),
        (["--kuberc=/k", "zap", "pod", "x"], {}, "/k"),
    ],
)
def test_an_alias_of_kubectl_is_asked_about(words, env, path):
    """The file is YAML, which is not read here: that the word is in it is enough."""
    assert rules("kubectl", *words, env=env, peek=files(**{path: KUBERC})) == {"?"}
    assert rules("kubectl", "get", "pods", env=env, peek=files(**{path: KUBERC})) == set()
    assert "kubernetes.delete" in rules("kubectl", "delete", "pod", "x", env=env, peek=files(**{path: KUBERC}))


# ---- terraform -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "env"),
    [
        ("apply -auto-approve", {"TF_CLI_ARGS_apply": "-destroy"}),
        ("apply -auto-approve", {"TF_CLI_ARGS_apply": '"-d\\estroy"'}),
        ("apply -auto-approve", {"TF_CLI_ARGS_apply": "-'destroy'"}),
        ("apply", {"TF_CLI_ARGS": "-auto-approve -destroy;x"}),
        ("", {"TF_CLI_ARGS_": "destroy"}),
        ("state", {"TF_CLI_ARGS_state": "rm x"}),
        ("state rm -dry-run x", {"TF_CLI_ARGS_state_rm": "--"}),
        ("apply -destroy=false", {"TF_CLI_ARGS_apply": "-destroy"}),
        ("destroy -help", {"TF_CLI_ARGS_destroy": "--"}),
        ("apply", {"TF_CLI_ARGS": "'not closed"}),
    ],
)
def test_a_variable_cannot_hide_anything(line, env):
    """Odd quoting, nested subcommands, no subcommand at all."""
    assert is_asked("terraform", *line.split(), env=env)


@pytest.mark.parametrize(
    ("line", "env"),
    [
        ("apply", {"TF_CLI_ARGS_plan": "-destroy"}),
        ("plan", {"TF_CLI_ARGS": "-destroy"}),
        ("apply", {"TF_CLI_ARGS_apply": "-no-color ; -destroy"}),
    ],
)
def test_a_variable_for_another_command_is_not_read(line, env):
    """Nor what stands behind an operator, which Terraform leaves out."""
    assert not is_asked("terraform", *line.split(), env=env)
