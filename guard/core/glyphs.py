"""What a character can pretend to be. The tables behind ``guard.core.escape``.

The sources are Unicode's categories, bidirectional classes and decompositions (UAX 44), its Default_Ignorable_Code_Point
list, and the confusables of UTS 39 as browsers use them for host names. Where a character is not known to be honest, it
is not: a list here says what may be shown, never what must be escaped, except for punctuation.
"""

from __future__ import annotations

import unicodedata
from enum import Enum, auto
from functools import lru_cache


class Glyph(Enum):
    """How a character may be shown."""

    ESCAPE = auto()  # never: invisible, reordering, or the exact shape of some ASCII
    MARK = auto()  # combining: after a letter of its own kind only
    DIGIT = auto()  # 0-9
    LATIN = auto()  # A-Z, a-z, and those with an accent that is seen
    WIDE = auto()  # two cells wide: Chinese, Japanese, Korean. Nobody takes it for ASCII
    OWN = auto()  # a letter of another script with a shape of its own
    ALIKE = auto()  # a letter or digit that can pass for ASCII
    OTHER = auto()  # punctuation and symbols that are what they look like


_SHOWN_AS_NOTHING = (
    (0x034F, 0x034F),  # combining grapheme joiner
    (0x115F, 0x1160),  # Hangul fillers
    (0x17B4, 0x17B5),  # Khmer inherent vowels
    (0x180B, 0x180F),  # Mongolian selectors
    (0x2800, 0x2800),  # Braille blank
    (0x3164, 0x3164),  # Hangul filler
    (0xFE00, 0xFE0F),  # variation selectors
    (0xFFA0, 0xFFA0),  # halfwidth Hangul filler
    (0xFFFC, 0xFFFC),  # object replacement
    (0x1D159, 0x1D159),  # musical null notehead
    (0xE0000, 0xE0FFF),  # tags, more variation selectors
)
_LIKE_PUNCTUATION = (
    (0x00AF, 0x00AF),
    (0x00B4, 0x00B4),
    (0x00B8, 0x00B8),
    (0x01C0, 0x01C3),  # clicks: | and !
    (0x02B0, 0x02FF),  # modifier letters: ' " : - ^ ~
    (0x037A, 0x037E),
    (0x0384, 0x0387),
    (0x0559, 0x055F),
    (0x0589, 0x058A),
    (0x1400, 0x1400),
    (0x1680, 0x1680),
    (0x1735, 0x1736),
    (0x1800, 0x180A),
    (0x2010, 0x2027),  # dashes, quotes, dots
    (0x2032, 0x205E),  # primes, angle quotes, fraction slash, low asterisk
    (0x2212, 0x2219),  # minus, division slash, set minus, asterisk, bullets
    (0x2223, 0x2223),
    (0x2236, 0x223C),
    (0x22C5, 0x22C6),
    (0x2500, 0x259F),  # box drawing and blocks: what a question card is drawn with
    (0x2758, 0x2760),
    (0x2768, 0x2775),
    (0x27CB, 0x27CD),
    (0x27E6, 0x27EF),
    (0x29F5, 0x29F9),
    (0x2CF9, 0x2CFF),
    (0x2E00, 0x2E5D),
    (0x2F00, 0x2F03),
    (0x3003, 0x3003),
    (0x3014, 0x3015),
    (0x301C, 0x301F),
    (0x3033, 0x3035),
    (0x30A0, 0x30A0),
    (0x30CE, 0x30CE),  # katakana no: /
    (0x30FB, 0x30FC),
    (0x31D0, 0x31E3),
    (0x4E00, 0x4E00),  # one: -
    (0x4E36, 0x4E36),
    (0x4E3F, 0x4E3F),
    (0xA4F8, 0xA4FF),
    (0xA60D, 0xA60F),
    (0xA6F2, 0xA6F7),
    (0xA700, 0xA721),
    (0xA788, 0xA78C),
    (0xFE10, 0xFE6B),
)
_OWN_SCRIPTS = (
    (0x0370, 0x058F),  # Greek, Cyrillic, Armenian: less the look-alikes below
    (0x0900, 0x109F),  # the scripts of India, Thai, Lao, Tibetan, Myanmar
    (0x10D0, 0x10FF),  # Georgian
    (0x1200, 0x137F),  # Ethiopic
    (0x1780, 0x18AF),  # Khmer, Mongolian
    (0x1F00, 0x1FFF),  # Greek with breathings
)
_ALIKE = frozenset(
    "АаВвЕеЅѕІіЇїЈјКкМмНнОоРрСсТтУуХхЬьЗзбгпҮүҒғҺһӀӏԁԌԍԚԛԜԝѴѵѠѡЄєӨөҺҽЫыӘәѢѣЪъҪҫҲҳҚқҠҡҢңҶҷҸҹҼҾҿԐԑЙйЁёЉЊЋЂЏџ"
    "ΑαΒβΕεΖΗηΙιΚκΜΝνΟοΡρΤτΥυΧχγωϲϹϳͿϜϝϸϺϻϏϐϑϒϚϰϱϵ"
    "օոսցհզռՕՍՏԼԱԿցքյգւեՇ"
    "ഠംഃ०০੦૦୦௦౦೦൦๐໐ဝ၀ტჿ០оо०"
)
_MORE_LATIN = frozenset("ÆæŒœØøßẞĐđŁłÞþÐðĦħŦŧŊŋƏə")
_REORDERED = frozenset({"R", "AL", "AN"})


