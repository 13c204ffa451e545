"""Text into lines of so many cells, losing nothing: the lines joined are the text."""

from __future__ import annotations

from unicodedata import combining, east_asian_width

_NARROW = frozenset({"N", "Na", "H"})


def cells(text: str) -> int:
    """How many cells ``text`` takes at most: what some terminals draw two cells wide (UAX 11: ambiguous) counts as two."""
    return len(text) if text.isascii() else sum(map(_cell, text))


def _cell(character: str) -> int:
    if combining(character):
        return 0
    return 1 if east_asian_width(character) in _NARROW else 2


def fold(text: str, width: int) -> list[str]:
    """Lines of at most ``width`` cells; breaks after a space where there is one in the second half of a line."""
    lines: list[str] = []
    at = 0
    plain = text.isascii()
    while at < len(text):
        end = min(at + width, len(text)) if plain else _reach(text, at, width)
        if end < len(text):
            space = text.rfind(" ", at + (end - at) // 2, end)
            end = space + 1 if space > at else end
        lines.append(text[at:end])
        at = end
    return lines or [""]


def _reach(text: str, at: int, width: int) -> int:
    """The end of the longest piece from ``at`` that fits; at least one character."""
    room = width
    for index in range(at, len(text)):
        room -= _cell(text[index])
        if room < 0:
            return max(index, at + 1)
    return len(text)


def hanging(text: str, width: int) -> list[str]:
    """As ``fold``, with every line but the first indented: foreign words never begin a line."""
    first, *rest = fold(text, width - 2)
    return [first, *("  " + line for line in rest)]
