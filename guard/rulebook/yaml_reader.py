"""YAML with positions, read event by event: what a policy or a ruleset does not need is refused, in a sentence with its place.

Events instead of PyYAML's ready-made nodes, because an alias, a tag or a deep nesting is then refused where it begins,
before anything was built of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from guard.core.data import Mapping, Mark, Node, Scalar, Sequence, quoted
from guard.errors import RulebookError

MAX_BYTES = 1 << 20
MAX_DEPTH = 64
_EMPTY = "Write something in it, or take it away."
_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")  # what YAML 1.1, and so libyaml's line numbers, call the end of a line


def read(text: bytes, name: str) -> Node:
    """The only document in ``text``; ``name`` is what errors call the file. Raises ``RulebookError`` for everything that is wrong."""
    if len(text) > MAX_BYTES:
        raise RulebookError(f"The file is larger than {MAX_BYTES >> 20} MiB.", file=name)
    source = _Source(_decode(text, name), name)
    import yaml  # noqa: PLC0415 - 15 ms that a wheel's compiled rules need not cost

    try:
        return _Reader(source, yaml).document()
    except yaml.MarkedYAMLError as error:
        raise source.complaint(error) from error
    except yaml.reader.ReaderError as error:
        raise source.unreadable() from error


def _decode(text: bytes, name: str) -> str:
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = text[: error.start].decode("utf-8", "replace")
        lines = _BREAK.split(before)
        mark = Mark(name, len(lines), len(lines[-1]) + 1, lines[-1])
        raise mark.error("The file is not UTF-8 text.") from error


class _Source:
    """The text and its lines, for marks."""

    def __init__(self, text: str, name: str) -> None:
        self.text, self.name = text, name
        self.lines = _BREAK.split(text)

    def mark(self, line: int, column: int) -> Mark:
        """A mark from YAML's own numbers, which count from 0."""
        excerpt = self.lines[line] if line < len(self.lines) else ""
        return Mark(self.name, line + 1, column + 1, excerpt)

    def complaint(self, error: Any) -> RulebookError:
        """YAML's own error, in our words as far as we have any."""
        where = error.problem_mark or error.context_mark
        mark = self.mark(*self.within(where.line, where.column)) if where else Mark(self.name)
        indent = mark.excerpt[: len(mark.excerpt) - len(mark.excerpt.lstrip())]
        if "\t" in indent:
            return mark.error("There is a tab in the indentation; YAML wants spaces there.")
        return mark.error("This is not YAML: " + " ".join(filter(None, (error.problem, error.context))) + ".")

    def within(self, line: int, column: int) -> tuple[int, int]:
        """The end of what is written, for a place behind it: there somebody forgot something."""
        if any(self.lines[line:]):
            return line, column
        last = max((number for number, text in enumerate(self.lines) if text), default=0)
        return last, len(self.lines[last])

    def unreadable(self) -> RulebookError:
        """The first character that YAML does not allow, which its C reader does not name."""
        for number, line in enumerate(self.lines):
            for column, char in enumerate(line):
                if not (char.isprintable() or char == "\t" or char >= "\xa0"):
                    return self.mark(number, column).error(f"The character {quoted(char)} is not allowed in YAML.")
        return Mark(self.name).error("There is a character in it that is not allowed in YAML.")


class _Reader:
    """One pass over the events."""

    def __init__(self, source: _Source, yaml: Any) -> None:
        self.source, self.yaml = source, yaml
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        self.events: Iterator[Any] = iter(yaml.parse(source.text, Loader=loader))

    def document(self) -> Node:
        """The tree of the only document."""
        next(self.events)  # the stream starts
        if isinstance(next(self.events), self.yaml.StreamEndEvent):
            raise Mark(self.source.name, 1, 1, self.source.lines[0]).error("The file is empty.", _EMPTY)
        node = self.node(next(self.events), 1)
        if isinstance(node, Scalar) and not node.value:
            raise node.error("The file is empty.", _EMPTY)
        next(self.events)  # the document ends
        another = next(self.events)
        if isinstance(another, self.yaml.DocumentStartEvent):
            raise self.mark(another).error("A second document begins here; a file holds one.")
        return node

    def mark(self, event: Any) -> Mark:
        """Where an event begins."""
        return self.source.mark(event.start_mark.line, event.start_mark.column)

    def node(self, event: Any, depth: int) -> Node:
        """The node that begins with ``event``, ``depth`` levels deep."""
        mark = self.mark(event)
        self.check(event, mark, depth)
        if isinstance(event, self.yaml.ScalarEvent):
            return Scalar(mark, event.value, quoted=bool(event.style))
        if isinstance(event, self.yaml.SequenceStartEvent):
            items = tuple(self.node(item, depth + 1) for item in self.until(self.yaml.SequenceEndEvent))
            return Sequence(mark, items)
        return Mapping(mark, self.entries(depth))

    def check(self, event: Any, mark: Mark, depth: int) -> None:
        """Refuse what no policy and no ruleset needs."""
        if isinstance(event, self.yaml.AliasEvent) or event.anchor is not None:
            raise mark.error("Anchors and aliases (& and *) are not read here; write it out, or put the text in quotes.")
        if event.tag is not None:
            raise mark.error("Tags (!) are not read here; put a text that begins with ! in quotes.")
        if depth > MAX_DEPTH:
            raise mark.error(f"This is nested deeper than {MAX_DEPTH} levels.")

    def entries(self, depth: int) -> tuple[tuple[Scalar, Node], ...]:
        """Keys and values until the mapping ends."""
        seen: dict[str, Mark] = {}
        entries = []
        for event in self.until(self.yaml.MappingEndEvent):
            key = self.node(event, depth + 1)
            if not isinstance(key, Scalar):
                raise key.error(f"A key must be a text; this is {key}.")
            if key.value in seen:
                raise key.error(f"The key {quoted(key.value)} is here twice.", f"It was first written on line {seen[key.value].line}.")
            seen[key.value] = key.mark
            entries.append((key, self.node(next(self.events), depth + 1)))
        return tuple(entries)

    def until(self, end: type) -> Iterator[Any]:
        """The events up to the one that ends this collection. What their nodes consume in between is not seen here."""
        while not isinstance(event := next(self.events), end):
            yield event
