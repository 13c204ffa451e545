"""Canonical JSON and the hash chain."""

import json

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from guard.core.chain import (
    NO_PREVIOUS,
    Flaw,
    NotCanonicalError,
    canonical,
    check_link,
    decode_argument,
    encode_argument,
    seal,
    seal_line,
)

keys = st.text(st.characters(max_codepoint=127), max_size=8)
unicode_text = st.text(st.characters(exclude_categories=["Cs"]))
scalars = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | unicode_text
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4), max_leaves=20)
records = st.dictionaries(keys.filter(lambda key: key not in ("prev", "hash")), values, max_size=6)
previous = st.binary(min_size=32, max_size=32).map(bytes.hex)


@given(values)
def test_it_is_the_canonical_json_of_the_rfc(value):
    """The standard library writes what an implementation of RFC 8785 writes."""
    assert rfc8785.dumps(value) == canonical(value)


@pytest.mark.parametrize(
    "value",
    [1.5, float("nan"), 2**53, -(2**53), {"ä": 1}, {1: 2}, {None: 1}, b"x", {1, 2}, "\udcff", ["\ud800"], {"a": {"b": [0.0]}}],
    ids=repr,
)
def test_what_has_more_than_one_form_is_rejected(value):
    """Floats, big integers, keys that sort in two ways, text that is no text."""
    with pytest.raises(NotCanonicalError):
        canonical(value)


@given(st.binary())
def test_an_argument_keeps_its_bytes(raw):
    """Whatever the kernel handed over comes back from the record."""
    text = raw.decode("utf-8", "surrogateescape")
    written = json.loads(canonical(encode_argument(text)))
    assert raw == decode_argument(written).encode("utf-8", "surrogateescape")
    assert isinstance(written, dict) == any("\ud800" <= char <= "\udfff" for char in text)


@given(st.text(st.characters(categories=["Cs", "Ll"])))
def test_any_text_can_be_written(text):
    """Lone surrogates that no kernel makes are written as well."""
    canonical(encode_argument(text))


@given(records, previous)
def test_a_sealed_record_follows_its_predecessor_and_no_other(record, before):
    """The link holds for the one hash it was made for."""
    sealed = seal(before, record)
    assert check_link(before, sealed) is None
    assert check_link("0" * 63 + "1", sealed) is Flaw.MISPLACED


@given(records, previous, keys, scalars)
def test_no_change_of_a_sealed_record_goes_unseen(record, before, key, value):
    """Whatever field is changed, added or exchanged, its own hash no longer fits."""
    sealed = seal(before, record)
    edited = {**sealed, key: value}
    if canonical(edited) != canonical(sealed):
        assert check_link(before, edited) is Flaw.EDITED


@given(records, previous, st.booleans())
def test_the_fast_way_writes_the_same_line(record, before, nested):
    """``seal_line`` is ``seal`` and ``canonical`` in one go, also around a nested field that imitates its own."""
    record = {**record, "body": {"hash": before, "prev": before}} if nested else record
    hashed, line = seal_line(before, record)
    sealed = seal(before, record)
    assert (sealed["hash"], canonical(sealed) + b"\n") == (hashed, line)


def test_the_format_is_frozen():
    """A record of format version 1, to the byte: a change here breaks every trail that was ever written."""
    record = {
        "v": 1,
        "seq": 0,
        "at": "2026-11-23T19:56:01.000Z",
        "session": "20261123-195601-x7k2q9",
        "kind": "x",
        "argv": ["ä", {"bytes": "/w=="}],
    }
    assert (
        '{"argv":["ä",{"bytes":"/w=="}],"at":"2026-11-23T19:56:01.000Z",'
        '"hash":"69a22cf93ad99eb5ea77c165e96bbd6044809daaac711f430f6c493d2828e0db","kind":"x",'
        f'"prev":"{NO_PREVIOUS}","seq":0,"session":"20261123-195601-x7k2q9","v":1}}\n'
    ).encode() == seal_line(NO_PREVIOUS, record)[1]
