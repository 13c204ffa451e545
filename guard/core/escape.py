r"""Untrusted text made visible (promise 9): what is shown is what there is, in the order in which it is.

The notation is that of bash's ``$'…'``, so that what is shown can be read back:

- ``\n`` ``\t`` ``\r``; ``\xNN`` below 80 is an ASCII control character, from 80 on a byte that is not UTF-8 (PEP 383);
- ``\uNNNN`` and ``\UNNNNNNNN``: any other character that is invisible, moves its neighbours or can pass for another one;
- a backslash is doubled, always. Hence distinct texts are shown distinctly, and no text can imitate an escape.

Letters of other scripts stay readable in words of their own. They are escaped inside a word with Latin letters, and in
words that consist of look-alikes only (Cyrillic ``ср``, which reads as ``cp``), unless the whole text is in another script.
Right-to-left letters are always escaped: even without control characters they swap the words around them on the screen.
"""  # noqa: RUF002

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from functools import lru_cache

from guard.core.glyphs import Glyph, glyph

_NAMED = {"\n": r"\n", "\t": r"\t", "\r": r"\r", "\\": "\\\\"}
_FIRST_BYTE, _LAST_BYTE = 0xDC80, 0xDCFF
_BMP = 0x10000
_MARKS_IN_A_ROW = 4

_BREAKS_WORDS = frozenset({Glyph.ESCAPE, Glyph.OTHER})
_UNMISTAKABLE = frozenset({Glyph.OWN, Glyph.WIDE})
_BARE = frozenset({Glyph.LATIN, Glyph.DIGIT})
_BESIDE_LATIN = frozenset({Glyph.LATIN, Glyph.DIGIT, Glyph.WIDE})
_OF_ALL_SCRIPTS = _BESIDE_LATIN | {Glyph.OWN, Glyph.ALIKE}

# One class per alternative, nothing repeated twice: linear whatever the text.
_SUSPECT = re.compile(r"[\x00-\x1f\x7f\\]|[0-9A-Za-z\x80-\U0010ffff]+")
_PART = re.compile("w+|-+")
_ASCII_LETTER = re.compile(r"[A-Za-z]")
_PLAIN_WORD = re.compile(r"[\w@%+=:,./\-\x80-\U0010ffff]+", re.ASCII)
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*\+?=", re.ASCII)
_NOT_IN_DOUBLE_QUOTES = re.compile(r'["$`\\!]')


@lru_cache(maxsize=4096)
def _escaped(char: str) -> str:
    """One character in the notation of bash's ``$'…'``."""
    code = ord(char)
    if char in _NAMED:
        return _NAMED[char]
    if code < 0x80 or _FIRST_BYTE <= code <= _LAST_BYTE:  # noqa: PLR2004
        return f"\\x{code & 0xFF:02x}"
    return f"\\u{code:04x}" if code < _BMP else f"\\U{code:08x}"


class _Text:
    """One text on its way to the screen; knows what a single word cannot: whether all of it is in another script."""

    def __init__(self, text: str, *, newline: bool) -> None:
        self._text, self._newline = text, newline
        self._is_foreign: bool | None = None

    def shown(self) -> str:
        """Return the text, safe to show."""
        return _SUSPECT.sub(self._chunk, self._text)

    def _chunk(self, match: re.Match[str]) -> str:
        """Show one ASCII control character, or one run of letters, digits and anything that is not ASCII."""
        chunk = match.group()
        if chunk < " " or chunk in "\\\x7f":
            return chunk if chunk == "\n" and self._newline else _escaped(chunk)
        if chunk.isascii():
            return chunk
        kinds = {glyph(char) for char in set(chunk)}
        if kinds.isdisjoint(_BREAKS_WORDS):
            return self._word(chunk, kinds)
        return "".join(self._parts(chunk))

    def _parts(self, chunk: str) -> Iterator[str]:
        """Show the words of a chunk and what is between them; what comes again is looked at once."""
        outline = chunk.translate({ord(char): "-" if glyph(char) in _BREAKS_WORDS else "w" for char in set(chunk)})
        shown: dict[str, str] = {}
        for match in _PART.finditer(outline):
            part = chunk[match.start() : match.end()]
            if part not in shown:
                shown[part] = self._part(part)
            yield shown[part]

    def _part(self, part: str) -> str:
        """Show one word, or what is between two."""
        kinds = {glyph(char) for char in set(part)}
        return _only(part, {Glyph.OTHER}) if kinds <= _BREAKS_WORDS else self._word(part, kinds)

    def _word(self, word: str, kinds: AbstractSet[Glyph]) -> str:
        """Show one run of letters, digits and combining marks."""
        mixed = Glyph.LATIN in kinds
        honest = not mixed and (not kinds.isdisjoint(_UNMISTAKABLE) or self._foreign())
        shown = _OF_ALL_SCRIPTS if honest else _BESIDE_LATIN
        return "".join(_marked(word, shown)) if Glyph.MARK in kinds else _only(word, shown)

    def _foreign(self) -> bool:
        """Whether the text has no ASCII letter at all and at least one letter that cannot be mistaken."""
        if self._is_foreign is None:
            letters = {glyph(char) for char in set(self._text)}
            self._is_foreign = not letters.isdisjoint(_UNMISTAKABLE) and not _ASCII_LETTER.search(self._text)
        return self._is_foreign


def _only(text: str, shown: AbstractSet[Glyph]) -> str:
    """``text`` with every character escaped that is not of a kind in ``shown``."""
    return text.translate({ord(char): _escaped(char) for char in set(text) if glyph(char) not in shown})


def _marked(word: str, shown: AbstractSet[Glyph]) -> Iterator[str]:
    """As ``_only``, for a word with combining marks: shown on a shown letter that is not Latin, and never more than four."""
    room = 0
    for char in word:
        kind = glyph(char)
        if kind is Glyph.MARK:
            room -= 1
        else:
            room = 0 if kind in _BARE or kind not in shown else _MARKS_IN_A_ROW
        yield char if kind in shown or (kind is Glyph.MARK and room >= 0) else _escaped(char)


def visible(text: str, *, newline: bool = False) -> str:
    r"""``text`` with everything that could deceive escaped. With ``newline`` a line feed stays one; otherwise it is ``\n``.

    No two texts are shown alike. Linear in the length of ``text``.
    """
    return _Text(text, newline=newline).shown()


def _quoted(word: str, *, first: bool) -> str:
    """One word as bash would read it back, in the plainest quotes that do."""
    shown = visible(word)
    if shown.replace("\\\\", "\\") != word:
        return "$'" + shown.replace("'", "\\'") + "'"
    if _PLAIN_WORD.fullmatch(word) and not (first and _ASSIGNMENT.match(word)):
        return word
    if "'" not in word:
        return f"'{word}'"
    if not _NOT_IN_DOUBLE_QUOTES.search(word):
        return f'"{word}"'
    return "$'" + shown.replace("'", "\\'") + "'"


def visible_argv(argv: Sequence[str]) -> str:
    """``argv`` on one line, as words that bash (in a UTF-8 locale) reads back to the same ``argv``; nothing in it can deceive."""
    return " ".join(_quoted(word, first=index == 0) for index, word in enumerate(argv))
