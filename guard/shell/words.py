"""The value of one shell word, as far as it is known before it runs (bash(1), QUOTING and EXPANSION).

bashlex tells where a word begins and ends; what it means is worked out here from its source, because bashlex decodes it wrongly
in ways that hide commands (see the tests).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_NAME = re.compile(r"[A-Za-z_]\w*|[0-9@*#?$!-]", re.ASCII)
_PLAIN_PARAMETER = re.compile(r"[A-Za-z_]\w*\Z", re.ASCII)
_BRACES = re.compile(r"\{[^{}\s]*(?:,|\.\.)[^{}\s]*\}")
_ANSI = {"a": "\a", "b": "\b", "e": "\x1b", "E": "\x1b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_CODE = re.compile(r"x([0-9A-Fa-f]{1,2})|u([0-9A-Fa-f]{1,4})|U([0-9A-Fa-f]{1,8})|([0-7]{1,3})|c(.)", re.DOTALL)
_ORDINARY = re.compile(r"[^\\'\"$`<>*?\[{ \t\n;|&()]+")
_NOT_IN_A_WORD = frozenset(" \t\n;|&()")
_UNFINDABLE_END = re.compile(r"\bcase\b|<<")
_DEPTH = 100


class Unknown(str):
    """A word whose value is only known when the line runs. Its text is its source.

    ``prefix`` is what it begins with for certain; ``suffix`` what it ends with; ``bare`` when an unknown part is not quoted, so that
    it may become several words, or none.
    """

    __slots__ = ("bare", "prefix", "suffix")

    prefix: str
    suffix: str
    bare: bool

    @classmethod
    def made(cls, source: str, prefix: str, suffix: str, *, bare: bool) -> Unknown:
        """A word of this source."""
        word = cls(source)
        word.prefix, word.suffix, word.bare = prefix, suffix, bare
        return word


@dataclass(frozen=True, slots=True)
class Word:
    """``text`` is the value (an ``Unknown`` where it is not known); ``commands`` the texts of the command substitutions in it."""

    text: str
    commands: tuple[str, ...] = ()
    glob: bool = False


class NotAWord(Exception):
    """The source of a word does not end where it should."""


@dataclass(slots=True)
class _Decoder:
    """Walks once over the source of one word."""

    raw: str
    known: Mapping[str, str | None]
    at: int = 0
    glob: bool = False
    bare: bool = False
    unknown: bool = False
    prefix: str = ""
    parts: list[str] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)

    # ---- what is found -----------------------------------------------------------------------------------------------

    def _dynamic(self, *, quoted: bool) -> None:
        if not self.unknown:
            self.prefix = "".join(self.parts)
        self.unknown = True
        self.bare = self.bare or not quoted
        self.parts = []

    def word(self) -> Word:
        while self.at < len(self.raw):
            self._step()
        tail = "".join(self.parts)
        text = Unknown.made(self.raw, self.prefix, tail, bare=self.bare) if self.unknown else tail
        return Word(text, tuple(self.commands), self.glob)

    # ---- one piece ---------------------------------------------------------------------------------------------------

    def _step(self) -> None:
        char = self.raw[self.at]
        if char == "\\":
            escaped = self.raw[self.at + 1 : self.at + 2]
            self.parts.append("" if escaped == "\n" else escaped)
            self.at += 2
        elif char == "'":
            end = self._find("'", self.at + 1)
            self.parts.append(self.raw[self.at + 1 : end])
            self.at = end + 1
        elif char == '"':
            self._double_quoted()
        elif char in "$`":
            self._dollar(quoted=False)
        elif char in "<>" and self.raw.startswith("(", self.at + 1):
            self._command(self.at + 2, quoted=False)
        else:
            self._unquoted(char)

    def _unquoted(self, char: str) -> None:
        if char in _NOT_IN_A_WORD:
            raise NotAWord("its end was not found")
        if char in "*?[":
            self.glob = True
        elif char == "{" and (found := _BRACES.match(self.raw, self.at)):
            self.at = found.end()
            self._dynamic(quoted=False)
            return
        plain = _ORDINARY.match(self.raw, self.at)
        end = plain.end() if plain else self.at + 1
        self.parts.append(self.raw[self.at : end])
        self.at = end

    def _find(self, mark: str, start: int) -> int:
        end = self.raw.find(mark, start)
        if end < 0:
            raise NotAWord(f"no closing {mark}")
        return end

    def _double_quoted(self) -> None:
        self.at += 1
        while self.at < len(self.raw):
            char = self.raw[self.at]
            if char == '"':
                self.at += 1
                return
            if char == "\\":
                escaped = self.raw[self.at + 1 : self.at + 2]
                self.parts.append(("" if escaped == "\n" else escaped) if escaped and escaped in '$`"\\\n' else char + escaped)
                self.at += 2
            elif char in "$`":
                self._dollar(quoted=True)
            else:
                self.parts.append(char)
                self.at += 1
        raise NotAWord('no closing "')

    # ---- expansions --------------------------------------------------------------------------------------------------

    def _dollar(self, *, quoted: bool) -> None:
        after = self.raw[self.at + 1 : self.at + 2]
        if self.raw[self.at] == "`":
            self._backquoted(quoted=quoted)
        elif after == "(":
            self._command(self.at + 2, quoted=quoted)
        elif after == "{":
            self._braced(quoted=quoted)
        elif after == "[":
            raise NotAWord("$[ ] arithmetic")
        elif after == "'" and not quoted:
            self._ansi()
        elif after == '"' and not quoted:
            self.at += 1
        elif name := _NAME.match(self.raw, self.at + 1):
            self.at = name.end()
            self._value(name.group(), quoted=quoted)
        else:
            self.parts.append("$")
            self.at += 1

    def _value(self, name: str, *, quoted: bool) -> None:
        value = self.known.get(name)
        if value is None or (not quoted and (not value or set(value) & set(" \t\n*?[\\"))):
            self._dynamic(quoted=quoted)
        else:
            self.parts.append(value)

    def _backquoted(self, *, quoted: bool) -> None:
        end = self.at + 1
        while self.raw[end : end + 1] != "`":
            if end >= len(self.raw):
                raise NotAWord("no closing `")
            end += 2 if self.raw[end] == "\\" else 1
        inner = self.raw[self.at + 1 : end]
        self.commands.append(re.sub(r'\\([$`\\"])' if quoted else r"\\([$`\\])", r"\1", inner))
        self.at = end + 1
        self._dynamic(quoted=quoted)

    def _command(self, start: int, *, quoted: bool) -> None:
        end = closing(self.raw, start, ")")
        self.commands.append(self.raw[start:end])
        self.at = end + 1
        self._dynamic(quoted=quoted)

    def _braced(self, *, quoted: bool) -> None:
        start = self.at + 2
        end = closing(self.raw, start, "}")
        inner = self.raw[start:end]
        self.at = end + 1
        if _PLAIN_PARAMETER.match(inner):
            self._value(inner, quoted=quoted)
            return
        self.commands += substitutions(inner)
        self._dynamic(quoted=quoted)

    def _ansi(self) -> None:
        self.at += 2
        while self.at < len(self.raw):
            char = self.raw[self.at]
            self.at += 1
            if char == "'":
                return
            self.parts.append(self._ansi_escape() if char == "\\" else char)
        raise NotAWord("no closing '")

    def _ansi_escape(self) -> str:
        code = _CODE.match(self.raw, self.at)
        if code is None:
            char = self.raw[self.at : self.at + 1]
            self.at += 1
            return _ANSI.get(char, char if char in "\\'\"?" else "\\" + char)
        self.at = code.end()
        hexadecimal, short, long, octal, control = code.groups()
        if control:
            return chr(ord(control) & 0x1F)
        number = int(octal, 8) & 0xFF if octal else int(hexadecimal or short or long, 16)
        if number == 0 or number > 0x10FFFF:  # noqa: PLR2004 - bash ends the string at a NUL; beyond Unicode there is nothing
            raise NotAWord("an escape that is no character")
        return chr(number)


def closing(raw: str, start: int, mark: str, depth: int = 0) -> int:
    """Where the ``)`` or ``}`` is that closes what was opened before ``start``. Raises ``NotAWord``."""
    if depth > _DEPTH:
        raise NotAWord("nested too deeply")
    at = start
    while at < len(raw):
        char = raw[at]
        if char == mark:
            if mark == ")" and _UNFINDABLE_END.search(raw, start, at):
                raise NotAWord("a case or a heredoc inside $( )")
            return at
        at = _skip(raw, at, char, depth, parens=mark == ")")
    raise NotAWord(f"no closing {mark}")


def _skip(raw: str, at: int, char: str, depth: int, *, parens: bool) -> int:
    """Past one character, or past the quoted or bracketed piece that it opens."""
    if raw.startswith(("$(", "<(", ">(", "${"), at):
        return closing(raw, at + 2, ")" if raw[at + 1] == "(" else "}", depth + 1) + 1
    if raw.startswith("$'", at):
        return _past_escaped(raw, "'", at + 2)
    if char == "'" and not parens:  # mere text inside double quotes, a quote elsewhere: it cannot be told here
        raise NotAWord("a quote inside ${ }")
    if char == "#" and parens and (at == 0 or raw[at - 1] in " \t\n;&|("):
        raise NotAWord("a comment inside $( )")
    if char == "(" and parens:
        return closing(raw, at + 1, ")", depth + 1) + 1
    return _past_quoted(raw, at, char, depth)


def _past_quoted(raw: str, at: int, char: str, depth: int) -> int:
    if char == "'":
        return _past(raw, "'", at + 1)
    if char == '"':
        return _past_double(raw, at + 1, depth)
    if char == "`":
        return _past_escaped(raw, "`", at + 1)
    return at + (2 if char == "\\" else 1)


def _past(raw: str, mark: str, start: int) -> int:
    end = raw.find(mark, start)
    if end < 0:
        raise NotAWord(f"no closing {mark}")
    return end + 1


def _past_double(raw: str, at: int, depth: int) -> int:
    while at < len(raw):
        char = raw[at]
        if char == '"':
            return at + 1
        if raw.startswith(("$(", "${"), at):
            at = closing(raw, at + 2, ")" if raw[at + 1] == "(" else "}", depth + 1) + 1
        else:
            at = at + 1 if char == "'" else _past_quoted(raw, at, char, depth)
    raise NotAWord('no closing "')


def _past_escaped(raw: str, mark: str, at: int) -> int:
    """Past the closing ``mark``, in a piece where a backslash hides it."""
    while at < len(raw):
        if raw[at] == mark:
            return at + 1
        at += 2 if raw[at] == "\\" else 1
    raise NotAWord(f"no closing {mark}")


def substitutions(text: str) -> list[str]:
    """The texts of all command substitutions in ``text``, where quotes do not hide them (a heredoc, the inside of ``${ }``)."""
    found: list[str] = []
    at = 0
    while at < len(text):
        if text[at] == "\\":
            at += 2
        elif text.startswith(("$(", "<(", ">("), at):
            end = closing(text, at + 2, ")")
            found.append(text[at + 2 : end])
            at = end + 1
        elif text[at] == "`":
            end = _past_escaped(text, "`", at + 1)
            found.append(re.sub(r"\\([$`\\])", r"\1", text[at + 1 : end - 1]))
            at = end
        else:
            at += 1
    return found


def decode(raw: str, known: Mapping[str, str | None]) -> Word:
    """The word whose source is ``raw``. ``known`` holds variables with the values that are certain. Raises ``NotAWord``."""
    return _Decoder(raw, known).word()
