"""Terraform projects whose resources need no provider and no network."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from support.machine import PATH, find

VARIABLES = {"TF_CLI_CONFIG_FILE": "/dev/null", "CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1"}
"""No user's settings, no look-up of newer versions."""


@dataclass(frozen=True, slots=True)
class Project:
    """A project that was applied: its resources exist, in its state."""

    folder: Path

    @property
    def resources(self) -> tuple[str, ...]:
        """What exists, by address, read from the state itself."""
        state = json.loads((self.folder / "terraform.tfstate").read_text())
        return tuple(f"{each['type']}.{each['name']}" for each in state["resources"] if each["instances"])

    def run(self, *words: str) -> None:
        """``terraform WORDS``, unguarded."""
        environment = {"PATH": PATH, "HOME": str(self.folder), **VARIABLES}
        argv = ["terraform", f"-chdir={self.folder}", *words]
        done = subprocess.run(argv, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def make_project(folder: Path, *names: str) -> Project:
    """Write, initialise and apply a project with one ``terraform_data`` resource for each name."""
    find("terraform")
    folder.mkdir(parents=True, exist_ok=True)
    blocks = [f'resource "terraform_data" "{name}" {{\n  input = "{name}"\n}}\n' for name in names]
    (folder / "main.tf").write_text("\n".join(blocks))
    project = Project(folder)
    project.run("init", "-input=false", "-no-color")
    project.run("apply", "-auto-approve", "-input=false", "-no-color")
    return project
