"""The completions that we ship load in the shells that they are for, and complete something."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pytest
from places import ROOT
from support.machine import find, needs

LOADS = {
    "bash": ["--norc", "-c", 'source "$0" && complete -p qguard'],
    "zsh": ["-f", "-c", 'autoload -U compinit && compinit -u -D && source "$0" && print ${_comps[qguard]:?}'],
    "fish": ["--no-config", "-c", 'source "$argv[1]"; and complete -C "qguard r" | string match "run*"'],
}


def completion(shell: str) -> Path:
    """The file that we ship for a shell."""
    folder = ROOT / "completions"
    found = [path for path in folder.iterdir() if shell in path.name or (shell == "zsh" and path.name.startswith("_"))]
    assert len(found) == 1, f"{folder} holds {len(found)} files for {shell}"
    return found[0]


@pytest.mark.parametrize("shell", [pytest.param(shell, marks=needs(shell)) for shell in LOADS])
def test_the_shell_loads_it(engineer, shell):
    """Without a word on standard error."""
    done = engineer.run(find(shell), *LOADS[shell], completion(shell))
    assert (done.status, done.err) == (0, "")
    assert done.out.strip()


@pytest.mark.parametrize("shell", LOADS)
def test_it_is_in_the_wheel(shell):
    """Whoever installs qguard has it, as it is in the repository."""
    shipped = files("guard").joinpath("_data", "completions", completion(shell).name)
    if not shipped.is_file():
        pytest.skip("this is an editable install: the wheel is tested as the ordinary user")
    assert shipped.read_text() == completion(shell).read_text()
