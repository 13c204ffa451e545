"""The engineer's own rules through the command line: 125 where something was to be started, 65 elsewhere."""

from __future__ import annotations

import pytest
from rulebook.owned import OPERATIONS, PROGRAM, WRONG, write

SOME = [name for name in WRONG if name not in {"a device", "too large", "no sentence", "a star in front", "an empty alternative"}]


@pytest.mark.kernel
@pytest.mark.promise(11)
@pytest.mark.parametrize(
    "name", ["a typo", "an id twice across files", "an alias bomb", "a hit that is none", "a pipe", "an unknown probe"]
)
def test_wrong_rules_start_nothing(engineer, name):
    """``qguard run`` ends with 125 and the place, and the agent never ran."""
    files, place, _ = WRONG[name]
    write(engineer.folder("config/qguard/rules"), files)
    done = engineer.guard("touch", "ran", timeout=20)
    assert done.status == 125, done.err
    assert f"rules/{place}" in done.err
    assert "Traceback" not in done.err
    assert not (engineer.work / "ran").exists()


@pytest.mark.parametrize("name", SOME)
def test_wrong_rules_are_65_elsewhere(engineer, name):
    """``qguard check`` judges nothing with half of the rules."""
    files, place, _ = WRONG[name]
    write(engineer.folder("config/qguard/rules"), files)
    done = engineer.qguard("check", "--", "ls", timeout=20)
    assert done.status == 65, done.err
    assert f"rules/{place}" in done.err
    assert "Traceback" not in done.err
    assert done.out == ""


def test_the_place_is_underlined(engineer):
    """The line as it stands there, and a caret below the mistake."""
    files, _, _ = WRONG["a typo"]
    write(engineer.folder("config/qguard/rules"), files)
    lines = engineer.qguard("check", "--", "ls").err.splitlines()
    at = next(number for number, line in enumerate(lines) if "efect: teardown" in line)
    assert lines[at + 1].index("^") == lines[at].index("efect")


def test_right_rules_are_judged_by(engineer):
    """A program of one's own is asked about, in a line too."""
    write(engineer.folder("config/qguard/rules"), {"stackctl.yaml": PROGRAM, "more/operations.yaml": OPERATIONS})
    assert engineer.qguard("check", "--", "stackctl", "nuke", "x").status == 10
    assert engineer.qguard("check", "cd x && sctl --region eu nuke x").status == 10
    assert engineer.qguard("check", "--", "stackctl", "list").status == 0
