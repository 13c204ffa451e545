"""What was judged is what runs (promise 6): somebody rewrites what was read, between the look and the load."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from support.gated import known
from support.machine import find

from guard.core.cards import Choice

pytestmark = [pytest.mark.kernel, pytest.mark.promise(6)]


@pytest.mark.parametrize("race", ["race-argv", "race-path"])
def test_given_a_thread_that_rewrites_then_no_try_of_hundreds_wins(race, stage, programs):
    """One thread execs something harmless while another keeps turning it into the forbidden."""
    played = stage.play(programs.attacks, race, programs.forbidden, "500")
    assert not stage.destroyed
    assert played.status == 1


@dataclass
class Swapping:
    """Judges as ever, but the first time that it is asked about ``trigger`` it calls ``swap``: after the look, before the load."""

    trigger: str
    swap: object
    done: list = field(default_factory=list)

    def __call__(self, path, real, argv):
        """What ``program_of`` says."""
        found = known(path, real, argv)
        if path.endswith(self.trigger) and not self.done:
            self.done.append(True)
            self.swap()
        return found


def _point(link: Path, target: Path | str) -> None:
    link.with_suffix(".new").symlink_to(target)
    link.with_suffix(".new").replace(link)


def test_given_a_link_that_turns_to_the_forbidden_after_the_look_then_it_is_killed(stage, programs):
    """Its first instruction is never reached, whatever it was called."""
    link = stage.folder / "link"
    _point(link, find("true"))
    swapping = stage.but(program_of=Swapping("link", lambda: _point(link, programs.forbidden)))
    played = swapping.shell('"$1" destroy; echo "status $?"', link)
    assert not stage.destroyed
    assert played.out == "status 137\n"
    assert "what was loaded is not what was judged; it was ended before its first instruction" in played.err
    assert "stopped a command that changed between check and start" in played.told
    assert played.kinds("exec.killed") == ["exec.killed"]


def test_given_a_link_that_turns_to_something_harmless_then_it_runs(stage):
    """A difference that does not change the ruling is none: package managers replace programs while they are started."""
    link = stage.folder / "link"
    _point(link, find("false"))
    played = stage.but(program_of=Swapping("link", lambda: _point(link, find("true")))).shell('"$1"; echo "status $?"', link)
    assert played.out == "status 0\n"
    assert played.kinds("exec.killed", "guard.error") == []


def test_given_a_script_that_gets_another_interpreter_then_it_is_killed(stage, script, programs):
    """The script's file is the same, what interprets it is not."""
    path = script("tool", "#!/bin/true\n")
    swapping = stage.but(program_of=Swapping("tool", lambda: path.write_text(f"#!{programs.forbidden} destroy\n")))
    played = swapping.shell('"$1"; echo "status $?"', path)
    assert not stage.destroyed
    assert played.out == "status 137\n"


@pytest.mark.parametrize("what", ["1", "2"], ids=["argv", "environment"])
def test_given_an_argv_rewritten_while_the_human_thinks_then_the_yes_is_not_for_it(what, stage, programs):
    """The engineer approves ``destroy one`` in ``dev``; what loads would destroy ``two``, or in ``live``."""
    its_in, our_out = os.pipe()
    our_in, its_out = os.pipe()

    def reply(_question, _engineer):
        os.write(our_out, b"x")
        assert os.read(our_in, 1) == b"x"
        return Choice.ONCE

    played = stage.but(reply=reply, prepare=lambda: os.dup2(its_out, 1)).play(
        programs.attacks, "swap", programs.forbidden, what, stdin=its_in
    )
    for fd in (its_in, our_out, our_in, its_out):
        os.close(fd)
    assert not stage.destroyed
    assert [question.argv for question in played.questions] == [("forbidden", "destroy", "one")]
    assert played.status == 137
    assert played.kinds("exec.intended", "exec.killed", "exec.loaded") == ["exec.intended", "exec.killed"]
