"""Words of a line as Terraform splits its variables: github.com/mattn/go-shellwords, without variables and without commands.

It is not a shell: a backslash counts within double quotes too, an operator ends it all, and what is within backquotes or ``$(``
stays as it stands.
"""

from __future__ import annotations

_SPACE = " \t\r\n"
_OPERATORS = ";&|<>"


def split_words(text: str) -> tuple[str, ...] | None:
    """The words; ``None`` where the quoting is wrong, which Terraform refuses."""
    split = _Split()
    for char in text:
        if not split.take(char):
            break
    if split.wrong or split.escaped or split.open:
        return None
    split.end()
    return tuple(split.words)


class _Split:
    """A state for each character, as in the original."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self.word: list[str] | None = None
        self.open: set[str] = set()
        self.escaped = self.wrong = False

    def take(self, char: str) -> bool:
        """Whether to go on behind ``char``."""
        if self.escaped or (char == "\\" and "'" in self.open):
            self.escaped = False
            self.add(char)
        elif char == "\\":
            self.escaped = True
        elif char in _SPACE:
            if self.open:
                self.add(char)
            else:
                self.end()
        else:
            return self.sign(char)
        return True

    def sign(self, char: str) -> bool:
        """A quote, a parenthesis, an operator; or none of these."""
        if char in "'\"" and not self.open & ({"'", '"', "("} - {char}):
            self.open ^= {char}
            self.add("")
            return True
        if char in _OPERATORS and not self.open:
            return False
        if char == "`" and not self.open & {"'", '"', "("}:
            self.open ^= {"`"}
        elif char == ")" and not self.open & {"'", '"', "`"}:
            self.open ^= {"("}
        elif char == "(" and not self.open & {"'", '"', "`"}:
            if "(" in self.open or not self.word or self.word[-1] != "$":
                self.wrong = True
                return False
            self.open.add("(")
        self.add(char)
        return True

    def add(self, char: str) -> None:
        """To the word."""
        if self.word is None:
            self.word = []
        if char:
            self.word.append(char)

    def end(self) -> None:
        """Of the word, if there is one."""
        if self.word is not None:
            self.words.append("".join(self.word))
        self.word = None
