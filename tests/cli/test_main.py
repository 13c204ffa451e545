"""Where every error ends: the statuses of docs/commands.md, to the letter."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import click
import pytest
from inline_snapshot import snapshot

import guard
from guard.cli import main
from guard.errors import CannotStart, GuardDied, QguardError, RulebookError, TrailError, UsageError


@pytest.fixture
def verb(front, monkeypatch):
    """A verb ``x`` that does what it is told, and the way to run it."""

    def run(does, *words, name="x", before=()):
        command = click.Command(name, callback=does, params=[click.Option(["--number"], type=int)])
        monkeypatch.setitem(main.VERBS, name, ("x:x", "Help."))
        monkeypatch.setattr(main.Verbs, "get_command", lambda _group, _ctx, asked: command if asked == name else None)
        return front(*before, name, *words)

    return run


def raising(problem):
    """A callback that raises."""

    def does(**_options):
        raise problem

    return does


# ---- statuses --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("problem", "status"),
    [
        (UsageError("No."), 2),
        (RulebookError("No."), 65),
        (QguardError("No."), 70),
        (GuardDied("No."), 70),
        (TrailError("No."), 74),
        (CannotStart("No."), 125),
        (click.UsageError("No."), 2),
        (click.BadParameter("No."), 2),
        (click.FileError("x", "No."), 2),
        (OSError(28, "No space left on device"), 74),
        (OSError(2, "No such file", "/x"), 70),
        (KeyError("x"), 70),
        (RecursionError("x"), 70),
        (AssertionError(), 70),
        (KeyboardInterrupt(), 130),
        (click.Abort(), 130),
        (click.exceptions.Exit(7), 7),
    ],
    ids=lambda value: f"{type(value).__name__} {value}" if isinstance(value, BaseException) else str(value),
)
def test_each_error_has_its_status(verb, problem, status):
    """And none prints a traceback."""
    done = verb(raising(problem))
    assert done.status == status
    assert "Traceback" not in done.err
    assert done.out == ""


def test_a_verb_may_return_its_status(verb):
    """Whoever returns nothing is content."""
    assert verb(lambda **_options: 12).status == 12
    assert verb(lambda **_options: None).status == 0


@pytest.mark.parametrize(("name", "status"), [("x", 2), ("run", 125)])
def test_a_command_line_that_means_nothing(verb, name, status):
    """Options that are not there, values of the wrong kind: 2, and 125 where an agent was to be started."""
    for words in (["--nope"], ["--number", "seven"], ["--number"], ["more", "words"]):
        done = verb(lambda **_options: None, *words, name=name)
        assert done.status == status, words
        assert done.err.startswith("qguard: "), words
    assert verb(lambda **_options: None, name="x", before=["--nope"]).status == 2


def test_usage_errors_say_where_help_is(front):
    """One sentence, and the way on."""
    done = front("nope")
    assert (done.status, done.err) == (2, snapshot("qguard: No such command 'nope'.\nTry: qguard --help\n"))
    assert front("rnu", "--", "claude").err == snapshot("qguard: No such command 'rnu'. Did you mean 'run'?\nTry: qguard --help\n")
    assert front("run", "--ask-timeout", "5m", "--", "x").err == snapshot("""\
qguard: Invalid value for '--ask-timeout': '5m' is not a valid number of seconds.
Try: qguard run --help
""")
    assert front("run", "--ask-timeout", "99999999999", "--", "x").err == snapshot("""\
qguard: Invalid value for '--ask-timeout': 99999999999 is not in the range 0<=x<=31536000.
Try: qguard run --help
""")
    assert front("completions").err == snapshot(
        "qguard: Missing argument '{bash|zsh|fish}'. Choose from: bash, zsh, fish\nTry: qguard completions --help\n"
    )


@pytest.mark.parametrize("words", [(), ("audit",)])
def test_no_words_get_the_help(front, words):
    """On standard error, in lines, with the status of a usage error."""
    done = front(*words)
    assert (done.status, done.out) == (2, "")
    assert done.err.startswith(" ".join(("Usage: qguard", *words, "[OPTIONS] COMMAND")))
    assert "\\n" not in done.err


def test_help_and_version_are_no_errors(front):
    """Status 0, on standard output."""
    for words in (["--help"], ["-h"], *([verb, "--help"] for verb in main.VERBS)):
        done = front(*words)
        assert (done.status, done.err) == (0, "")
        assert done.out.startswith("Usage: qguard")
    assert front("--version").out == f"qguard {guard.__version__}\n"


def test_the_list_of_verbs_imports_none_of_them():
    """``qguard --help`` is quick."""
    code = "import sys; from guard.cli.main import run; run(['--help']); print('guard.cli.check' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("\nFalse\n")


@pytest.mark.promise(9)
def test_no_message_acts_on_the_terminal(front, verb):
    """Whatever was typed, or is in a file's name."""
    assert {"\x1b", "\u202e"}.isdisjoint(front("check", "--\x1b[2J\u202e").err)
    assert verb(raising(UsageError("a\x1b[2J\nb", "c\rd"))).err == "qguard: a\\x1b[2J\\nb\nc\\rd\n"
    assert "\x1b" not in verb(raising(KeyError("\x1b"))).err


