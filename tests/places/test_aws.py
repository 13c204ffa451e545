"""Which AWS account and region: as the AWS CLI itself would have it."""

from __future__ import annotations

import re
import subprocess

import pytest
from support.machine import PATH, find

from guard.core.words import Label

CONFIG = """\
[default]
region = r-default
[profile   spaced  ]
region: r-spaced
[profile "quoted"]
region = r-quoted
[profile prod-billing]
region = eu-west-1
role_arn = arn:aws:iam::111122223333:role/ops/Deployer
source_profile = default
[profile sso]
sso_session = corp-live
sso_account_id = 444455556666
sso_role_name = Admin
[profile both]
region = r-config
# [profile commented]
[profile local]
endpoint_url = http://localhost:4566
"""
CREDENTIALS = "[both]\nregion = r-credentials\n[only-there]\nregion = r-there\n"


@pytest.fixture
def files(somewhere):
    """The two files where they are looked for."""
    somewhere.write("home/.aws/config", CONFIG)
    somewhere.write("home/.aws/credentials", CREDENTIALS)
    return somewhere


# ---- profiles --------------------------------------------------------------------------------------------------------


def test_a_profile_says_account_role_and_region(files):
    """By way of role_arn; the order is the one in which they are shown."""
    assert files.place("aws --profile prod-billing s3 ls").facts == (
        ("profile", "prod-billing"),
        ("account", "111122223333"),
        ("role", "arn:aws:iam::111122223333:role/ops/Deployer"),
        ("region", "eu-west-1"),
    )


@pytest.mark.parametrize(
    "line",
    [
        "aws --profile prod-billing s3 ls",
        "aws s3 ls --profile=prod-billing",
        "aws s3 ls --profile both --profile prod-billing",
        "aws s3 ls --prof prod-billing",
        "aws s3 ls --p=prod-billing",
        "cdk destroy --profile prod-billing",
        "eksctl delete cluster -p prod-billing",
    ],
)
def test_a_profile_may_be_named_in_every_way(files, line):
    """Anywhere, abbreviated, the last of several."""
    assert files.facts(line)["account"] == "111122223333"
    assert files.label(line) is Label.PROD


def test_a_profile_may_be_in_the_environment(files):
    """An option overrules it; an empty one does not."""
    assert files.facts("aws s3 ls", AWS_PROFILE="both")["profile"] == "both"
    assert files.facts("aws s3 ls --profile sso", AWS_PROFILE="both")["profile"] == "sso"
    assert files.facts("aws s3 ls --profile=", AWS_PROFILE="both")["profile"] == "both"
    assert files.facts("aws s3 ls", AWS_PROFILE="", AWS_DEFAULT_PROFILE="both")["profile"] == "both"


@pytest.mark.promise(9)
def test_two_variables_that_disagree_are_both_told(files):
    """The AWS CLI 1 takes the older, 2 the newer: neither is hidden from who is asked."""
    place = files.place("aws s3 ls", AWS_PROFILE="both", AWS_DEFAULT_PROFILE="prod-billing", AWS_REGION="a", AWS_DEFAULT_REGION="b")
    assert [fact for fact in place.facts if fact[0] == "profile"] == [("profile", "both"), ("profile", "prod-billing")]
    assert [fact for fact in place.facts if fact[0] == "region"] == [("region", "a"), ("region", "b")]
    assert place.label is Label.PROD


def test_single_sign_on_says_the_account(files):
    """And its session's name counts as a name."""
    place = files.place("aws s3 ls --profile sso")
    assert dict(place.facts) == {"profile": "sso", "account": "444455556666"}
    assert place.label is Label.PROD


def test_a_role_in_the_environment_counts_without_a_profile(files):
    """AWS_ROLE_ARN belongs to web identity, which a named profile goes before."""
    role = "arn:aws-cn:iam::777788889999:role/live"
    assert files.facts("aws s3 ls", AWS_ROLE_ARN=role)["account"] == "777788889999"
    assert files.label("aws s3 ls", AWS_ROLE_ARN=role) is Label.PROD
    assert "role" not in files.facts("aws s3 ls --profile both", AWS_ROLE_ARN=role)


