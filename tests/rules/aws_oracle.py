"""What the AWS CLI itself makes of an argv. Run by its own Python: lists of words come in as JSON, the calls that it would make go out."""

from __future__ import annotations

import json
import os
import sys

REPLY = os.fdopen(os.dup(1), "w", buffering=1)
for number in (1, 2):
    os.dup2(os.open(os.devnull, os.O_WRONLY), number)

from awscli import clidriver  # noqa: E402 - what it prints is not the reply
from awscli.customizations.commands import BasicCommand  # noqa: E402

calls: list[list[str]] = []


def _called(self, service, operation, parameters, _globals):
    if type(self) is clidriver.CLIOperationCaller and not parameters.get("DryRun"):  # --generate-cli-skeleton output calls a stub
        calls.append([service, operation])
    return 0


def _ran(self, args, _globals):
    said = vars(args)
    if not said.get("dryrun"):
        calls.append([" ".join(self.lineage_names), "delete" if said.get("delete") else "recursive" if said.get("dir_op") else ""])
    return 0


def _spied_on(kind):
    for sub in kind.__subclasses__():
        if "_run_main" in vars(sub):
            sub._run_main = _ran
        _spied_on(sub)


clidriver.CLIOperationCaller.invoke = _called
from awscli.customizations.emr import terminateclusters  # noqa: E402, F401
from awscli.customizations.s3 import subcommands  # noqa: E402, F401

_spied_on(BasicCommand)
for number, line in enumerate(sys.stdin):
    if number % 50 == 0:  # a driver is made for one command line, and slower with each
        driver = clidriver.create_clidriver()
    calls.clear()
    try:
        driver.main(json.loads(line))
    except BaseException as problem:  # noqa: BLE001 - argparse leaves by SystemExit
        problem.__traceback__ = None
    REPLY.write(json.dumps(calls) + "\n")
