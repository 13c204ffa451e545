"""What can be generated is generated, and is as the code is now."""

from __future__ import annotations

import subprocess
import sys

import pytest
from places import ROOT

PAGES = {"commands": ("docs/commands.md",), "completions": ("completions/qguard.bash", "completions/_qguard", "completions/qguard.fish")}


@pytest.mark.parametrize("generator", PAGES)
def test_what_is_generated_is_not_stale(tmp_path, generator):
    """A copy of the generator, run beside empty folders, writes what stands in the repository; ``make docs`` does it for you."""
    for folder in ("tools/generate", "docs", "completions"):
        (tmp_path / folder).mkdir(parents=True)
    script = tmp_path / "tools/generate" / f"{generator}.py"
    script.write_text((ROOT / "tools/generate" / f"{generator}.py").read_text())
    subprocess.run([sys.executable, script], check=True, capture_output=True, timeout=60)
    for page in PAGES[generator]:
        assert (tmp_path / page).read_text() == (ROOT / page).read_text(), f"{page} is stale: make docs"


def test_every_generator_is_looked_at():
    """A new one is added above."""
    assert {path.stem for path in (ROOT / "tools/generate").glob("*.py")} == set(PAGES)