def test_whose_keys_they_are_is_a_fact(files):
    """Other keys may be another account: a place of its own, wherever they stand; shown by their end, as consoles do."""
    files.write("work/keys", "[default]\naws_access_key_id = AKIAEXAMPLEEXAMPLE12\n[b]\naws_access_key_id = AKIAEXAMPLEEXAMPLE34\n")
    named = {"AWS_SHARED_CREDENTIALS_FILE": "keys"}
    assert files.facts("aws s3 ls", **named)["access key"] == "ending LE12"
    assert files.facts("aws s3 ls --profile b", **named)["access key"] == "ending LE34"
    both = files.place("aws s3 ls", AWS_ACCESS_KEY_ID="ASIAEXAMPLEEXAMPLE56", **named).facts
    assert [value for name, value in both if name == "access key"] == ["ending LE12", "ending LE56"]


def test_a_vault_is_a_name(files):
    """aws-vault leaves only its own name behind."""
    assert files.label("aws s3 ls", AWS_VAULT="corp-prd") is Label.PROD


def test_other_files_may_be_named(files):
    """AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE; relative to where the command runs."""
    files.write("work/c", "[profile prod]\nregion = r-c\n[default]\nregion = r-d")
    files.write("home/k", "[default]\nregion = r-k\n")
    assert files.facts("aws s3 ls", AWS_CONFIG_FILE="c")["region"] == "r-d"
    assert files.facts("aws s3 ls --profile prod", AWS_CONFIG_FILE=str(files.work / "c"))["region"] == "r-c"
    assert files.facts("aws s3 ls", AWS_SHARED_CREDENTIALS_FILE="~/k")["region"] == "r-k"
    assert files.facts("aws s3 ls", AWS_CONFIG_FILE="none", AWS_SHARED_CREDENTIALS_FILE="none") == {}


def test_without_a_home_nothing_is_read(files):
    """No HOME, no guess."""
    assert files.place("aws s3 ls", HOME="").facts == ()


# ---- against the real one --------------------------------------------------------------------------------------------


def configured(somewhere, line, **env):
    """What ``aws configure list`` says of profile and region."""
    variables = {"PATH": PATH, "HOME": str(somewhere.home), "AWS_EC2_METADATA_DISABLED": "true", **env}
    argv = [find("aws"), "configure", "list", *line.split()]
    done = subprocess.run(argv, env=variables, cwd=somewhere.work, capture_output=True, text=True, check=True)
    found = dict(re.findall(r"^ *(profile|region) +(\S+|<not set>) +\S+ ", done.stdout, re.MULTILINE))
    return {name: value for name, value in found.items() if value != "<not"}


@pytest.mark.parametrize(
    ("line", "env"),
    [
        ("", {}),
        ("--profile spaced", {}),
        ("--profile quoted", {}),
        ("--p both", {}),
        ("--profile both --profile=only-there", {}),
        ("", {"AWS_PROFILE": "both"}),
        ("", {"AWS_PROFILE": "", "AWS_DEFAULT_PROFILE": "both"}),
        ("--profile both", {"AWS_DEFAULT_REGION": "r-env"}),
        ("", {"AWS_CONFIG_FILE": "twice"}),
        ("", {"AWS_CONFIG_FILE": "~/nested", "AWS_SHARED_CREDENTIALS_FILE": "none"}),
    ],
    ids=str,
)
def test_it_is_what_the_aws_cli_uses(files, line, env):
    """Precedence, quotes, blanks and comments, as ``aws configure list`` has them."""
    files.write("work/twice", "[default]\nregion = r-1\n[profile default]\nregion = r-2\n")
    files.write("home/nested", "[default]\nregion = r-n\ns3 =\n  region = r-s3\n")
    found = files.facts(f"aws s3 ls {line}", **env)
    said = configured(files, line, **env)
    assert said["region"] == found["region"]
    assert said.get("profile", "default") == found["profile"]


