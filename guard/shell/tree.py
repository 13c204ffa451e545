"""A text → its commands, by bashlex. Imported and run only in the reader's own process: bashlex can be slow, raise anything, and hang.

bashlex gives the structure only: which node kinds, and where each word begins and ends. Words are decoded by ``words``, and
substitutions are read by recursion, because bashlex loses lines inside ``$( )`` and misses substitutions between quotes. Only known
node kinds are walked. What bashlex did not report at all is caught at the end: a watched name in a part of the text that no node
covers is not understood.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from bashlex import errors, parser

from guard.core.words import Invocation
from guard.shell import net
from guard.shell.reading import NOTHING_READ, Reading, not_understood
from guard.shell.words import NotAWord, Unknown, Word, decode, substitutions
from guard.shell.wrappers import DEPTH, Context, joined_path, peeled

_NOTHING_THERE = re.compile(r"(?:\s+|;|#[^\n]*|\\\n)+")
_COMMENT = re.compile(r"(?:^|(?<=[\s;&|(]))#[^\n]*")
_ARRAY = re.compile(r"[A-Za-z_]\w*\[")
_SETS = frozenset({"export", "declare", "typeset", "local", "readonly"})
_PRINTS = frozenset({"echo", "printf"})


class Unreadable(Exception):
    """The text has a part that is not on the list of what is understood."""


def read_text(text: str, names: frozenset[str], outer: Invocation, depth: int = DEPTH) -> Reading:
    """What ``text`` would start, in the place of ``outer`` (its directory, environment, wrappers). Never raises."""
    if net.catches(text, names) is net.Catch.NOTHING:
        return NOTHING_READ
    if depth <= 0:
        return not_understood(text, "it is nested too deeply")
    walk = _Walk(text, names, depth)
    try:
        return walk.whole(_Scope(outer.cwd, dict(outer.env), via=outer.via))
    except Unreadable as problem:
        return not_understood(text, str(problem))
    except RecursionError:
        return not_understood(text, "it is nested too deeply")
    except Exception as error:  # noqa: BLE001 - bashlex raises AttributeError, TypeError, IndexError, AssertionError and more on its way
        return not_understood(text, f"the parser failed on it ({type(error).__name__})")


@dataclass(slots=True)
class _Scope:
    """What earlier commands have set. ``known`` holds variables whose value is certain; a name that maps to ``None`` is not."""

    cwd: str
    env: dict[str, str]
    known: dict[str, str | None] = field(default_factory=dict)
    via: tuple[str, ...] = ()
    stdin: str | None = None

    def copy(self) -> _Scope:
        """For a subshell: what it sets does not come back."""
        return replace(self, env=dict(self.env), known=dict(self.known))


def _trees(text: str) -> list[Any]:
    """The trees of ``text``, one a line; words are left as they stand (expansionlimit=-1), positions are those in ``text``."""
    found, at = [], 0
    while at < len(text):
        if (nothing := _NOTHING_THERE.match(text, at)) is not None:
            at = nothing.end()
            continue
        try:
            tree = parser.parsesingle(text[at:], expansionlimit=-1)
        except (errors.ParsingError, NotImplementedError) as problem:
            raise Unreadable(f"the shell parser does not read it: {str(problem).split(', token')[0][:120]}") from problem
        if tree is None or not hasattr(tree, "kind"):
            raise Unreadable("the shell parser does not read it")
        end = _end_of(tree)
        found.append((at, tree))
        at += max(end, 1)
    return found


def _end_of(node: Any) -> int:
    """Where a tree ends, its heredocs included."""
    end = int(node.pos[1])
    for name in ("parts", "list", "redirects"):
        for child in getattr(node, name, ()):
            end = max(end, _end_of(child))
    heredoc = getattr(node, "heredoc", None)
    return max(end, int(heredoc.pos[1])) if heredoc is not None else end


@dataclass(slots=True)
class _Walk:
    """One text being read. ``offset`` is where the tree at hand begins; ``covered`` the parts that some node accounts for."""

    text: str
    names: frozenset[str]
    depth: int
    offset: int = 0
    covered: list[tuple[int, int]] = field(default_factory=list)

    def whole(self, scope: _Scope) -> Reading:
        reading = NOTHING_READ
        for offset, tree in _trees(self.text):
            self.offset = offset
            reading += self.node(tree, scope)
        return reading + self._forgotten()

    def _forgotten(self) -> Reading:
        """What no node covers and no comment explains."""
        rest = list(self.text)
        for start, end in self.covered:
            rest[start:end] = " " * (end - start)
        left = _COMMENT.sub("", "".join(rest))
        return not_understood(self.text, "a part of it was not read") if net.named(left, self.names) else NOTHING_READ

    def source(self, node: Any) -> str:
        return self.text[self.offset + node.pos[0] : self.offset + node.pos[1]]

    def cover(self, node: Any) -> None:
        self.covered.append((self.offset + node.pos[0], self.offset + node.pos[1]))

    # ---- structure ---------------------------------------------------------------------------------------------------

    def node(self, node: Any, scope: _Scope) -> Reading:
        visit = _VISITS.get(node.kind)
        if visit is None:
            raise Unreadable(f"it holds a part of a kind that is not understood ({node.kind})")
        return visit(self, node, scope)

    def nodes(self, nodes: list[Any], scope: _Scope) -> Reading:
        reading = NOTHING_READ
        for node in nodes:
            reading += self.node(node, scope)
        return reading

    def silent(self, _node: Any, _scope: _Scope) -> Reading:
        return NOTHING_READ

    def sequence(self, node: Any, scope: _Scope) -> Reading:
        return self.nodes(node.parts, scope)

    def pipeline(self, node: Any, scope: _Scope) -> Reading:
        reading, stdin = NOTHING_READ, scope.stdin
        for part in node.parts:
            inner = scope.copy()
            inner.stdin = stdin
            reading += self.node(part, inner)
            if part.kind not in {"pipe", "reservedword"}:
                stdin = self._printed(part, scope)
        return reading

    def _printed(self, node: Any, scope: _Scope) -> str:
        """What a command writes to the pipe after it, if that is plain to see."""
        source = self.source(node)
        unknown = Unknown.made(source, "", "", bare=True)
        if node.kind != "command" or any(part.kind != "word" for part in node.parts):
            return unknown
        try:
            words = [decode(self.source(part), scope.known).text for part in node.parts]
        except NotAWord:
            return unknown
        plain = words[0] in _PRINTS and not any(
            isinstance(word, Unknown) or word.startswith("-") or "\\" in word or "%" in word for word in words
        )
        return " ".join(words[1:]) if plain else unknown

    def compound(self, node: Any, scope: _Scope) -> Reading:
        inner = scope.copy() if node.list and getattr(node.list[0], "word", "") == "(" else scope
        reading = NOTHING_READ
        stdin = scope.stdin
        for redirect in node.redirects:
            reading += self.redirect(redirect, inner)
        reading += self.nodes(node.list, inner)
        scope.stdin = stdin
        return reading

    def loop(self, node: Any, scope: _Scope) -> Reading:
        reading, variable = NOTHING_READ, True
        for part in node.parts:
            if part.kind == "word":
                word, found = self.word(part, scope)
                reading += found
                if variable:
                    scope.known[str(word.text)] = None
                variable = False
            else:
                reading += self.node(part, scope)
        return reading

    def function(self, node: Any, scope: _Scope) -> Reading:
        """A body is read where it is defined, as if it were called there, with parameters that nobody knows."""
        self.cover(node.name)
        return self.node(node.body, scope.copy())

    # ---- words -------------------------------------------------------------------------------------------------------

    def word(self, node: Any, scope: _Scope) -> tuple[Word, Reading]:
        self.cover(node)
        return self.decoded(self.source(node), scope)

    def decoded(self, source: str, scope: _Scope) -> tuple[Word, Reading]:
        try:
            word = decode(source, scope.known)
        except NotAWord as problem:
            unknown = Word(Unknown.made(source, "", "", bare=True))
            caught = net.catches(source, self.names) is not net.Catch.NOTHING
            return unknown, not_understood(source, f"a word of it is not understood: {problem}") if caught else NOTHING_READ
        return word, self.texts(word.commands, scope)

    def texts(self, texts: tuple[str, ...] | list[str], scope: _Scope) -> Reading:
        reading = NOTHING_READ
        for text in texts:
            reading += self.text_of(text, Invocation("", (), scope.cwd, tuple(sorted(scope.env.items())), scope.via), self.depth - 1)
        return reading

    def text_of(self, text: str, outer: Invocation, depth: int) -> Reading:
        return read_text(text, self.names, outer, depth)

    def redirect(self, node: Any, scope: _Scope) -> Reading:
        self.cover(node)
        reading = NOTHING_READ
        target = node.output
        if hasattr(target, "kind") and not node.type.startswith("<<"):
            _, reading = self.word(target, scope)
        if node.type == "<<<":
            word, reading = self.word(target, scope)
            scope.stdin = word.text
        elif node.type == "<":
            scope.stdin = Unknown.made(self.source(target), "", "", bare=True) if self.source(target).startswith("<(") else None
        if node.heredoc is not None:
            reading += self.heredoc(node, scope)
        return reading

    def heredoc(self, node: Any, scope: _Scope) -> Reading:
        """The body of an unquoted heredoc: its substitutions run; as a whole it may be what a shell reads."""
        self.cover(node.heredoc)
        body = self.source(node.heredoc).rpartition("\n")[0]
        expands = "$" in body or "`" in body
        scope.stdin = Unknown.made(body, "", "", bare=True) if expands else body
        try:
            return self.texts(substitutions(body), scope)
        except NotAWord as problem:
            caught = net.catches(body, self.names) is not net.Catch.NOTHING
            return not_understood(body, f"a heredoc is not understood: {problem}") if caught else NOTHING_READ

    # ---- one command -------------------------------------------------------------------------------------------------

    def command(self, node: Any, scope: _Scope) -> Reading:
        reading, words = NOTHING_READ, []
        assigned: dict[str, str | None] = {}
        here = scope.copy()
        for part in node.parts:
            if part.kind == "redirect":
                reading += self.redirect(part, here)
            elif part.kind == "assignment":
                reading += self.assignment(part, scope, assigned)
            elif part.kind == "word":
                word, found = self.word(part, scope)
                words.append(word)
                reading += found
            else:
                raise Unreadable(f"it holds a part of a kind that is not understood ({part.kind})")
        if not words:
            scope.known.update(assigned)
            scope.env.update({name: value for name, value in assigned.items() if name in scope.env and value is not None})
            return reading
        return reading + self.simple(words, assigned, scope, here)

    def assignment(self, node: Any, scope: _Scope, assigned: dict[str, str | None]) -> Reading:
        self.cover(node)
        name, _, raw = self.source(node).partition("=")
        word, reading = self.decoded(raw, replace(scope, known={**scope.known, **assigned}))
        certain = not isinstance(word.text, Unknown) and not name.endswith("+") and "[" not in name
        assigned[name.rstrip("+")] = word.text if certain else None
        return reading

    def simple(self, words: list[Word], assigned: dict[str, str | None], scope: _Scope, here: _Scope) -> Reading:
        first = words[0]
        argv = tuple(word.text for word in words)
        if _ARRAY.match(first.text) and "=" in first.text:
            return not_understood(" ".join(argv), "an assignment to an array stands before a command")
        if first.glob and not isinstance(first.text, Unknown) and first.text not in {"[", "[["}:
            return not_understood(" ".join(argv), "which command this is will only be known when it runs")
        self.builtin(argv, scope)
        env = {**scope.env, **{name: value if value is not None else "" for name, value in assigned.items()}}
        invocation = Invocation("", argv, here.cwd, tuple(sorted(env.items())), scope.via)
        context = Context(self.names, self.text_of, self.depth, here.stdin)
        return peeled(invocation, context)

    def builtin(self, argv: tuple[str, ...], scope: _Scope) -> None:
        """Builtins that change what the commands after them mean."""
        if argv[0] in {"cd", "pushd"}:
            target = next((word for word in argv[1:] if not word.startswith("-") or word == "-"), "~")
            scope.cwd = "" if target == "-" else joined_path(scope.cwd, target)
        elif argv[0] in _SETS:
            self.exports(argv, scope)
        elif argv[0] == "unset":
            for word in argv[1:]:
                scope.env.pop(word, None)
                scope.known[word] = None
        elif argv[0] in {"read", "mapfile", "readarray", "getopts", "printf"}:
            scope.known.update(dict.fromkeys(argv[1:]))

    def exports(self, argv: tuple[str, ...], scope: _Scope) -> None:
        for word in argv[1:]:
            name, equals, value = word.partition("=")
            if isinstance(word, Unknown):
                scope.known[word.prefix.partition("=")[0]] = None
                continue
            if equals:
                scope.known[name] = value
            known = scope.known.get(name)
            if argv[0] == "export" and known is not None:
                scope.env[name] = known


_VISITS: dict[str, Callable[[_Walk, Any, _Scope], Reading]] = {
    "list": _Walk.sequence,
    "pipeline": _Walk.pipeline,
    "compound": _Walk.compound,
    "if": _Walk.sequence,
    "while": _Walk.sequence,
    "until": _Walk.sequence,
    "for": _Walk.loop,
    "function": _Walk.function,
    "command": _Walk.command,
    "operator": _Walk.silent,
    "pipe": _Walk.silent,
    "reservedword": _Walk.silent,
}