# ---- 65: file:line:column, and the line underlined -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "column", "expected"),
    [
        ("verdicts: {delete: maybe}", 20, "    verdicts: {delete: maybe}\n                       ^^^^^^\n"),
        ("rulez: []", 1, "    rulez: []\n    ^^^^^^\n"),
        ("a:\tb c\n", 4, "    a: b c\n       ^\n"),
        ("日本: x", 5, "    日本: x\n          ^\n"),
        ("\x1b[2J: x", 7, "    \\x1b[2J: x\n             ^\n"),
        ("short", 9, "    short\n         ^\n"),
        ("no column", 0, "    no column\n"),
    ],
)
def test_the_line_is_underlined_where_it_is_wrong(verb, line, column, expected):
    """The mark stands below the word, whatever stands before it."""
    done = verb(raising(RulebookError("This is wrong.", "Do this.", file="p.yaml", line=2, column=column, excerpt=line)))
    where = f"p.yaml:2:{column}" if column else "p.yaml:2"
    assert (done.status, done.err) == (65, f"qguard: {where}: This is wrong.\n{expected}Do this.\n")


def test_a_long_line_is_shown_around_the_place(verb):
    """A file may be one line of a megabyte."""
    done = verb(raising(RulebookError("Wrong.", file="p", line=1, column=500_001, excerpt="x " * 250_000 + "here " + "y " * 250_000)))
    assert len(done.err) < 1000
    text, mark = done.err.splitlines()[1:3]
    assert text[mark.index("^") : mark.rindex("^") + 1] == "here"


@pytest.mark.parametrize("verb_name", ["check", "explain"])
def test_a_wrong_policy_is_65(front, tmp_path, verb_name):
    """From the file to the screen."""
    tmp_path.joinpath("p.yaml").write_text("version: 1\nrulez: []\n")
    done = front(verb_name, "--policy", "p.yaml", "terraform destroy")
    assert (done.status, done.out) == (65, "")
    assert done.err.startswith("qguard: p.yaml:2:1: ")
    assert "\n    rulez: []\n    ^^^^^^\n" in done.err


def test_a_policy_that_is_not_there_is_65(front):
    """What is asked for must be readable (promise 11)."""
    done = front("check", "--policy", "none.yaml", "ls")
    assert (done.status, done.err) == (65, "qguard: none.yaml: The policy cannot be read: No such file or directory.\n")


# ---- 70: a bug -------------------------------------------------------------------------------------------------------


def test_a_bug_leaves_its_traceback_in_a_file(verb):
    """One line on the screen, the rest where only this user can read it."""
    done = verb(raising(KeyError("spot")))
    assert done.err.splitlines()[0] == "qguard: a bug in qguard: KeyError: 'spot'"
    found = re.search(r"The traceback is in (\S+)\. Please report it\.", done.err)
    assert found is not None
    file = Path(found[1])
    assert "raise problem" in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_bug_may_show_its_traceback(verb, monkeypatch):
    """QGUARD_TRACEBACK=1, for who looks for it."""
    monkeypatch.setenv("QGUARD_TRACEBACK", "1")
    done = verb(raising(KeyError("spot\x1b")))
    assert "Traceback (most recent call last):" in done.err
    assert "The traceback is above." in done.err
    assert "\x1b" not in done.err


def test_a_bug_without_a_place_for_files_is_still_told(verb, monkeypatch):
    """A full or read-only disk."""
    monkeypatch.setattr("tempfile.tempdir", "/nowhere")
    done = verb(raising(KeyError("spot")))
    assert done.status == 70
    assert "The traceback is lost" in done.err


# ---- streams ---------------------------------------------------------------------------------------------------------

QGUARD = [sys.executable, "-m", "guard.cli.main"]


def test_a_reader_that_left_is_no_error():
    """141, as if SIGPIPE had ended it, and not a word."""
    for words in (["completions", "bash"], ["--help"], ["audit", "list", "--json"]):
        read, write = os.pipe()
        os.close(read)
        done = subprocess.run([*QGUARD, *words], stdout=write, stderr=subprocess.PIPE, check=False)
        os.close(write)
        assert (done.returncode, done.stderr) == (141, b""), words


def test_a_full_disk_below_standard_output_is_told():
    """74, and no bug."""
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run([*QGUARD, "completions", "bash"], stdout=full, stderr=subprocess.PIPE, check=False)
    assert (done.returncode, done.stderr) == (74, b"qguard: Standard input or output failed: No space left on device.\n")


@pytest.mark.parametrize("closed", ["0", "1", "2"])
def test_closed_streams_are_no_bug(closed):
    """``>&-`` and friends."""
    line = f'"$@" {closed}>&-'
    for words, status in ((["completions", "bash"], 0), (["nope"], 2)):
        done = subprocess.run(["sh", "-c", line, "sh", *QGUARD, *words], capture_output=True, check=False)
        assert done.returncode == status, done.stderr
        assert b"Traceback" not in done.stderr


def test_letters_that_the_terminal_lacks_are_no_bug():
    """A terminal of 1990 shows what it can."""
    code = "import click, sys; from guard.cli import main; main.run = lambda _words: click.echo('日本'); main.main()"
    done = subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONIOENCODING": "latin-1"}, capture_output=True, check=True)
    assert done.stdout == b"\\u65e5\\u672c\n"


def test_ctrl_c_is_130():
    """Whenever it comes, with no traceback."""
    code = (
        "import os, signal; from guard.cli import check, main\n"
        "check.open_judge = lambda *_: os.kill(os.getpid(), signal.SIGINT)\n"
        "raise SystemExit(main.run(['check', '--stdin']))"
    )
    done = subprocess.run([sys.executable, "-c", code], stdin=subprocess.DEVNULL, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (130, b"")


def test_completion_by_a_variable_is_not_ours(front, monkeypatch):
    """Click would print its own script, or run it, for whoever sets this."""
    monkeypatch.setenv("_QGUARD_COMPLETE", "bash_source")
    assert front("--version").out == f"qguard {guard.__version__}\n"