# ---- endpoints -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "label"),
    [
        ("http://localhost:4566", Label.LOCAL),
        ("https://127.1.2.3", Label.LOCAL),
        ("http://[::1]:5000/x", Label.LOCAL),
        ("https://10.0.0.7", Label.UNKNOWN),
        ("https://127.0.0.1:x@api.example.com", Label.UNKNOWN),
        ("https://127.0.0.1.example.com/", Label.UNKNOWN),
        ("https://api.prod.example.com", Label.PROD),
        ("http://127.0.0.1/prod", Label.PROD),
        ("x", Label.UNKNOWN),
    ],
)
def test_an_endpoint_says_where(somewhere, url, label):
    """Loopback addresses are this machine, and nothing that only looks like one."""
    assert somewhere.label("aws s3 ls", AWS_ENDPOINT_URL=url) is label
    assert somewhere.facts(f"aws --endpoint-url {url} s3 ls", AWS_ENDPOINT_URL="http://other") == {"endpoint": url}


@pytest.mark.promise(2)
def test_an_endpoint_for_one_service_makes_nothing_local(somewhere):
    """The other services are where they always were, and the fact says which one it is about."""
    place = somewhere.place("aws cloudformation delete-stack --stack-name x", AWS_ENDPOINT_URL_S3="http://10.0.0.1")
    assert place.facts == (("endpoint s3", "http://10.0.0.1"),)
    beside = {"AWS_ENDPOINT_URL_S3": "http://127.0.0.1:1"}
    assert "endpoint" not in somewhere.facts("aws s3 ls", **beside)
    assert somewhere.label("aws s3 ls", **beside, AWS_ENDPOINT_URL="http://10.0.0.1") is Label.UNKNOWN
    assert somewhere.label("aws s3 ls", **beside, AWS_ENDPOINT_URL="http://[::1]") is Label.LOCAL


def test_endpoints_of_the_configuration_count(files):
    """For all services or for one; variables go before them."""
    files.write(
        "home/.aws/config",
        "[profile x]\nservices = s\nendpoint_url = https://all\n[services s]\ns3 =\n  endpoint_url = https://live\nec2 =\n  a = b\n",
    )
    assert files.facts("aws s3 ls --profile x") == {"profile": "x", "endpoint": "https://all", "endpoint s3": "https://live"}
    assert files.label("aws s3 ls --profile x") is Label.PROD
    assert files.facts("aws s3 ls --profile x", AWS_ENDPOINT_URL="https://v") == {"profile": "x", "endpoint": "https://v"}
    assert files.facts("aws s3 ls --profile x", AWS_ENDPOINT_URL_S3="https://v")["endpoint s3"] == "https://v"
    assert files.facts("aws s3 ls --profile x", AWS_ENDPOINT_URL_S3="https://v")["endpoint"] == "https://all"
    assert files.facts("aws s3 ls --profile x", AWS_IGNORE_CONFIGURED_ENDPOINT_URLS="True") == {"profile": "x"}


def test_a_profile_may_be_local(somewhere):
    """An emulator's profile."""
    somewhere.write("home/.aws/config", CONFIG.replace("[profile local]", "[profile emulated]"))
    assert somewhere.label("aws s3 ls --profile emulated") is Label.LOCAL


# ---- files that nobody should write ----------------------------------------------------------------------------------


def test_what_stands_beside_nonsense_is_still_read(somewhere):
    """Other readers pass over what the AWS CLI's stumbles on."""
    somewhere.write(
        "home/.aws/config", b"\xef\xbb\xbfstray\n\xff\xfe\n[x\n=\n[profile prod]\n  region = eu\r\n]\nregion\n:\n[]\n[profile]\na=b"
    )
    assert somewhere.facts("cdk deploy --profile prod") == {"profile": "prod", "region": "eu"}


@pytest.mark.parametrize(
    "content",
    [
        b"[a]\na" + b" " * 1_000_000 + b"b",
        b"[" * 1_000_000,
        b"=" * 1_000_000,
        b"[a]\n" * 250_000,
        b"".join(b"[%d]\n" % number for number in range(100_000)),
        b"a\n  " * 200_000,
        bytes(1_000_000),
    ],
    ids=["blanks", "brackets", "signs", "one section", "sections", "indented", "zeros"],
)
def test_a_costly_file_costs_little(somewhere, promptly, content):
    """A megabyte of anything is read in a moment: no pattern backtracks."""
    somewhere.write("home/.aws/config", content)
    with promptly():
        somewhere.place("aws s3 ls")
