"""Which watched program an exec starts. Runs for every exec of a session, so the common answer (none) must cost almost nothing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from guard.core.words import Invocation
from guard.shell.interpreters import ENDINGS, INTERPRETERS, MODULES, SHELL_VALUES, SHELLS, Interpreter

Found = tuple[str, tuple[str, ...]]
_VERSION = re.compile(r"[-_@.]?v?\d[\w.+~-]*\Z", re.ASCII)
_LOADER = re.compile(r"ld(?:-linux[\w.-]*|-musl[\w.-]*|64|-[\d.]+)?\.so[\d.]*\Z", re.ASCII)
_LOADER_VALUES = frozenset(
    {"--library-path", "--preload", "--audit", "--argv0", "--inhibit-rpath", "--glibc-hwcaps-prepend", "--glibc-hwcaps-mask"}
)


def base(path: str) -> str:
    """The last component of a path, as the kernel would take it."""
    return path.rpartition("/")[2]


def unversioned(name: str) -> str:
    """``python3.11`` → ``python``; ``terraform_1.11.exe`` → ``terraform``."""
    for ending in ENDINGS:
        name = name.removesuffix(ending)
    return _VERSION.sub("", name)


@lru_cache(maxsize=4096)
def canonical(name: str, names: frozenset[str]) -> str | None:
    """The watched program that a file of this name is, versions and endings aside: ``aws2``, ``kubectl.real``, ``terraform1.11``."""
    if name in names:
        return name
    for ending in ENDINGS:
        name = name.removesuffix(ending)
    if name in names:
        return name
    stem = _VERSION.sub("", name)
    return stem if stem in names else None


@lru_cache(maxsize=4096)
def _starter(name: str) -> str | None:
    """``shell``, ``loader`` or the interpreter's name, for programs that run the file that an argument names."""
    stem = unversioned(name)
    if stem in SHELLS:
        return "shell"
    if stem in INTERPRETERS:
        return stem
    return "loader" if _LOADER.match(name) else None


@lru_cache(maxsize=4096)
def _interest(path: str, names: frozenset[str]) -> tuple[str | None, str | None] | None:
    """(watched program, kind of starter) of a file; ``None`` when neither, which is nearly always."""
    name = path.rpartition("/")[2]
    found, kind = canonical(name, names), _starter(name)
    return (found, kind) if found or kind else None


def program_of(names: frozenset[str], path: str, real: str, argv: tuple[str, ...]) -> Found | None:
    """The watched program that an exec starts, and its argv (argv[0] being the program), or ``None``.

    ``path`` is the file as the caller named it, ``real`` what that resolves to. An interpreter is looked through to its script,
    the dynamic loader to its program; a wrapper (``sudo``, ``sh -c``) is not: what it starts is an exec of its own.
    """
    first = argv[0] if argv else ""
    here, there, said = _interest(path, names), _interest(real, names), _interest(first, names)
    if here is None and there is None and said is None:
        return None
    for seen in (here, there, said):
        if seen and seen[0]:
            return seen[0], argv or (path,)
    for seen in (there, here, said):
        if seen and seen[1] and (found := _within(seen[1], argv, names)):
            return found
    return None


def _within(kind: str, argv: tuple[str, ...], names: frozenset[str]) -> Found | None:
    """The watched program among the arguments of a shell, an interpreter or the loader."""
    if kind == "loader":
        at = _after_options(argv, _LOADER_VALUES)
        return program_of(names, argv[at], argv[at], argv[at:]) if at < len(argv) else None
    at, module = script_at(argv) if kind == "shell" else script_of(INTERPRETERS[kind], argv)
    if module:
        program = MODULES.get(module)
        return (program, (program, *argv[at:])) if program in names else None
    if at >= len(argv):
        return None
    program = canonical(base(argv[at]), names)
    return (program, argv[at:]) if program else None


def _after_options(argv: Sequence[str], valued: frozenset[str]) -> int:
    at = 1
    while at < len(argv) and argv[at].startswith("-"):
        at += 2 if argv[at] in valued else 1
    return at


def script_at(argv: Sequence[str]) -> tuple[int, str]:
    """Where a shell's script is among its words; past the end for ``-c`` and ``-s`` (no file is run)."""
    at = 1
    while at < len(argv) and argv[at][:1] in {"-", "+"} and argv[at] not in {"-", "--"}:
        word = argv[at]
        if word[:2] != "--" and word[0] == "-" and ("c" in word or "s" in word):
            return len(argv), ""
        at += 2 if word in SHELL_VALUES or (word[:2] != "--" and word[-1] in "oO") else 1
    if at < len(argv) and argv[at] in {"-", "--"}:
        at += 1
    return at, ""


def script_of(about: Interpreter, argv: Sequence[str]) -> tuple[int, str]:
    """(where the script is, "") or (where the arguments of a module start, its name); past the end for code given inline."""
    at = 1
    while at < len(argv) and argv[at].startswith("-") and argv[at] not in {"-", "--"}:
        word = argv[at]
        if word.startswith("--"):
            name, has_value, _ = word[2:].partition("=")
            if name in about.long_code:
                return len(argv), ""
            at += 2 if name in about.long and not has_value else 1
            continue
        at, module, ended = _cluster(about, argv, at)
        if ended:
            return at, module
    return at + (at < len(argv) and argv[at] == "--"), ""


def _cluster(about: Interpreter, argv: Sequence[str], at: int) -> tuple[int, str, bool]:
    """One word of short options: (where to go on, module, whether the options end with it)."""
    letters = argv[at][1:]
    for index, letter in enumerate(letters):
        rest = letters[index + 1 :]
        if letter in about.code:
            return len(argv), "", True
        if letter in about.module:
            value = rest or (argv[at + 1] if at + 1 < len(argv) else "")
            return at + (1 if rest else 2), value, True
        if letter in about.short:
            return at + (1 if rest else 2), "", False
    return at + 1, "", False


def identify(file_path: str, argv: Sequence[str], names: frozenset[str]) -> Invocation | None:
    """The invocation that an exec of ``file_path`` with ``argv`` is, when it starts a watched program."""
    words = tuple(argv)
    found = program_of(names, file_path, file_path, words)
    if found is None:
        return None
    program, rest = found
    return Invocation(program, rest, via=words[: len(words) - len(rest)])
