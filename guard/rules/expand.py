"""What a program makes of its own argv before it reads it: arguments from variables, aliases from a file. Pure: files come by ``Peek``.

Sources: developer.hashicorp.com/terraform/cli/config/environment-variables (TF_CLI_ARGS) and Terraform's main.go;
docs.aws.amazon.com/cli/latest/userguide/cli-usage-alias.html and awscli/alias.py.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping

from guard.core.peek import Peek
from guard.core.words import Invocation, Opaque
from guard.rules.argv import readings
from guard.rules.model import Program

Argv = tuple[str, ...]
Expanded = tuple[Argv, ...] | Opaque
"""Every argv that may result, or why that cannot be told."""

_ALIASES = 1 << 18
_DEEPEST = 8


def expanded(program: Program, invocation: Invocation, peek: Peek) -> Expanded:
    """The argv that ``program`` really reads."""
    if not program.expand:
        return (invocation.argv,)
    return EXPANSIONS[program.expand](program, invocation, peek)


# ---- terraform: TF_CLI_ARGS, TF_CLI_ARGS_apply -----------------------------------------------------------------------


def _terraform(program: Program, invocation: Invocation, _peek: Peek) -> Expanded:
    argv, env = invocation.argv, dict(invocation.env)
    words = [(at, word) for at, word in enumerate(argv) if at and not word.startswith("-")]
    pairs = {tuple(words_of) for command in program.commands for words_of in _paths(command.path) if len(words_of) > 1}
    nested = len(words) > 1 and (words[0][1], words[1][1]) in pairs
    sub = [word for _, word in words[: 1 + nested]]
    at = words[nested][0] + 1 if words else 1
    variables = ("TF_CLI_ARGS", "TF_CLI_ARGS_" + "_".join(sub).replace("-", "_") if sub else "")
    found: list[Argv] = [argv]
    for name in variables:
        text = env.get(name, "")
        if not text:
            continue
        extras = _split(text)
        if extras is None:
            return Opaque(f"{name}={text}", f"the quoting in {name} cannot be read")
        found = [(*one[:at], *extra, *one[at:]) for one in found for extra in extras]
    return tuple(found)


def _paths(path: tuple[frozenset[str], ...]) -> list[Argv]:
    made: list[Argv] = [()]
    for alternatives in path[:2]:
        made = [(*one, word) for one in made for word in alternatives]
    return made


def _split(text: str) -> tuple[Argv, ...] | None:
    """The words of a variable. Terraform's splitter ends at an operator of a shell, Python's does not: both are given."""
    try:
        whole = tuple(shlex.split(text))
        ended = tuple(shlex.split(re.split(r"[;|&<>]", text)[0])) if re.search(r"[;|&<>]", text) else whole
    except ValueError:
        return None
    return (whole,) if whole == ended else (whole, ended)


# ---- aws: ~/.aws/cli/alias -------------------------------------------------------------------------------------------


def _aws(program: Program, invocation: Invocation, peek: Peek) -> Expanded:
    home = dict(invocation.env).get("HOME", "")
    text = peek(f"{home}/.aws/cli/alias", "", _ALIASES) if home.startswith("/") else None
    if not text:
        return (invocation.argv,)
    aliases = _aliases(text)
    if aliases is None:
        return Opaque(" ".join(invocation.argv), "the file of its aliases cannot be read")
    found: list[Argv] = []
    for given in readings(invocation.argv, program.options):
        one = _unaliased(invocation.argv, tuple(at for at, _ in given.words[:2]), aliases)
        if isinstance(one, Opaque):
            return one
        found.append(one)
    return tuple(dict.fromkeys(found))


def _aliases(text: bytes) -> Mapping[str, Mapping[str, str]] | None:
    import configparser  # noqa: PLC0415 - few have aliases

    parser = configparser.RawConfigParser(strict=False, default_section="\0")
    try:
        parser.read_string(text.decode("utf-8", "surrogateescape"))
    except configparser.Error:
        return None
    return {section: dict(parser[section]) for section in parser.sections()}


def _unaliased(argv: Argv, positions: tuple[int, ...], aliases: Mapping[str, Mapping[str, str]]) -> Argv | Opaque:
    """Replace the command word, and the one behind it, as often as they are aliases."""
    at = positions[0] if positions else len(argv)
    used: set[str] = set()
    while at < len(argv) and argv[at] not in used and len(used) < _DEEPEST:
        value = aliases.get("toplevel", {}).get(argv[at].lower())
        if value is None:
            break
        used.add(argv[at])
        replaced = _words(value)
        if isinstance(replaced, Opaque):
            return replaced
        argv = (*argv[:at], *replaced, *argv[at + 1 :])
    second = next((place for place in range(at + 1, len(argv)) if not argv[place].startswith("-")), len(argv))
    value = aliases.get(f"command {argv[at]}", {}).get(argv[second].lower()) if second < len(argv) else None
    if value is None:
        return argv
    replaced = _words(value)
    return replaced if isinstance(replaced, Opaque) else (*argv[:second], *replaced, *argv[second + 1 :])


def _words(value: str) -> Argv | Opaque:
    if value.lstrip().startswith("!"):
        return Opaque(value, "the alias runs a line in a shell")
    try:
        return tuple(shlex.split(value))
    except ValueError:
        return Opaque(value, "the quoting in the alias cannot be read")


EXPANSIONS: Mapping[str, Callable[[Program, Invocation, Peek], Expanded]] = {"terraform-arguments": _terraform, "aws-aliases": _aws}
