"""``qguard completions``: what completes the commands of qguard in a shell, generated from the commands themselves."""

from __future__ import annotations

import click

from guard.cli.completing import bash, fish, zsh
from guard.cli.completing.tree import read_tree

WRITERS = {"bash": bash.write, "zsh": zsh.write, "fish": fish.write}
FILES = {"bash": "qguard.bash", "zsh": "_qguard", "fish": "qguard.fish"}
_EPILOG = """\b
bash   qguard completions bash > ~/.local/share/bash-completion/completions/qguard
zsh    qguard completions zsh > DIRECTORY-IN-FPATH/_qguard
fish   qguard completions fish > ~/.config/fish/completions/qguard.fish"""


@click.command("completions", options_metavar="", epilog=_EPILOG)
@click.argument("shell", type=click.Choice(list(WRITERS)))
def command(*, shell: str) -> None:
    """Print the completion script for SHELL."""
    click.echo(script(shell), nl=False)


def script(shell: str) -> str:
    """The completion script for ``shell``."""
    return WRITERS[shell](read_tree())
