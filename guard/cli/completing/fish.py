"""Completions for fish (complete(1))."""

from __future__ import annotations

from collections.abc import Iterator

from guard.cli.completing.tree import GENERATED, Verb


def write(root: Verb) -> str:
    """The completion script."""
    lines = [
        f"# {GENERATED.format('fish')}",
        "",
        "function __qguard_words",
        "    # The words before the cursor that are no options, up to --.",
        "    for word in (commandline -opc)[2..]",
        '        test "$word" = --; and return',
        "        string match -q -- '-*' $word; or echo $word",
        "    end",
        "end",
        "",
        "function __qguard_at",
        "    # Whether the cursor stands after exactly these verbs and before any --.",
        "    contains -- -- (commandline -opc); and return 1",
        "    set -l words (__qguard_words)",
        "    test (count $words) -ge (count $argv); or return 1",
        "    test (count $argv) -eq 0; and test (count $words) -eq 0; and return 0",
        '    test (count $argv) -gt 0; and test "$words[1..$(count $argv)]" = "$argv"',
        "end",
        "",
        "function __qguard_after_dashes",
        "    contains -- -- (commandline -opc)",
        "end",
        "",
        "function __qguard_rest",
        "    # After -- comes somebody else's command: complete it as if it stood alone.",
        "    set -l words (commandline -opc)",
        "    set -l at (contains -i -- -- $words); or return",
        "    set -l rest $words[(math $at + 1)..]",
        "    complete -C (string join ' ' -- (string escape -- $rest) (commandline -ct | string escape -n))",
        "end",
        "",
        "function __qguard_sessions",
        "    set -l state (set -q XDG_STATE_HOME; and echo $XDG_STATE_HOME; or echo $HOME/.local/state)",
        "    set -l files $state/qguard/sessions/*.jsonl",
        "    string replace -r '.*/(.*)\\\\.jsonl$' '$1' -- $files",
        "end",
        "",
        "complete -c qguard -f",
        "complete -c qguard -n __qguard_after_dashes -a '(__qguard_rest)'",
        *(line for verb in root.all() for line in _verb(verb)),
    ]
    return "\n".join(lines) + "\n"


def _text(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _verb(verb: Verb) -> Iterator[str]:
    condition = f"-n '{' '.join(('__qguard_at', *verb.path))}'"
    for option in verb.options:
        spelled = " ".join(f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}" for name in option.names)
        value = ""
        if option.value == "file":
            value = " -r -F"
        elif option.value == "text":
            value = " -x"
        elif option.value is not None:
            value = f" -x -a {_text(' '.join(option.value))}"
        yield f"complete -c qguard {condition} {spelled}{value} -d {_text(option.help)}"
    for child in verb.children:
        exact = f"-n '{' '.join(('__qguard_at', *verb.path))}; and test (count (__qguard_words)) -eq {len(verb.path)}'"
        yield f"complete -c qguard {exact} -a {child.path[-1]} -d {_text(child.help)}"
    if isinstance(verb.follows, tuple):
        yield f"complete -c qguard {condition} -a {_text(' '.join(verb.follows))}"
    elif verb.follows == "session":
        yield f"complete -c qguard {condition} -a '(__qguard_sessions)'"
    elif verb.follows == "command":
        yield f"complete -c qguard {condition} -a --"
    elif verb.follows == "file":
        yield f"complete -c qguard {condition} -F"
