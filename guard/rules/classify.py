"""From an invocation to actions: every reading of its argv, the first command that fits each, the operation behind it."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from guard.core.peek import Peek
from guard.core.words import Action, Invocation, Opaque, Target
from guard.rules.argv import Focus, Given, TooManyReadings, readings
from guard.rules.expand import expanded
from guard.rules.model import Calls, Command, Operation, Parameters, Program, Ruleset
from guard.rules.spelling import dashed, joined

_INPUT = 1 << 20
_MOST_OBJECTS = 5000
MORE = "…/…"
"""A target that stands for all those that are too many to be named."""
_JSON_OPTION = "cli-input-json"

Probe = Callable[[Sequence[str], Parameters, str, Peek], Parameters]
"""``(words behind the path, options, cwd, peek)`` → further parameters, read from a file that the command names."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """One reading of one argv of one program."""

    ruleset: Ruleset
    program: Program
    invocation: Invocation
    argv: tuple[str, ...]
    given: Given
    options: Parameters
    peek: Peek
    probes: Mapping[str, Probe]

    @property
    def words(self) -> tuple[str, ...]:
        return tuple(word for _, word in self.given.words)


def classify(ruleset: Ruleset, invocation: Invocation, peek: Peek, probes: Mapping[str, Probe]) -> tuple[Action | Opaque, ...]:
    """What ``invocation`` does, as far as it matters, and what of it could not be understood. Never raises for want of understanding."""
    found: dict[Action | Opaque, None] = {}
    for program in ruleset.programs:
        if invocation.program not in program.names:
            continue
        try:
            found |= dict.fromkeys(_of_program(ruleset, program, invocation, peek, probes))
        except TooManyReadings:
            found[Opaque(" ".join(invocation.argv), f"it has too many options of {program.name} that qguard does not know")] = None
    return tuple(found)


def _of_program(
    ruleset: Ruleset, program: Program, invocation: Invocation, peek: Peek, probes: Mapping[str, Probe]
) -> Iterator[Action | Opaque]:
    focus = Focus(program.depth, program.deciding | ruleset.switches, program.subcommands)
    for argv in expanded(program, invocation, peek, focus):
        if isinstance(argv, Opaque):
            yield argv
            continue
        for given in readings(argv, program.options, focus):
            yield from _acts(_Seen(ruleset, program, invocation, argv, given, given.parameters(), peek, probes))


def _acts(seen: _Seen) -> tuple[Action | Opaque, ...]:
    if any(condition.surely_holds(seen.options) for condition in seen.program.harmless) or _asks_for_help(seen):
        return ()
    forms = [command for command in seen.program.commands if _leads(command, seen.words)]
    for command in forms:
        parameters = _fits(command, seen)
        if parameters is not None:
            return _action(seen, seen.ruleset.operations[command.does], parameters) if command.does else ()
    if forms:
        return ()
    if seen.program.calls is not None and len(seen.words) > 1:
        return _call(seen, seen.program.calls)
    if seen.program.asks_unknown and seen.words:
        return (Opaque(" ".join(seen.argv), f"qguard does not know what {seen.program.name} {seen.words[0]} does"),)
    return ()


def _asks_for_help(seen: _Seen) -> bool:
    """``aws help``, ``aws rds help``, ``aws rds delete-db-instance help``.

    Only with nothing between that the word could belong to; behind an operation only as the last of all, for there it may be the name
    of a file: ``aws s3 sync help s3://bucket --delete``.
    """
    words = seen.given.words
    at = next((index for index, (_, word) in enumerate(words[:3]) if word == seen.program.help_word), None)
    if at is None or not seen.program.help_word:
        return False
    place = words[at][0]
    if at > 1 and place != len(seen.argv) - 1:
        return False
    return at == 0 or place - words[0][0] == at


# ---- commands --------------------------------------------------------------------------------------------------------


def _leads(command: Command, words: Sequence[str]) -> bool:
    return len(words) >= len(command.path) and all(word in known for word, known in zip(words, command.path, strict=False))


def _fits(command: Command, seen: _Seen) -> Parameters | None:
    """The parameters, when the conditions of this form hold."""
    rest = seen.words[len(command.path) :]
    parameters = dict(seen.options)
    for name, source in command.parameters.items():
        match source.kind:
            case "option":
                parameters[name] = seen.options.get(source.what, ())
            case "words":
                parameters[name] = rest[int(source.what) :]
            case "typed":
                parameters |= _typed(rest)
            case _:
                parameters |= seen.probes[source.what](rest, seen.options, seen.invocation.cwd, seen.peek)
    if not command.when.may_hold(parameters) or command.unless.surely_holds(parameters):
        return None
    return parameters


def _typed(words: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """How kubectl names objects: ``pod a b``, ``pods,svc -l app=x``, ``pod/a svc/b``. Types in lower case, without their group.

    Of very many objects the last one stands for all the others, so that no policy takes those that are there for all.
    """
    if not words:
        return {}
    pairs: Iterable[tuple[str, str]]
    if "/" in words[0]:
        kinds = [word.partition("/")[0] for word in words]
        pairs = zip(map(_plain_type, kinds), (word.partition("/")[2] for word in words), strict=True)
    else:
        kinds = [kind for kind in words[0].split(",") if kind]
        pairs = itertools.product(map(_plain_type, kinds), words[1:])
    named = tuple(f"{kind}/{name}" for kind, name in itertools.islice(pairs, _MOST_OBJECTS))
    more = (MORE,) if len(named) == _MOST_OBJECTS else ()
    return {"type": tuple(dict.fromkeys(map(_plain_type, kinds))), "object": (*named, *more)}


def _plain_type(kind: str) -> str:
    return kind.lower().partition(".")[0]


def _action(seen: _Seen, operation: Operation, parameters: Parameters) -> tuple[Action, ...]:
    if operation.unless.surely_holds(parameters):
        return ()
    targets = tuple(_target(kind, value) for kind, name in operation.targets for value in parameters.get(name, ()))
    return (_made(seen, operation, operation.name, operation.service, targets),)


def _target(kind: str, value: str) -> Target:
    if kind == "*":
        kind, _, value = value.partition("/")
    return Target(kind, value)


def _made(seen: _Seen, operation: Operation, name: str, service: str | None, targets: tuple[Target, ...]) -> Action:
    return Action(
        rule=operation.rule,
        provider=operation.provider,
        service=service,
        operation=name,
        effect=operation.effect,
        undo=operation.undo,
        argv=seen.argv,
        targets=targets,
        because=operation.because,
        instead=operation.instead,
    )


# ---- calls: SERVICE OPERATION --PARAMETER VALUE ----------------------------------------------------------------------


def _call(seen: _Seen, calls: Calls) -> tuple[Action, ...]:
    if any(condition.surely_holds(seen.options) for condition in calls.unless):
        return ()
    word, verb = seen.words[:2]
    service = calls.services.get(word, word)
    operation = seen.ruleset.called(service, verb)
    if operation is None or operation.unless.surely_holds(_switches(seen, operation)):
        return ()
    name = joined(verb) if operation.is_glob else operation.name
    body = _body(seen)
    targets = tuple(Target(kind, value) for kind, parameter in operation.targets for value in _values(seen, parameter, body))
    return (_made(seen, operation, name, service, targets),)


def _switches(seen: _Seen, operation: Operation) -> Parameters:
    """What the options say about the parameters of ``operation.unless``; ``--no-dry-run`` is ``DryRun: false``."""
    found: dict[str, tuple[str, ...]] = {}
    for _, option, value in seen.given.options:
        for name in operation.unless.wanted:
            if option == dashed(name):
                found[name] = (*found.get(name, ()), value)
            elif option == f"no-{dashed(name)}":
                found[name] = (*found.get(name, ()), "false")
    return found


def _values(seen: _Seen, parameter: str, body: Mapping[str, Any]) -> tuple[str, ...]:
    """All values of a parameter: behind its option (or an abbreviation of it), up to the next option; else from the JSON input."""
    wanted = dashed(parameter)
    found: list[str] = []
    for at, option, _ in seen.given.options:
        if option and wanted.startswith(option):
            _, equals, value = seen.argv[at].partition("=")
            found += [value] if equals else []
            following = at + 1
            while following < len(seen.argv) and not seen.argv[following].startswith("-"):
                found.append(seen.argv[following])
                following += 1
    if not found:
        told = body.get(parameter)
        found = [str(one) for one in (told if isinstance(told, list) else [told]) if isinstance(one, str | int)]
    return tuple(found)


def _body(seen: _Seen) -> Mapping[str, Any]:
    """The parameters that ``--cli-input-json`` gives, as far as they can be read: they are shown, and relax nothing."""
    given = next((values for name, values in seen.options.items() if _JSON_OPTION.startswith(name) and len(name) > len("cli-")), ())
    if not given:
        return {}
    text: str | bytes | None = given[-1]
    if given[-1].startswith("file://"):
        text = seen.peek(given[-1].removeprefix("file://"), seen.invocation.cwd, _INPUT)
    try:
        found = json.loads(text) if text else {}
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
