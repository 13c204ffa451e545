"""What does it do? Total for whatever comes in, and an uncertain reading only tightens."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rules.known import SOURCE, book, found, is_asked, rules

from guard.core.peek import sees_nothing
from guard.core.words import Action, Invocation, Opaque
from guard.rulebook.book import make_book
from guard.rulebook.documents import from_sources
from guard.rulebook.yaml_reader import read

PROGRAMS = ["aws", "terraform", "tofu", "kubectl", "helm"]
SPICE = [
    "--", "-", "", "help", "--help", "-h", "-help", "--dry-run", "--dry-run=client", "--dry-run=none", "-dry-run", "--dryrun",
    "--no-dry-run",
    "--generate-cli-skeleton", "--profile", "-chdir=x", "-n", "-nx", "-Rf", "-f", "--all", "-A", "-=", "--=", "---x", "--x=", "-x=y=z",
    "s3", "rm", "rb", "cloudformation", "delete-stack", "destroy", "apply", "state", "delete", "pod,ns", "ns/a", "uninstall", "x" * 5000,
    "\udcff\udcfe", "\0", "\n", "🗑", "--cli-input-json", "file:///etc/passwd", "-" + "z" * 200, "--replicas=0", "--raw",
]  # fmt: skip
WORDS = st.lists(st.sampled_from(SPICE) | st.text(max_size=6), max_size=12)
VARIABLES = ["HOME", "TF_CLI_ARGS", "TF_CLI_ARGS_apply", "TF_CLI_ARGS_", "KUBERC"]
TEXT = st.text(st.characters(codec="utf-8"), max_size=30)
UNKNOWN = [["--unheard-of"], ["--unheard-of", "value"], ["--unheard-of=value"], ["--unheard-of", "help"], ["--zzz", "-1"], [""]]

DESTRUCTIVE = [
    "aws cloudformation delete-stack --stack-name x", "aws s3 rb s3://b --force", "aws s3 rm s3://b --recursive",
    "aws s3 sync . s3://b --delete", "aws ec2 terminate-instances --instance-ids i-1", "aws lambda delete-function --function-name f",
    "aws emr terminate-clusters --cluster-ids j-1", "terraform destroy -auto-approve", "terraform apply -destroy",
    "terraform state rm a.b",
    "tofu workspace delete x", "kubectl delete pod x", "kubectl delete ns x", "kubectl delete pods --all", "kubectl drain node",
    "kubectl scale deploy/x --replicas=0", "kubectl replace --force -f x", "helm uninstall x", "kubectl apply --prune -f x --all",
]  # fmt: skip


@pytest.mark.promise(3)
@settings(max_examples=300, deadline=2000)
@given(st.sampled_from(PROGRAMS), WORDS, st.dictionaries(st.sampled_from(VARIABLES), TEXT), st.none() | st.binary(max_size=200))
def test_classifying_is_total(program, words, env, content):
    """Any words, any variables, any bytes in any file: actions and what is not understood, and never an exception."""
    for one in found(program, *words, env=env, peek=lambda *_: content):
        assert isinstance(one, Action | Opaque)


@pytest.mark.promise(3)
@pytest.mark.parametrize(
    "words",
    [
        ["x"] * 10_000, ["--unheard-of"] * 10_000, ["--unheard-of", "x"] * 5_000, ["-f", "a"] * 5_000, ["--dry-run"] * 10_000,
        ["-" + "z" * 10_000], ["--" + "z" * 1_000_000], [f"--a{n}={n}" for n in range(10_000)], ["--"] + ["x"] * 10_000, [""] * 10_000,
        ["delete", "pod"] + [f"--filename={n}" for n in range(10_000)], ["delete", "pod"] + [f"pod-{n}" for n in range(10_000)],
        ["ec2", "run-instances"] + [word for n in range(3_000) for word in (f"--option-{n}", "value")],
        ["apply", "-var", "a=b"] * 3_000, ["delete", ",".join(["pod"] * 10_000), *(["x"] * 300)],
    ],
    ids=lambda words: f"{words[0][:9]} {len(words)}",
)  # fmt: skip
@pytest.mark.parametrize("program", ["aws", "terraform", "kubectl"])
def test_classifying_ends(program, words):
    """Ten thousand words, a million letters: within a moment."""
    started = time.monotonic()
    found(program, *words)
    assert time.monotonic() - started < 2


@pytest.mark.promise(3)
@settings(max_examples=300, deadline=2000)
@given(st.sampled_from(DESTRUCTIVE), st.data())
def test_what_is_not_known_never_silences(line, data):
    """Options that nobody knows, with or without values, anywhere: it is still asked about."""
    argv = line.split()
    if not is_asked(*argv):
        assert rules(*argv)  # a drain is a change
        return
    pieces = [[word] for word in argv]
    for extra in data.draw(st.lists(st.sampled_from(UNKNOWN), min_size=1, max_size=4)):
        pieces.insert(data.draw(st.integers(1, len(pieces))), extra)
    assert is_asked(*(word for piece in pieces for word in piece)), pieces


GLOBALS = {
    "aws": [["--profile", "p"], ["--region=eu"], ["--debug"], ["--output", "json"], ["--no-verify-ssl"], ["--endpoint-url", "http://x"]],
    "kubectl": [["-n", "x"], ["--context=prod"], ["-v9"], ["--kubeconfig", "f"], ["--insecure-skip-tls-verify"], ["-s", "https://x"],
    ["--as=me"]],
    "helm": [["-n", "x"], ["--kube-context=prod"], ["--debug"], ["--kubeconfig", "f"]],
}  # fmt: skip


@settings(max_examples=200, deadline=2000)
@given(st.sampled_from([line for line in DESTRUCTIVE if line.split()[0] in GLOBALS]), st.data())
def test_the_order_of_global_options_does_not_matter(line, data):
    """In front, between, behind; all of them in any order: the same rules."""
    argv = line.split()
    options = data.draw(st.permutations(GLOBALS[argv[0]]))
    in_front = [argv[0], *(word for option in options for word in option), *argv[1:]]
    behind = [*argv, *(word for option in reversed(options) for word in option)]
    assert rules(*argv) == rules(*in_front) == rules(*behind)


OWN = """\
program: {program}
provider: {provider}
unknown: allow
options: {{style: gnu, flags: x}}
commands:
  - path: s3|cloudformation|ec2|lambda|emr|destroy|apply|state|workspace|delete|drain|scale|replace|uninstall
