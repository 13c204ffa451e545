"""What is known of programs that run a file which an argument names: data for every exec's question, so kept small.

Sources: bash(1), python(1), node(1), perl(1), ruby(1), and the help of the others.
"""

from __future__ import annotations

from dataclasses import dataclass


def word_set(text: str) -> frozenset[str]:
    """The words of ``text``."""
    return frozenset(text.split())


SHELLS = word_set("sh bash dash zsh ksh mksh ash rbash fish")

# Shells' options that take a value as a word of their own.
SHELL_VALUES = word_set("-o +o -O +O --rcfile --init-file")


@dataclass(frozen=True, slots=True)
class Interpreter:
    """``short``/``long``: options that take a value; ``code``: options whose value is a program text; ``module``: a module to run."""

    short: str = ""
    long: frozenset[str] = frozenset()
    code: str = ""
    long_code: frozenset[str] = frozenset()
    module: str = ""


INTERPRETERS: dict[str, Interpreter] = {
    "python": Interpreter(short="WX", long=word_set("check-hash-based-pycs"), code="c", module="m"),
    "pypy": Interpreter(short="WX", code="c", module="m"),
    "node": Interpreter(
        short="rC",
        code="ep",
        long=word_set("require import loader experimental-loader conditions env-file input-type"),
        long_code=word_set("eval print"),
    ),
    "bun": Interpreter(short="r", code="ep", long=word_set("preload require cwd"), long_code=word_set("eval print")),
    "deno": Interpreter(),
    "ruby": Interpreter(short="CEIr", code="e", long=word_set("encoding external-encoding internal-encoding")),
    "perl": Interpreter(short="I", code="eE"),
    "php": Interpreter(short="cdz", code="rBRE"),
    "lua": Interpreter(short="l", code="e"),
}

# Modules of ``python -m`` that are a watched program.
MODULES = {"awscli": "aws", "awscli.clidriver": "aws"}

# Endings of a file's name that do not change which program it is.
ENDINGS = (".exe", ".real", ".bin", ".orig", ".distrib", ".cmd", ".py", ".js", ".mjs", ".cjs", ".sh", ".rb", ".pl", ".pyz")
