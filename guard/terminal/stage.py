"""The question's own screen: header, card, keys; painted line by line, nothing but the lines that changed."""

from __future__ import annotations

from dataclasses import dataclass

from guard.core.cards import Question
from guard.terminal import keys
from guard.terminal.card import Body, beside, body
from guard.terminal.desk import View
from guard.terminal.fold import cells, fold, hanging
from guard.terminal.wording import settled

_LEAST_WIDTH, _LEAST_ROOM = 20, 3
_ANSWERS = ("[o] allow once", "[s] same again this session", "[d] deny (Enter, Esc)", "[m] more")
_ANSWERS_IN_DETAILS = ("[o] allow once", "[s] same again this session", "[d] deny", "[m] back")
_TOO_SMALL = "This window is too small to agree to anything: make it bigger, or [d] deny."
_NOT_YET = "One moment: what is typed now does not count."
_READY = "Nothing runs until you answer."
_UNREAD = "Read to the end of the command before you agree: j, space."


@dataclass(frozen=True, slots=True)
class Scene:
    """All that a painting depends on."""

    question: Question
    place: tuple[int, int]
    left: int | None
    ready: bool
    view: View
    late: str
    notes: tuple[str, ...]
    size: tuple[int, int]

    @property
    def card(self) -> tuple[str, str]:
        """What a human has to read anew when it changes."""
        return self.question.id, self.late


class Stage:
    """Composes scenes into lines and paints them. Pure: gives back the bytes to write."""

    __slots__ = ("_body", "_body_of", "_color", "_needed", "_offset", "_painted", "_room", "_shared", "_shown", "inline")

    def __init__(self, *, color: bool, inline: bool, shared: bool = False) -> None:
        """With ``inline`` the terminal can do nothing: cards are printed, one below the other.

        With ``shared`` others may write to it at any time: each painting is whole.
        """
        self._color, self.inline, self._shared = color and not inline, inline, shared
        self.clear()

    def clear(self) -> None:
        """The screen is empty, or somebody has painted over it: the next painting is whole."""
        self._painted: list[str] = []
        self._body: list[str] = []
        self._body_of: tuple[object, ...] = ()
        self._offset = self._room = self._needed = self._shown = 0

    def retouch(self) -> None:
        """As ``clear``, for the same scene at the same place."""
        self._painted = []

    def scroll(self, key: keys.Key) -> None:
        """Move through what does not fit."""
        page = max(1, self._room - 1)
        steps = {"j": 1, keys.DOWN: 1, keys.ENTER: 1, "k": -1, keys.UP: -1, " ": page, keys.PAGE_DOWN: page, keys.PAGE_UP: -page}
        ends = {"g": -len(self._body), keys.HOME: -len(self._body), "G": len(self._body), keys.END: len(self._body)}
        self._move(steps.get(key.name, 0) + ends.get(key.name, 0))

    def _move(self, lines: int) -> None:
        self._offset = max(0, min(self._offset + lines, len(self._body) - self._room))

    def paint(self, scene: Scene) -> bytes:
        """The bytes that turn what is on the screen into ``scene``."""
        lines = self.lines(scene)[: scene.size[1]]
        if self.inline:
            return self._print(lines, scene)
        if self._shared:
            self.retouch()
        changed = [
            f"\x1b[{row};1H\x1b[2K{line}" for row, line in enumerate(lines, 1) if row > len(self._painted) or self._painted[row - 1] != line
        ]
        below = f"\x1b[{len(lines) + 1};1H\x1b[J" if len(self._painted) > len(lines) else ""
        self._painted = lines
        return ("".join(changed) + below).encode(errors="backslashreplace")

    def _print(self, lines: list[str], scene: Scene) -> bytes:
        """On paper: once a card, and again when its reader has moved."""
        body = self._body[self._offset : self._offset + self._room]
        same = [*scene.card, scene.view.name, *body]
        if same == self._painted:
            return b""
        self._painted = same
        return ("\r\n" + "\r\n".join(lines) + "\r\n").encode(errors="backslashreplace")

    def fits(self, scene: Scene) -> bool:
        """Whether the window holds enough of the card to agree to it."""
        return self._space(scene) >= _LEAST_ROOM

    @property
    def is_read(self) -> bool:
        """Whether all that one agrees to has been on the screen, down to the end of the command."""
        return self._shown >= self._needed

    def _space(self, scene: Scene) -> int:
        """How many lines there are for the body."""
        width, height = max(scene.size[0], _LEAST_WIDTH), scene.size[1]
        return height - len(_header(scene, width)) - len(_footer(scene, width)) - 2

    def lines(self, scene: Scene) -> list[str]:
        """Header, the visible part of the body, keys."""
        width = max(scene.size[0], _LEAST_WIDTH)
        self._prepare(scene, width)
        room = self._space(scene)
        if room < _LEAST_ROOM:
            return [*_header(scene, width), *fold(_TOO_SMALL, width)]
        visible = self._visible(room, width)
        self._shown = max(self._shown, self._offset + self._room)
        return [*_header(scene, width), "", *visible, "", *_footer(scene, width, read=self.is_read)]

    def _visible(self, room: int, width: int) -> list[str]:
        """The part of the body that fits, and how much is below it."""
        if len(self._body) <= room:
            self._room, self._offset = len(self._body), 0
            return self._body
        self._room = room - 1
        self._move(0)
        below = len(self._body) - self._offset - self._room
        more = f"── {below:,} more lines below: j, space ──" if below else "── the end; k goes back ──"
        return [*self._body[self._offset : self._offset + self._room], fold(more, width)[0]]

    def _prepare(self, scene: Scene, width: int) -> None:
        """Render the body, once for each question, view and width: it may be megabytes."""
        of = (scene.question.id, scene.view, width)
        if of != self._body_of:
            made: Body = body(scene.question, width, color=self._color, details=scene.view is View.DETAILS)
            self._body, self._needed = made
            self._body_of, self._offset, self._shown = of, 0, 0


def _header(scene: Scene, width: int) -> list[str]:
    this, of = scene.place
    left = "" if scene.left is None else f"{scene.left // 60}:{scene.left % 60:02d} left"
    aside = " · ".join(part for part in (f"{this} of {of}" if of > 1 else "", left) if part)
    return beside("qguard: may this run?", aside, width)


def _footer(scene: Scene, width: int, *, read: bool = True) -> list[str]:
    notes = [line for note in scene.notes for line in hanging(settled(f"qguard: {note}"), width)]
    choices = _ANSWERS_IN_DETAILS if scene.view is View.DETAILS else _ANSWERS
    room = max(len(fold(text, width)) for text in (_READY, _NOT_YET, _UNREAD))
    said = fold(_NOT_YET if not scene.ready else _UNREAD if not read else "" if scene.late else _READY, width)
    return [
        *notes,
        *said,
        *[""] * (room - len(said)),
        *(hanging(_late(scene.late), width) if scene.late else _side_by_side(choices, width)),
    ]


def _side_by_side(choices: tuple[str, ...], width: int) -> list[str]:
    """As many to a line as fit whole."""
    lines = [""]
    for choice in choices:
        joined = f"{lines[-1]}   {choice}" if lines[-1] else choice
        if cells(joined) <= width:
            lines[-1] = joined
        else:
            lines.extend(fold(choice, width))
    return lines


def _late(why: str) -> str:
    return f"The agent stopped waiting: {settled(why)} [o] allow its next try once (10 min) · any other key: close"
