"""What ``check`` and ``explain`` have in common: the command that is asked about, and who rules on it."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from guard.errors import CannotStart, UsageError

if TYPE_CHECKING:
    from guard.runtime.judge import Explained, Judge
    from guard.runtime.settings import Settings

_HINT = "Write: qguard {0} 'LINE'   or: qguard {0} -- ARGV..."
_WORDS = "guard.cli.asked.words"

policy_option: Callable[[Any], Any] = click.option(
    "--policy", type=click.Path(path_type=Path, readable=False), metavar="FILE", help="Use this policy instead of your policy.yaml."
)
line_argument: Callable[[Any], Any] = click.argument("line", nargs=-1, metavar="[LINE | -- ARGV...]")


class LineOrWords(click.Command):
    """A command whose arguments are one LINE, or the words after ``--``; click itself does not tell the two apart."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Take the words after ``--`` away before click sees them."""
        if "--" in args:
            at = args.index("--")
            ctx.meta[_WORDS] = tuple(args[at + 1 :])
            args = args[:at]
        return super().parse_args(ctx, args)


@dataclass(frozen=True, slots=True)
class Asked:
    """A line for a shell, or the words of one command (then ``line`` is ``None``), as started in ``cwd`` with ``env``."""

    line: str | None
    argv: tuple[str, ...]
    cwd: str
    env: tuple[tuple[str, str], ...]

    def put(self, judge: Judge) -> Explained:
        """The ruling, with what led to it."""
        if self.line is not None:
            return judge.explain_line(self.line, self.cwd, self.env)
        return judge.explain_argv(self.argv, self.cwd, self.env)


def asked(line: Sequence[str]) -> Asked:
    """What this command line asks about. Raises ``UsageError``."""
    context = click.get_current_context()
    words: tuple[str, ...] | None = context.meta.get(_WORDS)
    hint = _HINT.format(context.info_name)
    if words is not None and line:
        raise UsageError("Give a line or the words of a command, not both.", hint)
    if len(line) > 1:
        raise UsageError("A line is one argument: quote it, or put -- before the words of a command.", hint)
    if not words and not line:
        raise UsageError("There is nothing to judge.", hint)
    return Asked(line[0] if line else None, words or (), working_directory(), tuple(os.environ.items()))


def given_words() -> tuple[str, ...] | None:
    """The words after ``--``; ``None`` when there was no ``--``."""
    words: tuple[str, ...] | None = click.get_current_context().meta.get(_WORDS)
    return words


def working_directory() -> str:
    """Where this process is; "" (not known) when that directory is gone."""
    try:
        return str(Path.cwd())
    except FileNotFoundError:
        return ""


def open_judge(policy: Path | None, cwd: str) -> Judge:
    """Read the rules and the policies that are in force in ``cwd``. Raises ``RulebookError``."""
    from guard.places import Places  # noqa: PLC0415 - `--help` needs none of it
    from guard.places.peek import peek  # noqa: PLC0415
    from guard.rulebook import open_rulebook  # noqa: PLC0415
    from guard.rulebook.policies import read_policies  # noqa: PLC0415
    from guard.runtime.judge import Judge  # noqa: PLC0415

    settings = _settings(cwd)
    book = open_rulebook(settings.rule_dirs)
    return Judge(book, read_policies(policy or settings.user_policy, settings.project_policy), Places(), peek)


@dataclass(frozen=True, slots=True)
class Bench:
    """One judge for every project that is asked about: the rules are the same, the policy is that of the project (promise 7)."""

    policy: Path | None
    judge: Judge
    cwd: str
    _of: dict[Path | None, Judge] = field(default_factory=dict)

    def judge_in(self, cwd: str) -> Judge:
        """The judge for what is started in ``cwd``. Raises ``RulebookError``."""
        if cwd == self.cwd:
            return self.judge
        from guard.rulebook.policies import read_policies  # noqa: PLC0415

        settings = _settings(cwd)
        project = settings.project_policy
        if project not in self._of:
            self._of[project] = replace(self.judge, policies=read_policies(self.policy or settings.user_policy, project))
        return self._of[project]


def _settings(cwd: str) -> Settings:
    from guard.runtime.settings import find_settings  # noqa: PLC0415

    try:
        return find_settings(os.environ, Path(cwd or "/"))
    except CannotStart as problem:  # nothing was to be started here
        raise UsageError(problem.sentence, problem.hint) from problem
