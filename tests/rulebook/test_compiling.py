"""What a wheel carries says what the YAML says; when it is damaged nothing is judged, and a start of it reads no YAML."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from rules.known import ROOT, SOURCE

import guard
from guard.core.peek import sees_nothing
from guard.errors import RulebookError
from guard.rulebook import documents, policies
from guard.rulebook.book import make_book, open_rulebook
from guard.rulebook.compiling import compiled
from guard.rulebook.documents import from_sources, shipped
from guard.rulebook.examples import rules_of
from guard.shell import read


@pytest.fixture(scope="module")
def files():
    """What a build makes."""
    return compiled(SOURCE)


@pytest.fixture
def installed(files, tmp_path, monkeypatch):
    """A folder as it is in an installed wheel, which is read instead of the YAML."""
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    monkeypatch.setattr(documents, "COMPILED", tmp_path)
    monkeypatch.setattr(policies, "COMPILED", tmp_path / "default-policy.json")
    monkeypatch.setattr(documents, "SOURCE", tmp_path / "no sources")
    monkeypatch.setattr(policies, "SOURCE", tmp_path / "no sources")
    return tmp_path


def test_it_knows_the_same(installed):
    """Names, variables, digest."""
    ours, theirs = make_book(from_sources(SOURCE)), open_rulebook()
    assert installed.exists()
    assert (ours.names, ours.env_names, ours.env_prefixes) == (theirs.names, theirs.env_names, theirs.env_prefixes)
    assert ours.digest == theirs.digest


def test_it_rules_the_same(installed):
    """Every operation, every program, and every example of every rule."""
    ours, theirs = make_book(from_sources(SOURCE)), open_rulebook()
    assert installed.exists()
    for provider in ("aws", "kubernetes", "terminals", "terraform"):
        mine, other = ours.ruleset(provider), theirs.ruleset(provider)
        assert set(mine.operations) == set(other.operations)
        for key, operation in mine.operations.items():
            for example in (*operation.hits, *operation.misses):
                assert rules_of(ours, example) == rules_of(theirs, example)
                for invocation in read(example.line, ours.names).invocations:
                    assert ours.classify(invocation, sees_nothing) == theirs.classify(invocation, sees_nothing)
            assert operation.targets == other.operations[key].targets
        assert [program.options for program in mine.programs] == [program.options for program in other.programs]


def test_the_default_policy_is_the_same(installed, monkeypatch):
    """Its digest too."""
    theirs = policies.read_policies(None, None)
    assert installed.exists()
    monkeypatch.setattr(policies, "COMPILED", installed / "none")
    monkeypatch.setattr(policies, "SOURCE", SOURCE / "policies" / "default.yaml")
    assert policies.read_policies(None, None) == theirs


def test_building_twice_makes_the_same_bytes(files):
    """A wheel can be built again and compared."""
    assert compiled(SOURCE) == files
    assert set(files) == {"index.json", "aws.json", "kubernetes.json", "terminals.json", "terraform.json", "default-policy.json"}


def test_a_build_stops_at_an_example_that_fails(tmp_path):
    """Nothing is shipped that does not hold."""
    for path in SOURCE.glob("**/*.yaml"):
        target = tmp_path / path.relative_to(SOURCE)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(path.read_text().replace("- terraform destroy -auto-approve", "- terraform plan -auto-approve"))
    with pytest.raises(RulebookError, match=r"operations\.yaml:11:.* does not see it"):
        compiled(tmp_path)


@pytest.mark.promise(11)
@pytest.mark.parametrize(
    "content",
    [
        b"", b"{}", b"[]", b"null", b"{", b"\xff", b'{"providers":{}}', b'{"digest":"x","providers":{}}', b"[" * 100_000,
        b'{"digest":"x","providers":{"aws":{}}}', b'{"digest":"x","providers":[1]}',
        b'{"digest":"x","providers":{"aws":{"names":["aws"],"env":[]}}}',
    ],
    ids=lambda content: repr(content)[2:40],
)  # fmt: skip
def test_a_damaged_index_is_no_empty_one(installed, content):
    """An error, and never a rulebook that knows nothing."""
    (installed / "index.json").write_bytes(content)
    with pytest.raises(RulebookError, match="qguard"):
        open_rulebook()


@pytest.mark.promise(11)
@pytest.mark.parametrize(
    "content", [None, b"", b"{}", b"[]", b"null", b"{", b"\xff", b'{"a":null}', b'{"a":{}}', b'{"a":{"provider":"terraform"}}']
)
def test_a_damaged_provider_is_no_empty_one(installed, content):
    """When its first program is seen: an error, which is asked about; the others are not touched."""
    path = installed / "terraform.json"
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    book = open_rulebook()
    assert "terraform" in book.names
    with pytest.raises(RulebookError):
        book.ruleset("terraform")
    assert book.ruleset("aws").operations


@pytest.mark.promise(11)
def test_a_provider_that_lost_a_document_is_damaged(installed):
    """The grammar without its operations, the operations without their grammar, and a rule taken away."""
    path = installed / "terraform.json"
    whole = json.loads(path.read_bytes())
    for name in whole:
        path.write_text(json.dumps({key: value for key, value in whole.items() if key != name}))
        with pytest.raises(RulebookError):
            open_rulebook().ruleset("terraform")
    whole["terraform/operations.yaml"]["operations"]["destroy"]["effect"] = "read"
    path.write_text(json.dumps(whole))
    with pytest.raises(RulebookError, match="damaged"):
        open_rulebook().ruleset("terraform")


@pytest.mark.promise(11)
def test_nothing_at_all_is_an_error(tmp_path, monkeypatch):
    """Neither JSON nor YAML."""
    monkeypatch.setattr(documents, "COMPILED", tmp_path)
    monkeypatch.setattr(documents, "SOURCE", tmp_path)
    with pytest.raises(RulebookError, match="missing"):
        shipped()


# ---- a wheel ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def wheel(files, tmp_path_factory):
    """The package as a wheel lays it out: code and JSON, no YAML."""
    folder = tmp_path_factory.mktemp("wheel")
    (folder / "guard").mkdir()
    package = Path(guard.__file__).parent
    for path in package.iterdir():
        if path.name not in {"_data", "__pycache__"}:
            (folder / "guard" / path.name).symlink_to(path)
    (folder / "guard/__init__.py").unlink()
    (folder / "guard/__init__.py").write_text((package / "__init__.py").read_text())
    data = folder / "guard/_data/compiled"
    data.mkdir(parents=True)
    for name, content in files.items():
        (data / name).write_bytes(content)
    return folder


def in_wheel(wheel, script):
    """What a script prints there."""
    path = f"import sys; sys.path.insert(0, {str(wheel)!r})\n"
    done = subprocess.run([sys.executable, "-I", "-B", "-c", path + script], cwd="/", capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


START = """
from guard.rulebook import open_rulebook
from guard.rulebook.policies import read_policies
book = open_rulebook()
read_policies(None, None)
"""


def test_its_start_imports_no_yaml_and_no_rules(wheel):
    """The names are in the index; what programs do is read when one is seen."""
    script = START + (
        "found = sorted(name for name in sys.modules if name.startswith(('yaml', 'guard.rules', 'zipfile')))\n"
        "print(found, 'kubectl' in book.names)"
    )
    assert in_wheel(wheel, script) == "[] True"


def test_judging_there_imports_no_yaml(wheel):
    """And only the provider that is asked about is read."""
    script = START + (
        "from guard.core.words import Invocation\nfrom guard.core.peek import sees_nothing\n"
        "found = book.classify(Invocation('terraform', ('terraform', 'destroy'), '', ()), sees_nothing)\n"
        "print([one.rule for one in found], sorted(book._rulesets), 'yaml' in sys.modules)"
    )
    assert in_wheel(wheel, script) == "['terraform.destroy'] ['terraform'] False"


@pytest.mark.skipif(not (ROOT / "hatch_build.py").exists(), reason="this is a copy of the tests, and qguard comes from a wheel")
def test_the_hook_puts_them_where_they_are_looked_for(tmp_path):
    """``hatch_build.py``: what ``compiled`` makes goes to ``guard/_data/compiled``; an editable install gets nothing."""
    script = (
        "import sys, types; sys.path.insert(0, sys.argv[1])\n"
        "names = ['hatchling', 'hatchling.builders', 'hatchling.builders.hooks', 'hatchling.builders.hooks.plugin',"
        " 'hatchling.builders.hooks.plugin.interface']\n"
        "for name in names: sys.modules[name] = types.ModuleType(name)\n"
        "sys.modules[names[-1]].BuildHookInterface = object\n"
        "import hatch_build\n"
        "hook = hatch_build.CompileRules()\n"
        "data = {'force_include': {}}\n"
        "hook.initialize('editable', data); assert data == {'force_include': {}}; hook.finalize('editable', data, '')\n"
        "hook.initialize('standard', data)\n"
        "print(*sorted(data['force_include'].values()))\n"
        "import os; assert all(os.path.getsize(path) for path in data['force_include'])\n"
        "hook.finalize('standard', data, ''); assert not any(map(os.path.exists, data['force_include']))\n"
    )
    done = subprocess.run([sys.executable, "-B", "-c", script, str(ROOT)], cwd=tmp_path, capture_output=True, text=True, check=False)
    names = ["aws", "default-policy", "index", "kubernetes", "terminals", "terraform"]
    assert done.stdout.split() == [f"guard/_data/compiled/{name}.json" for name in names], done.stderr
