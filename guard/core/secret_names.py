"""Which names stand before a secret: of options, variables, headers, form fields, keys in JSON and YAML."""

from __future__ import annotations

import re
from functools import lru_cache

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_LONGEST_NAME = 200

_SECRET_WORDS = frozenset(
    [
        "password",
        "passwords",
        "passwd",
        "passphrase",
        "passcode",
        "pass",
        "passw",
        "passwo",
        "passwor",
        "pwd",
        "pw",
        "psk",
        "secret",
        "secrets",
        "token",
        "tokens",
        "bearer",
        "jwt",
        "apikey",
        "cookie",
        "cookies",
        "credential",
        "credentials",
        "creds",
        "signature",
        "sig",
        "otp",
        "pin",
        "sas",
        "authorization",
    ]
)
_SECRET_ENDINGS = ("password", "passwd", "passphrase", "token", "secret", "apikey", "secretkey", "accesskey", "privatekey", "pass")
_NOT_PASSWORDS = frozenset(["bypass", "compass", "askpass", "encompass", "overpass", "surpass"])
_SECRET_WHEN_LAST = frozenset({"auth"})
_SECRET_KEYS = frozenset(
    [
        "access",
        "account",
        "api",
        "app",
        "auth",
        "client",
        "consumer",
        "customer",
        "deploy",
        "encryption",
        "hmac",
        "jwt",
        "license",
        "master",
        "private",
        "rsa",
        "secret",
        "security",
        "service",
        "shared",
        "signing",
        "webhook",
    ]
)
_WRITTEN_AS = frozenset(["b64", "base64", "data", "pem", "raw", "string", "value"])
# The name of a secret, the file of a password, a page token, a number of tokens, a wish to be asked: none is a secret.
_ABOUT_A_SECRET = frozenset(
    [
        "age",
        "alg",
        "algorithm",
        "arn",
        "arns",
        "change",
        "class",
        "dir",
        "enabled",
        "encoding",
        "endpoint",
        "env",
        "exp",
        "expiration",
        "expires",
        "expiry",
        "fd",
        "file",
        "files",
        "format",
        "generator",
        "helper",
        "host",
        "id",
        "ids",
        "lambda",
        "len",
        "length",
        "lifetime",
        "manager",
        "method",
        "mode",
        "name",
        "names",
        "namespace",
        "only",
        "path",
        "paths",
        "policy",
        "port",
        "prompt",
        "provider",
        "ref",
        "refresh",
        "required",
        "reset",
        "rotation",
        "sock",
        "socket",
        "stdin",
        "store",
        "ttl",
        "type",
        "uri",
        "url",
        "user",
        "username",
        "version",
    ]
)
_OF_ANOTHER_KIND = frozenset(
    [
        "ask",
        "budget",
        "continuation",
        "continue",
        "count",
        "disable",
        "enable",
        "idempotency",
        "ignore",
        "limit",
        "manage",
        "max",
        "min",
        "next",
        "no",
        "num",
        "page",
        "request",
        "rotate",
        "show",
        "skip",
        "starting",
        "without",
    ]
)
_OFTEN_IN_A_FILE = frozenset({"credential", "credentials", "creds", "pwd", "cookie", "cookies", "secrets"})
_KEYS_IN_A_FILE = frozenset({"client", "private"})


@lru_cache(maxsize=4096)
def _words(name: str) -> tuple[str, ...]:
    """Return the words of a name in kebab-case, snake_case, dotted or camelCase, in lower case."""
    return tuple(word.lower() for word in _WORD.findall(name))


def _is_secret_word(word: str, *, exactly: bool) -> bool:
    """Whether one word of a name says that a secret follows."""
    return word in _SECRET_WORDS or (not exactly and word.endswith(_SECRET_ENDINGS) and word not in _NOT_PASSWORDS)


def _ends_with_a_key(words: tuple[str, ...]) -> bool:
    """Whether ``words`` end with the key of an API or an account, not that of an object in a bucket."""
    words = words[:-1] if words[-1] in _WRITTEN_AS else words
    return len(words) > 1 and words[-1] == "key" and words[-2] in _SECRET_KEYS


@lru_cache(maxsize=4096)
def is_secret_name(name: str, *, exactly: bool = False) -> bool:
    """Whether the value of ``name`` must be masked. ``exactly``: a word that only ends like one is none (``-lsecret``)."""
    if len(name) > _LONGEST_NAME:
        name = name[-_LONGEST_NAME:]
    words = _words(name)
    if not words:
        return False
    if name.lower().endswith("secret_id"):  # Vault's AppRole; --secret-id of AWS names a secret
        return True
    if words[-1] in _ABOUT_A_SECRET or not _OF_ANOTHER_KIND.isdisjoint(words):
        return False
    return words[-1] in _SECRET_WHEN_LAST or any(_is_secret_word(word, exactly=exactly) for word in words) or _ends_with_a_key(words)


def may_be_a_path(name: str) -> bool:
    """Whether the value of ``name`` is as often the path of a file as a secret (``--private-key ~/.ssh/id``, ``PWD=/tmp``)."""
    words = _words(name[-_LONGEST_NAME:])
    if words[-1:] == ("key",):
        return words[-2:-1] != () and words[-2] in _KEYS_IN_A_FILE
    return bool(words) and words[-1] in _OFTEN_IN_A_FILE