"""


@pytest.mark.promise(2)
@pytest.mark.parametrize("own_provider", [False, True])
@pytest.mark.parametrize("line", DESTRUCTIVE)
def test_rules_of_the_engineer_never_relax(line, own_provider):
    """A grammar of one's own that says that nothing happens comes on top, in a shipped provider as in one of one's own."""
    argv = tuple(line.split())
    program = "terraform" if argv[0] == "tofu" else argv[0]
    provider = "mine" if own_provider else next(iter(book().providers(argv[0])))
    own = read(OWN.format(program=program, provider=provider).encode(), "own.yaml")
    mine = make_book(from_sources(SOURCE), (own,))
    invocation = Invocation(argv[0], argv, "/work", (("HOME", "/home/e"),))
    assert set(found(*argv)) <= set(mine.classify(invocation, sees_nothing))


@pytest.mark.parametrize(
    "line",
    [
        "aws s3 ls",
        "aws ec2 run-instances --image-id i --instance-type t --key-name k --security-group-ids s --subnet-id n --count 1 --tags t",
        "aws ec2 describe-instances --filters a --max-items 3 --query x --page-size 3 --starting-token t --instance-ids a b --output text",
        "aws sts get-caller-identity",
        "aws s3 cp a s3://b --acl x --sse y --content-type z --metadata a=b --expires e --cache-control c --grants g",
        "aws rds help", "aws help", "aws configure list", "aws --version", "aws", "aws s3 sync . s3://b --exclude a --include b",
        "kubectl get pods -A -o wide --sort-by x -l a=b --field-selector c=d", "kubectl logs -f delete", "kubectl -n delete get pods",
        "kubectl exec pod -- ls", "kubectl run x --image=y --restart=Never --env a=b --labels c=d --port 3 --command -- sleep 1",
        "kubectl describe ns delete", "kubectl explain delete", "kubectl get --raw /api", "kubectl config use-context x",
        "kubectl version --client",
        "kubectl port-forward svc/x 80:80 --address 0.0.0.0 --pod-running-timeout 3m",
        "kubectl create deployment x --image=y --replicas=3",
        "kubectl", "kubectl --help", "kubectl delete --help", "kubectl delete pod x --dry-run=server",
        "kubectl delete pod x --dry_run=client",
        "helm list -A", "helm install x ./chart --set a=b --values f --wait --timeout 3m --create-namespace -n y", "helm template x .",
        "helm",
        "helm repo add x https://y --username a --password b", "terraform", "terraform init -backend-config=x -upgrade",
        "terraform -version",
        "terraform plan -destroy -out=p", "terraform destroy -help", "terraform fmt -recursive", "terraform output -raw delete",
        "terraform workspace select destroy", "terraform show p", "terraform test -filter=x -var a=b", "terraform console",
    ],
)  # fmt: skip
def test_the_everyday_is_not_asked_about(line):
    """Reading, planning, creating."""
    assert not is_asked(*line.split())


@pytest.mark.parametrize(
    "line",
    [
        "kubectl delete pod x --help=false", "kubectl delete pod x -- --dry-run=client", "kubectl delete pod x -- --help",
        "terraform destroy -help=false", "terraform destroy -- -help", "terraform state rm -dry-run=false a",
        "terraform apply -destroy=1",
        "terraform state rm -- -dry-run", "helm uninstall x -- --dry-run", "aws s3 rm s3://x -- --dryrun",
        "aws s3 sync help s3://x --delete",
        "kubectl delete pod x -l --help", "terraform destroy -var -help",
        "aws ec2 terminate-instances --instance-ids i --dry-run --no-dry-run",
        "aws ec2 terminate-instances --instance-ids help", "kubectl scale deploy x --replicas=00", "kubectl scale deploy x --replicas=-0",
    ],
)  # fmt: skip
def test_what_only_looks_harmless_is_asked_about(line):
    """A value, an option that is taken back, a word behind ``--``."""
    assert is_asked(*line.split())
