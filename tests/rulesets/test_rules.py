"""Every shipped rule: its examples hold, its words are sentences, something leads to it, and it does not refuse its own advice."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from rules.known import SOURCE, book

from guard.core.peek import sees_nothing
from guard.core.words import Verdict
from guard.places import Places
from guard.rulebook.examples import check, rules_of
from guard.rulebook.files import read_yaml
from guard.rulebook.policies import read_policies
from guard.rules.reading import COMMAND_KEYS, OPERATION_KEYS, OPERATIONS_KEYS, PROGRAM_KEYS, is_program
from guard.runtime.judge import Judge

PROVIDERS = ("aws", "kubernetes", "terminals", "terraform")
FILES = sorted(path for provider in PROVIDERS for path in (SOURCE / provider).glob("**/*.yaml"))
RULES = {one.rule: one for provider in PROVIDERS for one in book().ruleset(provider).operations.values()}
every_rule = pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
every_file = pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
_COMMAND = re.compile(r"`([^`]+)`")


@every_rule
def test_its_examples_hold(rule):
    """What it hits it hits, what it misses it misses."""
    check(book(), [rule])
    assert rule.hits
    assert rule.misses


@every_rule
def test_it_misses_something_of_its_own_program(rule):
    """A miss that concerns another program proves nothing."""
    programs = {book().ruleset(rule.provider).programs[n].name for n in range(len(book().ruleset(rule.provider).programs))}
    assert any(programs & set(re.split(r"[ '=]", example.line)) for example in rule.misses)


@every_rule
def test_it_speaks_in_sentences(rule):
    """Read by a human who decides, and by an agent that is refused."""
    for text in (rule.because, rule.instead):
        assert re.fullmatch(r"[A-Z].*[.?]", text)
        assert 20 <= len(text) <= 200
        assert "  " not in text


@every_rule
def test_its_id_is_well_formed(rule):
    """Provider, service, operation: words, and a star at the end of an operation only."""
    assert re.fullmatch(r"(aws|kubernetes|terminals|terraform)(\.([a-z0-9]+|\*))?\.[A-Za-z][A-Za-z0-9-]*\*?", rule.rule)


@every_rule
def test_its_advice_is_allowed(rule):
    """Whatever command it names instead is not asked about itself."""
    judge = Judge(book(), read_policies(None, None), Places(), sees_nothing)
    for command in _COMMAND.findall(rule.instead):
        if command.split()[0] in book().names:
            assert judge.explain_line(command, "/nowhere", ()).ruling.verdict is Verdict.ALLOW, command


def test_most_rules_name_a_command_instead():
    """Advice that can be run is better than advice."""
    named = [one for one in RULES.values() if _COMMAND.search(one.instead)]
    assert len(named) > len(RULES) * 0.6


def test_every_operation_can_be_reached():
    """A grammar's command leads to it, or calls do (AWS)."""
    for provider in PROVIDERS:
        ruleset = book().ruleset(provider)
        led_to = {command.does for program in ruleset.programs for command in program.commands}
        called = any(program.calls for program in ruleset.programs)
        for key, operation in ruleset.operations.items():
            reached = {one for example in operation.hits for one in rules_of(book(), example)}
            assert key in led_to or called
            assert operation.rule in reached


def test_each_command_of_a_grammar_is_reached_by_some_example():
    """No form stands behind another that always fits first."""
    for provider in PROVIDERS:
        ruleset = book().ruleset(provider)
        used = {rule for one in ruleset.operations.values() for example in one.hits for rule in rules_of(book(), example)}
        for program in ruleset.programs:
            for command in program.commands:
                assert not command.does or ruleset.operations[command.does].rule in used


@every_file
def test_the_keys_stand_in_their_order(path):
    """Files of one kind read alike."""
    document = read_yaml(path, "ruleset")

    def in_order(node, order):
        found = [key.value for key, _ in node.entries()]
        assert found == sorted(found, key=order.index), found

    if is_program(document):
        in_order(document, PROGRAM_KEYS)
        for command in document.mapping().get("commands", document).some() if "commands" in document.mapping() else ():
            in_order(command, COMMAND_KEYS)
        return
    in_order(document, OPERATIONS_KEYS)
    for _, operation in document.mapping()["operations"].entries():
        in_order(operation, OPERATION_KEYS)


@every_file
def test_a_file_is_called_after_what_is_in_it(path):
    """Service or program; what no service has is called operations, what every service has any."""
    document = read_yaml(path, "ruleset").mapping()
    assert document["provider"].text() == path.relative_to(SOURCE).parts[0]
    name = document["program"].text() if "program" in document else document["service"].text() if "service" in document else "operations"
    assert path.stem in {name.replace("*", "any"), f"{name}-operations"}


@every_file
def test_a_file_is_tidy(path):
    """Short lines, no tabs, one newline at the end."""
    text = path.read_text()
    assert max(map(len, text.splitlines())) <= 150
    assert "\t" not in text
    assert re.search(r"[^\n]\n\Z", text)


def test_no_example_is_there_twice_in_a_rule():
    """Each example shows something new."""
    for rule in RULES.values():
        lines = [(example.line, str(example.given)) for example in (*rule.hits, *rule.misses)]
        assert len(lines) == len(set(lines)), rule.rule


def test_these_are_all():
    """Nothing that is shipped is left out here."""
    assert set(PROVIDERS) == {path.name for path in Path(SOURCE).iterdir() if path.is_dir()} - {"policies"}
