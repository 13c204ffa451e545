"""What a human approved is what runs: not in another directory, not in another place, not with somebody else's keys (promise 6)."""

from __future__ import annotations

import json
import sys

import pytest
from support.machine import QGUARD, find, needs
from support.terraform import make_project

pytestmark = [pytest.mark.kernel, pytest.mark.promise(6), needs("terraform")]

WANDERER = """
import ctypes, os, sys, threading
libc = ctypes.CDLL(None)
def wander():
    sys.stdin.readline()
    os.chdir(sys.argv[1])
    print("elsewhere", flush=True)
threading.Thread(target=wander, daemon=True).start()
argv = (ctypes.c_char_p * 4)(b"terraform", b"destroy", b"-auto-approve", None)
env = (ctypes.c_char_p * (len(os.environb) + 1))(*[b"=".join(pair) for pair in os.environb.items()], None)
libc.execve(os.fsencode(sys.argv[2]), argv, env)  # unlike os.execve, without Python's lock
"""


def test_given_another_directory_since_the_question_then_it_does_not_run(platform):
    """A thread goes elsewhere while the human reads "In …/sandbox"."""
    sandbox, production = make_project(platform.home / "sandbox", "a"), make_project(platform.home / "production", "b")
    script = platform.home / "wanderer.py"
    script.write_text(WANDERER)
    go = f"(until [ -e {platform.home}/go ]; do sleep 0.05; done; echo) | {sys.executable} {script} {production.folder} {find('terraform')}"
    with platform.guard_at_terminal("sh", "-c", f"{go} >{platform.home}/said", cwd=sandbox.folder) as human:
        human.is_asked("terraform destroy")
        (platform.home / "go").touch()
        human.waits_until(lambda: (platform.home / "said").read_text() == "elsewhere\n", "the directory to change")
        human.types("o")
        human.leaves()
        assert "itsworkingdirectorychangedafteritwasjudged" in "".join(human.screen.split())
    assert (sandbox.resources, production.resources) == (("terraform_data.a",), ("terraform_data.b",))


def test_given_another_workspace_since_the_question_then_it_does_not_run(platform, terraform):
    """Somebody selects production while the human reads "workspace default"."""
    project = terraform()
    project.run("workspace", "new", "production")
    project.run("apply", "-auto-approve", "-input=false")
    project.run("workspace", "select", "default")
    with platform.guard_at_terminal("terraform", "destroy", "-auto-approve") as human:
        human.is_asked("workspace default")
        (project.folder / ".terraform/environment").write_text("production")
        human.types("o")
        human.leaves()
        assert "changedafteritwasjudged" in "".join(human.screen.split())
    state = json.loads((project.folder / "terraform.tfstate.d/production/terraform.tfstate").read_text())
    assert len(state["resources"]) == 1
    assert project.resources == ("terraform_data.database",)


def test_given_a_link_that_leads_elsewhere_since_the_question_then_it_does_not_run(platform):
    """``-chdir`` may name a link; where it leads is shown, and is part of what was approved."""
    sandbox, production = make_project(platform.home / "sandbox", "a"), make_project(platform.home / "production", "b")
    link = platform.work / "link"
    link.symlink_to(sandbox.folder)
    with platform.guard_at_terminal("terraform", "-chdir=link", "destroy", "-auto-approve") as human:
        human.is_asked("directory ")
        link.unlink()
        link.symlink_to(production.folder)
        human.types("o")
        human.leaves()
    assert (sandbox.resources, production.resources) == (("terraform_data.a",), ("terraform_data.b",))


def test_same_again_is_not_for_other_keys(platform, script):
    """The same words with the keys of another account are another question."""
    folder = platform.folder("work")
    script("aws", "#!/bin/sh\necho deleted with $AWS_ACCESS_KEY_ID\n")
    delete = f"{folder}/aws cloudformation delete-stack --stack-name web"
    agent = script("agent", f"#!/bin/sh\nAWS_ACCESS_KEY_ID=dev {delete}\nAWS_ACCESS_KEY_ID=prod {delete}\nAWS_ACCESS_KEY_ID=dev {delete}\n")
    with platform.guard_at_terminal(agent) as human:
        human.answers("s", "delete-stack")
        human.answers("d", "delete-stack")
        human.leaves()
        assert human.screen.count("deleted with dev") == 2
        assert "deleted with prod" not in human.screen


def test_nor_for_other_keys_in_the_credentials_file(platform, script):
    """`aws configure set` between two approvals is another account."""
    keys = platform.folder(".aws") / "credentials"
    delete = f"{platform.work}/aws cloudformation delete-stack --stack-name web"
    script("aws", "#!/bin/sh\necho deleted\n")
    write = "printf '[default]\\naws_access_key_id = %s\\n'"
    agent = script("agent", f"#!/bin/sh\n{write} key1 >{keys}\n{delete}\n{write} key2 >{keys}\n{delete}\n")
    with platform.guard_at_terminal(agent) as human:
        human.answers("s", "access key ending key1")
        human.answers("d", "access key ending key2")
        human.leaves()
        assert human.screen.count("deleted") == 1


def test_nor_for_another_value_of_a_variable_and_no_record_holds_either(platform, terraform):
    """``TF_VAR_env=dev`` agreed to again and again is no agreement to ``production``; such variables may be secrets."""
    project = terraform()
    line = "; ".join(
        f"TF_VAR_env={value} terraform destroy -auto-approve; echo {n} was $?"
        for n, value in enumerate(("dev-7731", "dev-7731", "live-7732"))
    )
    with platform.guard_at_terminal("sh", "-c", line) as human:
        human.answers("s", "terraform destroy")
        human.sees("1 was 0")
        human.answers("d", "terraform destroy")
        human.sees("2 was 126")
        human.leaves()
    assert project.resources == ()
    written = json.dumps(platform.trail)
    assert "sealed:" in written
    assert "7731" not in written.replace(line, "")
    assert "7732" not in written.replace(line, "")


def test_an_agent_of_any_name_is_guarded(platform):
    """A file's name is bytes: that it is no text ends no session."""
    agent = platform.work / "a\udcff"
    agent.write_text("#!/bin/sh\necho guarded; exit 3\n")
    agent.chmod(0o755)
    for words in ([bytes(agent)], [QGUARD.with_name("python"), "-c", "raise SystemExit(3)"]):
        result = platform.guard(*words, options=["--agent", b"b\xff"] if len(words) > 1 else [])
        assert result.status == 3, result.err


def test_the_banner_ends_its_line_on_a_raw_terminal_and_cannot_be_written_by_a_name(platform):
    """It is said while the outer process already holds the terminal; an agent's name must not move the cursor."""
    with platform.guard_at_terminal("sh", "-c", "echo begins here", options=["--agent", "a\x1b[2J\u202e"]) as human:
        assert human.leaves() == 0
        assert "begins here" in human.screen.splitlines()
        assert b"\x1b[2J" not in human.history
        assert "\u202e".encode() not in human.history
