"""The one family of errors: a sentence, a hint, an exit status.

Only ``guard/cli/`` prints and exits; everything below raises one of these.
The statuses are those of docs/commands.md, after sysexits.h where it has one.
"""

from __future__ import annotations

from typing import ClassVar


class QguardError(Exception):
    """Anything qguard says about itself that ends a command."""

    exit_status: ClassVar[int] = 70

    def __init__(self, sentence: str, hint: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.hint = hint


class UsageError(QguardError):
    """The command line cannot mean anything (2; 125 under ``run``)."""

    exit_status = 2


class RulebookError(QguardError):
    """A ruleset or policy is wrong (65, EX_DATAERR).

    ``line`` and ``column`` count from 1; 0 means the file as a whole. ``excerpt`` is the offending line of the file.
    """

    exit_status = 65

    def __init__(self, sentence: str, hint: str = "", *, file: str = "", line: int = 0, column: int = 0, excerpt: str = "") -> None:
        where = ":".join(str(part) for part in (file, line, column) if part)
        super().__init__(f"{where}: {sentence}" if where else sentence, hint)
        self.file, self.line, self.column, self.excerpt = file, line, column, excerpt


class CannotStart(QguardError):
    """``qguard run`` could not start the agent (125, as env(1) and timeout(1) do)."""

    exit_status = 125


class TrailError(QguardError):
    """A trail cannot be read, or does not verify (74, EX_IOERR)."""

    exit_status = 74


class GuardDied(QguardError):
    """The supervisor ended before the agent did (70, EX_SOFTWARE)."""

    exit_status = 70
