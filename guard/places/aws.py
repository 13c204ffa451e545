"""Which AWS account and region: options, variables, and the profile in the configuration files.

Sources: "Configuration and credential file settings" and "Environment variables" of the AWS CLI User Guide; SDKs and Tools Reference Guide
for AWS_ENDPOINT_URL.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from guard.places.reading import Found, Sight, facts

_ACCOUNT = re.compile(r"arn:aws[\w-]*:iam::(\d{12}):")
_LOOPBACK = re.compile(r"https?://(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?:[:/]|\Z)", re.IGNORECASE)


def find(sight: Sight) -> Found:
    """The account, as far as the command line, the environment and the configuration files tell."""
    named = sight.option("--profile", shortest=len("--prof")) or sight.variable("AWS_PROFILE", "AWS_DEFAULT_PROFILE")
    settings = _profile(sight, named or "default")
    role = settings.get("role_arn", "") or ("" if named else sight.variable("AWS_ROLE_ARN"))
    account = settings.get("sso_account_id", "") or _account(role)
    region = (
        sight.option("--region", shortest=len("--reg")) or sight.variable("AWS_REGION", "AWS_DEFAULT_REGION") or settings.get("region", "")
    )
    endpoints = _endpoints(sight, settings)
    vault = sight.variable("AWS_VAULT")
    shown = facts(
        ("profile", named or ("default" if settings else "")),
        ("vault", vault),
        ("account", account),
        ("role", role),
        ("region", region),
        *(("endpoint", endpoint) for endpoint in endpoints),
    )
    names = (named, vault, role.rpartition("/")[2], settings.get("sso_role_name", ""), settings.get("sso_session", ""), *endpoints)
    return Found(shown, names, local=bool(endpoints) and all(map(_LOOPBACK.match, endpoints)))


def named_only(sight: Sight) -> Found:
    """For programs that may use AWS among others: nothing, unless a variable points there."""
    return find(sight) if any(name.startswith("AWS_") for name in sight.env) else Found()


def _endpoints(sight: Sight, settings: Mapping[str, str]) -> tuple[str, ...]:
    """Every endpoint that is in force for some service, each once."""
    given = sight.option("--endpoint-url", shortest=len("--endpoint"))
    if given:
        return (given,)
    if sight.variable("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS").lower() == "true":
        return ()
    said = [value for name, value in sorted(sight.env.items()) if name.startswith("AWS_ENDPOINT_URL") and value]
    return tuple(dict.fromkeys(said or filter(None, [settings.get("endpoint_url", "")])))


def _account(role: str) -> str:
    found = _ACCOUNT.match(role)
    return found.group(1) if found else ""


def _profile(sight: Sight, name: str) -> dict[str, str]:
    """The settings of a profile: those of the configuration file win (the credentials file may hold settings too)."""
    config = _sections(sight, sight.variable("AWS_CONFIG_FILE") or "~/.aws/config")
    credentials = _sections(sight, sight.variable("AWS_SHARED_CREDENTIALS_FILE") or "~/.aws/credentials")
    section = name if name == "default" and name in config else f"profile {name}"
    return {**credentials.get(name, {}), **config.get(section, {})}


def _sections(sight: Sight, path: str) -> dict[str, dict[str, str]]:
    """An AWS configuration file; empty when it cannot be read."""
    from configparser import Error, RawConfigParser  # noqa: PLC0415 - only for watched programs

    data = sight.file(path)
    if data is None:
        return {}
    parser = RawConfigParser(strict=False, default_section="\0", interpolation=None)
    try:
        parser.read_string(data.decode("utf-8", "replace"))
    except Error:
        return {}
    return {" ".join(section.split()): dict(parser.items(section)) for section in parser.sections()}
