"""What an exec costs under guard: qguard with everything on, beside strace and sudo's intercept, all against no guard at all.

The time of 8,000 short execs minus that of 2,000, so that start-up cancels out. The contenders take turns, each round begins with another
one, and every ratio is to the unguarded run of its own round.
"""

from __future__ import annotations

import os
import statistics
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from _measure import SPREAD, Person, Took, Unmeasured, arguments, conditions, doubt, end, goal, installed, people, program, spread, table

FEW, MANY = 2_000, 8_000
STORM = "i=0; while [ $i -lt {} ]; do /bin/true; i=$((i+1)); done"
AT_MOST = 1.5

# Nothing is logged and no name is looked up: sudo at its cheapest. The last word is how one sees that it intercepts at all.
SUDOERS = """\
Defaults !syslog, !fqdn, !use_pty
Defaults intercept, intercept_type=trace
root ALL=(ALL:ALL) NOPASSWD: ALL, !/bin/false, !/usr/bin/false
"""
_WITH_SUDOERS = 'mount --bind "$1" /etc/sudoers && shift && exec "$@"'


@dataclass(frozen=True)
class Contender:
    """Something to run the storm under. ``bare`` names what it is compared with."""

    name: str
    person: Person
    prefix: tuple[str | Path, ...]
    bare: str = "unguarded"
    trail: bool = False

    def seconds(self, execs: int) -> Took:
        """What a storm takes. Of a guarded one, also what its trail must hold."""
        took = self.person.seconds([*self.prefix, "/bin/sh", "-c", STORM.format(execs)])
        if self.trail:
            seen = sum('"kind":"exec.seen"' in record for record in self.person.take_trails())
            if seen < execs:
                raise Unmeasured(f"{self.name} recorded {seen} of {execs} execs: that is no measure of a guard")
        return took


def contenders(commands: Sequence[Path], me: Person, other: Person | None, scratch: Path) -> tuple[list[Contender], list[str]]:
    """Who takes part, and who is left out and why."""
    found, left_out = [Contender("unguarded", me, ())], []
    for command in commands:
        which = f" ({command.parents[1]})" if len(commands) > 1 else ""
        found.append(Contender(f"qguard run{which}", me, (command, "run", "--"), trail=True))
    if other is not None:
        bare = f"unguarded, as {other.name}"
        found.append(Contender(bare, other, (), bare))
        found.append(Contender(f"qguard run, as {other.name}", other, (commands[0], "run", "--"), bare, trail=True))
    if strace := program("strace"):
        prefix = (strace, "-f", "--seccomp-bpf", "-e", "trace=execve", "-o", scratch / "strace.out")
        found.append(Contender("strace -f --seccomp-bpf", me, prefix))
    else:
        left_out.append("strace: not installed")
    try:
        found.append(Contender("sudo, intercept_type=trace", me, sudo(me, scratch)))
    except Unmeasured as problem:
        left_out.append(f"sudo: {problem}")
    return found, left_out


def sudo(me: Person, scratch: Path) -> tuple[str | Path, ...]:
    """sudo with a sudoers file of its own, in a mount namespace of its own: the machine's file is not touched."""
    if os.geteuid() != 0:
        raise Unmeasured("its configuration can be replaced for one process by root only")
    needed = {name: program(name) for name in ("sudo", "unshare", "mount")}
    if missing := [name for name, path in needed.items() if path is None]:
        raise Unmeasured(f"{', '.join(missing)} not installed")
    if not Path("/etc/sudoers").exists():
        raise Unmeasured("there is no /etc/sudoers to put another one over")
    sudoers = scratch / "sudoers"
    sudoers.write_text(SUDOERS)
    sudoers.chmod(0o440)
    prefix = ("unshare", "--mount", "--propagation", "private", "sh", "-c", _WITH_SUDOERS, "sh", sudoers, "sudo", "-n")
    answer = me.run([*prefix, "/bin/sh", "-c", "/bin/true && ! /bin/false; test $? -eq 0 && /bin/false; echo $?"])
    if answer.stdout.split()[-1:] != [b"126"]:
        raise Unmeasured(f"this sudo does not intercept by trace (1.9.12 and newer do): {answer.stderr.decode(errors='replace').strip()}")
    return prefix


def main() -> None:
    """Measure, and print the table."""
    options = arguments(__doc__.partition("\n")[0], rounds=9).parse_args()
    commands = installed(options.venv)
    with people() as (me, other), tempfile.TemporaryDirectory(prefix="qguard-bench-", dir="/var/tmp") as folder:
        field, left_out = contenders(commands, me, other, Path(folder))
        print(conditions(commands[0]))
        for contender in field:
            contender.seconds(FEW)  # files into memory, and whatever is done only once
        slopes: dict[str, list[Took]] = {contender.name: [] for contender in field}
        for number in range(options.rounds):
            at = number % len(field)
            for contender in (*field[at:], *field[:at]):
                many, few = contender.seconds(MANY), contender.seconds(FEW)
                slopes[contender.name].append(Took(many.wall - few.wall, many.cpu - few.cpu))
    report(field, slopes, options.rounds)
    for name in left_out:
        print(f"left out: {name}")


def report(field: Sequence[Contender], slopes: dict[str, list[Took]], rounds: int) -> None:
    """The table, and the goals beside it."""
    per_exec = {name: [1e6 * took.wall / (MANY - FEW) for took in values] for name, values in slopes.items()}
    ratios = {one.name: [a.wall / b.wall for a, b in zip(slopes[one.name], slopes[one.bare], strict=True)] for one in field}
    work = {one.name: statistics.median(a.cpu / b.cpu for a, b in zip(slopes[one.name], slopes[one.bare], strict=True)) for one in field}
    print(f"{MANY - FEW:,} x /bin/true from sh, by slope ({MANY:,} - {FEW:,}), {rounds} interleaved rounds\n")
    table(
        f"{'µs per exec':^43}  {'÷ unguarded':^43}  {'CPU ÷':>9}",
        {"": f"{SPREAD}  {SPREAD}  unguarded"}
        | {one.name: f"{spread(per_exec[one.name])}  {spread(ratios[one.name], 2)}  {work[one.name]:9.2f}" for one in field},
    )
    print()
    doubt(per_exec["unguarded"])
    median = {name: statistics.median(values) for name, values in ratios.items()}
    guarded = {one.name: median[one.name] for one in field if one.trail}
    for name, ratio in guarded.items():
        goal(f"{name}: at most {AT_MOST} x unguarded ({ratio:.2f})", met=ratio <= AT_MOST)
    if (theirs := median.get("sudo, intercept_type=trace")) is not None:
        for name, ratio in guarded.items():
            goal(f"{name}: below sudo's intercept ({ratio:.2f} against {theirs:.2f})", met=ratio < theirs)


end(main)
