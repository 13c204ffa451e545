"""From actions to a ruling: who may relax what, and that nobody else can."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from policy.docs import action, policies

from guard.core.words import NOTHING, Action, Effect, Label, Opaque, Place, Target, Undo, Verdict
from guard.policy import rule
from guard.policy.model import Cell, Condition, Layer, Pin, Policies, Policy, Rule

ALLOW, ASK, SECOND, DENY = Verdict
DEFAULT = policies()
PROD = Place(Label.PROD)
DEV_PINNED = Place(Label.DEV, pinned=True)


def verdict(one, in_force=DEFAULT):
    """The verdict on one action."""
    return rule((one,), (), in_force).verdict


def reasons(one, in_force=DEFAULT):
    """Who spoke about one action, and how strictly."""
    (judged,) = rule((one,), (), in_force).judged
    return [(reason.source, reason.verdict) for reason in judged.reasons]


def user(rules="", rest=""):
    """Policies with these rules of the engineer's."""
    return policies(user="version: 1\n" + rest + ("rules:\n" + rules if rules else ""))


# ---- the default policy ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("effect", "anywhere", "in_prod"),
    [
        ("read", ALLOW, ALLOW),
        ("create", ALLOW, ALLOW),
        ("change", ALLOW, ASK),
        ("delete", ASK, ASK),
        ("teardown", ASK, ASK),
        ("privilege", ASK, ASK),
        ("evade", ASK, ASK),
    ],
)
def test_the_default_policy(effect, anywhere, in_prod):
    """The default policy's table, cell by cell."""
    assert verdict(action(effect)) is anywhere
    assert verdict(action(effect, place=DEV_PINNED)) is anywhere
    assert verdict(action(effect, place=PROD)) is in_prod


def test_nothing_is_nobodys_business():
    """No action and nothing opaque: nobody had anything to say."""
    assert rule((), (), DEFAULT) == NOTHING


@pytest.mark.promise(3)
def test_what_is_not_understood_is_asked_about():
    """Opaque alone asks, opaque beside an allowed action asks, and beside a denied one it stays denied."""
    dark = (Opaque("sh -c", "unreadable"),)
    assert rule((), dark, DEFAULT).verdict is ASK
    assert rule((action("read"),), dark, DEFAULT).verdict is ASK
    assert rule((action("read", provider="qguard"),), dark, DEFAULT).verdict is DENY


@pytest.mark.parametrize("effect", list(Effect))
def test_qguard_itself_is_out_of_reach(effect):
    """Not even an engineer's blanket permission lets an agent act on its guard."""
    in_force = user('- {when: {provider: "*"}, verdict: allow}\n')
    assert verdict(action(effect, provider="qguard"), in_force) is DENY
    assert verdict(action(effect), in_force) is ALLOW


def test_a_name_makes_a_place_production():
    """A target or a fact that holds a prod word, whatever the place itself was taken for."""
    assert verdict(action("change", "billing-prod")) is ASK
    assert verdict(action("change", place=Place(facts=(("profile", "live-admin"),)))) is ASK
    assert verdict(action("change", "billing-prod", place=DEV_PINNED)) is ASK
    assert verdict(action("change", "product")) is ALLOW


def test_the_ruling_shows_the_place_it_judged():
    """The card and the grants see the label that counted; a pin that the names contradict is none."""
    (judged,) = rule((action("change", "billing-prod", place=DEV_PINNED),), (), DEFAULT).judged
    assert judged.action.place == Place(Label.PROD, pinned=False)
    (judged,) = rule((action("change", "web", place=DEV_PINNED),), (), DEFAULT).judged
    assert judged.action.place == DEV_PINNED


# ---- the engineer's policy -------------------------------------------------------------------------------------------


def test_the_engineers_table_replaces_entries_of_the_default_one():
    """Both ways; what it does not mention stays."""
    in_force = policies(user="version: 1\nverdicts: {delete: allow, create: ask}\n")
    assert reasons(action("delete"), in_force) == [("policy.yaml:2", ALLOW)]
    assert verdict(action("create"), in_force) is ASK
    assert verdict(action("teardown"), in_force) is ASK
    assert verdict(action("change", place=PROD), in_force) is ASK


def test_an_engineers_rule_stands_in_for_the_tables():
    """A rule that fits can allow what the default policy asks about, and says so."""
    in_force = user("- {when: {effect: teardown, service: cloudformation}, verdict: allow, because: Ours.}\n")
    (judged,) = rule((action(),), (), in_force).judged
    assert [(reason.source, reason.text) for reason in judged.reasons] == [("policy.yaml:3", "Ours.")]
    assert judged.verdict is ALLOW
    assert verdict(action(service="rds"), in_force) is ASK
    assert verdict(action(service=None), in_force) is ASK


