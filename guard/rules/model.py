"""Knowledge as values: operations, the grammars of programs, and conditions. None of it says what is allowed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase

from guard.core.data import Mark
from guard.core.words import Effect, Undo
from guard.rules.spelling import dashed

NO_MARK = Mark("")
_EVERY_WORD = 1 << 20
Parameters = Mapping[str, tuple[str, ...]]
"""What a call is given: values by parameter, in the order given. A flag that is set has the value ``true``."""

TRUE, FALSE = frozenset({"true", "1", "t"}), frozenset({"false", "0", "f"})
"""What Go's strconv.ParseBool and Python's argparse flags come down to; whatever is neither may be either."""


class Style(StrEnum):
    """How a program reads its options."""

    GNU = "gnu"  # --name value, --name=value, -n value, -nvalue, clusters; getopt_long
    COBRA = "cobra"  # the same, and the command is found before the options are read; spf13/cobra, spf13/pflag
    ARGPARSE = "argparse"  # the same; a prefix stands for a long name, and what begins with a dash is no value
    GO = "go"  # -name value, -name=value, two dashes as well; Go's package flag


@dataclass(frozen=True, slots=True)
class Options:
    """The options of a program, by their names without dashes.

    ``valued`` take a value, ``flags`` take none, ``optional`` take one only behind ``=``. ``short`` leads from a letter to a name.
    ``everywhere`` are those that are known before the command is.
    """

    style: Style = Style.GNU
    valued: frozenset[str] = frozenset()
    flags: frozenset[str] = frozenset()
    optional: frozenset[str] = frozenset()
    everywhere: frozenset[str] = frozenset()
    short: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Condition:
    """What parameters must hold: for each name, one of these globs. ``true`` is for a flag: set, to whatever is not false."""

    wanted: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def may_hold(self, given: Parameters) -> bool:
        """For what tightens: any value will do, for each name."""
        return all(any(_may_fit(globs, value) for value in given.get(name, ())) for name, globs in self.wanted.items())

    def surely_holds(self, given: Parameters) -> bool:
        """For what relaxes: the last value must, since programs let the last one count; and there must be a condition."""
        return bool(self.wanted) and all(bool(given.get(name)) and _fits(globs, given[name][-1]) for name, globs in self.wanted.items())


def _fits(globs: tuple[str, ...], value: str) -> bool:
    return any(value.lower() in TRUE if glob == "true" else fnmatchcase(value, glob) for glob in globs)


def _may_fit(globs: tuple[str, ...], value: str) -> bool:
    return _fits(globs, value) or ("true" in globs and value.lower() not in FALSE)


@dataclass(frozen=True, slots=True)
class Example:
    """A line for a shell, and where it stands. ``given`` is what a probe would say of a file that is not there."""

    line: str
    given: Parameters = field(default_factory=dict)
    mark: Mark = NO_MARK


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a provider, classified once. ``name`` may be a glob: what no other name fits.

    ``targets`` are (kind, parameter) pairs; the kind ``*`` means that a value is ``kind/name``. ``unless`` says when a call of it changes
    nothing. The examples are lines that do it, and lines that look alike and do not.
    """

    provider: str
    service: str | None
    name: str
    effect: Effect
    undo: Undo
    because: str
    instead: str
    targets: tuple[tuple[str, str], ...] = ()
    unless: Condition = Condition()
    hits: tuple[Example, ...] = ()
    misses: tuple[Example, ...] = ()
    mark: Mark = NO_MARK

    @property
    def rule(self) -> str:
        """The id of the rule: ``aws.cloudformation.DeleteStack``."""
        return ".".join(part for part in (self.provider, self.service, self.name) if part)

    @property
    def key(self) -> str:
        """How grammars refer to it: ``cloudformation:DeleteStack``, ``destroy``."""
        return f"{self.service}:{self.name}" if self.service else self.name

    @property
    def is_glob(self) -> bool:
        """Whether it stands for several."""
        return "*" in self.name or self.service == "*"


@dataclass(frozen=True, slots=True)
class Source:
    """Where a parameter of a command comes from: ``kind`` is ``option``, ``words``, ``typed`` or ``probe``; ``what`` its argument."""

    kind: str
    what: str


@dataclass(frozen=True, slots=True)
class Command:
    """One form of a command line and the operation that it is. The first that fits counts; ``does`` empty: nothing that matters.

    An empty ``path`` fits whatever the words are, and when there are none.
    """

    path: tuple[frozenset[str], ...]
    does: str = ""
    parameters: Mapping[str, Source] = field(default_factory=dict)
    when: Condition = Condition()
    unless: Condition = Condition()
    mark: Mark = NO_MARK


