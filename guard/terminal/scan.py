"""Finding control sequences in a stream that is cut anywhere, at the speed of ``bytes.find`` where there are none.

The grammar is that of the VT500 parser as terminals implement it (ECMA-48; https://vt100.net/emu/dec_ansi_parser): ESC starts
afresh wherever it stands, CAN and SUB cancel, only BEL or ESC end an operating system command.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

ESC = b"\x1b"
_LONGEST = 512  # a longer "control sequence" is not one, whatever it is cut into

# Whatever starts here is worth a look; the lookahead skips colours, cursor moves and erasing in C. The second pattern is
# five times slower: without an alternative, the search is for one literal byte.
_NOTABLE = re.compile(rb"\x1b(?!\[[0-9;:]{0,%d}+[A-HJ-MPSTXdfm])" % _LONGEST)
_NOTABLE_OR_SHIFT = re.compile(rb"\x1b(?!\[[0-9;:]{0,%d}+[A-HJ-MPSTXdfm])|[\x0e\x0f]" % _LONGEST)
_CSI = re.compile(rb"\x1b\[([^@-~\x18\x1a\x1b]{0,%d})([@-~])" % _LONGEST)
_STRING = re.compile(rb"\x1b([P\]X^_])")
_SHORT = re.compile(rb"\x1b(?:[ -/]{1,4}[0-~]|[0-OQ-WYZ\\`-~])")
_PARTIAL = re.compile(rb"\x1b(?:\[[^@-~\x18\x1a\x1b]{0,%d}|[ -/]{0,4})\Z" % _LONGEST)
_PARTIAL_CHARACTER = re.compile(rb"(?:[\xc2-\xdf]|[\xe0-\xef][\x80-\xbf]?|[\xf0-\xf4][\x80-\xbf]{0,2})\Z")
_COMMAND_END = re.compile(rb"[\x07\x18\x1a\x1b]")
_STRING_END = re.compile(rb"[\x18\x1a\x1b]")
_NOT_PARAMETER = bytes(set(range(256)) - set(range(0x20, 0x40)))
_ASCII = 0x80


class Scanner:
    """Feeds on output and gives back what may be shown now: never half an escape sequence, never half a character.

    So that nothing is torn when a question opens, an unfinished tail (a few bytes) is kept until the next feed. Strings (titles,
    clipboard, images) are not kept, they can be long: ``in_string`` says that one is under way.
    """

    __slots__ = ("_dropping", "_string", "_tail")

    def __init__(self) -> None:
        self._tail = b""
        self._string = b""
        self._dropping = False

    @property
    def in_string(self) -> bool:
        """Whether what was shown last is the inside of a string that has not ended."""
        return bool(self._string) and not self._dropping

    def scan(self, chunk: bytes, found: list[bytes]) -> bytes:
        """Take the next output; append the notable sequences to ``found``; return the bytes to show now."""
        quiet = not self._string and ESC not in chunk and b"\x0e" not in chunk and b"\x0f" not in chunk
        if quiet and not self._tail and (not chunk or chunk[-1] < _ASCII):
            return chunk
        data = self._tail + chunk
        start = self._skip_string(data) if self._string else 0
        hidden = start if self._dropping else 0
        self._dropping = self._dropping and bool(self._string)
        found.extend(self._sequences(data, start))
        return data[hidden : len(data) - len(self._tail)]

    @property
    def half_a_character(self) -> bool:
        """Whether the beginning of a character is kept."""
        return bool(self._tail) and not self._tail.startswith(ESC)

    def cut(self) -> bytes:
        """Cancel the string under way (CAN; ST for terminals that only know that); what is left of it will not be shown."""
        self._dropping = True
        return b"\x18\x1b\\"

    def release(self) -> bytes:
        """Half a character that nothing followed: the terminal may not speak UTF-8 at all."""
        return self.rest() if self.half_a_character else b""

    def rest(self) -> bytes:
        """Everything that was kept, because no more will come."""
        tail, self._tail = self._tail, b""
        return tail

    def _skip_string(self, data: bytes, at: int = 0) -> int:
        """Where the string ends that is under way. BEL, CAN and SUB belong to it, an ESC starts what follows."""
        end = (_COMMAND_END if self._string == b"]" else _STRING_END).search(data, at)
        if end is None:
            return len(data)
        self._string = b""
        return end.start() if end.group() == ESC else end.end()

    def _sequences(self, data: bytes, at: int) -> Iterator[bytes]:
        self._tail = b""
        if self._string:
            return
        pattern = _NOTABLE_OR_SHIFT if b"\x0e" in data or b"\x0f" in data else _NOTABLE
        while notable := pattern.search(data, at):
            at = notable.start()
            whole = _CSI.match(data, at) or _SHORT.match(data, at)
            if whole is not None:
                yield _clean(whole)
                at = whole.end()
            elif data[at] != ESC[0]:
                yield data[at : at + 1]
                at += 1
            elif (string := _STRING.match(data, at)) is not None:
                self._string = string.group(1)
                at = self._skip_string(data, string.end())
                if self._string:
                    return
            elif _PARTIAL.match(data, at):
                self._tail = data[at:]
                return
            else:
                at += 1
        if half := _PARTIAL_CHARACTER.search(data, max(at, len(data) - 3)):
            self._tail = half.group()


def _clean(whole: re.Match[bytes]) -> bytes:
    """A control sequence without the control characters that terminals execute in the middle of one."""
    if whole.re is not _CSI:
        return whole.group()
    body = whole.group(1).translate(None, _NOT_PARAMETER)
    return b"\x1b[" + body + whole.group(2)
