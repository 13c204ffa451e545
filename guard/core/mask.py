"""No secret leaves the exec (promise 8): passwords, tokens and keys in words, lines and variables become ``***``.

Three kinds of knowledge, each in its place: what a secret looks like (``secret_shapes``), which names announce one
(``secret_names``), and, here, where command lines carry one: after an option, in the next word, in the word itself.

Masking must not become a hiding place: a value that a shell would run (``$(…)``) is not masked away inside a line, and
in a line a secret ends where its word ends.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from guard.core.secret_names import is_secret_name
from guard.core.secret_options import ANY_PROGRAM, GUARDED_WORDS, LETTERS, NO_OPTIONS, OPTIONS, PROGRAMS, Value, Where
from guard.core.secret_shapes import MASK, holds_access_key, keeps, mask_secret_keys, mask_shapes, runs_something

_DEEPEST = 4


_LOOKS_LIKE_AN_OPTION = re.compile(r"--[a-z][a-z\-]+\Z|-[A-Za-z]\Z")
_SETTING = re.compile(r"([A-Za-z_][\w.\-\[\]]{0,200})=(.*)", re.DOTALL | re.ASCII)
_HEADER = re.compile(r"([A-Za-z][\w\-]{0,100}):\s*(.+)", re.DOTALL | re.ASCII)
_HARMLESS = re.compile(r"[A-Za-z0-9_./+,-]{0,15}\Z")

_SHELL_WORD = re.compile(
    r"""(?:[^\s'"\\;|&()<>]++|\\.|'[^']*+'|"(?:[^"\\]|\\.)*+"|['"\\])+|[;|&()<>]""",
    re.DOTALL,
)
_QUOTING = re.compile(r"""'([^']*+)'|"((?:[^"\\]|\\.)*+)"|\\(.)""", re.DOTALL)
_ESCAPED = re.compile(r'\\(["\\$`])')


def _can_be(kind: Value, word: str) -> bool:
    """Whether ``word`` can be such a value; if not, the option before it took none (``sudo -H mysql``, ``--token --force``)."""
    match kind:
        case Value.SECRET:
            return not _LOOKS_LIKE_AN_OPTION.match(word)
        case Value.HEADER:
            return bool(_HEADER.fullmatch(word))
        case Value.SETTING:
            return bool(_SETTING.fullmatch(word))
        case Value.LOGIN | Value.LITERAL | Value.PLAIN:
            return True


