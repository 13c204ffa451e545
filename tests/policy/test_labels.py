"""What a name says about how much a place matters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.core.words import Label
from guard.policy.labels import DEFAULT_WORDS, label_for, labels_in


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("prod", Label.PROD),
        ("billing-prod", Label.PROD),
        ("billingProd", Label.PROD),
        ("BillingPROD", Label.PROD),
        ("PRODBilling", Label.PROD),
        ("PrOd", Label.PROD),
        ("prod2", Label.PROD),
        ("my_production.db", Label.PROD),
        ("arn:aws:eks:eu-west-1:111122223333:cluster/live", Label.PROD),
        ("a prd b", Label.PROD),
        ("prod-staging", Label.PROD),
        ("stg/db", Label.STAGING),
        ("uat1", Label.STAGING),
        ("sandbox", Label.DEV),
        ("testDev", Label.DEV),
        ("docker-desktop", Label.LOCAL),
        ("http://localhost:4566", Label.LOCAL),
        ("product", Label.UNKNOWN),
        ("lively", Label.UNKNOWN),
        ("delivery", Label.UNKNOWN),
        ("reproduction", Label.UNKNOWN),
        ("latest", Label.UNKNOWN),
        ("kindness", Label.UNKNOWN),
        ("docker", Label.UNKNOWN),
        ("", Label.UNKNOWN),
        ("\udcff\x00", Label.UNKNOWN),
    ],
)
def test_a_name_means_what_its_words_mean(name, label):
    """Whole words only, whatever separates them."""
    assert label_for([name]) is label


def test_own_words_may_have_several_parts_digits_and_other_letters():
    """The parts of a word must follow each other in the name."""
    words = {Label.PROD: ["blue-team", "p1", "münchen"]}
    assert [label_for([name], words) for name in ("x/BlueTeam", "db-p1", "MÜNCHEN-2")] == [Label.PROD] * 3
    assert [label_for([name], words) for name in ("team-blue", "p12", "blue")] == [Label.UNKNOWN] * 3


def test_a_word_without_letters_fits_nothing():
    """An empty word is not in every name."""
    assert label_for(["prod", "", "-"], {Label.PROD: ["", "-"]}) is Label.UNKNOWN


NAMES = st.lists(st.sampled_from([word for words in DEFAULT_WORDS.values() for word in words]) | st.text(max_size=8), max_size=4)


@pytest.mark.promise(2)
@given(NAMES, NAMES)
def test_more_names_never_take_a_label_away(names, more):
    """Labels only add up, so that no name can talk a place harmless."""
    assert labels_in(names) <= labels_in(names + more)
