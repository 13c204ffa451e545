"""What can type into the human's terminal, or run outside the session: asked about, however it is spelt. Looking is not."""

from __future__ import annotations

import shutil
import subprocess
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rules.known import book, found, is_asked, rules

from guard.core.words import Action, Opaque

HARMLESS_HERE = [
    "kill-server",
    "kill-session",
    "list-sessions",
    "has-session",
    "capture-pane",
    "display-message",
    "show-options",
    "wait-for",
]
ASKS = [
    "send-keys", "send-prefix", "paste-buffer", "run-shell", "if-shell", "new-session", "new-window", "split-window", "respawn-pane",
    "respawn-window", "pipe-pane", "source-file", "set-hook", "bind-key", "command-prompt", "choose-tree", "choose-buffer", "choose-client",
    "display-popup", "display-menu", "confirm-before", "attach-session", "set-option", "set-environment",
]  # fmt: skip
SPICE = [
    "-L", "-S", "-f", "-c", "-C", "-CC", "-V", "--", "-", "", ";", "\\;", "x;", "x\\;", "send-keys", "send", "sen",
    "ls", "#(id)", "-X", "-ls",
    "stuff", "action", "@", "cli", "type", "-2uLx", "\0", "\udcff", "x" * 3000, "-" * 300, ";" * 300,
]  # fmt: skip
PROGRAMS = sorted(name for program in book().ruleset("terminals").programs for name in program.names)


@pytest.fixture(scope="module")
def tmux_commands():
    """(name, alias) of each command that the tmux here has."""
    if shutil.which("tmux") is None:
        pytest.skip("tmux is not installed")
    argv = ["tmux", "-L", "qguard-tests", "-f", "/dev/null", "start-server", ";", "list-commands", "-F"]
    argv += ["#{command_list_name} #{command_list_alias}"]
    done = subprocess.run(argv, check=True, capture_output=True, text=True, timeout=30)
    return [tuple(line.split(" ")) for line in done.stdout.splitlines()]


def test_every_command_of_tmux_itself_is_known(tmux_commands):
    """By its name and its alias: what is not known is asked about, and nothing here has to be."""
    assert len(tmux_commands) > 60
    for name, alias in tmux_commands:
        assert "?" not in rules("tmux", name), name
        assert not alias or rules("tmux", alias) == rules("tmux", name), alias


def test_whatever_tmux_takes_for_a_command_is_taken_for_it(tmux_commands):
    """A beginning that fits one name only is that command, unless it is the alias of another; as tmux finds it."""
    names, aliases = zip(*tmux_commands, strict=True)
    for name in names:
        for end in range(1, len(name)):
            short = name[:end]
            if short not in aliases and sum(other.startswith(short) for other in names) == 1:
                assert rules("tmux", name) <= rules("tmux", short), short


@pytest.mark.parametrize("command", ASKS)
@pytest.mark.parametrize(
    "before",
    [[], ["-L", "x"], ["-Lx"], ["-S/tmp/s", "-2u"], ["-f", "/dev/null"], ["-T", "256"], ["-2uLx"], ["--"],
    ["ls", ";"], ["ls;"], ["-L", "ls", "ls;"]],
)  # fmt: skip
def test_it_is_asked_about_wherever_it_stands(before, command):
    """Behind options of tmux, behind other commands."""
    assert is_asked("tmux", *before, command, "x")
    assert is_asked("tmux", *before, command)
    assert is_asked("tmux", *before, "ls", ";", command, "-t", "x", "y;", "ls")


@pytest.mark.parametrize(
    "line",
    [
        ["-C"], ["-CC", "attach"], ["-C", "ls"], ["-c", "terraform destroy"], ["-cls"], ["no-such-command"], ["-Z", "ls"], [], ["-L", "x"],
        ["s"], ["ls", ";", "x"], ["display", "-p", "#(terraform destroy)"], ["ls", "-F", "#{E:pane_title}"], ["ls", "-F#{T;l:x}"],
        ["select-pane", "-T", "##(id)"], ["ls"] + [";", "ls"] * 100, ["detach", "-E", "id"], ["detach", "-Eid"], ["attach", "-r"],
    ],
    ids=str,
)  # fmt: skip
def test_what_tmux_could_be_told_otherwise(line):
    """Control mode, a line for a shell, formats that run one, what nobody knows, and no command at all: it starts a session."""
    assert is_asked("tmux", *line)


@pytest.mark.parametrize("command", HARMLESS_HERE)
@pytest.mark.parametrize("word", ["send-keys", "send-keys\\;", "x\\;", "#{pane_id}", "#{?window_active,a,b}", "#{t:window_activity}", "o"])
def test_a_word_of_a_harmless_command_is_no_command(command, word):
    """Names as values, semicolons that part nothing, formats that only print."""
    assert not is_asked("tmux", command, "-t", "main", word)


@pytest.mark.parametrize(
    "line",
    [
        "tmux ls", "tmux -V", "tmux -L x -V", "tmux capture-pane -p",
        "tmux capture-pane -ep -t %1 -S -200 -E 10 -J", "tmux list-panes -a -F x",
        "tmux has-session -t x", "tmux kill-session -t x", "tmux display-message -p x", "tmux show -gv mouse",
        "tmux lsw", "tmux set-buffer x",
        "screen -ls", "screen -list", "screen --version", "screen -S x -Q title", "screen -wipe x", "zellij ls",
        "zellij --version",
        "zellij action query-tab-names", "zellij setup --check", "kitty --version", "kitten icat x.png",
        "kitty @ ls", "kitty @ --to unix:/tmp/k ls", "wezterm -V", "kitten themes",
        "wezterm --version", "wezterm cli --prefer-mux list --format json", "wezterm ls-fonts", "abduco",
        "crontab -l", "crontab -u me -l", "at -l",
        "at -c 3", "systemd-run --version", "xdotool getactivewindow getwindowname",
    ],
)  # fmt: skip
def test_looking_is_not_asked_about(line):
    """What agents do every day."""
    assert not is_asked(*line.split())


@pytest.mark.promise(3)
@settings(max_examples=300, deadline=2000)
@given(st.sampled_from(PROGRAMS), st.lists(st.sampled_from(SPICE) | st.text(max_size=6), max_size=12))
def test_it_is_total(program, words):
    """Any words: actions and what is not understood, and never an exception."""
    for one in found(program, *words):
        assert isinstance(one, Action | Opaque)


@pytest.mark.promise(3)
@settings(max_examples=200, deadline=2000)
@given(st.lists(st.sampled_from(["ls", "-2", "-u", "list-panes", ";", "ls;", "-Lx"]), max_size=8), st.sampled_from(ASKS))
def test_nothing_before_it_silences_a_command(before, command):
    """As long as tmux itself reaches it."""
    assert is_asked("tmux", *before, ";", command, "x") or "-V" in before


@pytest.mark.promise(3)
@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize(
    "words", [["x"] * 10_000, ["--unheard-of", "x"] * 5_000, [";"] * 10_000, ["ls", ";"] * 5_000, ["#(x)"] * 10_000, ["-" + "z" * 10_000]]
)
def test_it_ends(program, words):
    """Ten thousand words: within a moment."""
    started = time.monotonic()
    found(program, *words)
    assert time.monotonic() - started < 2
