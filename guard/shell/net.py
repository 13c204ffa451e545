"""The cheap net: can this text start a watched program at all? Nearly all lines end here, without a parser.

It may be wrong in one direction only: what it does not catch does not name a watched program, and has no shape that could make one.
"""

from __future__ import annotations

import re
from enum import Enum
from functools import lru_cache

from guard.shell.interpreters import INTERPRETERS, MODULES, SHELLS, word_set
from guard.shell.program import base, unversioned
from guard.shell.tables import RUNNERS, WRAPPERS


class Catch(Enum):
    """What the net holds."""

    NOTHING = "nothing"
    SHAPE = "shape"  # no name, but something that can make one
    NAME = "name"


ORDINARY_WORDS = frozenset({"at", "batch", "screen"})
"""Watched programs whose names stand in any text: they count where a command stands, and nowhere else."""
_QUOTING = re.compile(r"\\\n|[\\'\"]|\$(?=[\"'])")
_ANSI = re.compile(r"\$'")
_OPERATORS = re.compile(r"\|&?|[;&()\n]+")
_DYNAMIC = re.compile(r"[$*?\[`]|\{[^{}\s]*(?:,|\.\.)")
_KEYWORDS = word_set("! { } then do else elif if while until time exec command builtin coproc")
_EVALS = frozenset({"eval", "source", ".", "trap", "alias", "hash"})
_TESTS = frozenset({"[", "[[", "?", "*"})
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*(?:\[[^]]*\])?\+?=", re.ASCII)


@lru_cache(maxsize=8)
def _pattern(names: frozenset[str]) -> re.Pattern[str]:
    watched = sorted({*(names - ORDINARY_WORDS), *(module for module, program in MODULES.items() if program in names)})
    body = "|".join(map(re.escape, watched))
    return re.compile(rf"(?<![A-Za-z])(?:{body})(?![A-Za-z])") if body else re.compile(r"(?!)")


def named(text: str, names: frozenset[str]) -> bool:
    """Whether ``text``, its quoting removed, holds the name of a watched program."""
    return _pattern(names).search(_QUOTING.sub("", text)) is not None


def catches(text: str, names: frozenset[str]) -> Catch:
    """What ``text`` holds. Linear in its length."""
    bare = _QUOTING.sub("", text)
    if _pattern(names).search(bare):
        return Catch.NAME
    if not names:
        return Catch.NOTHING
    if _ANSI.search(text):
        return Catch.SHAPE
    views = (bare, bare.replace("`", "\n")) if "`" in bare else (bare,)
    ordinary = names & ORDINARY_WORDS
    suspicious = any(_suspicious(segment.split(), ordinary) for view in views for segment in _OPERATORS.split(view))
    return Catch.SHAPE if suspicious else Catch.NOTHING


def _suspicious(words: list[str], ordinary: frozenset[str]) -> bool:
    """Whether the command word between two operators is not plain, is one of ``ordinary``, or is a program that runs text."""
    start = 0
    while start < len(words) and (words[start] in _KEYWORDS or _ASSIGNMENT.match(words[start])):
        start += 1
    words = words[start:]
    if not words or words[0] in _TESTS:
        return False
    name = base(words[0])
    if name in ordinary or _DYNAMIC.search(words[0]):
        return True
    stem = unversioned(name)
    if name in _EVALS or stem in SHELLS:
        return name in _EVALS or _runs_text(words[1:])
    if stem in INTERPRETERS:
        return len(words) == 1
    if stem not in WRAPPERS and stem not in RUNNERS:
        return False
    return any(
        _DYNAMIC.search(word) or word.startswith(("-I", "--replace")) or unversioned(base(word)) in SHELLS or base(word) in ordinary
        for word in words[1:]
    )


def _runs_text(arguments: list[str]) -> bool:
    """Whether a shell runs something else than a script of its own: its input, or what stands after ``-c``."""
    if not arguments or any(_DYNAMIC.search(word) or "<" in word for word in arguments):
        return True
    options = [word for word in arguments if word.startswith("-") and not word.startswith("--")]
    return len(options) == len(arguments) or any("c" in word or "s" in word for word in options)
