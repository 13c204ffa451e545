"""``qguard``: the verbs, and the one place where errors end.

``qguard run`` is on the way of every agent's start, so a verb is imported when it is used; their names and short helps stand here.
"""

from __future__ import annotations

import errno
import gc
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from io import TextIOWrapper
from typing import TYPE_CHECKING

import click

from guard import __version__
from guard.errors import CannotStart, QguardError, RulebookError

if TYPE_CHECKING:
    from types import TracebackType

VERBS: dict[str, tuple[str, str]] = {
    "run": ("guard.cli.run:command", "Start an agent; a teardown that it starts waits for a human."),
    "check": ("guard.cli.check:command", "The ruling on a command, for scripts: exit status and JSON. Nothing is run."),
    "explain": ("guard.cli.explain:command", "The ruling on a command, for people: every step. Nothing is run."),
    "audit": ("guard.cli.audit:command", "What was attempted, asked, answered and run."),
    "completions": ("guard.cli.completions:command", "Print what completes qguard's commands in bash, zsh or fish."),
}
_USAGE, _BUG, _IO, _INTERRUPTED, _BROKEN_PIPE = 2, 70, 74, 130, 141
_STREAM_ERRORS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EISDIR, errno.EBADF})
_AROUND, _BEFORE = 120, 40
_GARBAGE = 50_000  # objects; at Python's own 700, looking for cycles that a start does not make is a twentieth of it
_EPILOG = """\b
Examples:
  qguard run -- claude                             guard an agent
  qguard check -- terraform destroy; echo $?       10: it would be asked about
  qguard explain 'cd infra && terraform destroy'   why
  qguard audit show                                what happened in the latest session

\b
Exit status: 0, or what the verb says; 2 usage, 65 a ruleset or policy is wrong, 70 a bug."""


class Verbs(click.Group):
    """The verbs, each imported when it is used."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        """The verbs in the order of ``VERBS``."""
        return list(VERBS)

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a verb, or ``None``."""
        if cmd_name not in VERBS:
            return None
        module, _, attribute = VERBS[cmd_name][0].partition(":")
        found: click.Command = getattr(import_module(module), attribute)
        return found

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does it; to a verb that there is not it says which one may have been meant."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as problem:
            from difflib import get_close_matches  # noqa: PLC0415 - only when something is wrong

            if meant := get_close_matches(args[0], VERBS, 1):
                raise click.UsageError(f"No such command {args[0]!r}. Did you mean {meant[0]!r}?", ctx) from problem
            raise

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the verbs without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(verb, help_) for verb, (_, help_) in VERBS.items()])


@click.group(
    "qguard",
    cls=Verbs,
    epilog=_EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    no_args_is_help=True,
)
@click.version_option(__version__, prog_name="qguard", message="%(prog)s %(version)s")
def qguard() -> None:
    """Stand between an AI coding agent and the commands that it spawns: a teardown waits for a human."""


def main() -> None:
    """Entry point of the ``qguard`` command."""
    gc.set_threshold(_GARBAGE)
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # what this terminal has no letters for is no reason to fail
    sys.exit(run(sys.argv[1:]))


def run(words: Sequence[str]) -> int:
    """Run one command line; its exit status. Every error ends here."""
    try:
        return _invoke(words)
    except QguardError as problem:
        _report(problem)
        return problem.exit_status
    except click.ClickException as problem:
        _report_usage(problem)
        return CannotStart.exit_status if list(words[:1]) == ["run"] else _USAGE
    except (KeyboardInterrupt, click.Abort):
        return _INTERRUPTED
    except BrokenPipeError:
        return _nobody_reads()
    except Exception as bug:  # noqa: BLE001 - the last catch of the command line: one line, and where the rest is
        return _failed(bug)


