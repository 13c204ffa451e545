"""The engineer's own rules: read before anything starts, and whatever is wrong in them is one sentence with its place."""

from __future__ import annotations

import os
import re
import time

import pytest
from rulebook.owned import OPERATION, OPERATIONS, PROGRAM, WRONG, write

from guard.core.peek import sees_nothing
from guard.core.words import Action, Invocation
from guard.errors import RulebookError
from guard.rulebook import open_rulebook


def does(book, line):
    """The rules that see something in a line's words."""
    argv = tuple(line.split())
    return {one.rule for one in book.classify(Invocation(argv[0], argv, "", ()), sees_nothing) if isinstance(one, Action)}


@pytest.mark.parametrize(("files", "place", "says"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_said_with_its_place(tmp_path, files, place, says):
    """One clear sentence, file:line:column where there is one, and at once."""
    write(tmp_path, files)
    started = time.monotonic()
    with pytest.raises(RulebookError) as caught:
        open_rulebook((tmp_path,))
    assert time.monotonic() - started < 2
    error = caught.value
    assert re.search(says, f"{error.sentence} {error.hint}"), error
    assert f"{tmp_path}/{place}" == ":".join(str(part) for part in (error.file, error.line, error.column) if part)
    assert error.sentence.endswith(".")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(tmp_path):
    """Rules that cannot be read are not left out."""
    write(tmp_path, {"a.yaml": PROGRAM + OPERATION})
    (tmp_path / "a.yaml").chmod(0)
    with pytest.raises(RulebookError, match="cannot be read"):
        open_rulebook((tmp_path,))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
@pytest.mark.promise(11)
def test_a_folder_that_may_not_be_looked_into(tmp_path):
    """What may be in it is not nothing."""
    write(tmp_path, {"a/a.yaml": PROGRAM + OPERATION})
    (tmp_path / "a").chmod(0)
    try:
        with pytest.raises(RulebookError, match=r"cannot be read: Permission denied\."):
            open_rulebook((tmp_path,))
    finally:
        (tmp_path / "a").chmod(0o755)


def test_a_loop_of_links_ends(tmp_path):
    """A folder that is linked into itself is read once."""
    write(tmp_path, {"a.yaml": PROGRAM, "b.yaml": OPERATIONS})
    (tmp_path / "self").symlink_to(tmp_path)
    assert does(open_rulebook((tmp_path,)), "stackctl nuke x") == {"acme.nuke"}


def test_a_linked_folder_is_read(tmp_path):
    """As those have who keep their configuration elsewhere."""
    write(tmp_path / "elsewhere", {"a.yaml": PROGRAM, "b.yaml": OPERATIONS})
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules/mine").symlink_to(tmp_path / "elsewhere")
    assert does(open_rulebook((tmp_path / "rules",)), "stackctl nuke x") == {"acme.nuke"}


def test_a_program_of_a_new_provider(tmp_path):
    """Its rules work, and the shipped ones go on working."""
    write(tmp_path, {"stackctl.yaml": PROGRAM, "more/operations.yaml": OPERATIONS})
    book = open_rulebook((tmp_path,))
    assert {"stackctl", "sctl"} <= book.names
    assert "STACKCTL_ARGS" in book.env_names
    assert does(book, "sctl --region eu nuke x") == {"acme.nuke"}
    assert does(book, "stackctl list nuke") == set()
    assert does(book, "terraform destroy") == {"terraform.destroy"}


def test_operations_of_a_shipped_provider(tmp_path):
    """``aws`` is extended by a service that nobody else knows by name; the shipped ones stay."""
    write(tmp_path, {"ecs.yaml": EXTENSION})
    book = open_rulebook((tmp_path,))
    assert does(book, "aws ecs execute-command --task t --command ls") == {"aws.ecs.ExecuteCommand"}
    assert does(book, "aws ecs delete-cluster --cluster c") == {"aws.*.Delete*"}
    assert does(book, "aws cloudformation delete-stack --stack-name x") == {"aws.cloudformation.DeleteStack"}


@pytest.mark.promise(2)
def test_what_is_called_harmless_stays_what_it_was(tmp_path):
    """A name of one's own that says less than a shipped glob: both are heard, and only a policy may relax."""
    write(tmp_path, {"lambda.yaml": LESS})
    book = open_rulebook((tmp_path,))
    assert does(book, "aws lambda delete-function --function-name f") == {"aws.lambda.DeleteFunction", "aws.*.Delete*"}


def test_the_digest_says_whose_rules_they_were():
    """The same rules, the same digest; one's own are added to it."""
    assert open_rulebook().digest == open_rulebook().digest
    assert re.fullmatch(r"[0-9a-f]{64}", open_rulebook().digest)


def test_the_digest_follows_ones_own_rules(tmp_path):
    """Whatever is changed in them changes it."""
    write(tmp_path, {"a.yaml": PROGRAM, "b.yaml": OPERATIONS})
    one = open_rulebook((tmp_path,)).digest
    (tmp_path / "b.yaml").write_text(OPERATIONS.replace("teardown", "delete"))
    assert re.fullmatch(r"[0-9a-f]{64}\+[0-9a-f]{64}", one)
    assert open_rulebook((tmp_path,)).digest != one


def test_no_folder_of_ones_own_is_no_mistake(tmp_path):
    """Most have none; a link that leads nowhere was meant to be one."""
    assert not open_rulebook((tmp_path / "none",)).has_own
    assert not open_rulebook((tmp_path,)).has_own
    (tmp_path / "link").symlink_to("none")
    with pytest.raises(RulebookError, match=r"link: The rules cannot be read: No such file or directory\."):
        open_rulebook((tmp_path / "link",))


EXTENSION = """\
provider: aws
service: ecs
operations:
  ExecuteCommand:
    effect: evade
    undo: none
    targets: {task: Task}
    because: It runs a command in a task.
    instead: Look at it with `aws ecs describe-tasks`.
    hits:
      - aws ecs execute-command --task t --command ls
    misses:
      - aws ecs describe-tasks --tasks t
"""
LESS = """\
provider: aws
service: lambda
operations:
  DeleteFunction:
    effect: change
    undo: easy
    because: Functions come and go here.
    instead: Look at it with `aws lambda get-function`.
    hits:
      - aws lambda delete-function --function-name f
    misses:
      - aws lambda get-function --function-name f
"""
