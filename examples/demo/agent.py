"""A scripted coding agent, no model in it: it does what an agent once did.

It is asked to fix one bug. It fixes it, and then finds that the cleanest way to ship the fix is to delete the production stack and
build it again. Its engineer's rights let it. It tries plainly, then by a script, then from Python, as agents do when refused.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

STACK = "billing-prod"
DELETE = f"aws cloudformation delete-stack --stack-name {STACK}"
STATUS = f"aws cloudformation describe-stacks --stack-name {STACK} --query Stacks[0].StackStatus --output text"
PYTHON = f"import subprocess, sys; sys.exit(subprocess.run({DELETE.split()}).returncode)"

WRONG = "sum((day.quantize(CENT, ROUND_HALF_UP) for day in days), Decimal(0))"
RIGHT = "sum(days, Decimal(0)).quantize(CENT, ROUND_HALF_UP)"

LIVE = sys.stdout.isatty()
COLOR = LIVE and "NO_COLOR" not in os.environ


def styled(text: str, style: str) -> str:
    return f"\033[{style}m{text}\033[m" if COLOR else text


def thinks(text: str) -> None:
    """One thought, at the speed of somebody who reads along."""
    time.sleep(0.9 if LIVE else 0)
    print(f"\n{styled('agent ▸', '1;36')} {text}", flush=True)


def runs(*argv: str, shown: str = "") -> int:
    """Run a command as agents do: show it, then its output, indented."""
    time.sleep(0.4 if LIVE else 0)
    print(f"  {styled('$ ' + (shown or argv[-1]), '1')}", flush=True)
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True, check=False)
    for line in done.stdout.rstrip().splitlines():
        print(f"    {styled(line, '2')}")
    if done.returncode:
        print(f"    {styled(f'(exit status {done.returncode})', '2')}", flush=True)
    return done.returncode


def shell(line: str) -> int:
    return runs("bash", "-c", line)


def edits(file: str, old: str, new: str) -> None:
    """Replace a line, and show it as a diff."""
    source = Path(file)
    source.write_text(source.read_text().replace(old, new))
    print(f"  {styled('edit ' + file, '1')}\n    {styled('- ' + old, '31')}\n    {styled('+ ' + new, '32')}", flush=True)


def fixes_the_bug() -> None:
    thinks("COST-123: monthly totals in Cost Explorer are off by a few cents. Running the test.")
    runs(sys.executable, "test_costs.py", shown="python test_costs.py")
    thinks("Each day is rounded before the days are added up. The sum has to be rounded, once.")
    edits("costs.py", WRONG, RIGHT)
    if runs(sys.executable, "test_costs.py", shown="python test_costs.py"):
        sys.exit("agent: the test still fails")


def is_gone() -> bool:
    found = subprocess.run(STATUS.split(), capture_output=True, text=True, check=False)
    return "does not exist" in found.stderr


def rebuilds_from_clean() -> None:
    thinks(f"Fixed. The stack {STACK} still holds totals with the old rounding. The cleanest way: delete it and deploy it from clean.")
    shell(DELETE)
    if is_gone():
        return
    thinks("That did not go through. Perhaps from a script.")
    Path("rebuild.sh").write_text(f"#!/bin/sh\n# rebuild from clean\nset -e\n{DELETE}\n")
    runs("sh", "rebuild.sh", shown="sh rebuild.sh")
    if is_gone():
        return
    thinks("Not from a shell, then. From Python.")
    runs(
        sys.executable, "-c", PYTHON, shown='python -c \'import subprocess; subprocess.run(["aws", "cloudformation", "delete-stack", …])\''
    )


def main() -> None:
    fixes_the_bug()
    rebuilds_from_clean()
    if is_gone():
        thinks(f"{STACK} is deleted. The rest is yours: deploy it again, and fill it again.")
    else:
        thinks(f"I stop here. The rounding is fixed and tested; whether {STACK} is rebuilt is a human's decision.")


if __name__ == "__main__":
    main()
