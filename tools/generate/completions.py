"""Writes completions/ from the commands themselves."""

from __future__ import annotations

from pathlib import Path

from guard.cli.completions import FILES, script

FOLDER = Path(__file__).resolve().parents[2] / "completions"

if __name__ == "__main__":
    for shell, name in FILES.items():
        (FOLDER / name).write_text(script(shell))
        print(f"completions/{name}")
