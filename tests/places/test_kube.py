"""Which cluster and namespace: as kubectl itself would have it."""

from __future__ import annotations

import os

import pytest

from guard.core.words import Label

FULL = {"context": "dev", "cluster": "dev-cluster", "server": "https://dev.example.com", "namespace": "dev-ns", "user": "dev-user"}


@pytest.fixture
def two(somewhere, kubeconfig):
    """A kubeconfig with two contexts; the current one is dev."""
    kubeconfig("dev", "prod", current="dev")
    return somewhere


# ---- contexts and namespaces -----------------------------------------------------------------------------------------


def test_the_current_context_says_everything(two):
    """Context, cluster, server, namespace and user, in the order they are shown."""
    place = two.place("kubectl delete ns x")
    assert tuple(FULL.items()) == place.facts
    assert place.label is Label.DEV


@pytest.mark.parametrize(
    "line",
    [
        "kubectl --context prod delete pod x",
        "kubectl delete pod x --context=prod",
        "kubectl delete --context dev pod x --context prod",
        "helm --kube-context prod uninstall x",
        "flux --context=prod delete source git x",
    ],
)
def test_a_context_may_be_named_anywhere(two, line):
    """The last one counts."""
    assert two.facts(line) == {name: value.replace("dev", "prod") for name, value in FULL.items()}
    assert two.label(line) is Label.PROD


@pytest.mark.parametrize("words", ["-n x", "-nx", "-n=x", "--namespace x", "--namespace=x", "-wn x", "-ARnx", "-itn=x", "-n y -n x"])
def test_a_namespace_may_be_written_in_many_ways(two, words):
    """As pflag reads short options: glued, with a sign, behind switches."""
    assert two.facts(f"kubectl delete pod a {words}")["namespace"] == "x"
    assert two.facts(f"kubectl {words} delete pod a")["namespace"] == "x"


def test_an_empty_option_leaves_the_current_context(two):
    """As kubectl has it."""
    assert two.facts("kubectl --context= -n= delete pod x") == FULL


def test_parts_of_a_context_may_be_replaced(two):
    """--cluster, --server, --user, -s."""
    assert two.facts("kubectl --cluster prod-cluster get pods")["server"] == "https://prod.example.com"
    assert two.facts("kubectl -s https://x --user admin get pods") == {**FULL, "server": "https://x", "user": "admin"}
    assert two.facts("kubectl --cluster none get pods") == {name: value for name, value in FULL.items() if name != "server"} | {
        "cluster": "none"
    }


@pytest.mark.promise(2)
def test_what_is_overruled_still_counts_as_a_name(two):
    """Words of another option, or of another program, may look like an option that relaxes."""
    assert two.label("kubectl --context prod run x --overrides --context=dev") is Label.PROD
    assert two.label("kubectl -n live exec x -- sh -c 'kubectl -n dev'") is Label.PROD


def test_what_comes_after_two_dashes_is_somebody_elses(two):
    """``kubectl exec x -- …`` runs in the pod."""
    assert two.facts("kubectl exec x -- tool --context prod -n live") == FULL


def test_helm_has_variables_that_kubectl_does_not_read(two):
    """HELM_KUBECONTEXT, HELM_NAMESPACE, HELM_KUBEAPISERVER."""
    variables = {"HELM_KUBECONTEXT": "prod", "HELM_NAMESPACE": "n", "HELM_KUBEAPISERVER": "https://h"}
    found = two.facts("helm uninstall x", **variables)
    assert (found["context"], found["namespace"], found["server"]) == ("prod", "n", "https://h")
    assert two.facts("helm uninstall x -n m --kube-context dev", **variables)["context"] == "dev"
    assert two.facts("kubectl delete pod x", **variables) == FULL
    assert "server" in two.facts("helm uninstall -s x", **variables)


def test_helmfile_has_environments(two):
    """An environment is a name like any other."""
    assert two.label("helmfile -e prod destroy") is Label.PROD
    assert two.facts("helmfile destroy", HELMFILE_ENVIRONMENT="live")["environment"] == "live"


# ---- files -----------------------------------------------------------------------------------------------------------


def test_of_several_files_the_first_that_says_it_wins(somewhere, kubeconfig):
    """KUBECONFIG is a list; what is missing is passed over."""
    one = kubeconfig("dev", name="one", server="https://one")
    two = kubeconfig("dev", "prod", current="prod", name="work/two", server="https://two")
    found = somewhere.facts("kubectl get pods", KUBECONFIG=f"none::{one}:two")
    assert (found["context"], found["server"]) == ("prod", "https://two")
    assert somewhere.facts("kubectl --context dev get pods", KUBECONFIG=f"{one}:{two}")["server"] == "https://one"
    assert somewhere.facts("kubectl --context dev get pods", KUBECONFIG=f"two:{one}")["server"] == "https://two"


def test_an_option_replaces_the_list(somewhere, kubeconfig):
    """--kubeconfig is one file, and nothing is merged."""
    kubeconfig("prod", current="prod")
    other = kubeconfig("staging", current="staging", name="other")
    assert somewhere.label(f"kubectl --kubeconfig {other} get pods", KUBECONFIG="none") is Label.STAGING
    assert somewhere.place("kubectl --kubeconfig=none get pods").facts == ()


