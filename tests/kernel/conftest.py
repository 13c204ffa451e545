"""The target, the attacks, and a stage for guarded sessions."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from support import machine
from support.gated import Stage

from guard.kernel import landlock


@dataclass(frozen=True, slots=True)
class Programs:
    """``forbidden`` is the target; ``attacks`` tries to start it, or harms the guard (see attacks.c)."""

    attacks: Path
    forbidden: Path


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Programs:
    """Both, compiled once."""
    compiler = machine.find("cc")
    folder = tmp_path_factory.mktemp("programs")
    made = Programs(folder / "attacks", folder / "forbidden")
    source = Path(__file__).with_name("attacks.c")
    subprocess.run([compiler, "-O1", "-Wall", "-Werror", "-pthread", "-o", made.attacks, source], check=True)
    shutil.copy(made.attacks, made.forbidden)
    return made


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """Nobody can be asked here, so what a rule asks about is refused."""
    return Stage(tmp_path)


@pytest.fixture(params=["landlock", "filter"])
def anywhere(request: pytest.FixtureRequest, stage: Stage) -> Stage:
    """The stage, once with Landlock keeping the session away from the guard, once as on kernels where only the filter can."""
    if request.param == "landlock" and not landlock.can_scope():
        pytest.skip("this kernel's Landlock cannot scope signals (ABI 6, Linux 6.12)")
    return stage.but(scoped=request.param == "landlock")


@pytest.fixture
def script(tmp_path: Path) -> Callable[[str, str], Path]:
    """Writes an executable file; its path."""

    def write(name: str, text: str) -> Path:
        path = tmp_path / name
        path.write_text(text)
        path.chmod(0o755)
        return path

    return write
