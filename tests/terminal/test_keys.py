"""What arrives while a card is open is told apart, and only a deliberate key counts."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.terminal.keys import DOWN, ENTER, ESCAPE, INTERRUPT, PAGE_UP, Key, KeyReader, Noise, Reply
from guard.terminal.patience import SETTLE_SECONDS, Patience

REPLIES = (
    b"\x1b[?62;22c", b"\x1b[>1;10;0c", b"\x1b[12;40R", b"\x1b[?2026;2$y", b"\x1b[?5u", b"\x1b[4;600;800t", b"\x1b[0n",
    b"\x1b[?997;1n", b"\x1b]11;rgb:0000/0000/0000\x1b\\", b"\x1b]10;rgb:ff/ff/ff\x07", b"\x1bP>|XTerm(390)\x1b\\", b"\x1b_Gi=1;OK\x1b\\",
)  # fmt: skip
NOISE = (b"\x1b[<0;10;10M", b"\x1b[<0;10;10m", b"\x1b[M !o", b"\x1b[I", b"\x1b[O", b"\x1bo", b"\x1b[15~", b"\x01", "\u043e".encode())


@pytest.mark.parametrize("data", REPLIES)
def test_an_answer_of_the_terminal_is_the_agents(data):
    """Whole, and untouched."""
    assert [Reply(data)] == KeyReader().feed(data)


@pytest.mark.parametrize("data", NOISE)
def test_the_mouse_the_focus_and_alt_are_noise(data):
    """An ``o`` inside a mouse report, or with Alt, or in Cyrillic, is not the key o."""
    assert [Noise()] == KeyReader().feed(data)


@pytest.mark.parametrize(
    ("data", "name"),
    [(b"o", "o"), (b"\r", ENTER), (b"\n", ENTER), (b"\x03", INTERRUPT), (b"\x1b[B", DOWN), (b"\x1bOB", DOWN), (b"\x1b[5~", PAGE_UP),
     (b"\x1b[111u", "o"), (b"\x1b[27u", ESCAPE), (b"\x1b[13u", ENTER), (b"\x1b[99;5u", INTERRUPT)],
)  # fmt: skip
def test_keys_have_names(data, name):
    """In the legacy encoding, and in kitty's should it still be on."""
    assert [Key(name)] == KeyReader().feed(data)


@given(st.lists(st.sampled_from(REPLIES + NOISE + (b"o", b"x", b"\x1b[A")), max_size=8), st.data())
def test_reads_can_be_cut_anywhere(pieces, data):
    """Tokens are the same however the bytes arrive."""
    stream = b"".join(pieces)
    cuts = sorted(data.draw(st.sets(st.integers(0, len(stream)), max_size=5)) | {0, len(stream)})
    reader = KeyReader()
    tokens = [token for start, end in pairwise(cuts) for token in reader.feed(stream[start:end])]
    assert KeyReader().feed(stream) == tokens


def test_a_paste_is_noise_however_long_and_even_if_it_never_ends():
    """Whatever is in it."""
    reader = KeyReader()
    assert {Noise()} == set(reader.feed(b"\x1b[200~o\r\x1b[Ao\x1b[201~"))
    assert {Noise()} == set(reader.feed(b"\x1b[200~o\ro"))
    assert reader.feed(b"oo") == []
    assert [Noise()] == reader.idle()
    assert [Key("o")] == reader.feed(b"o")


def test_a_lone_escape_is_a_key_only_when_nothing_follows():
    """Until then it may be the beginning of anything."""
    reader = KeyReader()
    assert (reader.feed(b"\x1b"), reader.unfinished, reader.half_a_reply) == ([], True, False)
    assert [Key(ESCAPE)] == reader.idle()


@given(st.binary(max_size=200))
def test_no_input_is_stuck(data):
    """After a silence everything has been dealt with."""
    reader = KeyReader()
    reader.feed(data)
    reader.idle()
    assert not reader.unfinished


def patient(guard: float = 0.5) -> Patience:
    """A card drawn at 0."""
    patience = Patience(guard)
    patience.restart(0.0)
    return patience


def test_a_key_counts_after_the_wait_when_it_stays_alone():
    """The plain case."""
    patience = patient()
    assert patience.tick(0.5) is None
    assert patience.take([Key("o")], 0.6) == ()
    assert patience.tick(0.6 + SETTLE_SECONDS) == Key("o")
    assert patience.tick(9) is None


@pytest.mark.promise(5)
@given(st.lists(st.tuples(st.floats(0.001, 0.49), st.sampled_from("osd")), min_size=1, max_size=20))
def test_somebody_who_keeps_typing_never_answers(keys):
    """Each key within the half second starts it again."""
    patience, now = patient(), 0.0
    for gap, name in keys:
        now += gap
        assert patience.take([Key(name)], now) == ()
        assert patience.tick(now) is None
        assert not patience.ready
    assert patience.tick(now + 0.5) is None
    assert patience.ready


def test_two_keys_at_once_are_a_paste():
    """In one read or right after another; the wait starts again."""
    patience = patient()
    patience.tick(0.5)
    assert patience.take([Key("o"), Key("k")], 1.0) == ()
    assert (patience.tick(1.4), patience.ready) == (None, False)
    patience.tick(1.5)
    assert patience.take([Key("o")], 2.0) == ()
    assert patience.take([Key("s")], 2.01) == ()
    assert (patience.tick(2.1), patience.ready) == (None, False)


def test_scrolling_needs_no_wait_and_repeats():
    """A held-down key scrolls as far as it goes."""
    patience = patient()
    patience.tick(0.5)
    assert patience.take([Key("j"), Key("j"), Key(DOWN)], 1.0) == (Key("j"), Key("j"), Key(DOWN))


def test_a_card_that_nobody_can_see_hears_nothing():
    """Not yet written to the terminal, or closed."""
    patience = Patience(0.0)
    patience.take([Key("o")], 5.0)
    assert (patience.tick(100.0), patience.ready) == (None, False)