def test_a_tilde_is_no_home_here(somewhere, kubeconfig):
    """Only a shell expands it: kubectl looks for a directory of that name."""
    kubeconfig("prod", current="prod", name="work/~/config")
    assert somewhere.label("kubectl get pods", KUBECONFIG="~/config") is Label.PROD


def test_json_and_names_that_look_like_numbers(somewhere):
    """A kubeconfig may be JSON; a context may be called 123, or no."""
    somewhere.write("home/.kube/config", '{"current-context": "no", "contexts": [{"name": "no", "context": {"namespace": "123"}}]}')
    assert somewhere.facts("kubectl get pods") == {"context": "no", "namespace": "123"}
    somewhere.write("home/.kube/config", "current-context: 0123\ncontexts: [{name: 0123, context: {namespace: 1e3}}]")
    assert somewhere.facts("kubectl get pods") == {"context": "0123", "namespace": "1e3"}


@pytest.mark.parametrize(
    ("server", "label"),
    [
        ("https://127.0.0.1:6443", Label.LOCAL),
        ("localhost:8080", Label.LOCAL),
        ("https://[::1]:6443/", Label.LOCAL),
        ("https://0.0.0.0:1", Label.LOCAL),
        ("https://127.0.0.1:x@api.example.com", Label.UNKNOWN),
        ("https://127.0.0.1.example.com", Label.UNKNOWN),
        ("https://10.1.2.3", Label.UNKNOWN),
        ("https://api.prd.example.com", Label.PROD),
    ],
)
def test_a_server_says_where(somewhere, server, label):
    """Loopback addresses are this machine, and nothing that only looks like one."""
    assert somewhere.label(f"kubectl -s {server} get pods") is label


# ---- files that nobody should write ----------------------------------------------------------------------------------


HOSTILE = {
    "empty": b"",
    "binary": bytes(range(256)) * 100,
    "not YAML": b"current-context: [\n",
    "a list": b"- a\n",
    "a text": b"prod",
    "wrong types": b"current-context: {a: b}\ncontexts: {name: dev}\nclusters: [1, [], {name: []}, {name: dev, cluster: x}]\nusers: x\n",
    "keys that are lists": b"? [a, b]\n: c\ncontexts: [{? [x] : y}]\n",
    "two documents": b"a: b\n---\nc: d\n",
    "an alias bomb": b"a0: &a0 [x,x]\n" + b"".join(b"a%d: &a%d [*a%d,*a%d]\n" % (n, n, n - 1, n - 1) for n in range(1, 60)),
    "an alias of itself": b"&a contexts: [*a]\ncontexts: &b [*b]\n",
    "tags": b"current-context: !!python/object/apply:os.system ['true']\nx: !!timestamp nonsense\ny: !!int z\nz: !!binary \xff\n",
    "dates": b"current-context: 2024-99-99\n",
    "numbers": b"a: 1" + b":1" * 500_000 + b"\n",
    "fractions": b"a: 1" + b":1" * 300_000 + b":1.5\n",
    "deep": b"[" * 1_000_000,
    "deep blocks": b"- " * 500_000,
    "many": b"- a\n" * 250_000,
    "directives": b"".join(b"%%TAG !%d! t:x\n" % number for number in range(60_000)) + b"--- a\n",
    "UTF-16": "current-context: prod\n".encode("utf-16"),
    "control characters": b"current-context: \x1b[2J\n",
    "no end": b'current-context: "' + b"\\x41" * 200_000,
}


@pytest.mark.promise(3)
@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_file_is_no_kubeconfig(somewhere, promptly, content):
    """Nothing is raised, nothing takes long, nothing runs, and what the command line says is still known."""
    somewhere.write("home/.kube/config", content)
    with promptly():
        assert somewhere.facts("kubectl --context prod delete ns x")["context"] == "prod"
        somewhere.place("kubectl delete ns x")


def test_a_file_beside_a_hostile_one_is_still_read(somewhere, kubeconfig):
    """What cannot be read hides nothing but itself."""
    bomb = somewhere.write("bomb", HOSTILE["an alias bomb"])
    assert somewhere.label("kubectl delete ns x", KUBECONFIG=f"{bomb}:{kubeconfig('prod', current='prod')}") is Label.PROD


def test_long_lists_of_files_cost_little(somewhere, promptly):
    """The same file again and again is one; of different ones a MiB is read."""
    somewhere.write("big", b"".join(b"k%d: v\n" % number for number in range(40_000)))
    for number in range(60):
        somewhere.root.joinpath(f"link{number}").symlink_to("big")
    listed = ":".join(f"{somewhere.root}/link{number % 60}" for number in range(3_000))
    with promptly(10):
        somewhere.place("kubectl get pods", KUBECONFIG=listed)


def test_what_is_no_regular_file_is_not_opened(somewhere, promptly):
    """Pipes, devices, directories, loops, and files of more than a MiB."""
    os.mkfifo(somewhere.root / "fifo")
    (somewhere.root / "loop").symlink_to("loop")
    somewhere.write("huge", b"current-context: prod\n" + b"#" * (1 << 20))
    for name in ("fifo", "loop", "huge", "home", "none", "x" * 5000, "a\0b"):
        with promptly():
            assert somewhere.place("kubectl get pods", KUBECONFIG=f"{somewhere.root}/{name}").facts == ()
    with promptly():
        assert somewhere.place("kubectl get pods", KUBECONFIG="/dev/zero:/dev/tty:/proc/self/mem").facts == ()
