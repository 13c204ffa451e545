r"""What the agent has done to the terminal, so that a question can put all of it aside and give all of it back.

Sources: ctlseqs.txt of xterm (private modes, DECSTBM, XTSAVE), the kitty keyboard protocol, the VT520 manual (DECSC, DECSTR).
Going aside switches everything off, known or not: what the human then sees does not depend on this record. Only coming back does.

Left alone, because a question does not change them either: the title, the cursor's style, the palette, tab stops. Cursor position,
colours and attributes are kept by the terminal itself (DECSC, or the saving half of mode 1049).
"""

from __future__ import annotations

import re

from guard.terminal.scan import ESC, Scanner

_ALTERNATE = (b"?47", b"?1047", b"?1049")
_MOUSE = (b"9", b"1000", b"1001", b"1002", b"1003", b"1005", b"1006", b"1015", b"1016")
# cursor keys, reversed screen, origin, keypad, margins; focus, paste, synchronized output, colour scheme, resize reports
_OFF_BY_DEFAULT = (b"1", b"5", b"6", b"66", b"69", *_MOUSE, b"1004", b"2004", b"2026", b"2031", b"2048")
_ON_BY_DEFAULT = (b"7", b"25")  # autowrap, cursor
_HOMING = frozenset({b"?6", b"?69"})
_FRAME, _PASTE, _CURSOR, _INSERT = b"?2026", b"?2004", b"?25", b"4"
_DEFAULTS = {b"?" + mode: False for mode in _OFF_BY_DEFAULT} | {b"?" + mode: True for mode in _ON_BY_DEFAULT} | {_INSERT: False}
_SOFT_RESET = (b"?1", b"?6", b"?66", b"?7", b"?25", _INSERT)
_CONTROL = re.compile(rb"\x1b\[([<-?]?)([\d;:]*)([ -/]*)([@-~])\Z")
_DEEPEST = 16

_SAVE, _RESTORE = b"\x1b7", b"\x1b8"
_HOME_AND_CLEAR = b"\x1b[H\x1b[2J"
_PLAIN = b"\x1b[m\x1b(B\x1b)B\x0f"


