"""What a program makes of its own argv before it reads it: arguments from variables, aliases from a file. Pure: files come by ``Peek``.

Sources: developer.hashicorp.com/terraform/cli/config/environment-variables (TF_CLI_ARGS), Terraform's main.go (``mergeEnvArgs``);
docs.aws.amazon.com/cli/latest/userguide/cli-usage-alias.html and awscli/alias.py; kubernetes.io/docs/reference/kubectl/kuberc;
tmux(1) (COMMAND PARSING AND EXECUTION, FORMATS), tmux's cmd.c (``cmd_find``) and cmd-parse.y (``cmd_parse_from_arguments``).
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator, Mapping

from guard.core.peek import Peek
from guard.core.words import Invocation, Opaque
from guard.rules.argv import Focus, Given, readings, surely_takes
from guard.rules.model import Program
from guard.rules.shellwords import split_words

Argv = tuple[str, ...]
Expanded = tuple[Argv | Opaque, ...]
"""Every argv that may result, and what of them cannot be told."""

_SMALL = 1 << 18
_MOST = 32


def expanded(program: Program, invocation: Invocation, peek: Peek, focus: Focus) -> Expanded:
    """What ``program`` may really read. Raises ``TooManyReadings``."""
    if not program.expand:
        return (invocation.argv,)
    return EXPANSIONS[program.expand](program, invocation, peek, focus)


# ---- terraform: TF_CLI_ARGS, TF_CLI_ARGS_apply -----------------------------------------------------------------------


def _terraform(_program: Program, invocation: Invocation, _peek: Peek, focus: Focus) -> Expanded:
    """Put in behind the subcommand, or in front of everything when there is none; then ``TF_CLI_ARGS_`` is read as well."""
    argv, env = invocation.argv, dict(invocation.env)
    first = next((at for at, word in enumerate(argv) if at and word and not word.startswith("-")), 0)
    sub = list(argv[first : first + 1]) if first else []
    if first and argv[first + 1 : first + 2] and argv[first + 1] in focus.subcommands.get(argv[first], ()):
        sub.append(argv[first + 1])
    at = argv.index(sub[-1], 1) + 1 if sub else 1  # behind the first argument that equals the word, wherever it stands
    for name in ("TF_CLI_ARGS", "TF_CLI_ARGS_" + "_".join(sub).replace("-", "_")):
        extra = split_words(env.get(name, ""))
        if extra is None:
            return (Opaque(f"{name}={env[name]}", f"the quoting in {name} cannot be read"),)
        argv = (*argv[:at], *extra, *argv[at:])
    return (argv,)


# ---- aws: ~/.aws/cli/alias -------------------------------------------------------------------------------------------


def _aws(program: Program, invocation: Invocation, peek: Peek, focus: Focus) -> Expanded:
    """The line as it stands, and what aliases make of it, over and over: an alias may name another, and stand for a command."""
    home = dict(invocation.env).get("HOME")
    path = f"{(home or '').rstrip('/')}/.aws/cli/alias"
    text = peek(path, invocation.cwd, _SMALL) if home is not None else None
    if not text:
        return (invocation.argv,)
    aliases = _aliases(text)
    if aliases is None:
        return (invocation.argv, Opaque(" ".join(invocation.argv), "the file of its aliases cannot be read"))
    found: dict[Argv | Opaque, None] = {invocation.argv: None}
    waiting = [invocation.argv]
    while waiting:
        argv = waiting.pop()
        for given in readings(argv, program.options, focus):
            for one in _unaliased(argv, given, aliases):
                if len(found) > _MOST:
                    return (*found, Opaque(" ".join(invocation.argv), "its aliases lead on and on"))
                if one not in found and not isinstance(one, Opaque):
                    waiting.append(one)
                found[one] = None
    return tuple(found)


def _aliases(text: bytes) -> Mapping[str, Mapping[str, str]] | None:
    import configparser  # noqa: PLC0415 - few have aliases

    parser = configparser.RawConfigParser(strict=False, default_section="\0")
    try:
        parser.read_string(text.decode("utf-8", "surrogateescape"))
    except configparser.Error:
        return None
    return {section: dict(parser[section]) for section in parser.sections()}


def _unaliased(argv: Argv, given: Given, aliases: Mapping[str, Mapping[str, str]]) -> Iterator[Argv | Opaque]:
    """The line with one alias replaced: the command word (section ``toplevel``), or one behind it (``command ec2``, …)."""
    section = "toplevel"
    for at, word in given.words[:3]:
        value = aliases.get(section, {}).get(word.lower())
        if value is not None:
            replaced = _words(value.strip())
            yield replaced if isinstance(replaced, Opaque) else (*argv[:at], *replaced, *argv[at + 1 :])
        section = f"command {word}" if section == "toplevel" else f"{section} {word}"


def _words(value: str) -> Argv | Opaque:
    if value.startswith("!"):
        return Opaque(value, "the alias runs a line in a shell")
    try:
        return tuple(word.strip("\n") for word in shlex.split(value))
    except ValueError:
        return Opaque(value, "the quoting in the alias cannot be read")


# ---- kubectl: ~/.kube/kuberc -----------------------------------------------------------------------------------------


def _kubectl(program: Program, invocation: Invocation, peek: Peek, focus: Focus) -> Expanded:
    """What its preferences call an alias may be any command, with any options. They are YAML; that a word is in them is enough."""
    env = dict(invocation.env)
    givens = readings(invocation.argv, program.options, focus)
    files = [value for given in givens for value in given.parameters().get("kuberc", ())]
    files += [env.get("KUBERC") or (f"{env['HOME']}/.kube/kuberc" if "HOME" in env else "")]
    texts = [peek(file, invocation.cwd, _SMALL) or b"" for file in dict.fromkeys(files) if file]
    content = b"\n".join(texts).decode("utf-8", "replace")
    firsts = {given.words[0][1] for given in givens if given.words} - set(focus.subcommands)
    aliases = sorted(word for word in firsts if word in content) if "aliases" in content else []
    if not aliases:
        return (invocation.argv,)
    return (invocation.argv, Opaque(" ".join(invocation.argv), f"{aliases[0]} may be an alias in kubectl's preferences"))


# ---- options end at the first word: what stands behind it is another program's ------------------------------------------


def _first_word(program: Program, invocation: Invocation, _peek: Peek, _focus: Focus) -> Expanded:
    """``screen sh -ls`` lists nothing. Where it is not known whether an option takes a value, they end at what may be the first word."""
    argv, at = invocation.argv, 1
    while at < len(argv) and argv[at].startswith("-") and argv[at] not in {"-", "--"}:
        at += 2 if surely_takes(argv[at], argv[at + 1] if at + 1 < len(argv) else None, program.options) else 1
    return (argv,) if at >= len(argv) or argv[at] == "--" else ((*argv[:at], "--", *argv[at:]),)


# ---- tmux: several commands in one line, beginnings of their names, lines for a shell in its options and formats ----------

_TMUX_FLAGS, _TMUX_VALUED, _TMUX_LOOKS = frozenset("2dlqDNuUvC"), frozenset("cfLST"), frozenset("Vh")
_SHELL_IN_FORMAT = re.compile(r"#\(|[{;][ET][;:]")


def _tmux(program: Program, invocation: Invocation, _peek: Peek, focus: Focus) -> Expanded:
    """Each command by itself, by its whole name, behind the options of tmux. No command is ``new-session``."""
    argv = invocation.argv
    found: list[Argv | Opaque] = []
    at = 1
    while at < len(argv) and argv[at].startswith("-") and argv[at] != "-":
        if argv[at] == "--":
            at += 1
            break
        word = argv[at]
        valued = next((index for index, letter in enumerate(word) if index and letter in _TMUX_VALUED), len(word))
        letters = set(word[1 : valued + 1])
        if letters & _TMUX_LOOKS:
            return (argv[: at + 1],)
        if "C" in letters:
            found.append(Opaque(" ".join(argv), "in control mode it reads further commands"))
        if "c" in letters:
            found.append(Opaque(" ".join(argv), "it runs a line in a shell"))
        if letters - _TMUX_FLAGS - _TMUX_VALUED:
            found.append(Opaque(" ".join(argv), f"qguard does not know the option {word} of {program.name}"))
        at += 2 if valued == len(word) - 1 else 1
    if (runs := next((word for word in argv[at:] if _SHELL_IN_FORMAT.search(word)), None)) is not None:
        found.append(Opaque(runs, "tmux may run what stands in it in a shell"))
    for command in _tmux_commands(argv[at:]) or [("new-session",)]:
        meant = [command[0]] if command[0] in focus.subcommands else [name for name in focus.subcommands if name.startswith(command[0])]
        found += [(*argv[:at], name, *command[1:]) for name in sorted(meant) or [command[0]]]
        if len(found) > _MOST:
            return (*found[:_MOST], Opaque(" ".join(argv), "it holds too many commands"))
    return tuple(dict.fromkeys(found))


def _tmux_commands(words: Argv) -> list[Argv]:
    """Parted at words that end in ``;``; a semicolon behind a backslash is an ordinary one."""
    commands: list[list[str]] = [[]]
    for word in words:
        ends = word.endswith(";") and not word.endswith("\\;")
        plain = word[:-1] if ends else f"{word[:-2]};" if word.endswith("\\;") else word
        if plain or not ends:
            commands[-1].append(plain)
        if ends:
            commands.append([])
    return [tuple(command) for command in commands if command and command[0]]


EXPANSIONS: Mapping[str, Callable[[Program, Invocation, Peek, Focus], Expanded]] = {
    "terraform-arguments": _terraform,
    "aws-aliases": _aws,
    "kubectl-preferences": _kubectl,
    "first-word": _first_word,
    "tmux-commands": _tmux,
}
