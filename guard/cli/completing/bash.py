"""Completions for bash, with bash-completion where it is loaded."""

from __future__ import annotations

from collections.abc import Iterator

from guard.cli.completing.tree import GENERATED, SESSIONS, Verb


def write(root: Verb) -> str:
    """The completion script."""
    lines = [
        f"# {GENERATED.format('bash')}",
        "",
        "_qguard_reply() {",
        '    mapfile -t COMPREPLY < <(compgen "$@" -- "${COMP_WORDS[COMP_CWORD]}")',
        "}",
        "",
        "_qguard_sessions() {",
        f'    local directory="{SESSIONS}" files',
        "    files=$(shopt -s nullglob; cd \"$directory\" 2> /dev/null && printf '%s\\n' *.jsonl)",
        '    _qguard_reply -W "${files//.jsonl/}"',
        "}",
        "",
        "_qguard() {",
        '    local word="${COMP_WORDS[COMP_CWORD]}" before="${COMP_WORDS[COMP_CWORD-1]}" path="" index',
        "    COMPREPLY=()",
        "    for ((index = 1; index < COMP_CWORD; index++)); do",
        '        if [[ "${COMP_WORDS[index]}" == "--" ]]; then',
        "            # After -- comes somebody else's command: complete it as if it stood alone.",
        "            if declare -F _comp_command_offset > /dev/null; then",
        "                _comp_command_offset $((index + 1))",
        "            elif declare -F _command_offset > /dev/null; then",
        "                _command_offset $((index + 1))",
        "            elif ((index + 1 == COMP_CWORD)); then",
        "                _qguard_reply -c",
        "            else",
        "                _qguard_reply -f",
        "            fi",
        "            return",
        "        fi",
        '        case "$path ${COMP_WORDS[index]}" in',
        *(f'            "{" ".join(("", *verb.path))}") path="{" ".join(("", *verb.path))}" ;;' for verb in root.all() if verb.path),
        "        esac",
        "    done",
        '    case "$path:$before" in',
        *_values(root),
        "    esac",
        '    case "$path" in',
        *(line for verb in root.all() for line in _verb(verb)),
        "    esac",
        "}",
        "",
        "complete -F _qguard qguard",
    ]
    return "\n".join(lines) + "\n"


def _values(root: Verb) -> Iterator[str]:
    """After an option that takes a value."""
    for verb in root.all():
        path = " ".join(("", *verb.path)) if verb.path else ""
        for option in verb.options:
            if option.value is None:
                continue
            patterns = " | ".join(f'"{path}:{name}"' for name in option.names)
            action = {"file": "_qguard_reply -f", "text": ":"}.get(option.value) if isinstance(option.value, str) else None
            yield f"        {patterns}) {action or _words(option.value)}; return ;;"


def _words(words: str | tuple[str, ...] | list[str]) -> str:
    return f'_qguard_reply -W "{" ".join(words)}"'


def _verb(verb: Verb) -> Iterator[str]:
    yield f'        "{" ".join(("", *verb.path)) if verb.path else ""}")'
    words = [child.path[-1] for child in verb.children]
    if isinstance(verb.follows, tuple):
        words += verb.follows
    yield '            if [[ "$word" == -* ]]; then'
    yield f"                {_words([*verb.flags, *(['--'] if verb.follows == 'command' else [])])}"
    if words:
        yield f"            else\n                {_words(words)}"
    elif verb.follows == "session":
        yield "            else"
        yield "                _qguard_sessions"
    elif verb.follows == "command":
        yield "            else\n                COMPREPLY=(--)"
    elif verb.follows == "file":
        yield "            else\n                _qguard_reply -f"
    yield "            fi"
    yield "            ;;"
