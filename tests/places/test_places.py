"""The front: total, quiet about what is not its business, and cheap until it is."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.core.words import Invocation, Label, Place
from guard.places import ENV_NAMES, Places
from guard.places.ini import read_sections
from guard.places.names import PROVIDERS

# ---- it is total -----------------------------------------------------------------------------------------------------

PIECES = st.sampled_from(
    [
        *("--profile", "--profile=", "--p", "-p", "--region", "--endpoint-url=http://[::1", "--", "-", "", "=", "-n", "-An", "-n=", "-s"),
        *("--context", "--kubeconfig", "--kubeconfig=x", "--namespace", "-chdir=", "-chdir", "-chdir=/", "-var-file", "prod", "a\nb"),
    ]
)
WORDS = PIECES | st.text(max_size=6)
VALUES = st.sampled_from(["", "x", "~", "~/x", "a:b::c", "/", "prod", "arn:aws:iam::111122223333:role/", "http://localhost", "true"])
VARIABLES = st.dictionaries(st.sampled_from(sorted(ENV_NAMES)), VALUES | st.text(max_size=6), max_size=5)
TEXTS = st.sampled_from(
    [
        b"[profile x]\nregion=1\n",
        b"[default]\ns3 =\n  endpoint_url = http://x\n",
        b"current-context: x\ncontexts: [{name: x, context: {cluster: c, namespace: 1}}]\n",
        b"contexts: [{name: , context: {}}]\nclusters: [[{}]]\n",
        b"a: &a [*a]",
        b"? {a: b}\n: c",
        b"!!int x",
        b'{"backend": {"type": "s3", "config": {"workspaces": [{"name": "\\ud800"}]}}}',
        b"\xff\xfe\x00",
    ]
)
CONTENTS = st.none() | TEXTS | st.binary(max_size=80) | st.builds(lambda text, cut: text[:cut], TEXTS, st.integers(0, 80))


@pytest.mark.promise(3)
@given(st.sampled_from([*PROVIDERS, "ls"]), st.lists(WORDS, max_size=6), VARIABLES, st.sampled_from(["", "/", "/w"]), CONTENTS)
def test_it_is_total(program, words, env, cwd, content):
    """Whatever the files, the words and the variables are, there is a place, of texts."""
    place = Places(lambda _path, _cwd, _limit: content).find(Invocation(program, (program, *words), cwd, tuple(env.items())))
    assert isinstance(place, Place)
    assert not place.pinned
    assert all(isinstance(text, str) and text for fact in place.facts for text in fact)


@pytest.mark.promise(3)
@given(st.binary(max_size=300) | st.text(alphabet="[]=: \t\n#;ab\"'", max_size=60).map(str.encode))
def test_any_bytes_are_a_configuration_file(data):
    """Sections of texts, whatever they are."""
    assert all(isinstance(text, str) for section in read_sections(data).values() for pair in section.items() for text in pair)


@pytest.mark.promise(3)
@pytest.mark.parametrize("program", PROVIDERS)
def test_no_words_at_all_are_words(program):
    """An exec may have an empty argv."""
    assert isinstance(Places().find(Invocation(program, ())), Place)


@pytest.mark.promise(2)
@given(st.sampled_from(sorted(PROVIDERS)), st.lists(WORDS, max_size=4), VARIABLES)
def test_a_word_for_production_is_never_lost(program, words, env):
    """Whatever else is said, a profile, context or file of variables called prod makes the place one."""
    option = {"aws": "--profile=prod", "kube": "--context=prod", "terraform": "-var-file=prod"}[PROVIDERS[program]]
    said = (program, option, *words)
    assert Places(lambda _path, _cwd, _limit: None).find(Invocation(program, said, "/", tuple(env.items()))).label is Label.PROD


# ---- names and labels ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("prod", Label.PROD),
        ("production", Label.PROD),
        ("eu-prd-1", Label.PROD),
        ("billingProd-2", Label.PROD),
        ("acme_live", Label.PROD),
        ("product", Label.UNKNOWN),
        ("delivery", Label.UNKNOWN),
        ("liveness", Label.UNKNOWN),
        ("staging", Label.STAGING),
        ("prod-staging", Label.PROD),
        ("dev", Label.DEV),
        ("minikube", Label.LOCAL),
    ],
)
@pytest.mark.parametrize(
    "line", ["aws --profile {} s3 ls", "kubectl --context {} get x", "kubectl -n {} get x", "terraform x -var-file={}"]
)
def test_a_name_labels_its_place(somewhere, line, name, label):
    """By its words, wherever the name stands."""
    assert somewhere.label(line.format(name)) is label


def test_other_programs_have_no_place(somewhere):
    """Nothing is read for them."""
    somewhere.write("home/.kube/config", "current-context: prod")
    assert somewhere.place("ls --context prod") == Place()


def test_providers_are_imported_when_something_of_theirs_is_judged():
    """A start pays for none of them."""
    code = (
        "import sys; from guard.places import Places; from guard.core.words import Invocation; Places().find(Invocation('ls', ('ls',)));"
        "print(sorted(name for name in sys.modules if name == 'yaml' or name.startswith('guard.places.')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "['guard.places.names', 'guard.places.peek']\n"