@pytest.mark.promise(2)
def test_a_stricter_rule_of_the_same_policy_wins_in_any_order():
    """Order means nothing in a policy."""
    lines = ["- {when: {provider: aws}, verdict: allow}\n", "- {when: {operation: Delete*}, verdict: deny}\n"]
    assert verdict(action(), user("".join(lines))) is DENY
    assert verdict(action(), user("".join(reversed(lines)))) is DENY


@pytest.mark.parametrize(
    ("when", "fits"),
    [
        ("{effect: [delete, teardown]}", True),
        ("{effect: delete}", False),
        ("{provider: [gcp, aws]}", True),
        ("{provider: AWS}", False),
        ("{operation: Delete*, service: cloud?ormation}", True),
        ("{operation: Delete*, service: rds}", False),
        ("{rule: aws.*}", True),
        ("{target: web-*}", True),
        ("{target: db-*}", False),
        ("{command: aws cloudformation delete-stack*}", True),
        ("{command: delete-stack}", False),
    ],
)
def test_every_key_of_a_condition_must_fit(when, fits):
    """Globs are case-sensitive and about the whole value."""
    assert verdict(action("teardown", "web-1"), user(f"- {{when: {when}, verdict: allow}}\n")) is (ALLOW if fits else ASK)


def test_all_targets_must_fit_to_relax_and_one_to_tighten():
    """``kubectl delete pod tmp-1 billing-db`` is not a deletion of tmp-*."""
    relaxed, strict = user('- {when: {target: "tmp-*"}, verdict: allow}\n'), user('- {when: {target: "tmp-*"}, verdict: deny}\n')
    assert [verdict(action("delete", *names), relaxed) for names in (["tmp-1"], ["tmp-1", "db"], [])] == [ALLOW, ASK, ASK]
    assert [verdict(action("delete", *names), strict) for names in (["tmp-1"], ["tmp-1", "db"], [])] == [DENY, DENY, ASK]


def test_a_command_keeps_its_words_apart():
    """One argument with a space in it does not pass for two; an API call has no command at all."""
    in_force = user('- {when: {command: "aws s3 rm *"}, verdict: allow}\n')
    assert verdict(action(argv=("aws", "s3", "rm", "s3://x/y")), in_force) is ALLOW
    assert verdict(action(argv=("aws", "s3 rm s3://x/y")), in_force) is ASK
    assert verdict(action(argv=()), user('- {when: {command: "*"}, verdict: allow}\n')) is ASK


@pytest.mark.parametrize("how", ["rule", "table"])
def test_a_label_relaxes_only_where_it_is_proven(how):
    """Names are the agent's to write: a place is called dev by anybody."""
    in_force = (
        user("- {when: {label: dev}, verdict: allow}\n") if how == "rule" else user(rest="places: {dev: {verdicts: {teardown: allow}}}\n")
    )
    assert verdict(action(place=DEV_PINNED), in_force) is ALLOW
    assert verdict(action(place=Place(Label.DEV)), in_force) is ASK
    assert verdict(action("teardown", "dev"), in_force) is ASK
    assert verdict(action("teardown", "staging-copy", place=DEV_PINNED), in_force) is ASK
    assert verdict(action(place=Place(pinned=True)), in_force) is ASK


@pytest.mark.parametrize("how", ["rule", "table"])
def test_a_label_tightens_wherever_it_may_be_meant(how):
    """Every label that a name suggests counts, and a place of which nothing is proven may be unknown."""

    def in_force(label):
        table = f"places: {{{label}: {{verdicts: {{read: deny}}}}}}\n"
        return user(f"- {{when: {{label: {label}}}, verdict: deny}}\n") if how == "rule" else user(rest=table)

    assert verdict(action("read", "prod-staging"), in_force("staging")) is DENY
    assert verdict(action("read", place=Place(Label.DEV)), in_force("dev")) is DENY
    assert verdict(action("read", "dev"), in_force("unknown")) is DENY
    assert verdict(action("read", place=DEV_PINNED), in_force("unknown")) is ALLOW
    assert verdict(action("read"), in_force("staging")) is ALLOW


