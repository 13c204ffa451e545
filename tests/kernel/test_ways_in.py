"""Every way to start a program that we know of, each with the forbidden one (promise 4)."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.machine import needs

from guard.core.cards import Choice
from guard.core.session import Mode

pytestmark = [pytest.mark.kernel, pytest.mark.promise(4)]

WAYS = ("plain", "execveat", "proc-fd", "relative-fd", "memfd", "thread", "vfork", "hidden", "traced", "signals")


@pytest.mark.parametrize("way", WAYS)
def test_given_a_forbidden_program_then_no_way_starts_it(way, anywhere, programs):
    """The call fails with EPERM, the reason is on its standard error, the session goes on."""
    played = anywhere.play(programs.attacks, way, programs.forbidden)
    assert not anywhere.destroyed
    assert played.status == 1
    assert "qguard: refused: forbidden destroy: It destroys everything. Nobody can be asked here." in played.err
    assert len(played.of("exec.refused")) == 1


@pytest.mark.parametrize("way", ["i386", "x32"])
def test_given_another_abi_then_it_is_no_way_around(way, anywhere, programs):
    """System calls have other numbers there; the filter knows them, or refuses the whole ABI."""
    played = anywhere.play(programs.attacks, way, programs.forbidden)
    assert not anywhere.destroyed
    if played.status == 3:
        pytest.skip(f"this kernel runs no {way} programs")
    assert played.status == 1
    if way == "i386":
        assert "i386 execve: -1\n" in played.err
        assert "qguard: refused: forbidden destroy" in played.err


@pytest.mark.parametrize("how", ["thread-harmless", "hidden-harmless"])
def test_given_a_harmless_program_then_every_way_starts_it(how, anywhere, programs):
    """From a thread, from a process that hides."""
    played = anywhere.play(programs.attacks, how, programs.forbidden)
    assert (played.status, played.err) == (0, "")
    assert played.kinds("exec.refused", "exec.killed", "guard.error") == []


def test_unguarded_the_forbidden_program_runs(stage, programs):
    """What the others prove means something: in audit mode nothing is refused, and it leaves its mark."""
    played = stage.but(mode=Mode.AUDIT).play(programs.attacks, "plain", programs.forbidden)
    assert stage.destroyed
    assert played.of("exec.intended")[0]["audit"] == "would_ask"


@pytest.mark.parametrize("way", [way for way in WAYS if way not in {"traced", "signals"}])
def test_given_a_yes_then_it_runs_once(way, stage, programs):
    """The engineer sees the command, says yes, and exactly that runs, looked at twice; its end is recorded."""
    played = stage.but(reply=lambda *_: Choice.ONCE).play(programs.attacks, way, programs.forbidden)
    assert stage.destroyed
    assert [question.argv for question in played.questions] == [("forbidden", "destroy")]
    assert played.kinds("question", "answer", "grant", "exec.i", "exec.l", "exec.o") == [
        "question.asked",
        "answer",
        "grant.made",
        "exec.intended",
        "exec.loaded",
        "exec.outcome",
    ]
    assert tuple(played.of("exec.outcome")[0][name] for name in ("loaded", "exit_status", "signal")) == (True, 0, None)


def test_given_a_no_then_it_does_not_run(stage, programs):
    """And the agent reads that a human said so."""
    played = stage.but(reply=lambda *_: Choice.DENY).play(programs.attacks, "plain", programs.forbidden)
    assert not stage.destroyed
    assert "a human was asked and said no" in played.err


@pytest.mark.parametrize("first", ["#!/bin/sh", "#!/usr/bin/env sh"])
def test_given_a_script_called_like_the_program_then_it_is_refused(first, anywhere, script):
    """Many programs are scripts: the file's name counts, whatever interprets it."""
    path = script("forbidden", f'{first}\n: > "$MARK"\n')
    played = anywhere.shell('"$1" destroy; echo "status $?"', path)
    assert not anywhere.destroyed
    assert played.out == "status 126\n"


@pytest.mark.parametrize("name", ["innocent", "forbidden"])
def test_given_a_forbidden_interpreter_then_its_scripts_are_refused(name, anywhere, script, programs):
    """``#!/…/forbidden destroy``: the kernel makes the argv, so what it will be is judged, not what the caller passed."""
    path = script(name, f"#!{programs.forbidden} destroy\n")
    played = anywhere.shell('"$1" status; echo "status $?"', path)
    assert not anywhere.destroyed
    assert played.out == "status 126\n"


def test_given_a_script_of_a_forbidden_script_then_it_is_refused(stage, script, programs):
    """Interpreters nest."""
    inner = script("inner", f"#!{programs.forbidden}\tdestroy \n")
    played = stage.shell('"$1"; echo "status $?"', script("outer", f"#! {inner}\n"))
    assert not stage.destroyed
    assert played.out == "status 126\n"


def test_given_a_forbidden_script_from_a_descriptor_then_a_yes_still_covers_it(stage, script, programs):
    """The kernel then shows /dev/fd/N/forbidden: another argv, the same deed."""
    path = script("forbidden", '#!/bin/sh\n: > "$MARK"\n')
    played = stage.but(reply=lambda *_: Choice.ONCE).play(programs.attacks, "relative-fd", path)
    assert stage.destroyed
    assert played.status == 0


@needs("bash")
def test_given_another_name_then_the_file_or_argv0_still_tells(stage, programs):
    """A symlink is looked through, and who says that it is the program is taken at its word."""
    (stage.folder / "tool").symlink_to(programs.forbidden)
    played = stage.shell("./tool destroy; bash -c 'exec -a forbidden /bin/echo destroy'")
    assert not stage.destroyed
    assert "qguard: refused: ./tool destroy" in played.err
    assert "qguard: refused: forbidden destroy" in played.err
    assert played.out == ""


def test_given_the_dynamic_loader_then_it_is_looked_through(stage, programs):
    """``ld.so /path/forbidden destroy`` never execs the program."""
    loader = next((path for path in ("/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1") if Path(path).exists()), None)
    if loader is None:
        pytest.skip("no dynamic loader of glibc")
    played = stage.shell('"$1" "$2" destroy; echo "status $?"', loader, programs.forbidden)
    assert not stage.destroyed
    assert played.out == "status 126\n"
