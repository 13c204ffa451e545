"""Which AWS account and region: options, variables, and the profile in the configuration files.

Sources: "Configuration and credential file settings" and "Environment variables" of the AWS CLI User Guide; "Service-specific endpoints" of
the SDKs and Tools Reference Guide; botocore's ``configloader`` and ``configprovider``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from guard.places.ini import Sections, read_sections
from guard.places.reading import Facts, Found, Sight, facts

Settings = Mapping[str, str]
_ACCOUNT = re.compile(r"arn:aws[\w-]*:iam::(\d{12}):", re.ASCII)
_LOOPBACK = re.compile(r"https?://(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d*)?(?:/|\Z)", re.IGNORECASE | re.ASCII)
_ENDPOINT = "AWS_ENDPOINT_URL"
_TAIL = 4
_ABBREVIATED = len("--p")
"""argparse takes ``--p`` for ``--profile``: no other option of the AWS CLI itself begins so."""


@dataclass(frozen=True, slots=True)
class _Files:
    """What the two configuration files say."""

    profiles: Mapping[str, Settings]
    services: Sections


def find(sight: Sight) -> Found:
    """The account, as far as the command line, the environment and the configuration files tell."""
    files = _files(sight)
    given = sight.options("--profile", *(("-p",) if sight.invocation.program == "eksctl" else ()), shortest=_ABBREVIATED)
    # The AWS CLI 1 reads the older variable first, 2 the newer: where they disagree, both profiles are told.
    named = tuple(filter(None, given[-1:])) or sight.variables("AWS_PROFILE", "AWS_DEFAULT_PROFILE")
    found = [files.profiles.get(name, {}) for name in named or ("default",)]
    roles = _each((settings.get("role_arn", "") for settings in found), "" if named else sight.variable("AWS_ROLE_ARN"))
    accounts = _each((settings.get("sso_account_id", "") for settings in found), *map(_account, roles))
    # Which keys is which account, more surely than any name: both count, whichever the program takes.
    keys = _each((settings.get("aws_access_key_id", "") for settings in found), sight.variable("AWS_ACCESS_KEY_ID"))
    endpoints = _endpoints(sight, files, found)
    vault = sight.variable("AWS_VAULT")
    shown = facts(
        *(("profile", name) for name in named or (("default",) if found[0] else ())),
        ("vault", vault),
        *(("account", account) for account in accounts),
        *(("role", role) for role in roles),
        *(("access key", f"ending {key[-_TAIL:]}") for key in keys),
        *(("region", region) for region in _regions(sight, found)),
        *endpoints,
    )
    said = [settings.get(key, "") for settings in found for key in ("sso_role_name", "sso_session")]
    names = (*given, *named, vault, *(role.rpartition("/")[2] for role in roles), *said, *(url for _, url in endpoints))
    # An endpoint for one service says nothing about the others.
    local = "endpoint" in dict(endpoints) and all(_LOOPBACK.match(url) for _, url in endpoints)
    return Found(shown, names, local)


def named_only(sight: Sight) -> Found:
    """For programs that may use AWS among others: nothing, unless a variable points there."""
    return find(sight) if any(name.startswith("AWS_") for name in sight.env) else Found()


def _each(values: Iterable[str], *more: str) -> tuple[str, ...]:
    """The values that are not empty, each once."""
    return tuple(dict.fromkeys(value for value in (*values, *more) if value))


def _account(role: str) -> str:
    found = _ACCOUNT.match(role)
    return found.group(1) if found else ""


def _regions(sight: Sight, found: Iterable[Settings]) -> tuple[str, ...]:
    given = sight.option("--region", shortest=_ABBREVIATED)
    if given:
        return (given,)
    return sight.variables("AWS_REGION", "AWS_DEFAULT_REGION") or _each(settings.get("region", "") for settings in found)


def _endpoints(sight: Sight, files: _Files, found: Iterable[Settings]) -> Facts:
    """Every endpoint that is in force for all services (``endpoint``) or for one (``endpoint s3``)."""
    given = sight.option("--endpoint-url", shortest=_ABBREVIATED)
    if given:
        return (("endpoint", given),)
    if sight.variable("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS").lower() == "true":
        return ()
    said = {
        f"endpoint {name.removeprefix(_ENDPOINT)[1:].lower()}".strip(): value
        for name, value in sorted(sight.env.items())
        if value and (name == _ENDPOINT or name.startswith(f"{_ENDPOINT}_"))
    }
    if "endpoint" in said:
        return tuple(said.items())
    configured = [pair for settings in found for pair in _configured(files, settings) if pair[0] not in said]
    return (*said.items(), *dict.fromkeys(configured))


def _configured(files: _Files, settings: Settings) -> Iterator[tuple[str, str]]:
    """The endpoints that one profile names, itself or by its ``services`` section."""
    if settings.get("ignore_configured_endpoint_urls", "").lower() == "true":
        return
    yield from facts(("endpoint", settings.get("endpoint_url", "")))
    for name, value in files.services.get(settings.get("services", ""), {}).items():
        service, _, key = name.rpartition(" ")
        if service and key == "endpoint_url" and value:
            yield f"endpoint {service}", value


def _files(sight: Sight) -> _Files:
    """The settings by profile: those of the credentials file win, as in botocore."""
    config = read_sections(sight.file(sight.at_home(sight.variable("AWS_CONFIG_FILE") or "~/.aws/config")))
    credentials = read_sections(sight.file(sight.at_home(sight.variable("AWS_SHARED_CREDENTIALS_FILE") or "~/.aws/credentials")))
    profiles: dict[str, dict[str, str]] = {}
    services: Sections = {}
    for title, settings in config.items():
        kind, _, name = title.partition(" ")
        name = name.strip("\"'")
        if title == "default":
            profiles["default"] = settings
        elif kind == "profile" and name:
            profiles[name] = settings
        elif kind == "services" and name:
            services[name] = settings
    for name, settings in credentials.items():
        profiles[name] = {**profiles.get(name, {}), **settings}
    return _Files(profiles, services)
