"""terraform and kubectl against the real thing: teardown is stopped, look-alikes that change nothing pass."""

from __future__ import annotations

import pytest
from support.machine import needs

pytestmark = pytest.mark.kernel

DATABASE = ("terraform_data.database",)


@needs("terraform")
@pytest.mark.parametrize(
    "words",
    [
        ["destroy", "-auto-approve"],
        ["apply", "-destroy", "-auto-approve"],
        ["apply", "-auto-approve", "--destroy=true"],
        ["state", "rm", "terraform_data.database"],
        ["-chdir=.", "destroy", "-auto-approve"],
    ],
    ids=" ".join,
)
def test_terraform_does_not_destroy(platform, terraform, words):
    """The resource is still in the state."""
    project = terraform()
    assert platform.guard("sh", "-c", '"$@"', "sh", "terraform", *words).status == 126
    assert project.resources == DATABASE


@needs("terraform")
def test_terraform_does_not_destroy_by_environment(platform, terraform):
    """``TF_CLI_ARGS_apply=-destroy`` turns an apply into a destroy."""
    project = terraform()
    assert platform.guard("env", "TF_CLI_ARGS_apply=-destroy", "terraform", "apply", "-auto-approve").status == 126
    assert project.resources == DATABASE


@needs("terraform")
def test_terraform_does_not_apply_a_saved_destroy_plan(platform, terraform):
    """Planning a destroy passes; applying that plan does not."""
    project = terraform()
    assert platform.guard("terraform", "plan", "-destroy", "-out=innocent").status == 0
    assert platform.guard("sh", "-c", "terraform apply innocent; exit $?").status == 126
    assert project.resources == DATABASE


@needs("terraform")
def test_terraform_plans_and_shows_as_if_unguarded(platform, terraform):
    """What only looks passes."""
    terraform()
    done = platform.guard("sh", "-c", "terraform plan -no-color -destroy && terraform state list && terraform destroy -help")
    assert done.status == 0, done.err
    assert "1 to destroy" in done.out
    assert DATABASE[0] in done.out


@needs("kubectl", "openssl")
@pytest.mark.parametrize(
    "words",
    [
        ["delete", "pod", "api-1"],
        ["-n", "billing", "delete", "pods", "--all"],
        ["delete", "po", "-l", "app=api", "--dry-run=none"],
        ["delete", "namespace", "billing"],
        ["delete", "--raw", "/api/v1/namespaces/billing/pods/api-1"],
    ],
    ids=" ".join,
)
def test_kubectl_does_not_delete(cluster, kube, words):
    """Not one request to delete reaches the cluster."""
    assert cluster.guard("sh", "-c", '"$@"', "sh", "kubectl", *words).status == 126
    assert kube.cluster.names("pods") == ("api-1", "worker-1")
    assert [method for method, *_ in kube.cluster.requests if method == "DELETE"] == []


@needs("kubectl", "openssl")
@pytest.mark.parametrize("dry", ["client", "server"])
def test_kubectl_may_pretend(cluster, kube, dry):
    """A dry run changes nothing, so nobody is asked."""
    if dry == "server" and not kube.can_dry_run_on_the_server:
        pytest.skip("this kubectl is older than 1.27")
    done = cluster.guard("kubectl", "delete", "pod", "api-1", f"--dry-run={dry}")
    assert done.status == 0, done.err
    assert "dry run" in done.out
    assert kube.cluster.names("pods") == ("api-1", "worker-1")


@needs("kubectl", "openssl")
def test_kubectl_reads_as_if_unguarded(cluster, kube):
    """Reading is none of qguard's business."""
    done = cluster.guard("kubectl", "get", "pods", "-o", "name")
    assert (done.status, done.out) == (0, kube.kubectl("get", "pods", "-o", "name").stdout), done.err


@needs("terraform")
@pytest.mark.parametrize(
    "how", ["cp $(command -v terraform) innocent", "ln $(command -v terraform) innocent 2>/dev/null || cp $(command -v terraform) innocent"]
)
def test_terraform_under_another_name_does_not_destroy(platform, terraform, how):
    """A copy and a hard link are the program that they are."""
    project = terraform()
    assert platform.guard("sh", "-c", f"{how}; ./innocent destroy -auto-approve").status == 126
    assert project.resources == DATABASE
