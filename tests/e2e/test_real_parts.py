"""The real parts are real: what the other tests say about the guard means something only when these hold."""

from __future__ import annotations

from support.machine import needs


@needs("aws", "ministack")
def test_a_stack_lives_until_it_is_deleted(aws):
    """Unguarded, the AWS CLI deletes a stack."""
    stack = aws.make_stack("real")
    assert aws.is_alive(stack)
    assert aws.cli("cloudformation", "delete-stack", "--stack-name", stack).returncode == 0
    assert not aws.is_alive(stack)


@needs("terraform")
def test_a_resource_lives_until_it_is_destroyed(terraform):
    """Unguarded, terraform destroys what it made."""
    project = terraform("database", "queue")
    assert project.resources == ("terraform_data.database", "terraform_data.queue")
    project.run("destroy", "-auto-approve")
    assert project.resources == ()


@needs("kubectl", "openssl")
def test_kubectl_reads_what_is_there(kube):
    """Discovery, lists and label selectors, short names included."""
    assert kube.kubectl("get", "po", "-o", "name").stdout.split() == ["pod/api-1", "pod/worker-1"]
    assert kube.kubectl("get", "pods", "-l", "app=worker", "-o", "name").stdout.split() == ["pod/worker-1"]
    assert kube.kubectl("get", "deploy,cm", "-A", "-o", "name").stdout.split() == ["deployment.apps/api", "configmap/settings"]


@needs("kubectl", "openssl")
def test_kubectl_deletes_and_only_the_real_thing_deletes(kube):
    """A dry run on the server or the client changes nothing; a delete does, and a namespace takes everything with it."""
    for dry in ("--dry-run=client", *(["--dry-run=server"] if kube.can_dry_run_on_the_server else [])):
        done = kube.kubectl("delete", "pod", "api-1", dry)
        assert (done.returncode, kube.cluster.names("pods")) == (0, ("api-1", "worker-1")), done.stderr
    done = kube.kubectl("delete", "pod", "api-1")
    assert (done.returncode, kube.cluster.names("pods")) == (0, ("worker-1",)), done.stderr
    assert kube.kubectl("delete", "--raw", "/api/v1/namespaces/billing/pods/worker-1").returncode == 0
    assert kube.cluster.names("pods") == ()
    assert kube.kubectl("delete", "ns", "billing").returncode == 0
    assert kube.cluster.objects == {}


@needs("kubectl", "openssl")
def test_a_cluster_knows_its_engineer(kube):
    """Without the token there is nothing to read."""
    done = kube.kubectl("--token=agent", "get", "pods")
    assert done.returncode != 0
    assert "logged in" in done.stderr or "Unauthorized" in done.stderr
