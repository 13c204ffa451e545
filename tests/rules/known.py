"""The shipped rules, asked about argvs."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from guard.core.peek import sees_nothing
from guard.core.words import Action, Invocation, Opaque
from guard.rulebook.book import Rulebook, make_book
from guard.rulebook.documents import from_sources

ROOT = Path(__file__).resolve().parents[2]
"""The project as the tests see it: the ordinary user's qguard comes from a wheel, and has no such folders beside it."""
SOURCE = ROOT / "rulesets"
ASKED = {"delete", "teardown", "privilege", "evade"}
"""The effects that the default policy asks about."""


@cache
def book() -> Rulebook:
    """What is shipped."""
    return make_book(from_sources(SOURCE))


def files(**contents):
    """A ``Peek`` that sees these files only, by their whole paths."""
    return lambda path, cwd, _limit: contents.get(path if path.startswith("/") else f"{cwd}/{path}")


def found(*argv, env=None, peek=sees_nothing, probes=None):
    """What these words do, and what of them is not understood."""
    variables = tuple(sorted({"HOME": "/home/e", **(env or {})}.items()))
    return book().classify(Invocation(argv[0], tuple(argv), "/work", variables), peek, probes)


def rules(*argv, **how):
    """The ids of the rules that see something, and ``?`` for what is not understood."""
    return {one.rule if isinstance(one, Action) else "?" for one in found(*argv, **how)}


def is_asked(*argv, **how):
    """Whether the default policy asks somewhere."""
    return any(isinstance(one, Opaque) or one.effect.value in ASKED for one in found(*argv, **how))
