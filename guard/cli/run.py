"""``qguard run``: launch an agent under guard."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

import click

from guard.core.session import Mode
from guard.errors import CannotStart, GuardDied, QguardError
from guard.policy.reading import LONGEST_TIMEOUT
from guard.runtime.options import Options

_EPILOG = """\b
Examples:
  qguard run -- claude
  qguard run --task "COST-123: fix rounding" -- codex
  qguard run --audit -- make deploy        judge and record, stop nothing
  qguard run --dry-run -- ./teardown.sh    see what would be asked

\b
Exit status: the agent's own (128+N when signal N ended it);
125 when qguard could not start it, 70 when the guard itself died."""


class Seconds(click.IntRange):
    """As many seconds as a policy may say, too; named so in messages."""

    name = "number of seconds"


def _say(line: str) -> None:
    """One line on standard error, which may be a terminal that is raw by now, or closed; the agent's name may be any bytes."""
    if not line.isprintable():
        from guard.core.escape import visible  # noqa: PLC0415 - tables that an ordinary start does not need

        line = visible(line)
    end = "\r\n" if os.isatty(2) else "\n"
    with suppress(OSError):
        click.echo(f"qguard: {line}{end}", err=True, nl=False)


@click.command(
    "run",
    context_settings={"ignore_unknown_options": False, "allow_interspersed_args": False},
    epilog=_EPILOG,
    options_metavar="[OPTIONS] --",
)
@click.option("--task", default="", metavar="TEXT", help="What the agent is asked to do; shown with every question.")
@click.option("--agent", "agent", metavar="NAME", help="What to call the agent (default: the command's name).")
@click.option("--audit", is_flag=True, help="Ask and refuse nothing; judge and record everything.")
@click.option("--dry-run", is_flag=True, help="Do not run what would be asked about.")
@click.option(
    "--policy", type=click.Path(path_type=Path, readable=False), metavar="FILE", help="Use this policy instead of your policy.yaml."
)
@click.option("--ask", type=click.Choice(["terminal", "never"]), default="terminal", show_default=True, help="Who is asked.")
@click.option("--ask-timeout", type=Seconds(0, LONGEST_TIMEOUT), metavar="S", help="Seconds until no answer means no (0: never).")
@click.option("--keep", is_flag=True, help="Wait for what the agent leaves running instead of ending it.")
@click.option("--allow-debuggers", is_flag=True, help="Let traced processes start programs, though they cannot be checked.")
@click.option("--dangerously-unguarded", is_flag=True, help="Start the agent with no guard at all.")
@click.argument("argv", nargs=-1, type=click.UNPROCESSED, metavar="AGENT [ARG...]")
def command(
    *,
    task: str,
    agent: str | None,
    audit: bool,
    dry_run: bool,
    policy: Path | None,
    ask: str,
    ask_timeout: int | None,
    keep: bool,
    allow_debuggers: bool,
    dangerously_unguarded: bool,
    argv: tuple[str, ...],
) -> None:
    """Start AGENT; a teardown that it or anything below it starts waits for a human."""
    from guard.runtime.launch import launch  # noqa: PLC0415 - `run --help` needs no kernel

    options = Options(
        argv=argv,
        mode=_mode(audit=audit, dry_run=dry_run),
        task=task,
        agent=agent,
        policy=policy,
        ask=ask,
        ask_timeout=ask_timeout,
        keep=keep,
        allow_debuggers=allow_debuggers,
        unguarded=dangerously_unguarded,
    )
    try:
        _require_agent(argv)
        status = launch(options, _say)
    except (CannotStart, GuardDied):
        raise
    except QguardError as problem:
        # Whatever was wrong, the agent has not started: that is one exit status.
        problem.exit_status = CannotStart.exit_status  # type: ignore[misc]  # a ClassVar shadowed on the instance, on purpose
        raise
    _leave(status)


def _leave(status: int) -> NoReturn:
    """End at once: nothing is left to tidy up, and taking Python apart would cost a tenth of a short session."""
    os._exit(status)  # whatever was said was flushed as it was said (click.echo)


def _mode(*, audit: bool, dry_run: bool) -> Mode:
    if audit and dry_run:
        raise CannotStart("--audit lets everything run and --dry-run does not: only one of them can be meant.", "Leave one of them out.")
    return Mode.AUDIT if audit else Mode.DRY_RUN if dry_run else Mode.ENFORCE


def _require_agent(argv: tuple[str, ...]) -> None:
    """Without ``--`` an option meant for the agent could be read as ours, or the other way round: say so instead of guessing."""
    if not argv:
        raise CannotStart("No agent was given.", "Write: qguard run [OPTIONS] -- AGENT [ARG...]")
    words = sys.argv[1:]
    if "run" in words and "--" not in words[: len(words) - len(argv)]:
        raise CannotStart("The -- before the agent is missing.", f"Write: qguard run [OPTIONS] -- {' '.join(argv)}")
