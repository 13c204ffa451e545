"""Nobody can be asked: what is gated is denied, whichever way it is started, and the world stays as it was."""

from __future__ import annotations

import shlex
import sys

import pytest
from support.machine import PATH, needs

pytestmark = [pytest.mark.kernel, needs("aws", "ministack")]

DELETE = "aws cloudformation delete-stack --stack-name"


def refusals(text: str) -> list[str]:
    """The lines that qguard left for whoever was refused."""
    return [line for line in text.splitlines() if line.startswith("qguard: refused:")]


@pytest.mark.promise(10)
@pytest.mark.parametrize("shell", ["sh", "bash", "dash"])
def test_a_shell_is_refused_with_one_line_that_names_the_human_boundary(cloud, aws, stack, shell):
    """Exit status 126 from the shell, one line that says whose decision it is, and the stack is alive."""
    done = cloud.guard(shell, "-c", f"{DELETE} {stack}")
    assert done.status == 126, done.err
    (line,) = refusals(done.err)
    assert "human's decision" in line
    assert "There is no terminal in this session" in line
    assert f"aws cloudformation delete-stack --stack-name {stack}" in line
    assert aws.is_alive(stack)


def in_python(argv: list[str]) -> str:
    """A Python program that starts ``argv`` and hands on how that ended: 77 for a refusal."""
    return f"import subprocess, sys\ntry: sys.exit(subprocess.run({argv!r}).returncode)\nexcept PermissionError: sys.exit(77)"


WAYS = {
    "nested shells": lambda line: ["sh", "-c", f"bash -c {shlex.quote(f'dash -c {shlex.quote(line)}')}"],
    "env -i": lambda line: ["env", "-i", f"PATH={PATH}", *line.split()],
    "env -S": lambda line: ["env", "-S", line],
    "by its path": lambda line: ["sh", "-c", f'"$(command -v aws)" {line.removeprefix("aws ")}'],
    "eval": lambda line: ["bash", "-c", f"eval {shlex.quote(line)}"],
    "a variable as the command": lambda line: ["bash", "-c", f"x='{line}'; $x"],
    "xargs": lambda line: ["sh", "-c", f"echo {line.removeprefix('aws ')} | xargs aws"],
    "exec": lambda line: ["sh", "-c", f"exec {line}"],
    "in the background": lambda line: ["bash", "-c", f"{line} & wait $!"],
    "its own session": lambda line: ["setsid", "--wait", *line.split()],
    "timeout": lambda line: ["timeout", "20", *line.split()],
    "nice and nohup": lambda line: ["nice", "nohup", *line.split()],
    "python's subprocess": lambda line: [sys.executable, "-c", in_python(line.split())],
    "python's os.execvp": lambda line: [sys.executable, "-c", f"import os; os.execvp('aws', {line.split()!r})"],
    "python's posix_spawnp": lambda line: [sys.executable, "-c", f"import os; os.posix_spawnp('aws', {line.split()!r}, os.environ)"],
    "the agent itself": lambda line: line.split(),
}


@pytest.mark.parametrize("way", WAYS)
def test_no_way_to_start_it_gets_through(cloud, aws, stack, way):
    """Wrappers, other languages, cleared environments: the exec is what counts."""
    done = cloud.guard(*WAYS[way](f"{DELETE} {stack}"))
    assert done.status != 0, done.err
    assert "delete-stack" in "".join(refusals(done.err))
    assert aws.is_alive(stack)


def test_a_script_on_disk_is_refused_at_the_command_it_starts(cloud, aws, stack, script):
    """What ran before the command ran; the command did not."""
    path = script("rebuild.sh", f"#!/bin/sh\necho before\n{DELETE} {stack}\necho after $?\n")
    done = cloud.guard(path)
    assert (done.status, done.out) == (0, "before\nafter 126\n"), done.err
    assert aws.is_alive(stack)


def test_options_before_the_command_hide_nothing(cloud, aws, stack):
    """Global options, with values, anywhere."""
    line = f"aws --region eu-west-1 --output=json cloudformation --no-cli-pager --debug delete-stack --stack-name={stack}"
    assert cloud.guard("sh", "-c", line).status == 126
    assert aws.is_alive(stack)


@pytest.mark.promise(4)
def test_what_only_reads_runs_with_the_same_output(cloud, aws, stack):
    """``describe-stacks`` is none of qguard's business."""
    words = ["cloudformation", "describe-stacks", "--stack-name", stack, "--query", "Stacks[0].StackStatus", "--output", "text"]
    done = cloud.guard("aws", *words)
    assert (done.status, done.out) == (0, aws.cli(*words).stdout), done.err


def test_ask_never_says_so(cloud, aws, stack):
    """The refusal names the reason that holds here."""
    done = cloud.guard("sh", "-c", f"{DELETE} {stack}", options=["--ask", "never"])
    assert done.status == 126
    assert "--ask never" in refusals(done.err)[0]
    assert aws.is_alive(stack)
