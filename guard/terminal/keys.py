"""What arrives from the human's terminal while a question is open: keys, answers of the terminal itself, and everything else.

Answers to the agent's queries belong to the agent and are passed on. Mouse reports, focus changes and pasted text are noise.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Key:
    """One key: a printable character, or one of the names in this module."""

    name: str


@dataclass(frozen=True, slots=True)
class Reply:
    """The terminal's answer to a query of the agent, whole."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Noise:
    """Something that is no answer to anything: a paste, the mouse, an unknown key."""


Token = Key | Reply | Noise
ENTER, ESCAPE, INTERRUPT = "enter", "escape", "interrupt"
UP, DOWN, PAGE_UP, PAGE_DOWN, HOME, END = "up", "down", "page up", "page down", "home", "end"

_MOVES = {
    b"A": UP, b"B": DOWN, b"H": HOME, b"F": END,
    b"5~": PAGE_UP, b"6~": PAGE_DOWN, b"1~": HOME, b"7~": HOME, b"4~": END, b"8~": END,
}  # fmt: skip
_CONTROLS = {0x0D: ENTER, 0x0A: ENTER, 0x03: INTERRUPT}
_CODES = {b"13": ENTER, b"27": ESCAPE, b"57414": ENTER}
_CSI = re.compile(rb"\x1b\[([0-?]*[ -/]*[@-~])")
_SS3 = re.compile(rb"\x1bO([ -~])")
_STRING = re.compile(rb"\x1b[P\]^_X][^\x07\x1b]*(?:\x07|\x1b\\)")
_UNFINISHED = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*|O|[P\]^_X][^\x07\x1b]*\x1b?|\[M.{0,2})?\Z", re.DOTALL)
_NOISE = re.compile(rb"\x1b\[200~|\x1b\[M.{3}", re.DOTALL)  # a paste begins; the mouse, as X10 reports it
_CHARACTER = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_HALF_A_CHARACTER = re.compile(rb"(?:[\xc2-\xdf]|[\xe0-\xef][\x80-\xbf]?|[\xf0-\xf4][\x80-\xbf]{0,2})\Z")
_KITTY_KEY = re.compile(rb"(\d+)(?:;1?(?::1)?)?u")
# attributes, cursor position, mode and window reports, status and colour scheme, kitty flags, parameters
_REPLY = re.compile(rb"[?>=][\d;]*c|\??[\d;]+R|\??[\d;]*\$y|[\d;]+t|\??[\d;]*n|\?\d*u|[\d;]*x")
_PASTE, _PASTE_END = b"\x1b[200~", b"\x1b[201~"
_LONGEST = 1 << 16


class KeyReader:
    """Turns reads into tokens. What is unfinished waits for more, or for ``idle``."""

    __slots__ = ("_data", "_pasting")

    def __init__(self) -> None:
        self._data = b""
        self._pasting = False

    @property
    def unfinished(self) -> bool:
        """Whether more is expected: call ``idle`` when it does not come."""
        return bool(self._data) or self._pasting

    @property
    def half_a_reply(self) -> bool:
        """Whether what is unfinished is more than an ESC, which may be a key."""
        return self._pasting or len(self._data) > 1

    def rest(self) -> bytes:
        """The beginning of a reply, to hand on; afterwards nothing is unfinished."""
        data, half = self._data, self.half_a_reply and not self._pasting
        self._data, self._pasting = b"", False
        return data if half else b""

    def feed(self, data: bytes) -> list[Token]:
        """Take one read."""
        self._data += data
        tokens: list[Token] = []
        while self._data:
            taken, token = self._next()
            if not taken:
                break
            self._data = self._data[taken:]
            if token is not None:
                tokens.append(token)
        return tokens

    def idle(self) -> list[Token]:
        """Nothing more came for a while: a lone ESC is the Escape key, everything else unfinished is noise."""
        data, self._data = self._data, b""
        pasting, self._pasting = self._pasting, False
        if data == b"\x1b" and not pasting:
            return [Key(ESCAPE)]
        return [Noise()] if data or pasting else []

    def _next(self) -> tuple[int, Token | None]:
        """How many bytes the next token takes (0: wait for more) and what it is."""
        if self._pasting:
            return self._paste()
        data = self._data
        if data[0] == 0x1B:  # noqa: PLR2004 - ESC
            return self._escape(data)
        if data[0] < 0x80:  # noqa: PLR2004 - ASCII
            name = _CONTROLS.get(data[0]) or (chr(data[0]) if 0x20 <= data[0] < 0x7F else "")  # noqa: PLR2004 - printable
            return 1, Key(name) if name else Noise()
        if _HALF_A_CHARACTER.match(data):
            return 0, None
        character = _CHARACTER.match(data)
        return (character.end() if character else 1), Noise()

    def _paste(self) -> tuple[int, Token | None]:
        end = self._data.find(_PASTE_END)
        if end < 0:
            return max(0, len(self._data) - len(_PASTE_END) + 1), None
        self._pasting = False
        return end + len(_PASTE_END), Noise()

    def _escape(self, data: bytes) -> tuple[int, Token | None]:
        if skipped := _NOISE.match(data):
            self._pasting = skipped.group() == _PASTE
            return skipped.end(), Noise()
        if _UNFINISHED.match(data):
            return (0, None) if len(data) < _LONGEST else (len(data), Noise())
        if string := _STRING.match(data):
            return string.end(), Reply(string.group())
        if control := _CSI.match(data):
            return control.end(), _meaning(control.group(1), control.group())
        if shifted := _SS3.match(data):
            return shifted.end(), _named(_MOVES.get(shifted.group(1)))
        return 2, Noise()  # Alt and a key


def _meaning(body: bytes, whole: bytes) -> Token:
    if _REPLY.fullmatch(body):
        return Reply(whole)
    if kitty := _KITTY_KEY.fullmatch(body):
        code = kitty.group(1)
        printable = 0x20 <= int(code) < 0x7F  # noqa: PLR2004 - ASCII
        return _named(_CODES.get(code) or (chr(int(code)) if printable else None))
    if body == b"99;5u":
        return Key(INTERRUPT)
    return _named(_MOVES.get(body))


def _named(name: str | None) -> Token:
    return Key(name) if name else Noise()
