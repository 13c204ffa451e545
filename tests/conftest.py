"""Fixtures for everybody, and the count of the tests that ran as an ordinary user."""

from __future__ import annotations

import os
import pwd
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import pytest
from support.aws import Aws, serving_aws
from support.kube import Kube, serving_kube
from support.runner import Runner
from support.terraform import Project, make_project

ORDINARY = os.geteuid() != 0
_counted: set[str] = set()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what runs without root's rights: everything, or nothing (see tools/setup/ordinary.py)."""
    if ORDINARY:
        for item in items:
            item.add_marker(pytest.mark.ordinary_user)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Count a test that really ran: not one that was skipped or whose fixtures failed."""
    if report.when == "call" and not report.skipped and "ordinary_user" in report.keywords:
        _counted.add(report.nodeid)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many tests ran as an ordinary user."""
    who = pwd.getpwuid(os.geteuid()).pw_name
    terminalreporter.write_line(f"{len(_counted)} tests ran as an ordinary user (this run: {who})")


@pytest.fixture
def as_user() -> Literal["root", "ordinary"]:
    """As whom this test runs. Every suite near the system runs once as each, where root runs the tests."""
    return "ordinary" if ORDINARY else "root"


@pytest.fixture
def engineer(tmp_path: Path) -> Runner:
    """An engineer's account with nothing in it yet."""
    return Runner(tmp_path)


@pytest.fixture(scope="session")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    """An AWS for all tests of this run; each makes stacks of its own."""
    with serving_aws(tmp_path_factory.mktemp("aws")) as served:
        yield served


@pytest.fixture
def kube(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kube]:
    """A Kubernetes cluster for one test, and the kubeconfig that leads to it."""
    with serving_kube(tmp_path_factory.mktemp("kube")) as served:
        yield served


@pytest.fixture
def terraform(engineer: Runner) -> Callable[..., Project]:
    """Makes terraform projects that are applied: ``terraform("database")`` has a resource of that name."""
    return lambda *names: make_project(engineer.work, *(names or ("database",)))