class _Walk:
    """Goes through the words of one command, and knows what the next one is."""

    def __init__(self, *, beside_id: bool, depth: int = 0, in_line: bool = False) -> None:
        self._beside_id, self._depth, self._in_line = beside_id, depth, in_line
        self._next, self._name = Value.PLAIN, ""
        self._program, self._seen, self._was_set = NO_OPTIONS, set[str](), False

    def word(self, word: str) -> str:
        """Mask one word, and remember what it says about the next."""
        kind, self._next = self._next, Value.PLAIN
        if kind is not Value.PLAIN and _can_be(kind, word):
            return self._value(kind, word)
        if word.startswith("-") and len(word) > 1:
            return self._option(word)
        self._learn(word)
        return word if _HARMLESS.match(word) else self._setting(word, whole=False)

    def _learn(self, word: str) -> None:
        """Take note of a program's name, and of the name in ``config set NAME VALUE``."""
        self._program = PROGRAMS.get(word.rpartition("/")[2], self._program)
        if self._was_set and "=" not in word and is_secret_name(word):
            self._next, self._name = Value.SECRET, word
        self._was_set = word == "set"
        if word in GUARDED_WORDS:
            self._seen.add(word)

    def _carries(self, name: str) -> Value:
        """Return what the option ``name`` (without dashes) of the current program carries."""
        for options in (self._program, ANY_PROGRAM):
            if name in options.values and (not options.after or not options.after.isdisjoint(self._seen)):
                return options.values[name]
        return (LETTERS if len(name) == 1 else OPTIONS).get(name, Value.PLAIN)

    def _option(self, word: str) -> str:
        """Mask ``--name=value``; remember for the next word what ``--name`` announces."""
        dashes = "--" if word.startswith("--") else "-"
        name, equals, value = word[len(dashes) :].partition("=")
        kind = self._carries(name) if len(name) > 1 else Value.PLAIN
        if kind is Value.PLAIN and dashes == "-" and self._carries_by_letter(word):
            return self._letters(word)
        if kind is Value.PLAIN and len(name) > 1 and is_secret_name(name, exactly=dashes == "-" and not equals):
            kind = Value.SECRET
        if kind is Value.PLAIN:
            return word if _HARMLESS.match(word) else self._text(word)
        self._name = name
        if equals:
            return f"{dashes}{name}={self._value(kind, value)}"
        self._next = kind
        return word

    def _carries_by_letter(self, word: str) -> bool:
        """Whether ``-sSu…`` has, after letters that take no value, one that carries something (``_letters`` masks it)."""
        letters = word[1:].lstrip(self._program.flags) if self._program.flags else word[1:]
        return bool(letters) and self._carries(letters[0]) is not Value.PLAIN

    def _letters(self, word: str) -> str:
        """Mask the value in ``-sSuUSER:PASSWORD``, or remember that it is the next word."""
        rest = word[1:].lstrip(self._program.flags) if self._program.flags else word[1:]
        self._name, value = rest[0], rest[1:]
        kind, where = self._carries(self._name), self._program.where
        if not value:
            self._next = kind if where is not Where.SAME_WORD or self._name in LETTERS else Value.PLAIN
            return word
        if where is Where.NEXT_WORD:
            return self._text(word)
        return word.removesuffix(value) + self._value(kind, value)

    def _value(self, kind: Value, value: str) -> str:  # noqa: PLR0911 - one per kind
        """Mask the value of an option."""
        if self._in_line and runs_something(value):
            return self._text(value)
        match kind:
            case Value.SECRET:
                return value if keeps(self._name, value) else MASK
            case Value.LOGIN:
                user, colon, password = value.partition(":")
                return f"{self._text(user)}:{MASK}" if colon and password else self._text(value)
            case Value.HEADER:
                return self._header(value)
            case Value.LITERAL:
                name, equals, secret = value.partition("=")
                return f"{name}={MASK}" if equals and secret else self._text(value)
            case Value.SETTING:
                return self._setting(value, whole=True)
            case Value.PLAIN:
                return self._text(value)

    def _header(self, value: str) -> str:
        """Mask the value of an HTTP header that authenticates."""
        match = _HEADER.fullmatch(value)
        return f"{match[1]}: {MASK}" if match and is_secret_name(match[1]) else self._text(value)

    def _setting(self, word: str, *, whole: bool) -> str:
        """Mask ``NAME=value``; unless ``whole``, a word with blanks is a line and its value ends at the first."""
        match = _SETTING.fullmatch(word)
        if match and is_secret_name(match[1]) and (whole or not any(map(str.isspace, word))):
            return word if keeps(match[1], match[2]) else f"{match[1]}={MASK}"
        return self._text(word)

    def _text(self, text: str) -> str:
        """Mask a word that may be a line, a document, a URL."""
        return _mask_line(text, beside_id=self._beside_id, depth=self._depth + 1)


def _mask_line(text: str, *, beside_id: bool, depth: int) -> str:
    """Mask text by its shapes, and as a command line where it can be one."""
    text = mask_secret_keys(mask_shapes(text), beside_id=beside_id)
    if depth > _DEEPEST or "-" not in text or not any(map(str.isspace, text)):
        return text
    walk = _Walk(beside_id=beside_id, depth=depth, in_line=True)
    return _SHELL_WORD.sub(lambda match: _masked_shell_word(match.group(), walk), text)


def _unquoted(raw: str) -> str:
    """Return a word of a line as the shell would pass it on."""
    return _QUOTING.sub(lambda match: match[1] or _ESCAPED.sub(r"\1", match[2] or "") or match[3] or "", raw)


def _masked_shell_word(raw: str, walk: _Walk) -> str:
    """Mask one word of a line, quotes and all; unchanged, it keeps them to the letter."""
    word = _unquoted(raw)
    masked = walk.word(word)
    if masked == word:
        return raw
    return "'" + masked.replace("'", "'\\''") + "'" if raw[0] in "'\"" or any(map(str.isspace, masked)) else masked


def mask_text(text: str) -> str:
    """``text`` (a line for a shell, a document, a sentence) without secrets."""
    return _mask_line(text, beside_id=holds_access_key(text), depth=0)


def mask_argv(argv: Sequence[str]) -> tuple[str, ...]:
    """``argv`` without secrets: as many words, in the same order."""
    return tuple(map(_Walk(beside_id=any(map(holds_access_key, argv))).word, argv))


def mask_env(env: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Variables without secrets: by their names, and by what their values look like."""
    return tuple((name, MASK if is_secret_name(name) and not keeps(name, value) else mask_text(value)) for name, value in env)
