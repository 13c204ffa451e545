"""What the benchmarks share: where qguard is installed, who runs it, paired rounds, medians with their spread."""

from __future__ import annotations

import argparse
import contextlib
import os
import platform
import pwd
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools/setup"))

from places import DEFAULT_PATH, ORDINARY, USER

INSTALLED = ORDINARY / "venv"
"""qguard from a wheel, as its users have it; made by the set-up."""


class Unmeasured(Exception):
    """Something that was to be measured could not run; the text says what and why."""


class Took(NamedTuple):
    """Seconds: by the clock, and of all processors together by whatever ran."""

    wall: float
    cpu: float


def _busy() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who runs things, in a home of their own, so that no trail or policy of the machine's users is touched or in force."""

    name: str | None
    home: Path

    def run(self, argv: Sequence[str | Path]) -> subprocess.CompletedProcess[bytes]:
        """Run ``argv`` to its end without a terminal. Raises ``Unmeasured`` when it fails."""
        who = {"user": self.name, "group": self.name, "extra_groups": []} if self.name else {}
        env = {"HOME": str(self.home), "PATH": DEFAULT_PATH, "LANG": "C.UTF-8"}
        done = subprocess.run(
            argv, check=False, stdin=subprocess.DEVNULL, capture_output=True, env=env, cwd=self.home, start_new_session=True, **who
        )
        if done.returncode:
            raise Unmeasured(f"{' '.join(map(str, argv))} exited {done.returncode}:\n{done.stderr.decode(errors='replace').strip()}")
        return done

    def seconds(self, argv: Sequence[str | Path]) -> Took:
        """What ``argv`` took, the start of its process included."""
        busy, began = _busy(), time.perf_counter()
        self.run(argv)
        return Took(time.perf_counter() - began, _busy() - busy)

    def take_trails(self) -> list[str]:
        """The records of all sessions that this person ran since the last time, one line a record."""
        records: list[str] = []
        for trail in (self.home / ".local/state/qguard/sessions").glob("*.jsonl"):
            records += trail.read_text(encoding="utf-8").splitlines()
            trail.unlink()
        return records


@contextlib.contextmanager
def people() -> Iterator[tuple[Person, Person | None]]:
    """Whoever runs this, and, when that is root, an ordinary user too."""
    with contextlib.ExitStack() as stack:
        # Not /tmp: that is memory on many machines, and the trail is measured on a disk.
        mine, theirs = (Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="qguard-bench-", dir="/var/tmp"))) for _ in range(2))
        other = None
        if os.geteuid() == 0:
            try:
                entry = pwd.getpwnam(USER)
            except KeyError:
                raise Unmeasured(f"the ordinary user {USER} is missing: python3 tools/setup bench") from None
            os.chown(theirs, entry.pw_uid, entry.pw_gid)
            other = Person(USER, theirs)
        yield Person(None, mine), other


def arguments(description: str, rounds: int) -> argparse.ArgumentParser:
    """What every benchmark takes."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--rounds", type=int, default=rounds, metavar="N", help=f"interleaved rounds (default: {rounds})")
    parser.add_argument(
        *("--venv", "-V"),
        type=Path,
        action="append",
        metavar="FOLDER",
        help=f"an environment with qguard in it, repeatable (default: {INSTALLED})",
    )
    return parser


def installed(given: list[Path] | None) -> list[Path]:
    """The ``qguard`` commands to measure. Raises ``Unmeasured``."""
    found = [folder.absolute() / "bin/qguard" for folder in given or [INSTALLED]]
    for command in found:
        if not command.exists():
            raise Unmeasured(f"{command} is missing: python3 tools/setup bench")
    return found


def conditions(qguard: Path) -> str:
    """Machine, kernel, Python, and how busy the machine is: a number without them is worth nothing."""
    python = subprocess.run([qguard.parent / "python", "-I", "-V"], capture_output=True, text=True, check=True).stdout.split()[-1]
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
    when = time.strftime("%Y-%m-%d", time.gmtime())
    load = os.getloadavg()[0]
    return f"{when}, {model} x {os.cpu_count()}, Linux {platform.release()}, Python {python}, load {load:.1f} at the start"


def program(name: str) -> str | None:
    """Where a program of the machine is."""
    return shutil.which(name, path=DEFAULT_PATH)


def spread(values: Sequence[float], digits: int = 0) -> str:
    """The median, and between what the middle half and all of the values lie."""
    low, _, high = statistics.quantiles(values, n=4, method="inclusive") if len(values) > 1 else (values[0],) * 3
    shown = [f"{value:.{digits}f}" for value in (statistics.median(values), low, high, min(values), max(values))]
    return "{:>7}  {:>6} .. {:<6}  {:>6} .. {:<6}".format(*shown)


_WAVERS = 0.1

SPREAD = f"{'median':>7}  {'middle half':^16}  {'all':^16}"
"""What stands above ``spread``."""


def table(head: str, rows: Mapping[str, str]) -> None:
    """Print rows under a head."""
    width = max(map(len, rows))
    print(f"{'':{width}}  {head}")
    for name, row in rows.items():
        print(f"{name:{width}}  {row}")


def doubt(unguarded: Sequence[float]) -> None:
    """Say so when what is compared with has itself wavered: then the machine had other things to do, and the numbers say little."""
    low, middle, high = statistics.quantiles(unguarded, n=4, method="inclusive") if len(unguarded) > 1 else (unguarded[0],) * 3
    if high - low > _WAVERS * middle:
        print(f"NOISY: half of the unguarded runs differ by more than {_WAVERS:.0%}. Something else ran: measure again on a quiet machine.")


def goal(what: str, *, met: bool) -> None:
    """Say whether a goal is met; a missed one is news, not a failure."""
    print(f"goal: {what}: {'met' if met else 'MISSED'}")


def end(main: object) -> None:
    """Run ``main``: exit status 0 when everything was measured, 1 when something could not run."""
    try:
        main()
    except Unmeasured as problem:
        print(f"not measured: {problem}", file=sys.stderr)
        sys.exit(1)
