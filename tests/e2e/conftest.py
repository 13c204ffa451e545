"""What the end-to-end tests share: stacks, projects and engineers who reach them."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest
from support.aws import Aws
from support.kube import Kube
from support.runner import Runner
from support.terraform import VARIABLES

_number = itertools.count(1)


@pytest.fixture
def stack(aws: Aws) -> str:
    """A stack of this test's own, alive."""
    return aws.make_stack(f"billing-{next(_number)}")


@pytest.fixture
def cloud(engineer: Runner, aws: Aws) -> Runner:
    """An engineer with full rights to an AWS account."""
    return engineer.with_env(aws.variables)


@pytest.fixture
def platform(engineer: Runner) -> Runner:
    """An engineer who works with terraform."""
    return engineer.with_env(VARIABLES)


@pytest.fixture
def cluster(engineer: Runner, kube: Kube) -> Runner:
    """An engineer with a cluster."""
    return engineer.with_env(kube.variables)


@pytest.fixture
def script(engineer: Runner) -> Callable[[str, str], str]:
    """Writes an executable file in the agent's directory; its path."""

    def write(name: str, text: str) -> str:
        path = engineer.work / name
        path.write_text(text)
        path.chmod(0o755)
        return str(path)

    return write