def test_a_rule_that_may_not_be_meant_relaxes_nothing_a_table_says():
    """Laxer than one entry of the tables and stricter than another: the strictest entry stays."""
    rest = "places: {prod: {verdicts: {change: deny}}}\n"
    assert verdict(action("change", "web-prod"), user("- {when: {label: prod}, verdict: ask}\n", rest)) is DENY


def test_words_and_pins_of_a_policy_make_production():
    """A word in a name, an account number, a server's address."""
    in_force = user(rest='places: {prod: {words: [billing], pins: {account: ["0123"], server: "https://10.0.0.1"}}}\n')
    assert verdict(action("change", "billingDb"), in_force) is ASK
    assert verdict(action("change", place=Place(facts=(("account", "0123"),))), in_force) is ASK
    assert verdict(action("change", place=Place(facts=(("server", "https://10.0.0.1"),))), in_force) is ASK
    assert verdict(action("change", place=Place(facts=(("region", "0123"),))), in_force) is ALLOW
    assert verdict(action("change", "billing-prod"), DEFAULT) is ASK, "the default words stay"


def test_a_pin_in_a_file_proves_nothing():
    """A number that was read from a file may tighten, and never relaxes."""
    in_force = user("- {when: {label: dev}, verdict: allow}\n", "places: {dev: {pins: {account: '0123'}}}\n")
    assert verdict(action(place=Place(facts=(("account", "0123"),))), in_force) is ASK


@pytest.mark.promise(11)
def test_a_second_person_must_exist():
    """``second`` without approvers is a denial that says why."""
    rules = "- {when: {effect: teardown}, verdict: second}\n"
    (judged,) = rule((action(),), (), user(rules)).judged
    assert judged.verdict is DENY
    assert "No approvers are configured" in judged.reasons[-1].text
    assert verdict(action(), user(rules, "approvers: [ada]\n")) is SECOND


# ---- a project's policy ----------------------------------------------------------------------------------------------


@pytest.mark.promise(7)
def test_a_project_tightens_and_never_relaxes():
    """Its table, its rules and its words count; its ``allow`` does not."""
    lax = policies(project='version: 1\nverdicts: {teardown: allow}\nrules:\n- {when: {provider: "*"}, verdict: allow}\n')
    assert verdict(action(), lax) is ASK
    strict = policies(user="version: 1\nverdicts: {delete: allow}\n", project="version: 1\nverdicts: {delete: deny}\n")
    assert reasons(action("delete"), strict) == [("policy.yaml:2", ALLOW), (".qguard.yaml:2", DENY)]
    words = policies(project="version: 1\nplaces: {prod: {words: [web], verdicts: {read: ask}}}\n")
    assert verdict(action("change", "web"), words) is ASK
    assert verdict(action("read", "web"), words) is ASK


# ---- properties ------------------------------------------------------------------------------------------------------

LABELS, EFFECTS, VERDICTS = st.sampled_from(Label), st.sampled_from(Effect), st.sampled_from(Verdict)
NAMES = st.sampled_from(["web", "web-prod", "dev", "staging", "x"])
TABLES = st.dictionaries(EFFECTS, VERDICTS.map(lambda found: Cell(found, "x")), max_size=3)
CONDITIONS = st.builds(
    Condition,
    effects=st.lists(EFFECTS, max_size=2).map(tuple),
    providers=st.sampled_from([(), ("*",), ("aws",), ("qguard",)]),
    labels=st.lists(LABELS, max_size=2).map(tuple),
    targets=st.sampled_from([(), ("*",), ("web*",)]),
)
RULES = st.lists(st.builds(Rule, CONDITIONS, VERDICTS, st.just(""), st.just("x")), max_size=3).map(tuple)
PINS = st.lists(st.builds(Pin, LABELS, st.just("account"), st.sampled_from(["1", "2"])), max_size=2).map(tuple)


def layer(kind):
    """Policies of one layer."""
    return st.builds(
        Policy, st.just(kind), st.just("x"), verdicts=TABLES, places=st.dictionaries(LABELS, TABLES, max_size=2), rules=RULES, pins=PINS
    )


POLICIES = st.builds(
    lambda user, project, approvers: replace(DEFAULT, user=user, project=project, approvers=approvers),
    st.none() | layer(Layer.USER),
    st.none() | layer(Layer.PROJECT),
    st.sampled_from([(), ("ada",)]),
)
PLACES = st.builds(Place, LABELS, st.sampled_from([(), (("account", "1"),), (("profile", "prod"),)]), st.booleans())
TARGETS = st.lists(st.builds(Target, st.just("stack"), NAMES), max_size=2).map(tuple)
ACTIONS = st.builds(
    Action,
    st.just("r"),
    st.sampled_from(["aws", "qguard"]),
    st.none(),
    st.just("o"),
    EFFECTS,
    st.just(Undo.NONE),
    place=PLACES,
    targets=TARGETS,
)


