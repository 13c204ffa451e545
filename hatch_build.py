"""What a wheel carries besides the code: the rules as JSON, checked; the YAML they were made from; the completions."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).resolve().parent
INSIDE = "guard/_data"


class CompileRules(BuildHookInterface):  # type: ignore[type-arg]
    """Compiles ``rulesets/`` into the wheel. A checkout (an editable install) reads the YAML itself."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called by hatchling before a wheel is put together."""
        if version == "editable":
            return
        sys.path.insert(0, str(ROOT))
        from guard.rulebook.compiling import compiled  # noqa: PLC0415 - an editable install compiles nothing

        self._scratch = tempfile.TemporaryDirectory(prefix="qguard-rules-")
        for name, content in compiled(ROOT / "rulesets").items():
            path = Path(self._scratch.name, name)
            path.write_bytes(content)
            build_data["force_include"][str(path)] = f"{INSIDE}/compiled/{name}"

    def finalize(self, _version: str, _build_data: dict[str, Any], _artifact: str) -> None:
        """Called when the wheel is done."""
        if hasattr(self, "_scratch"):
            self._scratch.cleanup()
