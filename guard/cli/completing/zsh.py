"""Completions for zsh (zshcompsys(1))."""

from __future__ import annotations

from collections.abc import Iterator

from guard.cli.completing.tree import GENERATED, SESSIONS, Option, Verb


def write(root: Verb) -> str:
    """The completion script."""
    lines = [
        "#compdef qguard",
        "compdef _qguard qguard",
        f"# {GENERATED.format('zsh')}",
        "",
        "_qguard_sessions() {",
        f'    local -a sessions=("{SESSIONS}"/*.jsonl(N:t:r))',
        "    compadd -a sessions",
        "}",
        "",
        "_qguard_command() {",
        "    # After -- comes somebody else's command: complete it as if it stood alone.",
        "    shift words",
        "    (( CURRENT-- ))",
        "    while (( CURRENT > 1 )) && [[ $words[1] != -- ]]; do shift words; (( CURRENT-- )); done",
        "    shift words",
        "    (( CURRENT-- ))",
        "    _normal",
        "}",
        "",
        *(line for verb in root.all() for line in _verb(verb)),
        "# Autoloaded, this file is the function; sourced, it only defines it.",
        '[[ "$funcstack[1]" == _qguard ]] && _qguard "$@"',
        "true",
    ]
    return "\n".join(lines) + "\n"


def _text(text: str) -> str:
    for char in "\\[]:":
        text = text.replace(char, "\\" + char)
    return text.replace("'", "'\\''")


def _verb(verb: Verb) -> Iterator[str]:
    yield f"{_function(verb)}() {{"
    if verb.follows == "command":
        yield "    if (( ${words[(i)--]} < CURRENT )); then"
        yield "        _qguard_command"
        yield "        return"
        yield "    fi"
    if verb.children:
        yield "    local context state state_descr line"
        yield "    typeset -A opt_args"
    yield "    _arguments -s -S \\" if not verb.children else "    _arguments -C \\"
    for option in verb.options:
        yield f"        {_option(option)} \\"
    if verb.children:
        yield "        '1: :->verb' '*:: :->rest'"
        yield "    case $state in"
        yield "        verb)"
        yield "            local -a verbs=("
        for child in verb.children:
            yield f"                '{child.path[-1]}:{_text(child.help)}'"
        yield "            )"
        yield "            _describe command verbs"
        yield "            ;;"
        yield "        rest)"
        yield "            case $words[1] in"
        for child in verb.children:
            yield f"                {child.path[-1]}) {_function(child)} ;;"
        yield "            esac"
        yield "            ;;"
        yield "    esac"
    else:
        yield f"        {_follows(verb)}"
    yield "}"
    yield ""


def _function(verb: Verb) -> str:
    return "_qguard" + "".join(f"_{word}" for word in verb.path)


def _option(option: Option) -> str:
    names = "{" + ",".join(option.names) + "}" if len(option.names) > 1 else option.names[0]
    value = ""
    if option.value is not None:
        action = {"file": "_files", "text": " "}[option.value] if isinstance(option.value, str) else f"({' '.join(option.value)})"
        value = f":{'value' if option.value != 'file' else 'file'}:{action}"
    excluded = f"'({' '.join(option.names)})'" if len(option.names) > 1 else ""
    return f"{excluded}{names}'[{_text(option.help)}]{value}'"


def _follows(verb: Verb) -> str:
    if isinstance(verb.follows, tuple):
        return f"'1: :({' '.join(verb.follows)})'"
    return {"session": "'1: :_qguard_sessions'", "command": "'1: :(--)'", "file": "'*: :_files'", "": "'*: : '"}[verb.follows]
