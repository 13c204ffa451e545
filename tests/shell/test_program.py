"""Which watched program an exec starts: the file, what it resolves to, or what an interpreter runs."""

from __future__ import annotations

import timeit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.shell import identify, program_of

NAMES = frozenset({"aws", "terraform", "tofu", "kubectl", "helm"})


@pytest.mark.parametrize(
    ("path", "argv", "program", "words"),
    [
        ("/usr/bin/terraform", "terraform destroy", "terraform", "terraform destroy"),
        ("/opt/terraform1.11", "terraform1.11 destroy", "terraform", "terraform1.11 destroy"),
        ("/opt/terraform_1.9.5", "x destroy", "terraform", "x destroy"),
        ("/opt/kubectl.real", "k delete", "kubectl", "k delete"),
        ("/usr/local/bin/aws2", "aws2 s3", "aws", "aws2 s3"),
        ("aws.exe", "aws.exe s3", "aws", "aws.exe s3"),
        ("/usr/bin/python3.11", "python3 -I /x/bin/aws s3 rb", "aws", "/x/bin/aws s3 rb"),
        ("/usr/bin/python3", "python -W ignore -Xdev /x/aws.py s3", "aws", "/x/aws.py s3"),
        ("/usr/bin/python3", "python -m awscli s3 rb", "aws", "aws s3 rb"),
        ("/usr/bin/python3", "python -Imawscli s3 rb", "aws", "aws s3 rb"),
        ("/usr/bin/node", "node --require x /x/kubectl.js delete", "kubectl", "/x/kubectl.js delete"),
        ("/bin/bash", "bash -eu -o pipefail /shims/aws s3", "aws", "/shims/aws s3"),
        ("/bin/dash", "sh /shims/terraform.sh destroy", "terraform", "/shims/terraform.sh destroy"),
        ("/lib64/ld-linux-x86-64.so.2", "ld --library-path /x /y/terraform destroy", "terraform", "/y/terraform destroy"),
        ("/lib/ld-musl-x86_64.so.1", "ld /usr/bin/python3 /x/aws s3", "aws", "/x/aws s3"),
    ],
)
def test_it_is_found(path, argv, program, words):
    """Versions, endings, interpreters, modules and the dynamic loader hide nothing."""
    assert (program, tuple(words.split())) == program_of(NAMES, path, path, tuple(argv.split()))


@pytest.mark.parametrize(
    ("path", "argv"),
    [
        ("/bin/ls", "ls aws terraform"),
        ("/bin/bash", "bash -c terraform"),
        ("/bin/bash", "bash -lc terraform"),
        ("/bin/sh", "sh"),
        ("/usr/bin/sudo", "sudo terraform destroy"),
        ("/usr/bin/env", "env terraform destroy"),
        ("/usr/bin/python3", "python3 deploy.py terraform"),
        ("/usr/bin/python3", "python3 -c aws"),
        ("/usr/bin/python3", "python3 -m pip install awscli"),
        ("/usr/bin/kubectl-neat", "kubectl-neat get"),
        ("/usr/bin/aws_completer", "aws_completer"),
        ("/usr/bin/aws-vault", "aws-vault exec prod -- aws s3 ls"),
        ("/usr/bin/terraform-docs", "terraform-docs ."),
    ],
)
def test_it_is_nobodys_business(path, argv):
    """A wrapper is context only: what it starts is an exec of its own."""
    assert program_of(NAMES, path, path, tuple(argv.split())) is None


def test_a_link_is_what_it_resolves_to():
    """``k`` that is a link to kubectl is kubectl; so is a file that is called by that name."""
    assert program_of(NAMES, "/home/me/k", "/usr/bin/kubectl", ("k", "delete")) == ("kubectl", ("k", "delete"))
    assert program_of(NAMES, "/home/me/x", "/home/me/x", ("kubectl",)) == ("kubectl", ("kubectl",))


def test_an_empty_argv_is_the_file():
    """The kernel lets argc be 0."""
    assert program_of(NAMES, "/usr/bin/terraform", "/usr/bin/terraform", ()) == ("terraform", ("/usr/bin/terraform",))


def test_identify_keeps_the_interpreter_as_context():
    """The invocation is the script's; the interpreter is what it came through."""
    found = identify("/usr/bin/python3", ("python3", "-I", "/x/aws", "s3"), NAMES)
    assert found is not None
    assert (found.program, found.argv, found.via) == ("aws", ("/x/aws", "s3"), ("python3", "-I"))
    assert identify("/bin/true", ("true",), NAMES) is None


@given(st.text(), st.text(), st.lists(st.text(), max_size=6))
def test_it_never_raises(path, real, argv):
    """Whatever an exec is given."""
    found = program_of(NAMES, path, real, tuple(argv))
    assert found is None or found[0] in NAMES


@given(
    st.lists(st.sampled_from(["-c", "-m", "-W", "-", "--", "-x", "--eval", "aws", "/x/aws", "-mawscli", "x"]), max_size=6),
    st.sampled_from(["python3", "node", "bash"]),
)
def test_an_interpreter_never_raises(words, name):
    """Options cut short, values missing."""
    found = program_of(NAMES, name, name, (name, *words))
    assert found is None or found[0] == "aws"


def test_the_common_case_costs_almost_nothing():
    """It is paid by every exec of every session: at most 3 µs each (measured as the best of several rounds)."""
    exec_ = ("/usr/bin/true", "/usr/bin/coreutils", ("true", "x"))
    best = min(timeit.repeat(lambda: program_of(NAMES, *exec_), number=2000, repeat=20)) / 2000
    assert best < 3e-6