class ModeTracker:
    """Reads the agent's output on its way to the human's terminal; pure.

    ``feed`` returns what may be shown now (see ``Scanner``). ``aside`` and ``back`` frame a question, ``leave`` and ``again`` a
    time in which the shell has the terminal.
    """

    __slots__ = ("_charsets", "_keyboards", "_modes", "_other_keys", "_region", "_saved", "_scanner", "_shifted", "_touched", "alternate")

    def __init__(self) -> None:
        self._scanner = Scanner()
        self._touched = False
        self._reset()

    def _reset(self) -> None:
        self.alternate = False
        self._modes: dict[bytes, bool] = {}  # those that differ from the default, in the order in which they were set
        self._saved: dict[bytes, bool] = {}
        self._keyboards: dict[bool, list[int]] = {False: [0], True: [0]}  # per screen, the kitty flags; the last is in force
        self._other_keys: bytes | None = None
        self._region = b""
        self._charsets = {b"(": b"B", b")": b"B"}
        self._shifted = False

    @property
    def state(self) -> tuple[object, ...]:
        """Everything that is known, to compare."""
        modes, saved = tuple(self._modes.items()), tuple(sorted(self._saved.items()))
        keyboards = (tuple(self._keyboards[False]), tuple(self._keyboards[True]))
        return (self.alternate, modes, saved, keyboards, self._other_keys, self._region, tuple(self._charsets.items()), self._shifted)

    @property
    def in_string(self) -> bool:
        """Whether the terminal is in the middle of a title, an image, a clipboard text."""
        return self._scanner.in_string

    @property
    def half_a_character(self) -> bool:
        """Whether the beginning of a character is kept: ``release`` it if nothing follows."""
        return self._scanner.half_a_character

    def feed(self, chunk: bytes) -> bytes:
        """Take what the agent wrote, cut anywhere, and return what to write to the terminal now."""
        found: list[bytes] = []
        shown = self._scanner.scan(chunk, found)
        if not self._touched and (found or ESC in shown):
            self._touched = True
        for sequence in found:
            self._apply(sequence)
        return shown

    def cut(self) -> bytes:
        """Cancel the string that the terminal is in the middle of."""
        return self._scanner.cut()

    def release(self) -> bytes:
        """Half a character that was kept and that nothing followed."""
        return self._scanner.release()

    def rest(self) -> bytes:
        """Everything that was kept, at the end."""
        return self._scanner.rest()

    # ---- a question's screen ---------------------------------------------------------------------------------------------

    def aside(self) -> bytes:
        """Put everything aside and go to an empty screen with a hidden cursor and bracketed paste on."""
        screen = _SAVE if self.alternate else b"\x1b[?1049h"
        return b"".join(
            (
                _switch(_FRAME, False),
                screen,
                _all_off(),
                _PLAIN,
                b"\x1b[r",
                b"\x1b[>0u" if self._knows_kitty() else b"",
                b"\x1b[>4;0m" if self._other_keys is not None else b"",
                _switch(_PASTE, True) + _switch(_CURSOR, False),
                _HOME_AND_CLEAR,
            )
        )

    def back(self) -> bytes:
        """Undo ``aside``. A main screen comes back whole; of an alternate one the frame does, and its program must redraw."""
        keyboard = b"\x1b[<u" if self._knows_kitty() else b""
        calm = _switch(_PASTE, False) + _switch(_CURSOR, True)
        if self.alternate:
            return keyboard + _PLAIN + _HOME_AND_CLEAR + calm + self._moving() + _RESTORE + self._standing()
        # Leaving the screen puts the cursor back, so what moves it comes before. A DECRC behind it would not do: tmux keeps the
        # cursor of mode 1049 elsewhere than that of DECSC, and a DECSC of ours would overwrite the agent's.
        return keyboard + _PLAIN + self._moving() + b"\x1b[?1049l" + calm + self._standing()

    def _moving(self) -> bytes:
        """What sends the cursor home: origin mode, margins."""
        return b"".join(_switch(mode, on) for mode, on in self._modes.items() if mode in _HOMING) + self._region

    def _standing(self) -> bytes:
        """From a terminal with everything off to this record, but for what ``_moving`` says."""
        keys = b"\x1b[>4;%bm" % self._other_keys if self._other_keys is not None else b""
        charsets = b"".join(ESC + slot + name for slot, name in self._charsets.items() if name != b"B")
        modes = b"".join(_switch(mode, on) for mode, on in self._modes.items() if mode not in {_FRAME, *_HOMING})
        frame = _switch(_FRAME, True) if self._modes.get(_FRAME) else b""
        shift = b"\x0e" if self._shifted else b""
        return b"".join((keys, modes, charsets, shift, frame))

    # ---- the shell's turn ------------------------------------------------------------------------------------------------

    def leave(self) -> bytes:
        """Give the shell a terminal as it expects one. Nothing, when the agent never sent an escape sequence."""
        if not self._touched:
            return b""
        modes = b"".join(_switch(mode, not on) for mode, on in reversed(self._modes.items()))
        region = _SAVE + b"\x1b[r" + _RESTORE if self._region else b""
        screen = self._pop(True) + b"\x1b[?1049l" if self.alternate else b""
        keys = b"\x1b[>4m" if self._other_keys is not None else b""
        charsets = _PLAIN if self._shifted or set(self._charsets.values()) != {b"B"} else b"\x1b[m"
        return b"".join((region, modes, screen, self._pop(False), keys, charsets))

    def again(self) -> bytes:
        """Undo ``leave``: the agent has the terminal once more, and must redraw."""
        screen = b"\x1b[?1049h" if self.alternate else b""
        return (
            self._push(False)
            + screen
            + (self._push(True) if self.alternate else b"")
            + _SAVE
            + self._moving()
            + _RESTORE
            + self._standing()
        )

    def _pop(self, alternate: bool) -> bytes:
        depth = len(self._keyboards[alternate]) - 1
        flat = b"\x1b[=0u" if self._keyboards[alternate][0] else b""
        return (b"\x1b[<%du" % depth if depth else b"") + flat

    def _push(self, alternate: bool) -> bytes:
        first, *pushed = self._keyboards[alternate]
        return (b"\x1b[=%du" % first if first else b"") + b"".join(b"\x1b[>%du" % flags for flags in pushed)

    def _knows_kitty(self) -> bool:
        return any(flags != [0] for flags in self._keyboards.values())

    # ---- what the agent sent ---------------------------------------------------------------------------------------------

    def _apply(self, sequence: bytes) -> None:
        control = _CONTROL.match(sequence)
        if control is None:
            self._escape(sequence)
            return
        private, params, between, final = control.groups()
        if final in b"hl" and private in (b"", b"?") and not between:
            for number in params.split(b";"):
                self._set(private + number, final == b"h")
        elif final in b"sr" and private == b"?":
            self._save_or_restore(params.split(b";"), saving=final == b"s")
        elif final == b"r" and not private and not between:
            self._region = sequence if params.strip(b";0") else b""
        elif final == b"u" and private:
            self._keyboard(private, params)
        elif final == b"m" and private == b">":
            self._modify_other_keys(params)
        elif final == b"p" and between == b"!":
            self._soft_reset()

    def _escape(self, sequence: bytes) -> None:
        match sequence:
            case b"\x0e" | b"\x0f":
                self._shifted = sequence == b"\x0e"
            case b"\x1bc":
                self._reset()
            case b"\x1b=" | b"\x1b>":
                self._set(b"?66", sequence == b"\x1b=")
            case _ if len(sequence) == 3 and sequence[1:2] in self._charsets:  # noqa: PLR2004 - ESC, slot, name
                self._charsets[sequence[1:2]] = sequence[2:]

    def _set(self, mode: bytes, on: bool) -> None:
        if mode in _ALTERNATE:
            self.alternate = on
        elif mode in _DEFAULTS:
            self._modes.pop(mode, None)
            if on != _DEFAULTS[mode]:
                self._modes[mode] = on

    def _save_or_restore(self, numbers: list[bytes], *, saving: bool) -> None:
        for mode in (b"?" + number for number in numbers):
            if saving and mode in _DEFAULTS:
                self._saved[mode] = self._modes.get(mode, _DEFAULTS[mode])
            elif mode in self._saved:
                self._set(mode, self._saved[mode])

    def _keyboard(self, private: bytes, params: bytes) -> None:
        first, _, second = params.partition(b";")
        number, how = _number(first), _number(second) or 1
        flags = self._keyboards[self.alternate]
        if private == b">":
            flags.append(number)
            del flags[1:-_DEEPEST]
        elif private == b"<":
            del flags[max(1, len(flags) - (number or 1)) :]
        elif private == b"=":
            flags[-1] = {1: number, 2: flags[-1] | number, 3: flags[-1] & ~number}.get(how, flags[-1])

    def _modify_other_keys(self, params: bytes) -> None:
        resource, _, value = params.partition(b";")
        if resource in (b"4", b""):
            self._other_keys = value or None

    def _soft_reset(self) -> None:
        for mode in _SOFT_RESET:
            self._set(mode, _DEFAULTS[mode])
        self._region, self._shifted = b"", False
        self._charsets = {b"(": b"B", b")": b"B"}


def _switch(mode: bytes, on: bool) -> bytes:
    return b"\x1b[" + mode + (b"h" if on else b"l")


def _all_off() -> bytes:
    """Every mode as a terminal starts with it, a dozen a sequence: some terminals read no more than sixteen parameters."""
    off = b"".join(b"\x1b[?%bl" % b";".join(_OFF_BY_DEFAULT[at : at + 12]) for at in range(0, len(_OFF_BY_DEFAULT), 12))
    return off + b"\x1b[?7h\x1b[4l"


def _number(text: bytes) -> int:
    return int(text[:9]) if text[:9].isdigit() else 0
