"""The AWS rules name services, operations and parameters that there are, spelt as the AWS CLI spells them."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from rules.known import book
from support.machine import find, needs

from guard.rules.spelling import dashed

pytestmark = needs("aws")

SCRIPT = """
import json
from awscli.botocore import xform_name
from awscli.botocore.session import Session
session = Session()
found = {}
for service in session.get_available_services():
    model = session.get_service_model(service)
    found[service] = {name: xform_name(name, '-') for name in model.operation_names}
wanted = json.loads(input())
members = {}
for service, name in wanted:
    if name in found.get(service, {}):
        shape = session.get_service_model(service).operation_model(name).input_shape
        members[f'{service}:{name}'] = {each: xform_name(each, '-') for each in (shape.members if shape else {})}
print(json.dumps([found, members]))
"""
CUSTOM = {"s3:rb", "s3:rm", "s3:rm-recursive", "s3:mv-recursive", "s3:sync-delete", "elasticmapreduce:TerminateJobFlows"}
"""Commands of the AWS CLI that are no calls, and the one that it calls otherwise."""


def named():
    """The rules that name one operation."""
    return [one for key, one in book().ruleset("aws").operations.items() if not one.is_glob and key not in CUSTOM]


@pytest.fixture(scope="module")
def known():
    """(operations by service with their spelling, parameters by operation), from the AWS CLI's own models."""
    python = Path(find("aws")).resolve().with_name("python")
    wanted = json.dumps([(one.service, one.name) for one in named()])
    done = subprocess.run([python, "-B", "-c", SCRIPT], input=wanted + "\n", capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def test_every_name_is_spelt_as_the_program_spells_it(known):
    """All operations of all services."""
    names = {name: spelt for operations in known[0].values() for name, spelt in operations.items()}
    assert len(names) > 10_000
    assert {name: spelt for name, spelt in names.items() if dashed(name) != spelt} == {}


def test_every_rule_names_an_operation_that_there_is(known):
    """A typo would make a rule that nothing ever fits."""
    assert [one.rule for one in named() if one.name not in known[0].get(one.service, {})] == []


def test_every_target_is_a_parameter_that_there_is(known):
    """So that a policy about names of things sees them; and spelt as an option is."""
    members = known[1]
    wrong = [(one.rule, name) for one in named() for _, name in one.targets if name not in members[one.key]]
    assert wrong == []
    assert all(dashed(name) == spelt for each in members.values() for name, spelt in each.items())


def test_every_condition_is_about_a_parameter_that_there_is(known):
    """``unless: {DryRun: "true"}`` must be something that can be said."""
    assert [one.rule for one in named() if set(one.unless.wanted) - set(known[1][one.key])] == []


def test_every_glob_stands_for_something(known):
    """No beginning that no operation has."""
    for service, prefix, _ in book().ruleset("aws").globs:
        names = [spelt for of, each in known[0].items() if service in {of, "*"} for spelt in each.values()]
        assert any(f"{name}-".startswith(prefix) for name in names), prefix