def in_order(rules: tuple[Rule, ...], extra: Rule, index: int) -> tuple[Rule, ...]:
    """The rules with one more somewhere among them."""
    return (*rules[: index % 4], extra, *rules[index % 4 :])


@pytest.mark.promise(2)
@given(st.lists(ACTIONS, max_size=3), ACTIONS, POLICIES)
def test_another_action_never_relaxes(actions, another, in_force):
    """Whatever else a command does: it is at least as strict, and as strict as its strictest action."""
    before = rule(tuple(actions), (), in_force)
    after = rule((*actions, another), (), in_force)
    assert after.verdict == max(before.verdict, verdict(another, in_force))


@pytest.mark.promise(3)
@given(st.lists(ACTIONS, max_size=2), POLICIES)
def test_something_opaque_never_relaxes(actions, in_force):
    """What cannot be understood asks at least."""
    before = rule(tuple(actions), (), in_force).verdict
    assert rule(tuple(actions), (Opaque("x", "y"),), in_force).verdict == max(before, ASK)


@pytest.mark.promise(7)
@given(ACTIONS, POLICIES, layer(Layer.PROJECT))
def test_a_project_never_loosens(one, in_force, project):
    """With any project policy instead of none, nothing is allowed more."""
    assert verdict(one, replace(in_force, project=project)) >= verdict(one, replace(in_force, project=None))


@pytest.mark.promise(2)
@given(ACTIONS, POLICIES, st.builds(Rule, CONDITIONS, VERDICTS, st.just(""), st.just("x")), st.integers(0, 3))
def test_another_rule_of_a_project_never_relaxes(one, in_force, extra, index):
    """Nor does another rule in the policy that is there."""
    project = in_force.project or Policy(Layer.PROJECT, "x")
    more = replace(in_force, project=project._replace(rules=in_order(project.rules, extra, index)))
    assert verdict(one, more) >= verdict(one, in_force)


@pytest.mark.promise(2)
@given(ACTIONS, POLICIES, st.builds(Rule, CONDITIONS, VERDICTS, st.just(""), st.just("x")), st.integers(0, 3))
def test_only_a_laxer_rule_of_the_engineers_relaxes(one, in_force, extra, index):
    """Another rule of the engineer's at least as strict as the verdict so far never makes it laxer."""
    before = verdict(one, in_force)
    mine = in_force.user or Policy(Layer.USER, "x")
    more = replace(in_force, user=mine._replace(rules=in_order(mine.rules, extra._replace(verdict=max(extra.verdict, before)), index)))
    assert verdict(one, more) >= before


@pytest.mark.promise(2)
@given(ACTIONS, POLICIES, NAMES)
def test_another_name_for_the_place_never_relaxes(one, in_force, name):
    """What the agent can write, a profile's name for example, only tightens."""
    more = replace(one, place=replace(one.place, facts=(*one.place.facts, ("profile", name))))
    assert verdict(more, in_force) >= verdict(one, in_force)


@pytest.mark.promise(2)
@given(ACTIONS, POLICIES, LABELS)
def test_a_label_that_is_not_pinned_never_relaxes(one, in_force, label):
    """Whatever a place says of itself, it is treated at least as strictly as a place that says nothing."""
    unknown = replace(one, place=replace(one.place, label=Label.UNKNOWN, pinned=False))
    labelled = replace(one, place=replace(one.place, label=label, pinned=False))
    assert verdict(labelled, in_force) >= verdict(unknown, in_force)


@given(ACTIONS, POLICIES)
def test_qguard_is_denied_by_any_policy(one, in_force):
    """No policy that can be written allows an agent to act on its guard."""
    assert verdict(replace(one, provider="qguard"), in_force) is DENY


@pytest.mark.promise(11)
@given(ACTIONS, POLICIES)
def test_every_verdict_has_its_reason(one, in_force: Policies):
    """The verdict is that of the strictest reason, and a second person is only asked for where there is one."""
    (judged,) = rule((one,), (), in_force).judged
    assert judged.verdict == max(reason.verdict for reason in judged.reasons)
    assert all(reason.text.endswith(".") for reason in judged.reasons)
    assert judged.verdict is not SECOND or in_force.approvers