def _within(code: int, ranges: tuple[tuple[int, int], ...]) -> bool:
    """Whether ``code`` lies in one of ``ranges`` (inclusive)."""
    return any(low <= code <= high for low, high in ranges)


def _accented(char: str) -> bool:
    """Whether ``char`` is an ASCII letter under one or more accents (é, ệ), or one of the few other letters of Latin alphabets."""
    base = unicodedata.normalize("NFD", char)[0]
    return char in _MORE_LATIN or (base != char and base.isascii() and base.isalpha())


def _is_ascii_in_disguise(char: str) -> bool:
    """Whether ``char`` is a typographic variant of ASCII: fullwidth, mathematical, ligature, superscript, Kelvin."""
    plain = unicodedata.normalize("NFKC", char)
    return plain != char and plain.isascii()


def _ascii(char: str) -> Glyph:
    """Classify one ASCII character."""
    if char.isalpha():
        return Glyph.LATIN
    if char.isdigit():
        return Glyph.DIGIT
    return Glyph.OTHER if char.isprintable() else Glyph.ESCAPE


def _deceives(char: str, category: str) -> bool:
    """Whether ``char`` must never be shown: invisible, reordering its neighbours (every right-to-left letter does), or like punctuation."""
    return (
        category[0] in "CZ"
        or category == "Me"
        or unicodedata.bidirectional(char) in _REORDERED
        or _within(ord(char), _SHOWN_AS_NOTHING)
        or _within(ord(char), _LIKE_PUNCTUATION)
        or _is_ascii_in_disguise(char)
    )


@lru_cache(maxsize=65536)
def glyph(char: str) -> Glyph:
    """Classify one character."""
    if char.isascii():
        return _ascii(char)
    category = unicodedata.category(char)
    if _deceives(char, category):
        return Glyph.ESCAPE
    if category[0] == "M":
        return Glyph.MARK
    if category[0] not in "LN":
        return Glyph.OTHER
    return _letter(char)


def _letter(char: str) -> Glyph:
    """Classify a letter or digit that is not ASCII and not invisible."""
    if _accented(char):
        return Glyph.LATIN
    if unicodedata.east_asian_width(char) == "W":
        return Glyph.WIDE
    honest = _within(ord(char), _OWN_SCRIPTS) and not char.isdecimal() and char not in _ALIKE
    return Glyph.OWN if honest else Glyph.ALIKE