def _invoke(words: Sequence[str]) -> int:
    """What the verb returns. Not by ``qguard.main()``, which takes a broken pipe for its own affair and obeys ``_QGUARD_COMPLETE``."""
    try:
        with qguard.make_context("qguard", list(words)) as context:
            found = qguard.invoke(context)
            if sys.stdout is not None:
                sys.stdout.flush()
    except click.exceptions.Exit as end:
        return end.exit_code
    return found if isinstance(found, int) else 0


def _say(text: str) -> None:
    """One line for the human; nothing in it can deceive, and a closed standard error is nobody's fault."""
    from guard.core.escape import visible  # noqa: PLC0415 - only when something is wrong

    try:
        click.echo(visible(text), err=True)
    except OSError:
        return


def _report(problem: QguardError) -> None:
    _say(f"qguard: {problem.sentence}")
    if isinstance(problem, RulebookError) and problem.excerpt:
        for line in excerpt(problem):
            _say(line)
    if problem.hint:
        _say(problem.hint)


def excerpt(problem: RulebookError) -> list[str]:
    """The offending line and, where the column is known, a mark under the word that begins there."""
    from guard.core.escape import visible  # noqa: PLC0415 - only when something is wrong
    from guard.terminal.fold import cells  # noqa: PLC0415

    text = problem.excerpt.rstrip("\r\n").replace("\t", " ")
    at = max(problem.column - 1, 0)
    before, after = text[:at], text[at:]
    if len(text) > _AROUND:  # a file may be one line of a megabyte
        before = f"...{before[-_BEFORE:]}" if len(before) > _BEFORE else before
        after = f"{after[: _AROUND - _BEFORE]}..." if len(after) > _AROUND - _BEFORE else after
    text = before + after
    if not problem.column:
        return [f"    {text}"]
    word = after.split(" ", 1)[0]
    return [f"    {text}", "    " + " " * cells(visible(before)) + "^" * max(1, cells(visible(word)))]


def _report_usage(problem: click.ClickException) -> None:
    context = getattr(problem, "ctx", None)
    if context is not None and not context.args and type(problem).__name__ == "NoArgsIsHelpError":  # click 8.2 and later
        click.echo(context.get_help(), err=True)
        return
    _say(f"qguard: {problem.format_message()}".replace("\n\t", " "))
    if context is not None:
        _say(f"Try: {context.command_path} --help")


def _failed(bug: Exception) -> int:
    """The status of what nobody foresaw. A full disk below standard output is no bug."""
    if isinstance(bug, OSError) and bug.filename is None and bug.errno in _STREAM_ERRORS:
        _say(f"qguard: Standard input or output failed: {bug.strerror}.")
        _write_no_more()
        return _IO
    _report_bug(bug, bug.__traceback__)
    return _BUG


def _report_bug(bug: Exception, trace: TracebackType | None) -> None:
    from traceback import format_exception  # noqa: PLC0415 - only when something is wrong

    text = "".join(format_exception(type(bug), bug, trace))
    if os.environ.get("QGUARD_TRACEBACK") == "1":
        for line in text.splitlines():
            _say(line)
        where = "above"
    else:
        where = _kept(text)
    _say(f"qguard: a bug in qguard: {type(bug).__name__}: {bug}")
    _say(f"The traceback is {where}. Please report it.")


def _kept(text: str) -> str:
    """Where the traceback was put: a file that only this user can read, or nowhere."""
    from tempfile import mkstemp  # noqa: PLC0415 - only when something is wrong

    try:
        descriptor, name = mkstemp(prefix="qguard-", suffix=".traceback")
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
    except OSError:
        return "lost (set QGUARD_TRACEBACK=1 to see it)"
    return f"in {name}"


def _nobody_reads() -> int:
    """Standard output was closed by its reader: end as SIGPIPE would."""
    _write_no_more()
    return _BROKEN_PIPE


def _write_no_more() -> None:
    """Keep the interpreter from trying again at its exit, and from complaining then."""
    with suppress(OSError, ValueError):  # no descriptor below it
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, sys.stdout.fileno())
        os.close(null)


if __name__ == "__main__":
    main()
