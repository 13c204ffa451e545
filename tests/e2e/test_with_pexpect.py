"""A second human, of another make: pexpect, which knows nothing of screens and reads the bytes as they come."""

from __future__ import annotations

import pexpect
import pytest
from support.machine import QGUARD, needs
from support.terraform import VARIABLES

pytestmark = [pytest.mark.kernel, needs("terraform")]

DATABASE = ("terraform_data.database",)
LINE = "terraform destroy -auto-approve -no-color; echo status $?"


@pytest.mark.parametrize(("key", "status", "left"), [("d", 126, DATABASE), ("\r", 126, DATABASE), ("o", 0, ())])
def test_asked_and_answered(engineer, terraform, key, status, left):
    """No leaves everything where it was, yes lets it run, and the shell goes on either way."""
    project = terraform()
    environment = engineer.environment | VARIABLES
    human = pexpect.spawn(str(QGUARD), ["run", "--", "sh", "-c", LINE], env=environment, cwd=str(engineer.work), timeout=60)
    human.expect_exact("may this run?")
    human.expect_exact("Nothing runs until you answer.")
    human.send(key)
    human.expect_exact(f"status {status}")
    human.expect(pexpect.EOF)
    human.close()
    assert (human.exitstatus, project.resources) == (0, left)
