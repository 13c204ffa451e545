"""Wrappers peeled off: from ``sudo -u x env A=1 bash -c 'aws …'`` to what really acts. What each wrapper takes is in ``tables``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from guard.core.words import Invocation
from guard.shell import net
from guard.shell.interpreters import INTERPRETERS, MODULES, SHELL_VALUES, SHELLS, Interpreter
from guard.shell.program import base, canonical, script_at, script_of, unversioned
from guard.shell.reading import NOTHING_READ, Reading, not_understood
from guard.shell.tables import RUNNERS, STARTS_IN_TEXT, TEXTS, WRAPPERS, Wrapper
from guard.shell.words import Unknown

DEPTH = 16
Words = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Context:
    """What peeling needs to know of its surroundings.

    ``read(line, invocation, depth)`` reads a line that is started in the place of ``invocation``. ``stdin`` is the text that the command
    gets to read: ``None`` when nothing was said about it, an ``Unknown`` when it cannot be told.
    """

    names: frozenset[str]
    read: Callable[[str, Invocation, int], Reading]
    depth: int = DEPTH
    stdin: str | None = None


def peeled(invocation: Invocation, context: Context) -> Reading:
    """The watched invocations that ``invocation`` comes down to."""
    argv = invocation.argv
    if not argv:
        return NOTHING_READ
    if context.depth <= 0:
        return _opaque(invocation, "it is wrapped too deeply")
    name = _name_of(argv[0])
    if name is None:
        return _opaque(invocation, "which command this is will only be known when it runs")
    program = canonical(name, context.names)
    return _watched(replace(invocation, program=program)) if program else _unwrapped(name, unversioned(name), invocation, context)


def _unwrapped(name: str, stem: str, invocation: Invocation, context: Context) -> Reading:  # noqa: PLR0911 - one return per kind
    if name in _SPECIAL:
        return _SPECIAL[name](invocation, context)
    if stem in SHELLS:
        return _shell(invocation, context)
    if stem in INTERPRETERS:
        return _interpreter(INTERPRETERS[stem], invocation, context)
    if name in WRAPPERS:
        return _wrapper(name, WRAPPERS[name], invocation, context)
    if name in RUNNERS:
        return _doubt(invocation.argv[1:], invocation, context, f"{name} may start it")
    if stem in TEXTS and any(start in word for word in invocation.argv for start in STARTS_IN_TEXT):
        return _doubt(invocation.argv[1:], invocation, context, f"{name} may start it")
    return NOTHING_READ


def _name_of(word: str) -> str | None:
    """The file name in a command word, or ``None`` when it depends on what is only known later."""
    if not isinstance(word, Unknown):
        return base(word)
    return base(word.suffix) if "/" in word.suffix else None


def _source(words: Words) -> str:
    return " ".join(words)


def _opaque(invocation: Invocation, why: str) -> Reading:
    return not_understood(_source(invocation.argv), why)


def _doubt(words: Words, invocation: Invocation, context: Context, why: str) -> Reading:
    """Not understood if these words name a watched program; otherwise of no interest."""
    return _opaque(invocation, why) if net.named(_source(words), context.names) else NOTHING_READ


def _watched(invocation: Invocation) -> Reading:
    """A watched program; what is only known when the line runs, and could be an option or a verb of it, is said to be so."""
    reading = Reading((invocation,))
    for word in invocation.argv[1:]:
        if isinstance(word, Unknown) and (word.bare or not word.prefix):
            return reading + not_understood(word, f"what this word of {invocation.program} is will only be known when it runs")
    return reading


def _inside(invocation: Invocation, context: Context, words: Words, via: str) -> Reading:
    inner = replace(invocation, argv=words, via=(*invocation.via, via))
    return peeled(inner, replace(context, depth=context.depth - 1))


def _line(text: str, invocation: Invocation, context: Context, via: str) -> Reading:
    """A text that is run as a line."""
    if isinstance(text, Unknown):
        return _opaque(invocation, f"what {via} runs will only be known then")
    return context.read(text, replace(invocation, via=(*invocation.via, via)), context.depth - 1)


# ---- wrappers: the rest of the words is the command ------------------------------------------------------------------


@dataclass(slots=True)
class _Options:
    """The options of a wrapper, walked."""

    wrapper: Wrapper
    words: Words
    at: int = 1
    unsure: bool = False
    given: list[tuple[str, str]] = field(default_factory=list)

    def walk(self) -> int:
        """Past the options, noting (option, value). Where the command, or what precedes it, begins."""
        while self.at < len(self.words):
            word = self.words[self.at]
            if word == "--":
                return self.at + 1
            if not word.startswith("-") or word == "-":
                return self.at
            self._long(word) if word.startswith("--") else self._short(word)
        return self.at

    def _value(self) -> str:
        self.at += 1
        return self.words[self.at] if self.at < len(self.words) else ""

    def _long(self, word: str) -> None:
        name, has_value, value = word[2:].partition("=")
        matching = {known for known in self.wrapper.long if known.startswith(name)}
        flags = {known for known in self.wrapper.long_flags if known.startswith(name)}
        if name in self.wrapper.long or (matching and not flags):
            full = name if name in matching else min(matching)
            self.given.append((f"--{full}", value if has_value else self._value()))
        else:
            self.given.append((f"--{name if name in flags or len(flags) != 1 else min(flags)}", value))
            self.unsure = self.unsure or not (flags or has_value)
        self.at += 1

    def _short(self, word: str) -> None:
        for index, letter in enumerate(word[1:], 2):
            if letter in self.wrapper.short:
                self.given.append((f"-{letter}", word[index:] or self._value()))
                break
            self.given.append((f"-{letter}", ""))
            self.unsure = self.unsure or letter not in self.wrapper.flags
        self.at += 1


def _wrapper(name: str, wrapper: Wrapper, invocation: Invocation, context: Context) -> Reading:
    words = invocation.argv
    if wrapper.words:
        verb = next((index for index, word in enumerate(words[1:], 1) if word in wrapper.words), 0)
        if not verb:
            return NOTHING_READ
        words = words[verb:]
    options = _Options(wrapper, words)
    start = options.walk()
    if any(option in wrapper.looks for option, _ in options.given):
        return NOTHING_READ
    if wrapper.dashes:
        start = words.index("--") + 1 if "--" in words else start + 1
    else:
        start += wrapper.skip
    if wrapper.line and words[start : start + 1] and words[start] in wrapper.line:  # after the positional words, too: flock FILE -c LINE
        options.given.append((words[start], "".join(words[start + 1 : start + 2])))
        start += 2
    invocation, start = _set_up(wrapper, options, invocation, words, start)
    reading = NOTHING_READ
    for option, value in options.given:
        if option in wrapper.line:
            reading += _line(_joined(value, words[start:]), invocation, context, f"{name} {option}")
    command = () if any(option in wrapper.line for option, _ in options.given) else words[start:]
    reading += _inside(invocation, context, command, name)
    if name == "watch" and len(command) == 1:
        reading += _line(command[0], invocation, context, name)
    return reading + _doubts(name, options, invocation, context, found=bool(reading.invocations))


def _joined(line: str, rest: Words) -> str:
    """``env -S`` takes what follows as further words of the command."""
    if isinstance(line, Unknown) or not rest:
        return line
    if any(isinstance(word, Unknown) for word in rest):
        return Unknown.made(_source((line, *rest)), "", "", bare=True)
    return " ".join((line, *("'" + word.replace("'", "'\\''") + "'" for word in rest)))


def _set_up(wrapper: Wrapper, options: _Options, invocation: Invocation, words: Words, start: int) -> tuple[Invocation, int]:
    """Apply what the wrapper does to the environment and the directory; past the assignments."""
    env = dict(invocation.env)
    cwd = invocation.cwd
    for option, value in options.given:
        if option in wrapper.clears:
            env.clear()
        elif option in wrapper.unset:
            env.pop(value, None)
        elif option in wrapper.cwd:
            cwd = joined_path(cwd, value)
    while wrapper.assigns and start < len(words) and _is_assignment(words[start]):
        name, _, value = words[start].partition("=")
        env[name] = value
        start += 1
    return replace(invocation, env=tuple(sorted(env.items())), cwd=cwd), start


def _is_assignment(word: str) -> bool:
    name, equals, _ = word.partition("=")
    return bool(equals and name and "/" not in name and (not isinstance(word, Unknown) or "=" in word.prefix))


def joined_path(cwd: str, path: str) -> str:
    """``path`` seen from ``cwd``; "" (not known) when that cannot be told."""
    if isinstance(path, Unknown) or path.startswith("~"):
        return ""
    if path.startswith("/"):
        return path
    return f"{cwd.rstrip('/')}/{path}" if cwd else ""


def _doubts(name: str, options: _Options, invocation: Invocation, context: Context, *, found: bool) -> Reading:
    """Doubt where the options were not all known, or words are added that nobody sees here."""
    if options.unsure and not found:
        return _doubt(invocation.argv[1:], invocation, context, f"{name} is given options that qguard does not know")
    if not options.wrapper.appends:
        return NOTHING_READ
    if found:
        return _opaque(invocation, f"{name} adds words that are only known when it runs")
    mark = next((value for option, value in options.given if option in {"-I", "--replace"}), "")
    if mark and mark in "".join(options.words[options.at : options.at + 1]):
        return _opaque(invocation, f"which command {name} starts will only be known when it runs")
    return NOTHING_READ


# ---- shells and interpreters -----------------------------------------------------------------------------------------


def _shell(invocation: Invocation, context: Context) -> Reading:
    argv = invocation.argv
    name = base(argv[0])
    at = 1
    given = False
    while at < len(argv) and argv[at][:1] in {"-", "+"} and argv[at] not in {"-", "--"}:
        word = argv[at]
        short = word[0] == "-" and word[:2] != "--"
        given = given or (short and "c" in word)
        at += 2 if word in SHELL_VALUES or (word[:2] != "--" and word[-1] in "oO") else 1
    if given:
        at += at < len(argv) and argv[at] in {"-", "--"}
        return _line(argv[at], invocation, context, f"{name} -c") if at < len(argv) else NOTHING_READ
    at, _ = script_at(argv)
    if at < len(argv):
        return _script(argv, at, invocation, context)
    if context.stdin is None:
        return NOTHING_READ
    return _line(context.stdin, invocation, context, name)


def _script(argv: Words, at: int, invocation: Invocation, context: Context) -> Reading:
    """A file that a shell or an interpreter runs."""
    script = argv[at]
    name = _name_of(script)
    if name is None:
        if script.startswith("<("):
            return _opaque(invocation, f"what {argv[0]} runs will only be known then")
        return _doubt(argv[at:], invocation, context, f"what {argv[0]} runs will only be known then")
    program = canonical(name, context.names)
    if program is None:
        return NOTHING_READ
    return _watched(replace(invocation, program=program, argv=argv[at:], via=(*invocation.via, _source(argv[:at]))))


def _interpreter(about: Interpreter, invocation: Invocation, context: Context) -> Reading:
    argv = invocation.argv
    at, module = script_of(about, argv)
    if module:
        program = MODULES.get(module)
        if program not in context.names or program is None:
            return NOTHING_READ
        return _watched(replace(invocation, program=program, argv=(program, *argv[at:]), via=(*invocation.via, _source(argv[:at]))))
    if at < len(argv):
        return _script(argv, at, invocation, context)
    return _doubt((*argv[1:], context.stdin or ""), invocation, context, f"{base(argv[0])} may start it")


# ---- words of the shell itself, and find -----------------------------------------------------------------------------


def _eval(invocation: Invocation, context: Context) -> Reading:
    words = invocation.argv[1:]
    if any(isinstance(word, Unknown) for word in words):
        return _opaque(invocation, "what eval runs will only be known then")
    return _line(_source(words), invocation, context, "eval")


def _source_file(invocation: Invocation, context: Context) -> Reading:
    if len(invocation.argv) < 2:  # noqa: PLR2004 - no file named
        return NOTHING_READ
    return _script(invocation.argv, 1, invocation, context)


def _trap(invocation: Invocation, context: Context) -> Reading:
    words = [word for word in invocation.argv[1:] if word != "--"]
    return _line(words[0], invocation, context, "trap") if len(words) > 1 and not words[0].startswith("-") else NOTHING_READ


def _find(invocation: Invocation, context: Context) -> Reading:
    argv, reading = invocation.argv, NOTHING_READ
    for index, word in enumerate(argv):
        if word in {"-exec", "-execdir", "-ok", "-okdir"}:
            end = next((at for at in range(index + 1, len(argv)) if argv[at] in {";", "+"}), len(argv))
            inner = _inside(invocation, context, argv[index + 1 : end], f"find {word}")
            adds = inner.invocations and "{}" in "".join(argv[index + 1 : end])
            reading += inner + (_opaque(invocation, "find adds words that are only known when it runs") if adds else NOTHING_READ)
    return reading


_SPECIAL: dict[str, Callable[[Invocation, Context], Reading]] = {
    "eval": _eval,
    "source": _source_file,
    ".": _source_file,
    "trap": _trap,
    "find": _find,
}