@dataclass(frozen=True, slots=True)
class Calls:
    """The first two words are a service and an operation of an API, spelt with dashes; options are its parameters, likewise."""

    services: Mapping[str, str] = field(default_factory=dict)
    unless: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class Program:
    """The grammar of one program. ``env`` are variables that change what it does, those that end in ``*`` by their beginning.

    ``help_word`` behind a command shows its help; ``harmless`` are conditions under which nothing is done, whatever the command.
    """

    name: str
    names: tuple[str, ...]
    provider: str
    asks_unknown: bool = False
    options: Options = Options()
    env: tuple[str, ...] = ()
    expand: str = ""
    help_word: str = ""
    harmless: tuple[Condition, ...] = ()
    calls: Calls | None = None
    commands: tuple[Command, ...] = ()
    mark: Mark = NO_MARK

    @property
    def depth(self) -> int:
        """How many words its rules look at: a path, and one behind it; all of them where words can relax a rule."""
        for command in self.commands:
            if any(name in command.unless.wanted and source.kind != "option" for name, source in command.parameters.items()):
                return _EVERY_WORD
        return 1 + max((len(command.path) for command in self.commands), default=2)

    @property
    def subcommands(self) -> dict[str, frozenset[str]]:
        """For each first word of a command the second ones that there are."""
        found: dict[str, frozenset[str]] = {}
        for command in self.commands:
            for word in command.path[0] if command.path else ():
                found[word] = found.get(word, frozenset()).union(*command.path[1:2])
        return found

    @property
    def deciding(self) -> frozenset[str]:
        """The options that decide what is done."""
        conditions = [*self.harmless, *(self.calls.unless if self.calls else ())]
        conditions += [condition for command in self.commands for condition in (command.when, command.unless)]
        wanted = {name for condition in conditions for name in condition.wanted}
        sources = [pair for command in self.commands for pair in command.parameters.items()]
        return frozenset(wanted | {source.what for name, source in sources if name in wanted and source.kind == "option"})


@dataclass(frozen=True, slots=True)
class Ruleset:
    """What is known of one provider: programs, and the operations that they lead to by key.

    ``spelt`` leads from (service, operation with dashes) to an operation; ``globs`` are (service, beginning, operation), in the order
    in which they are tried: the service's own before those of all, the longer before the shorter; ``switches`` are the options under
    which some call changes nothing.
    """

    provider: str
    programs: tuple[Program, ...]
    operations: Mapping[str, Operation]
    spelt: Mapping[tuple[str, str], Operation]
    globs: tuple[tuple[str, str, Operation], ...]
    switches: frozenset[str]

    def called(self, service: str, verb: str) -> Operation | None:
        """The operation that ``verb`` (``delete-stack``) is; else the first glob that fits."""
        known = self.spelt.get((service, verb))
        if known is not None:
            return known
        return next((glob for of, start, glob in self.globs if of in {service, "*"} and f"{verb}-".startswith(start)), None)


def make_ruleset(provider: str, programs: Iterable[Program], operations: Iterable[Operation]) -> Ruleset:
    """Put a provider's knowledge together. Raises ``RulebookError`` for an id that is there twice and a reference to nothing."""
    by_key: dict[str, Operation] = {}
    for operation in operations:
        if operation.key in by_key:
            raise operation.mark.error(
                f"The rule {operation.rule} is there already.", f"The other one: {_where(by_key[operation.key].mark)}."
            )
        by_key[operation.key] = operation
    programs = tuple(programs)
    for program in programs:
        for command in program.commands:
            if command.does and command.does not in by_key:
                raise command.mark.error(f"The provider {provider} has no operation '{command.does}'.")
    globs = [(o.service or "", dashed(o.name.rstrip("*")) + "-", o) for o in by_key.values() if o.is_glob]
    plain = [operation for operation in by_key.values() if not operation.is_glob]
    return Ruleset(
        provider,
        programs,
        by_key,
        {(operation.service or "", dashed(operation.name)): operation for operation in plain},
        tuple(sorted(globs, key=lambda glob: (glob[0] == "*", -len(glob[1])))),
        frozenset(prefix + dashed(name) for o in by_key.values() for name in o.unless.wanted for prefix in ("", "no-")),
    )


def _where(mark: Mark) -> str:
    return f"{mark.file}:{mark.line}" if mark.line else mark.file or "shipped with qguard"
