"""A terminal emulator for the tests: pyte, plus what full-screen programs need and pyte lacks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyte

_ALTERNATE = 1049


class Screen(pyte.Screen):
    """pyte's screen with an alternate one. ``answer`` gets what a real terminal would reply to a query."""

    def __init__(self, rows: int, columns: int, answer: Callable[[bytes], object]) -> None:
        self.put_aside: tuple[dict[int, Any], int, int] | None = None
        self._answer = answer
        super().__init__(columns, rows)

    @property
    def text(self) -> str:
        """What is shown, without trailing blanks."""
        return "\n".join(line.rstrip() for line in self.display).rstrip()

    def write_process_input(self, data: str) -> None:
        """Reply to a query."""
        self._answer(data.encode())

    def set_mode(self, *modes: int, **how: Any) -> None:
        """Entering the alternate screen puts the main one aside."""
        super().set_mode(*modes, **how)
        if _ALTERNATE in modes and how.get("private") and self.put_aside is None:
            lines = {row: dict(line) for row, line in self.buffer.items()}
            self.put_aside = (lines, self.cursor.x, self.cursor.y)
            self.erase_in_display(2)

    def reset_mode(self, *modes: int, **how: Any) -> None:
        """Leaving the alternate screen gives the main one back."""
        super().reset_mode(*modes, **how)
        if _ALTERNATE in modes and how.get("private") and self.put_aside is not None:
            lines, self.cursor.x, self.cursor.y = self.put_aside
            self.put_aside = None
            for row in range(self.lines):
                self.buffer[row].clear()
                self.buffer[row].update(lines.get(row, {}))
            self.dirty.update(range(self.lines))

    def select_graphic_rendition(self, *attributes: int, private: bool = False) -> None:
        """Colours. xterm's ``CSI > … m`` (key reporting) is not one of them."""
        if not private:
            super().select_graphic_rendition(*attributes)
