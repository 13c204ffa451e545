"""What a session costs before its agent runs and after it has ended: ``qguard run -- true`` over ``true``."""

from __future__ import annotations

import os
import re
import statistics
from pathlib import Path

from _measure import SPREAD, Person, arguments, conditions, end, goal, installed, people, spread, table

AT_MOST = 150.0
TRUE = "/bin/true"
_SHOWN = 20
_IMPORT = re.compile(r"import time:\s+(\d+) \|\s+(\d+) \|\s*(\S+)")


def measure(person: Person, commands: list[Path], rounds: int) -> dict[str, list[float]]:
    """Milliseconds over ``true``, by what was started. The bare Python is there to see what of it is qguard's."""
    others: dict[str, list[str | Path]] = {"python -c pass": [commands[0].parent / "python", "-c", "pass"]}
    for command in commands:
        which = f" ({command.parents[1]})" if len(commands) > 1 else ""
        others[f"qguard --version{which}"] = [command, "--version"]
        others[f"qguard run -- true{which}"] = [command, "run", "--", TRUE]
    over: dict[str, list[float]] = {name: [] for name in others}
    for number in range(-1, rounds):  # the first round only warms up
        bare = person.seconds([TRUE]).wall
        for name, argv in others.items():
            took = 1000 * (person.seconds(argv).wall - bare)
            if number >= 0:
                over[name].append(took)
    if not any('"kind":"session.ended"' in record for record in person.take_trails()):
        raise SystemExit("no session was recorded: that is no measure of a guard")
    return over


def profile(person: Person, command: Path) -> None:
    """Where the time goes: what is imported, the dearest first, in the process that the human starts and in the supervisor."""
    done = person.run([command.parent / "python", "-X", "importtime", command, "run", "--", TRUE])
    found = [(int(own), int(total), name) for own, total, name in _IMPORT.findall(done.stderr.decode())]
    print(
        f"\n{len(found)} imports, {sum(own for own, _, _ in found) / 1000:.1f} ms in all (more than without -X importtime); the dearest:\n"
    )
    table(
        f"{'own ms':>8} {'with what it imports':>22}",
        {name: f"{own / 1000:8.2f} {total / 1000:22.2f}" for own, total, name in sorted(found, reverse=True)[:_SHOWN]},
    )


def main() -> None:
    """Measure, and print the tables."""
    parser = arguments(__doc__, rounds=25)
    parser.add_argument("--profile", action="store_true", help="also print where the time goes")
    options = parser.parse_args()
    commands = installed(options.venv)
    print(conditions(commands[0]))
    with people() as (me, other):
        for person in filter(None, (me, other)):
            who = person.name or ("root" if os.geteuid() == 0 else "an ordinary user")
            over = measure(person, commands, options.rounds)
            print(f"\nas {who}: milliseconds more than true, {options.rounds} interleaved rounds\n")
            table(SPREAD, {name: spread(values, 1) for name, values in over.items()})
            print()
            for name, values in over.items():
                if name.startswith("qguard run"):
                    median = statistics.median(values)
                    goal(f"{name}, as {who}: at most {AT_MOST:.0f} ms more than true ({median:.0f} ms)", met=median <= AT_MOST)
        if options.profile:
            for command in commands:
                profile(me, command)


end(main)
