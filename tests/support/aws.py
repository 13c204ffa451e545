"""An AWS of our own: ministack on the loopback address, with authentication on, and the real AWS CLI to talk to it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from support.machine import PATH, find, free_port
from support.server import serving

TEMPLATE = """\
Resources:
  Invoices:
    Type: AWS::S3::Bucket
  Ledger:
    Type: AWS::DynamoDB::Table
    Properties:
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
"""
"""Two resources, as small as CloudFormation lets them be."""


@dataclass(frozen=True, slots=True)
class Aws:
    """One emulated region, seen with administrator rights: the engineer's own."""

    endpoint: str
    home: Path

    @property
    def variables(self) -> dict[str, str]:
        """What an engineer has in the environment: full rights, inherited by every agent."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "eu-west-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_PAGER": "",
        }

    def cli(self, *words: str) -> subprocess.CompletedProcess[str]:
        """``aws WORDS``, unguarded."""
        environment = {"PATH": PATH, "HOME": str(self.home), **self.variables}
        return subprocess.run(["aws", *words], env=environment, capture_output=True, text=True, timeout=60, check=False)

    def make_stack(self, name: str) -> str:
        """Create a stack with resources in it; its name."""
        made = self.cli("cloudformation", "create-stack", "--stack-name", name, "--template-body", TEMPLATE)
        assert made.returncode == 0, made.stderr
        return name

    def is_alive(self, stack: str) -> bool:
        """Whether the stack and its resources are there."""
        found = self.cli("cloudformation", "describe-stacks", "--stack-name", stack, "--query", "Stacks[0].StackStatus", "--output", "text")
        assert found.returncode == 0 or "does not exist" in found.stderr, found.stderr
        return found.stdout.strip() == "CREATE_COMPLETE"


@contextmanager
def serving_aws(home: Path) -> Iterator[Aws]:
    """Start the emulator on a free port of the loopback address."""
    program, port = find("ministack"), free_port()
    find("aws")
    environment = {"PATH": PATH, "HOME": str(home), "AUTH": "true", "BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(port)}
    with serving(program, environment, home, ready="Running on http"):
        yield Aws(f"http://127.0.0.1:{port}", home)
