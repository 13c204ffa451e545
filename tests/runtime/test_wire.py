"""What supervisor and outer process say to each other arrives as it was said."""

from __future__ import annotations

import json
import signal
import struct
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.core.cards import Answer, Choice, Question
from guard.core.messages import Ended, HungUp, Said, Show, Signalled, Tell, Withdraw
from guard.core.words import Action, Effect, Judged, Label, Opaque, Place, Reason, Ruling, Target, Undo, Verdict
from guard.runtime import wire

TEXT = st.text(st.characters(exclude_categories=()), max_size=20)  # surrogates are in it: argv need not be UTF-8
WORDS = st.lists(TEXT, max_size=3).map(tuple)
PAIRS = st.lists(st.tuples(TEXT, TEXT), max_size=3).map(tuple)
PLACES = st.builds(Place, st.sampled_from(Label), PAIRS, st.booleans())
TARGETS = st.lists(st.builds(Target, TEXT, TEXT), max_size=2).map(tuple)
ACTIONS = st.builds(
    Action, TEXT, TEXT, st.none() | TEXT, TEXT, st.sampled_from(Effect), st.sampled_from(Undo), WORDS, PLACES, TARGETS, WORDS, TEXT, TEXT
)
REASONS = st.lists(st.builds(Reason, TEXT, st.sampled_from(Verdict), TEXT), max_size=2).map(tuple)
JUDGED = st.lists(st.builds(Judged, ACTIONS, st.sampled_from(Verdict), REASONS), max_size=2).map(tuple)
OPAQUE = st.lists(st.builds(Opaque, TEXT, TEXT), max_size=2).map(tuple)
RULINGS = st.builds(Ruling, st.sampled_from(Verdict), JUDGED, OPAQUE)
QUESTIONS = st.builds(Question, TEXT, TEXT, WORDS, TEXT, TEXT, RULINGS, WORDS, TEXT, TEXT, TEXT, TEXT, st.integers(0, 10**6))
MESSAGES = st.one_of(
    st.builds(Show, QUESTIONS),
    st.builds(Withdraw, TEXT, TEXT, st.booleans()),
    st.builds(Tell, TEXT),
    st.builds(Ended, st.integers(0, 255), TEXT),
    st.builds(Said, st.builds(Answer, TEXT, st.sampled_from(Choice), TEXT, st.booleans(), TEXT)),
    st.just(HungUp()),
    st.builds(Signalled, st.integers(1, 64)),
)


@pytest.fixture
def ends():
    """Both ends of a line."""
    supervisor, outer = wire.pair()
    yield supervisor, outer
    supervisor.close()
    outer.close()


@given(st.lists(MESSAGES, max_size=4))
def test_what_is_said_arrives_as_it_was_said(said):
    """Every class, every word of it, in order, types and all."""
    supervisor, outer = wire.pair()
    for message in said:
        supervisor.send(message)
    arrived = list(outer.receive())
    assert arrived == said
    assert repr(arrived) == repr(said)
    supervisor.close()
    outer.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGTSTP, 34])
def test_a_signal_arrives_as_its_number(number, ends):
    """Python's own signal words are numbers, too."""
    supervisor, outer = ends
    outer.send(Signalled(number))
    assert supervisor.receive() == [Signalled(int(number))]


def test_it_arrives_whole_or_not_yet(ends):
    """However the bytes were cut."""
    supervisor, outer = ends
    data = json.dumps({"c": "Tell", "v": ["text"]}).encode()
    for byte in struct.pack("!I", len(data)) + data[:-1]:
        supervisor._socket.send(bytes([byte]))
        assert outer.receive() == []
    supervisor._socket.send(data[-1:] + struct.pack("!I", len(data)) + data)
    assert outer.receive() == [Tell("text"), Tell("text")]


def test_last_words_are_heard_before_the_end(ends):
    """The end of the line is told only when nothing is left."""
    supervisor, outer = ends
    supervisor.send(Ended(3, "bye"))
    supervisor.close()
    assert outer.receive() == [Ended(3, "bye")]
    with pytest.raises(EOFError):
        outer.receive()


def test_given_nobody_there_then_sending_fails(ends):
    """An error, not a signal."""
    supervisor, outer = ends
    outer.close()
    with pytest.raises(OSError, match="Broken pipe"):
        supervisor.send(Tell("text"))


@pytest.mark.promise(5)
def test_only_our_own_words_come_back(ends):
    """A class that is not on the list is not made, whatever it is called, on neither side."""
    supervisor, outer = ends

    @dataclass(frozen=True)
    class Path:
        text: str

    with pytest.raises(TypeError):
        outer.send(Path("/etc"))
    data = json.dumps({"c": "Path", "v": ["/etc"]}).encode()
    outer._socket.send(struct.pack("!I", len(data)) + data)
    with pytest.raises(KeyError):
        supervisor.receive()
