"""A line for a shell → the watched invocations in it, or why that cannot be told. Total: it never raises and never hangs."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from guard.core.words import Invocation, Opaque
from guard.shell import net
from guard.shell.deadline import NoAnswer, within
from guard.shell.interpreters import word_set
from guard.shell.reading import NOTHING_READ, Reading, not_understood
from guard.shell.wrappers import DEPTH, Context, peeled

LONGEST = 64 * 1024
PATIENCE = 2.0
_SIMPLE = re.compile(r"[A-Za-z0-9_@%+:,./= -]*\Z")
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=", re.ASCII)
_RESERVED = word_set("if then elif else fi for while until do done case esac select in function")
Env = tuple[tuple[str, str], ...]


def read(line: str, names: frozenset[str], *, cwd: str = "/", env: Env = ()) -> Reading:
    """What ``line`` would start that is in ``names``, run in ``cwd`` with ``env``."""
    return _read(line, names, Invocation("", (), cwd, env), DEPTH)


def peel(invocation: Invocation, names: frozenset[str], *, stdin: str | None = None) -> tuple[Invocation | Opaque, ...]:
    """What ``invocation`` comes down to, once its wrappers are off: the watched invocations, and what was not understood."""
    context = Context(names, lambda line, outer, depth: _read(line, names, outer, depth), stdin=stdin)
    found = peeled(invocation, context)
    return (*found.invocations, *found.opaque)


def _read(line: str, names: frozenset[str], outer: Invocation, depth: int) -> Reading:
    if net.catches(line, names) is net.Catch.NOTHING:
        return NOTHING_READ
    if depth <= 0:
        return not_understood(line, "it is wrapped too deeply")
    if len(line) > LONGEST:
        return not_understood(line, f"it is longer than {LONGEST // 1024} KB")
    if _SIMPLE.match(line):
        return _read_simple(line.split(), names, outer, depth)
    return _read_apart(line, names, outer, depth)


def _read_simple(words: list[str], names: frozenset[str], outer: Invocation, depth: int) -> Reading:
    """A line without quoting, expansion or operators is its words."""
    env = dict(outer.env)
    start = 0
    while start < len(words) and _ASSIGNMENT.match(words[start]):
        name, _, value = words[start].partition("=")
        env[name] = value
        start += 1
    if start < len(words) and words[start] in _RESERVED:
        return not_understood(" ".join(words), "it is not a whole command")
    invocation = Invocation("", tuple(words[start:]), outer.cwd, tuple(sorted(env.items())), outer.via)
    return peeled(invocation, Context(names, lambda line, inner, left: _read(line, names, inner, left), depth))


def _read_apart(line: str, names: frozenset[str], outer: Invocation, depth: int) -> Reading:
    """The rest is read by a parser, in a process that can be ended."""
    from guard.shell import tree  # noqa: PLC0415 - imports bashlex, 100 ms that most lines never need

    try:
        answer = json.loads(within(PATIENCE, lambda: _packed(tree.read_text(line, names, outer, depth))))
    except NoAnswer as problem:
        return not_understood(line, str(problem))
    return _unpacked(answer)


def _packed(reading: Reading) -> bytes:
    found = [[i.program, list(i.argv), i.cwd, list(map(list, i.env)), list(i.via)] for i in reading.invocations]
    return json.dumps({"invocations": found, "opaque": [[o.source, o.why] for o in reading.opaque]}).encode("ascii")


def _unpacked(answer: Mapping[str, Any]) -> Reading:
    invocations = tuple(
        Invocation(program, tuple(argv), cwd, tuple((name, value) for name, value in env), tuple(via))
        for program, argv, cwd, env, via in answer["invocations"]
    )
    return Reading(invocations, tuple(Opaque(source, why) for source, why in answer["opaque"]))
