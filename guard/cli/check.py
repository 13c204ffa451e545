"""``qguard check``: the ruling on a command, for scripts. The statuses are those of docs/commands.md."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from guard.cli.asked import Asked, Bench, LineOrWords, asked, given_words, line_argument, open_judge, policy_option, working_directory
from guard.core.words import Judged, Ruling, Verdict
from guard.errors import QguardError, UsageError

EXIT = {Verdict.ALLOW: 0, Verdict.ASK: 10, Verdict.SECOND: 11, Verdict.DENY: 12}
_LONGEST = 16 * 1024 * 1024
_KEYS = frozenset({"line", "argv", "cwd", "env"})
_EPILOG = """\b
Examples:
  qguard check 'cd infra && terraform destroy'
  qguard check --json -- aws cloudformation delete-stack --stack-name billing
  jq -c '.commands[]' log.json | qguard check --stdin

\b
Exit status, the strictest of all: 0 allow, 10 ask, 11 second person, 12 deny."""


@click.command("check", cls=LineOrWords, epilog=_EPILOG, options_metavar="[OPTIONS]")
@click.option(
    "--stdin", "from_stdin", is_flag=True, help="Read one JSON value a line (a LINE, or an object with line or argv); answer each."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON (--stdin always does).")
@policy_option
@line_argument
def command(*, from_stdin: bool, as_json: bool, policy: Path | None, line: tuple[str, ...]) -> int:
    """Judge a LINE for a shell, or the words of one command after --. Nothing is run."""
    if from_stdin:
        if line or given_words() is not None:
            raise UsageError("With --stdin the commands come from standard input, and from nowhere else.")
        if sys.stdin is None:
            raise UsageError("Standard input is closed.")
        cwd = working_directory()
        return EXIT[_judge_stdin(Bench(policy, open_judge(policy, cwd), cwd))]
    question = asked(line)
    ruling = question.put(open_judge(policy, question.cwd)).ruling
    if as_json:
        click.echo(json.dumps(body(ruling)))
    else:
        for text in _told(ruling):
            click.echo(text)
    return EXIT[ruling.verdict]


def body(ruling: Ruling) -> dict[str, Any]:
    """A ruling as JSON; secrets are masked."""
    from guard.audit.bodies import opaque_body  # noqa: PLC0415 - one shape for the trail and for scripts

    return {
        "verdict": ruling.verdict.word,
        "actions": [_action(judged) for judged in ruling.judged],
        "opaque": [opaque_body(opaque) for opaque in ruling.opaque],
    }


def _action(judged: Judged) -> dict[str, Any]:
    from guard.audit.bodies import action_body, reason_body, text_body  # noqa: PLC0415

    return {
        **action_body(judged.action),
        "verdict": judged.verdict.word,
        "why": text_body(judged.action.because or "; ".join(reason.text for reason in judged.reasons)),
        "reasons": [reason_body(reason) for reason in judged.reasons],
    }


def _told(ruling: Ruling) -> Iterator[str]:
    """The ruling in plain text: the verdict, then one line for each thing that led to it."""
    from guard.core.escape import visible, visible_argv  # noqa: PLC0415
    from guard.core.mask import mask_argv, mask_text  # noqa: PLC0415

    yield ruling.verdict.word
    for judged in ruling.judged:
        action = judged.action
        because = visible(mask_text(action.because))
        yield f"  {judged.verdict.word}: {visible_argv(mask_argv(action.argv))}: {because} ({visible(action.rule)})"
    for opaque in ruling.opaque:
        yield f"  not understood: {visible(mask_text(opaque.source))}: {visible(mask_text(opaque.why))}"


# ---- many at once ----------------------------------------------------------------------------------------------------


def _judge_stdin(bench: Bench) -> Verdict:
    """Answer every input line, in order and at once; the strictest verdict. An unreadable line is asked about."""
    strictest = Verdict.ALLOW
    env = tuple(os.environ.items())
    for raw in _lines():
        verdict, answer = _answer(raw, bench, env)
        strictest = max(strictest, verdict)
        click.echo(json.dumps(answer))
    return strictest


def _answer(raw: bytes, bench: Bench, env: tuple[tuple[str, str], ...]) -> tuple[Verdict, dict[str, Any]]:
    try:
        question = _question(raw, bench.cwd, env)
        judge = bench.judge_in(question.cwd)
    except (ValueError, QguardError) as problem:
        return Verdict.ASK, {"verdict": Verdict.ASK.word, "error": str(problem)}
    ruling = question.put(judge).ruling
    return ruling.verdict, body(ruling)


def _lines() -> Iterator[bytes]:
    """The lines of standard input; one that is too long comes as its beginning only, without a line feed."""
    stream = sys.stdin.buffer
    while line := stream.readline(_LONGEST):
        yield line
        while not line.endswith(b"\n") and (line := stream.readline(_LONGEST)):
            pass


def _question(raw: bytes, cwd: str, env: tuple[tuple[str, str], ...]) -> Asked:
    """What one input line asks about. Raises ``ValueError`` with a sentence that says what is wrong with it."""
    if len(raw) >= _LONGEST:
        raise ValueError(f"the input line is longer than {_LONGEST} bytes")
    try:
        given = json.loads(raw, object_pairs_hook=_object, parse_int=float)
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise ValueError("the input line is not JSON") from problem
    if isinstance(given, str):
        given = {"line": given}
    if not isinstance(given, dict):
        raise ValueError("the input line is neither a JSON string nor an object")  # noqa: TRY004 - a sentence for the answer, not a type error
    if unknown := sorted(given.keys() - _KEYS):
        raise ValueError(f"the object has a key that is not known: {unknown[0]}")
    return _from_object(given, cwd, env)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("the object has a key twice")
    return found


def _from_object(given: dict[str, Any], cwd: str, env: tuple[tuple[str, str], ...]) -> Asked:
    line, argv, variables = given.get("line"), given.get("argv"), given.get("env")
    if (line is None) == (argv is None):
        raise ValueError("the object must have either line or argv")
    if line is not None and not isinstance(line, str):
        raise ValueError("line is not a string")
    if argv is not None and not (isinstance(argv, list) and argv and all(isinstance(word, str) for word in argv)):
        raise ValueError("argv is not a list of strings with at least one")
    if "\0" in (line or "") or any("\0" in word for word in argv or ()):
        raise ValueError("no command can hold a NUL, and shells read on behind one")
    cwd = given.get("cwd", cwd)
    if not isinstance(cwd, str) or (cwd and not cwd.startswith("/")):
        raise ValueError("cwd is not an absolute path")
    if variables is None:
        return Asked(line, tuple(argv or ()), cwd, env)
    if not isinstance(variables, dict) or not all(isinstance(value, str) for value in variables.values()):
        raise ValueError("env is not an object of strings")
    return Asked(line, tuple(argv or ()), cwd, tuple(variables.items()))
