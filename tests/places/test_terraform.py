"""Which workspace and backend: as terraform itself would have it."""

from __future__ import annotations

import json

import pytest

from guard.core.words import Invocation, Label
from guard.places import Places


def state(kind="s3", **config):
    """What ``init`` leaves in the data directory."""
    return json.dumps({"version": 3, "backend": {"type": kind, "config": config, "hash": 1}})


def test_the_default_workspace_is_one(somewhere):
    """Nothing is known, and that is said."""
    assert somewhere.place("terraform destroy").facts == (("workspace", "default"),)
    assert somewhere.label("terraform destroy") is Label.UNKNOWN


def test_a_workspace_is_in_the_data_directory(somewhere):
    """``terraform workspace select`` wrote it there; TF_WORKSPACE goes before it."""
    somewhere.write("work/.terraform/environment", "billing-prod\n")
    assert somewhere.facts("terraform destroy") == {"workspace": "billing-prod"}
    assert somewhere.label("tofu destroy") is Label.PROD
    assert somewhere.facts("terraform destroy", TF_WORKSPACE="dev") == {"workspace": "dev"}


def test_the_directory_may_be_another(somewhere):
    """-chdir, relative or absolute; TF_DATA_DIR counts from there."""
    somewhere.write("work/infra/.terraform/environment", "prod")
    somewhere.write("work/infra/data/environment", "staging")
    somewhere.write("data/environment", "live")
    assert somewhere.facts("terraform -chdir=infra destroy")["workspace"] == "prod"
    assert somewhere.facts(f"terraform -chdir={somewhere.work}/infra destroy")["workspace"] == "prod"
    assert somewhere.facts("terraform -chdir=infra destroy", TF_DATA_DIR="data")["workspace"] == "staging"
    assert somewhere.facts("terraform destroy", TF_DATA_DIR=str(somewhere.root / "data"))["workspace"] == "live"
    assert somewhere.facts("terragrunt destroy --working-dir infra")["workspace"] == "prod"


def test_a_tilde_is_no_home_here(somewhere):
    """Only a shell expands it."""
    somewhere.write("work/~/environment", "prod")
    assert somewhere.facts("terraform destroy", TF_DATA_DIR="~")["workspace"] == "prod"


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (
            {"bucket": "acme-prod-state", "key": "billing.tfstate", "access_key": "AKIAIOSFODNN7EXAMPLE", "region": None},
            {"bucket": "acme-prod-state", "key": "billing.tfstate"},
        ),
        ({"organization": "acme", "workspaces": [{"name": "prod", "prefix": None}]}, {"organization": "acme", "workspace name": "prod"}),
        ({"workspaces": {"prefix": "live-", "tags": ["a"]}}, {"workspace prefix": "live-"}),
        ({"address": "https://state.prod.example.com", "password": "hunter2"}, {"address": "https://state.prod.example.com"}),
    ],
)
def test_a_backend_says_where_the_state_is(somewhere, config, expected):
    """What is worth showing of it, and none of its secrets."""
    somewhere.write("work/.terraform/terraform.tfstate", state(**config))
    assert {"workspace": "default", "backend": "s3", **expected} == somewhere.facts("terraform destroy")
    assert somewhere.label("terraform destroy") is Label.PROD


def test_files_of_variables_are_names(somewhere):
    """``-var-file=prod.tfvars`` is how many people tell their environments apart."""
    assert somewhere.label("terraform apply -var-file=env/prod.tfvars") is Label.PROD
    place = somewhere.place("terraform apply -var-file a -var-file=b")
    assert list(place.facts[1:]) == [("var-file", "a"), ("var-file", "b")]


def test_the_account_is_told_where_a_variable_names_it(somewhere):
    """A state on this machine says nothing about where the resources are; a loopback endpoint does."""
    somewhere.write("home/.aws/config", "[profile prod]\nregion = eu\n")
    assert somewhere.facts("terraform destroy", AWS_PROFILE="prod") == {"workspace": "default", "profile": "prod", "region": "eu"}
    assert somewhere.label("terraform destroy", AWS_PROFILE="prod") is Label.PROD
    assert somewhere.label("terraform destroy", AWS_ENDPOINT_URL="http://127.0.0.1:4566") is Label.LOCAL
    somewhere.write("work/.terraform/terraform.tfstate", state("local", path="terraform.tfstate"))
    assert somewhere.label("terraform destroy") is Label.UNKNOWN


@pytest.mark.promise(3)
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        b"[" * 1_000_000,
        b'{"a":' * 200_000,
        b"1" * 1_000_000,
        b"[]",
        b'"x"',
        b"null",
        b'{"backend": []}',
        b'{"backend": {"type": [], "config": []}}',
        b'{"backend": {"type": "x", "config": {"bucket": {}, "key": 1, "workspaces": [[], 1, {"name": []}]}}}',
        b'{"backend": {"type": "\\ud800", "config": {"bucket": "\\u0000"}}}',
    ],
    ids=lambda content: repr(content[:40]),
)
def test_a_hostile_state_is_no_backend(somewhere, promptly, content):
    """Nothing is raised, and the workspace is still known."""
    somewhere.write("work/.terraform/terraform.tfstate", content)
    somewhere.write("work/.terraform/environment", content)
    with promptly():
        assert somewhere.facts("terraform destroy", TF_WORKSPACE="prod")["workspace"] == "prod"
        assert len(somewhere.facts("terraform destroy")["workspace"]) <= 256


def test_without_a_directory_nothing_is_read(somewhere):
    """A working directory that is gone is not the root directory."""
    somewhere.write("work/.terraform/environment", "prod")
    gone = Invocation("terraform", ("terraform", "-chdir=work", "destroy"), cwd="")
    assert Places().find(gone).facts == (("workspace", "default"),)
