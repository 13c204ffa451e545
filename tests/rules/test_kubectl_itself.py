"""Against kubectl itself: the command that it finds, the options as it reads them, and what it really deletes."""

from __future__ import annotations

import re
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rules.known import book, is_asked, rules
from support.machine import PATH, needs

from guard.rules.argv import Focus, readings

pytestmark = needs("kubectl")

COMMANDS = [
    "delete", "apply", "replace", "scale", "patch", "drain", "cordon", "label", "create", "create role", "create clusterrolebinding",
    "auth reconcile", "certificate approve", "rollout restart", "edit", "annotate", "taint",
]  # fmt: skip
VALUES = {"vmodule": "-0=1"}
KINDS = ("pods", "deployments", "configmaps", "namespaces")


def kubectl(*words, kubeconfig="/dev/null"):
    """What kubectl says; there is no server."""
    environment = {"PATH": PATH, "HOME": "/nonexistent", "KUBECONFIG": str(kubeconfig)}
    done = subprocess.run(
        ["kubectl", *words], env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30, check=False
    )
    return done.stdout + done.stderr


def grammar():
    """How we read kubectl."""
    return next(program for program in book().ruleset("kubernetes").programs if program.name == "kubectl")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_is_read_as_it_is(command):
    """Which of a command's options take a value is found out by giving each ``-0``, which is a value or an option that there is not."""
    options = grammar().options
    text = kubectl(*command.split(), "--help") + kubectl("options")
    names = sorted(set(re.findall(r"^ +(?:-\w, )?--([\w-]+)=", text, re.MULTILINE)) - {"v"})
    known = [name for name in names if name in options.valued | options.flags | options.optional]
    assert len(known) > 20
    valued = [name for name in known if name in options.valued]
    flags = [name for name in known if name not in options.valued]
    # Each flag stands alone, each other option takes what follows: so what is not known is found at the very end.
    line = [
        *(f"--{name}" for name in flags),
        *(word for name in valued for word in (f"--{name}", VALUES.get(name, "-0"))),
        "--no-such-option",
    ]
    assert "unknown flag: --no-such-option" in kubectl(*command.split(), *line)
    for letter, name in re.findall(r"^ +-(\w), --([\w-]+)=", text, re.MULTILINE):
        meant = options.short.get(letter)
        assert meant == name or meant is None or (meant in options.valued) is (name in options.valued), letter


def test_what_is_known_everywhere_is_what_kubectl_says():
    """``kubectl options`` lists what is known before the command is; what it does not list may be of a later version."""
    options = grammar().options
    listed = set(re.findall(r"--([\w-]+)=", kubectl("options")))
    assert listed <= options.everywhere
    assert options.everywhere - listed <= {"as-user-extra", "kuberc"}


WORDS = [
    "delete", "delete", "apply", "create", "role", "rollout", "restart", "pod", "x", "-n", "--namespace", "--force", "--all", "-A",
    "-R", "-Rn",

    "-f", "--dry-run", "-v", "-v=1", "--cluster", "--cluster=a", "-nx", "", "-", "--match-server-version", "--cascade", "get",
]  # fmt: skip


@settings(max_examples=50, deadline=None)
@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=7))
def test_the_command_is_found_where_kubectl_finds_it(words):
    """One of our readings begins with the command that kubectl takes it for."""
    said = kubectl("--server=http://127.0.0.1:9", *words, "--no-such-option")
    command = re.search(r"See 'kubectl (.*) --help' for usage", said)
    if command is None or command[1].split()[0] not in grammar().subcommands:
        return
    program = grammar()
    focus = Focus(program.depth, program.deciding, program.subcommands)
    found = [[word for _, word in given.words] for given in readings(["kubectl", *words], program.options, focus)]
    wanted = command[1].split()[: 1 + bool(program.subcommands[command[1].split()[0]])]
    if wanted[1:] and wanted[1] not in program.subcommands[wanted[0]]:
        wanted = wanted[:1]
    assert any(one[: len(wanted)] == wanted for one in found), (wanted, found)


@pytest.mark.parametrize(
    ("words", "rule"),
    [
        (["delete", "pod", "api-1"], "kubernetes.delete"),
        (["--now", "pod", "delete", "api-1"], "kubernetes.delete"),
        (["-Rn", "delete", "billing", "pod", "api-1"], "kubernetes.delete"),
        (["delete", "PODS", "api-1", "--wait=false"], "kubernetes.delete"),
        (["delete", "pod/api-1"], "kubernetes.delete"),
        (["delete", "pods.v1.", "api-1"], "kubernetes.delete"),
        (["delete", "--dry-run=client", "--dry_run=none", "pod", "api-1"], "kubernetes.delete"),
        (["delete", "pod,cm", "-lapp=api"], "kubernetes.delete"),
        (["--all", "pods", "delete"], "kubernetes.delete-all"),
        (["delete", "po", "-A", "-l", "app=api"], "kubernetes.delete-all"),
        (["delete", "--raw", "/api/v1/namespaces/billing/pods/api-1"], "kubernetes.delete-raw"),
        (["delete", "--raw=/api/v1/namespaces/billing/pods/api-1", "--dry-run=client"], "kubernetes.delete-raw"),
        (["--ignore-not-found", "ns", "delete", "billing", "--wait=false"], "kubernetes.delete-environment"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_it_really_deletes_is_seen(kube, words, rule):
    """Each of these takes something away from a real cluster's API, and the rule says so."""
    before = [kube.cluster.names(kind) for kind in KINDS]
    done = kube.kubectl(*words, *(["--wait=false"] if "--raw" not in " ".join(words) else []))
    assert rule in rules("kubectl", *words)
    assert is_asked("kubectl", *words)
    assert [kube.cluster.names(kind) for kind in KINDS] != before, done.stdout + done.stderr
