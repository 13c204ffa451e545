"""YAML with positions: text stays text, and whatever is wrong is one sentence with its place."""

from __future__ import annotations

import json
import re
import time
from contextlib import suppress
from enum import Enum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.core.data import from_plain
from guard.core.words import Effect, Verdict
from guard.errors import RulebookError
from guard.rulebook.yaml_reader import MAX_BYTES, read

BOMB = "\n".join(
    ["a0: &a0 [x, x, x, x]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
)  # fmt: skip


def wrong(call, *arguments):
    """The error that ``call`` raises."""
    with pytest.raises(RulebookError) as caught:
        call(*arguments)
    return caught.value


@pytest.mark.parametrize("word", ["no", "on", "Yes", "null", "~", "2024-01-01", "1e3", "0x10", "12:30:45", "007", "<<", "="])
def test_a_word_stays_the_word_that_was_written(word):
    """YAML 1.1's guesses about plain words are not made."""
    assert read(f"key: {word}\n".encode(), "f").mapping()["key"].text() == word


def test_every_node_knows_its_place():
    """File, line and column count from 1, and the line is at hand; keys have marks of their own."""
    tree = read("a: 1\nb:\n  - ä: [x, y]\n".encode(), "rules.yaml")
    ((_, _), (key, value)) = tree.entries()
    assert (key.mark.line, key.mark.column) == (2, 1)
    assert (value.items()[0].mark.line, value.items()[0].mark.column) == (3, 5)
    y = value.items()[0].mapping()["ä"].items()[1]
    assert (y.mark.file, y.mark.line, y.mark.column, y.mark.excerpt) == ("rules.yaml", 3, 12, "  - ä: [x, y]")


@pytest.mark.parametrize(
    ("text", "line", "column", "says"),
    [
        (BOMB.encode(), 1, 5, "Anchors and aliases"),
        (b"a: *b\n", 1, 4, "Anchors and aliases"),
        (b"a: 1\n&k b: 2\n", 2, 1, "Anchors and aliases"),
        (b"a: 1\nb: 2\na: 3\n", 3, 1, "twice"),
        (b"a: !!python/object/apply:os.system [ls]\n", 1, 4, "Tags"),
        (b"a: !!int 3\n", 1, 4, "Tags"),
        (b"a: 1\n---\nb: 2\n", 2, 1, "second document"),
        (b"a: caf\xe9\n", 1, 7, "UTF-8"),
        (b"a: 1\nrules:\n\t- tab\n", 3, 1, "tab"),
        (b"rules: [\n", 1, 9, "not YAML"),
        (b"a: b: c\n", 1, 5, "not YAML"),
        (b'a: "\\UFFFFFFFF"', 1, 7, "not YAML"),
        (b"a: 'open\n", 1, 9, "not YAML"),
        (b"? [a]\n: b\n", 1, 3, "A key must be a text"),
        (b"", 1, 1, "empty"),
        (b"# only a remark\n", 1, 1, "empty"),
        (b"---\n", 2, 1, "empty"),
        (b"a: 1\nb: x\x00y\n", 2, 5, "not allowed"),
        (b"a: \x1b[2J\n", 1, 4, "not allowed"),
        (b"a: " + b"[" * 70 + b"]" * 70 + b"\n", 1, 67, "deeper"),
        (b"x" * (MAX_BYTES + 1), 0, 0, "1 MiB"),
    ],
)
def test_what_is_wrong_has_a_place_and_a_sentence(text, line, column, says):
    """Every refusal is a ``RulebookError``; nothing of PyYAML's comes through."""
    error = wrong(read, text, "f.yaml")
    assert (error.file, error.line, error.column) == ("f.yaml", line, column)
    assert says in error.sentence
    assert error.sentence.endswith(".")


@pytest.mark.parametrize("opening", [b"[", b"{", b"- ", b"? ", b"[a: "])
def test_a_deep_nesting_ends_soon(opening):
    """A megabyte of brackets is refused where it becomes too deep, without a long look at the rest."""
    began = time.monotonic()
    wrong(read, opening * (MAX_BYTES // len(opening)), "f")
    assert time.monotonic() - began < 3


@given(st.one_of(st.binary(max_size=200), st.text(alphabet="ab:-[]{}&*!|>'\"#%@`,? \n\t\r\x85\u2028\\", max_size=60).map(str.encode)))
def test_reading_never_raises_anything_else(text):
    """Any bytes are a tree or a ``RulebookError`` whose place is in the file."""
    with suppress(RulebookError):
        read(text, "f")
        return
    error = wrong(read, text, "f")
    assert error.line <= len(re.split("\r\n|[\n\r\x85\u2028\u2029]", text.decode("utf-8", "replace")))


TREES = st.recursive(
    st.text(alphabet=st.characters(codec="utf-8", categories=["L", "N", "P", "Zs"]), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(alphabet="abc-", min_size=1, max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from("abcd"), TREES, min_size=1))
def test_the_compiled_form_is_the_same_tree(data):
    """What JSON writes is YAML too, and reads back as what ``from_plain`` makes of it."""
    written = json.dumps(data, ensure_ascii=False).encode()
    assert read(written, "f").plain() == data == from_plain(data, "f").plain()


def test_numbers_only_when_asked():
    """An integer is digits without quotes; nothing else is."""
    tree = read(b"n: 600\nq: '600'\nh: 0x10\n", "f").mapping()
    assert tree["n"].integer() == 600
    assert "whole number" in wrong(tree["q"].integer).sentence
    assert "whole number" in wrong(tree["h"].integer).sentence
    assert "at most 10" in wrong(tree["n"].integer, 0, 10).sentence
    assert from_plain({"n": 600, "t": True}, "f").mapping()["n"].integer() == 600


def test_an_unknown_key_names_the_nearest():
    """The place is that of the key, the hint the key that was probably meant."""
    error = wrong(read(b"version: 1\nrulez: []\n", "p.yaml").mapping, ("version", "rules"))
    assert (error.line, error.column, error.excerpt) == (2, 1, "rulez: []")
    assert error.hint == "Did you mean 'rules'? Known here: rules, version."


def test_a_missing_key_is_named():
    """``required`` keys must be there."""
    assert "'version' is missing" in wrong(lambda: read(b"rules: []\n", "f").mapping(required=("version",))).sentence


def test_one_or_many():
    """``texts`` takes a text or a list of texts; an empty list is not everything."""
    tree = read(b"one: a\nmany: [a, b]\nnone: []\nempty:\nlist: [[a]]\n", "f").mapping()
    assert tree["one"].texts() == ("a",)
    assert tree["many"].texts() == ("a", "b")
    for key in ("none", "empty", "list"):
        wrong(tree[key].texts)


def test_choices_go_by_value_or_by_name():
    """A text enumeration goes by its values, a numbered one by its names; the nearest is named."""
    tree = read(b"effect: teardown\nverdict: ask\nbad: tear-down\n", "f").mapping()
    assert tree["effect"].choice(Effect) is Effect.TEARDOWN
    assert tree["verdict"].choice(Verdict) is Verdict.ASK
    assert tree["effect"].choices(Effect) == (Effect.TEARDOWN,)
    assert "Did you mean 'teardown'?" in wrong(tree["bad"].choice, Effect).hint


@pytest.mark.parametrize("ask", ["entries", "items", "text", "integer", "mapping", "texts"])
def test_a_node_of_another_kind_says_so(ask):
    """Each accessor refuses every node that is not of its kind, with a sentence."""
    tree = read(b"map: {a: b}\nlist: [{}]\ntext: ' '\n", "f").mapping()
    kinds = {"entries": "map", "mapping": "map", "items": "list"}
    for name, node in tree.items():
        if name != kinds.get(ask):
            assert wrong(getattr(node, ask)).line > 0


@pytest.mark.promise(9)
def test_no_error_sentence_carries_a_control_character():
    """A key with an escape sequence in it is shown escaped."""
    error = wrong(read(b'"a\\e[2J\\u202e": 1\n', "f").mapping, ("version",))
    assert error.sentence.isprintable()


class _Never(Enum):
    """Has no members."""


def test_what_json_cannot_mean_is_refused():
    """A null or a float in a compiled file is an error, not a text."""
    wrong(from_plain, {"a": None}, "f")
    wrong(from_plain, [1.5], "f")
    wrong(from_plain("x", "f").choice, _Never)
