"""What docs/rules.md says: its example loads and rules as it says, and every key that there is is in it."""

from __future__ import annotations

import re

import pytest
from rulebook.owned import write
from rules.known import ROOT

from guard.core.peek import sees_nothing
from guard.core.words import Effect, Undo, Verdict
from guard.places import Places
from guard.rulebook import open_rulebook
from guard.rulebook.policies import read_policies
from guard.rules import reading
from guard.rules.model import Style
from guard.runtime.judge import Judge

TEXT = (ROOT / "docs/rules.md").read_text()
PROGRAM, OPERATIONS = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)


@pytest.mark.parametrize(
    ("line", "verdict"),
    [
        ("stackctl stack delete billing", Verdict.ASK),
        ("sctl --region eu stack rm billing", Verdict.ASK),
        ("stackctl --unheard-of eu stack rm billing", Verdict.ASK),
        ("stackctl stack delete billing --dry-run --dry-run=false", Verdict.ASK),
        ("stackctl stack delete billing --dry-run", Verdict.ALLOW),
        ("stackctl stack delete --help", Verdict.ALLOW),
        ("stackctl stack list", Verdict.ALLOW),
        ("stackctl network delete x", Verdict.ASK),
        ("stackctl", Verdict.ALLOW),
    ],
)
def test_the_example_rules_as_it_says(tmp_path, line, verdict):
    """Both files, as they stand there, beside the shipped rules."""
    write(tmp_path, {"stackctl.yaml": PROGRAM, "compute.yaml": OPERATIONS})
    judge = Judge(open_rulebook((tmp_path,)), read_policies(None, None), Places(), sees_nothing)
    assert verdict is judge.explain_line(line, "/nowhere").ruling.verdict


def test_every_key_is_explained():
    """And in the order in which it is written."""
    for keys in (reading.OPERATION_KEYS, reading.PROGRAM_KEYS):
        assert ", ".join(f"`{key}`" for key in keys) in " ".join(TEXT.split())
    for word in (*reading.COMMAND_KEYS, *reading._OPTIONS_KEYS, *reading._SOURCES, *Effect, *Undo, *Style):
        assert re.search(rf"\b{word}\b", TEXT), word
