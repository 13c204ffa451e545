"""Documents to knowledge. Every mistake is a ``RulebookError`` with its place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from guard.core.data import Node, Scalar, quoted
from guard.core.words import Effect, Undo
from guard.rules.expand import EXPANSIONS
from guard.rules.model import Calls, Command, Condition, Example, Operation, Options, Program, Source, Style

if TYPE_CHECKING:
    from collections.abc import Collection

OPERATIONS_KEYS = ("provider", "service", "operations")
OPERATION_KEYS = ("effect", "undo", "targets", "unless", "because", "instead", "hits", "misses")
"""In the order in which they are written."""
_NEEDED = ("effect", "undo", "because", "instead", "hits", "misses")
PROGRAM_KEYS = ("program", "names", "provider", "unknown", "options", "env", "expand", "help-word", "harmless", "calls", "commands")
_OPTIONS_KEYS = ("style", "everywhere", "valued", "flags", "optional", "short")
COMMAND_KEYS = ("path", "when", "unless", "parameters", "does")
_SOURCES = {"option": "the name of an option", "words": "how many words to leave out", "typed": "", "probe": "the name of a probe"}
_LONGEST = 300


def is_program(document: Node) -> bool:
    """Whether a document describes a program; otherwise it must be operations."""
    return any(key.value == "program" for key, _ in document.entries())


def read_operations(document: Node) -> tuple[Operation, ...]:
    """The operations of a document."""
    found = document.mapping(OPERATIONS_KEYS, required=("provider", "operations"))
    provider = found["provider"].text()
    service = found["service"].text() if "service" in found else None
    entries = found["operations"].entries()
    if not entries:
        raise found["operations"].error("There is no operation here.")
    return tuple(_operation(provider, service, key.value, key, node) for key, node in entries)


def _operation(provider: str, service: str | None, name: str, key: Node, node: Node) -> Operation:
    found = node.mapping(OPERATION_KEYS, required=_NEEDED)
    if "*" in name.rstrip("*") or name in {"", "*"}:
        raise key.error("A star stands at the end of a name only, behind something.")
    return Operation(
        provider=provider,
        service=service,
        name=name,
        effect=found["effect"].choice(Effect),
        undo=found["undo"].choice(Undo),
        because=_sentence(found["because"]),
        instead=_sentence(found["instead"]),
        targets=_pairs(found.get("targets")),
        unless=_condition(found.get("unless")),
        hits=_examples(found["hits"]),
        misses=_examples(found["misses"]),
        mark=key.mark,
    )


def _sentence(node: Node) -> str:
    text = " ".join(node.text().split())
    if not text.endswith((".", "?")):
        raise node.error("This must be a sentence, with its full stop.")
    if len(text) > _LONGEST:
        raise node.error(f"This is longer than {_LONGEST} characters; nobody reads that while a command waits.")
    return text


def _examples(node: Node) -> tuple[Example, ...]:
    if not node.some():
        raise node.error("A rule needs examples of both kinds.")
    return tuple(_example(item) for item in node.some())


def _example(node: Node) -> Example:
    """A line, or ``{line: LINE, given: {plan: deletes}}`` where it names a file that a probe reads."""
    if isinstance(node, Scalar):
        return Example(node.text(), mark=node.mark)
    found = node.mapping(("line", "given"), required=("line", "given"))
    return Example(found["line"].text(), dict(_condition(found["given"]).wanted), node.mark)


def _pairs(node: Node | None) -> tuple[tuple[str, str], ...]:
    return tuple((kind.value, name.text()) for kind, name in node.entries()) if node else ()


def _condition(node: Node | None) -> Condition:
    """``{dry-run: [client, server]}``: for each name the values that count. An empty one is an oversight."""
    if node is None:
        return Condition()
    entries = node.entries()
    if not entries:
        raise node.error("A condition needs something that must hold.")
    return Condition({key.value: value.texts() for key, value in entries})


def _conditions(node: Node | None) -> tuple[Condition, ...]:
    """Each entry is a condition of its own: one of them is enough."""
    return tuple(Condition({name: globs}) for name, globs in _condition(node).wanted.items())


# ---- programs --------------------------------------------------------------------------------------------------------


def read_program(document: Node, probes: Collection[str]) -> Program:
    """The grammar of a program; ``probes`` are the names of those that there are."""
    found = document.mapping(PROGRAM_KEYS, required=("program", "provider", "unknown", "options"))
    name = found["program"].text()
    program = Program(
        name=name,
        names=_names(found["names"]) if "names" in found else (name,),
        provider=found["provider"].text(),
        asks_unknown=_one_of(found["unknown"], ("allow", "ask")) == "ask",
        options=_options(found["options"]),
        env=found["env"].texts() if "env" in found else (),
        expand=_one_of(found["expand"], tuple(EXPANSIONS)) if "expand" in found else "",
        help_word=found["help-word"].text() if "help-word" in found else "",
        harmless=_conditions(found.get("harmless")),
        calls=_calls(found["calls"]) if "calls" in found else None,
        commands=tuple(_command(node, probes) for node in found["commands"].items()) if "commands" in found else (),
        mark=found["program"].mark,
    )
    if program.calls is None and not program.commands:
        raise document.error("A program needs commands, or calls.")
    return program


def _one_of(node: Node, known: tuple[str, ...]) -> str:
    text = node.text()
    if text not in known:
        raise node.error(f"{quoted(text)} is not known here.", f"One of: {', '.join(known)}.")
    return text


def _names(node: Node) -> tuple[str, ...]:
    for item in node.some():
        if "/" in item.text() or any(char.isspace() for char in item.text()):
            raise item.error("The name of a program has no slash and no space in it.")
    return node.texts()


def _options(node: Node) -> Options:
    found = node.mapping(_OPTIONS_KEYS, required=("style",))
    short = {key.value: value.text() for key, value in found["short"].entries()} if "short" in found else {}
    return Options(
        style=found["style"].choice(Style),
        valued=_set(found.get("valued")),
        flags=_set(found.get("flags")),
        optional=_set(found.get("optional")),
        everywhere=_set(found.get("everywhere")),
        short=short,
    )


def _set(node: Node | None) -> frozenset[str]:
    """Names in lines of words, or in a list of such lines; dashes are left out."""
    if node is None:
        return frozenset()
    for item in node.some():
        if any(word.startswith("-") for word in item.text().split()):
            raise item.error("The names of options are written without their dashes.")
    return frozenset(word for text in node.texts() for word in text.split())


def _calls(node: Node) -> Calls:
    found = node.mapping(("services", "unless"))
    services = {key.value: value.text() for key, value in found["services"].entries()} if "services" in found else {}
    return Calls(services, _conditions(found.get("unless")))


def _command(node: Node, probes: Collection[str]) -> Command:
    found = node.mapping(COMMAND_KEYS)
    if "path" not in found and "does" not in found:
        raise node.error("A form without a path leads to an operation.")
    return Command(
        path=_path(found["path"]) if "path" in found else (),
        does=found["does"].text() if "does" in found else "",
        parameters=_sources(found.get("parameters"), probes),
        when=_condition(found.get("when")),
        unless=_condition(found.get("unless")),
        mark=(found["does"] if "does" in found else found["path"]).mark,
    )


def _path(node: Node) -> tuple[frozenset[str], ...]:
    """``state rm``, ``uninstall|un|delete``: words, each with its other names."""
    path = tuple(frozenset(word.split("|")) for word in node.text().split())
    if any("" in names for names in path):
        raise node.error("Between bars stand words.")
    return path


def _sources(node: Node | None, probes: Collection[str]) -> Mapping[str, Source]:
    """``{name: words 1, object: typed}``."""
    if node is None:
        return {}
    return {key.value: _source(value, probes) for key, value in node.entries()}


def _source(node: Node, probes: Collection[str]) -> Source:
    kind, _, what = node.text().partition(" ")
    if kind not in _SOURCES:
        raise node.error(f"{quoted(kind)} is no source of a parameter.", f"One of: {', '.join(_SOURCES)}.")
    if bool(what) != bool(_SOURCES[kind]):
        raise node.error(f"Behind {quoted(kind)} stands {_SOURCES[kind] or 'nothing'}.")
    if kind == "words" and not what.isdigit():
        raise node.error("How many words to leave out is a number.")
    if kind == "probe" and what not in probes:
        raise node.error(f"There is no probe {quoted(what)}.", f"One of: {', '.join(sorted(probes))}.")
    return Source(kind, what)
