"""One shell word: its value, with bash as the judge."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.machine import needs

from guard.shell.words import NotAWord, Unknown, decode

PIECES = st.sampled_from(
    ["a", "B", "1", "-", "=", "/", ".", "'x y'", "'$(q)'", '"x y"', '"a\\"b"', '"\\n"', "\\ ", "\\\\", "\\a", "\\'", "$'\\x74'", "$'a\\tb'",
     "$'\\''",
     '$"q"',
     "''", '""', "\\\n", "$", "{", "}", "{}", "#", "!", "%", ",", "@", "+", ":", "^"]
)  # fmt: skip


@needs("bash")
@settings(max_examples=150, deadline=None)
@given(st.lists(PIECES, min_size=1, max_size=6).map("".join))
def test_bash_agrees(raw):
    """What is said to be known is what bash makes of it."""
    try:
        word = decode("z" + raw, {})
    except NotAWord:
        return
    if isinstance(word.text, Unknown) or word.glob:
        return
    done = subprocess.run(["bash", "--norc", "-c", f"printf %s z{raw}"], capture_output=True, check=False)
    assert (0, word.text.encode()) == (done.returncode, done.stdout)


@pytest.mark.parametrize(
    ("raw", "commands"),
    [
        ("'a'$(x)'b'", ["x"]),
        ('"a`x \\`y\\``b"', ["x `y`"]),
        ("${x:-$(y z)}", ["y z"]),
        ("${x:-`y`}", ["y"]),
        ("${x#$(y)}", ["y"]),
        ("$(a\nb\nc)", ["a\nb\nc"]),
        ('"$(a "$(b ")")")"', ['a "$(b ")")"']),
        ("<(x)>(y)", ["x", "y"]),
        ("$((1+$(x)))", ["(1+$(x))"]),
        ("`a``b`", ["a", "b"]),
        ("'$(x)'", []),
        ("\\$\\(x\\)", []),
    ],
)
def test_every_substitution_is_found(raw, commands):
    """Also those that bashlex and tree-sitter miss."""
    assert commands == list(decode(raw, {}).commands)


@pytest.mark.parametrize(
    "raw",
    [
        "$(case x in a) b;; esac)",
        "$(a <<E\nE\n)",
        "$(a # )\n b)",
        "$(a",
        "${a",
        "'a",
        '"a',
        "`a",
        "a b",
        "a;b",
        "$[1]",
        "$'\\0'",
        "${x:-'}'}",
    ],
)
def test_what_cannot_be_told_is_refused(raw):
    """Where a word or a substitution ends is never guessed."""
    with pytest.raises(NotAWord):
        decode(raw, {})


def test_a_known_variable_has_its_value():
    """Only where the value is certain to stay one word."""
    assert decode("a$x", {"x": "ws"}).text == "aws"
    assert not isinstance(decode("a$x", {"x": "ws"}).text, Unknown)
    assert isinstance(decode("$x", {"x": "a b"}).text, Unknown)
    assert decode('"$x"', {"x": "a b"}).text == "a b"
    assert isinstance(decode("$y", {"x": "a"}).text, Unknown)


def test_an_unknown_word_tells_what_it_begins_and_ends_with():
    """Its text is its source."""
    word = decode('"s3://$B"/x', {}).text
    assert isinstance(word, Unknown)
    assert (word, word.prefix, word.suffix, word.bare) == ('"s3://$B"/x', "s3://", "/x", False)
    assert decode("a{b,c}d", {}).text.bare  # type: ignore[attr-defined]  # an Unknown, by the braces


@given(st.text(alphabet="aw's\"$`\\(){}<>#\n ;|&*x", max_size=40))
def test_it_ends(raw):
    """Any text is decoded, or refused with ``NotAWord``; nothing else is raised."""
    try:
        decode(raw, {})
    except NotAWord:
        return


def test_deep_nesting_is_refused():
    """Ten thousand levels are no stack overflow."""
    with pytest.raises(NotAWord):
        decode("$(" * 10_000 + ")" * 10_000, {})
