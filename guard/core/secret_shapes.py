"""What a secret looks like, whoever it belongs to.

Every expression here is linear: a literal prefix and one class, with nothing required after an unbounded repetition
unless a look-behind lets it start only where a run of that class starts.
"""

from __future__ import annotations

import re
from itertools import pairwise

from guard.core.secret_names import is_secret_name, may_be_a_path

MASK = "***"

_TOKENS = (
    r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16,}",  # AWS access key ids
    r"ABSK[A-Za-z0-9+/=]{60,}",  # AWS Bedrock
    r"gh[opusr]_[A-Za-z0-9]{16,}",
    r"github_pat_\w{16,}",
    r"gl(?:pat|ptt|dt|rt|cbt|imt|agent|soat|ft|oas)-[\w.\-]{16,}",
    r"xox[a-z]-[\w-]{8,}",
    r"xapp-[\w-]{8,}",
    r"(?:sk|rk|pk)_(?:live|test)_\w{8,}",
    r"whsec_\w{16,}",
    r"sk-ant-[\w-]{8,}",
    r"sk-(?=[A-Za-z_\-]{0,80}\d)[\w-]{20,}",
    r"AIza[\w-]{30,}",
    r"ya29\.[\w.\-]{8,}",
    r"GOCSPX-[\w-]{16,}",
    r"eyJ[\w-]{10,}(?:\.[\w-]+)*",  # JWT, and any JSON in base64
    r"npm_[A-Za-z0-9]{16,}",
    r"hf_[A-Za-z0-9]{16,}",
    r"hv[sbr]\.[\w-]{16,}",
    r"pypi-[\w-]{32,}",
    r"do[opr]_v1_[a-f0-9]{32,}",
    r"dckr_(?:pat|oat)_[\w-]{16,}",
    r"shp(?:at|ss|ca|pa)_[a-fA-F0-9]{16,}",
    r"SG\.[\w-]{16,}\.[\w-]{16,}",
    r"AGE-SECRET-KEY-1[0-9A-Z]{40,}",
    r"ATATT3[\w=\-]{16,}",
    r"lin_api_\w{16,}",
    r"dapi[a-f0-9]{32,}",
    r"[A-Za-z0-9]{14}\.atlasv1\.[\w-]{32,}",  # HCP Terraform
    r"(?:gsk|r8)_[A-Za-z0-9]{24,}",
    r"nvapi-[\w-]{24,}",
    r"hooks\.slack\.com/services/[\w/]{16,}",
)
_TOKEN = re.compile(rf"(?<![A-Za-z0-9])(?:{'|'.join(_TOKENS)})", re.ASCII)
_ACCESS_KEY_ID = re.compile(r"(?<![A-Za-z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}")
_FORTY = re.compile(r"(?<![A-Za-z0-9/+])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])")
_HEX = re.compile(r"[0-9a-fA-F]+")
_RESTLESS = 15
_SHORTEST_TOKEN = 12
_BLANK = re.compile(r"\s")

_PEM_LINES = r"(?:\s|\\[nr]|(?:Proc-Type|DEK-Info|Comment|Version|Hash): [^\n\\]*|[A-Za-z0-9+/=]{20,}+)*+"
_PEM = re.compile(
    rf"-----BEGIN ((?:[A-Z0-9]+ ){{0,4}}PRIVATE KEY(?: BLOCK)?-----){_PEM_LINES}(?:[A-Za-z0-9+/=]{{1,64}}(?=\s*-|\\n-|\s*$))?"
)
_USER_AND_PASSWORD = re.compile(r"(://[^\s/@:'\"]{0,256}:)(?!\d{1,5}(?:/|\Z))((?:[^\s/@'\"]|/(?!/))+)(?=@)")
_TOKEN_AS_USER = re.compile(r"(://)(?=[A-Za-z_\-]{0,80}\d)[\w-]{20,}(?=@)", re.ASCII)

_VALUE = (
    r"""\\"(?P<v1>(?:[^"\\]|\\[^"])*+)(?=\\")|\\'(?P<v2>(?:[^'\\]|\\[^'])*+)(?=\\')"""
    r"""|"(?P<v3>(?:[^"\\]|\\.)*+)(?=")|'(?P<v4>[^']*+)(?=')"""
    r"""|["']?(?P<v5>\$\{[^}\s]*\}|(?!\$[({])[^\s&,;'"`<>(){}|\\]++)"""
)
# In a shell NAME= WORD runs WORD: blanks after = count only with blanks before it. YAML has a blank after its colon.
_SIGN = r"""\\?["']?(?:[ \t]{1,8}(?::=|=>|==?)[ \t]{0,8}|(?::=|=>|==?)|[ \t]{0,8}:(?=[ \t\\"'])[ \t]{0,8})"""
_ASSIGNED = re.compile(rf"(?<![\w.\-])(?P<name>[\w.\-]++)(?P<sign>{_SIGN})(?:{_VALUE})", re.DOTALL)
_HEADER = re.compile(
    r"(?i)(?<![\w-])((?:proxy-)?authorization|(?:set-)?cookie)(\\?[\"']?\s{0,8}[:=]\s{0,8}\\?[\"']?)"
    r"((?:bearer|basic|token|digest|negotiate|apikey|aws4-hmac-sha256)\s{1,8})?+(?![$`])"
    r"[^\s\"'\\;,]+(?:; ?[^\s\"'\\;=]+=[^\s\"'\\;]+)*"
)
_SCHEME = re.compile(r"(?i)(?<![\w-])((?:bearer|basic)[ \t]{1,8})(?=[\w.~+/\-]{0,80}[\d=])[\w.~+/\-]{12,}=*", re.ASCII)
_ELEMENT = re.compile(r"(<([\w.:\-]{1,64})>)([^<]+)(?=</)")
_SPOKEN = re.compile(r"(?i)(?<![\w-])((?:identified\s{1,8}by|password)\s{1,8})(['\"])[^'\"$`]+(?=\2)")
_NETRC = re.compile(r"(?<!\w)(login\s{1,8}\S{1,256}\s{1,8}password\s{1,8})\S+")
_REFERENCE = re.compile(r"\$(?:\w+|\{\w+\})|\$\(.*|`.*|true|false|null|none|\*\*\*", re.DOTALL | re.IGNORECASE)
_RUNS = re.compile(r"\$\((?!\()|`(?=[^`\s]*+\s)[^`]*+`|<\(")
_PATH = re.compile(r"(?:/|~/|\./|\.\./|fileb?://|[\w.\-]+\.(?:pem|key|json|txt)\Z)")


def runs_something(value: str) -> bool:
    """Whether a shell that reads ``value`` would run a command in it. A human must see that, so it is not masked away."""
    return bool(_RUNS.search(value))


def keeps(name: str, value: str) -> bool:
    """Whether the ``value`` of a secret ``name`` is none: nothing, a reference to a variable, a file."""
    return not value or bool(_REFERENCE.fullmatch(value)) or (may_be_a_path(name) and bool(_PATH.match(value)))


def _assigned(match: re.Match[str]) -> str:
    """Mask the value in ``name = value``, ``"name": "value"``, ``name: value`` when the name is that of a secret."""
    name, value = match["name"], match[match.lastgroup or "v5"]
    if not is_secret_name(name) or keeps(name, value) or (match.lastgroup == "v3" and runs_something(value)):
        return match.group()
    return match.group().removesuffix(value) + MASK


def _element(match: re.Match[str]) -> str:
    """Mask the text of an XML element when its name is that of a secret."""
    return match[1] + MASK if is_secret_name(match[2]) else match.group()


def _is_restless(text: str) -> bool:
    """Whether ``text`` changes between upper case, lower case, digits and signs as often as chance would have it, and words do not."""
    kinds = [(char.isupper(), char.islower(), char.isdigit()) for char in text]
    return sum(one != other for one, other in pairwise(kinds)) >= _RESTLESS


def holds_access_key(text: str) -> bool:
    """Whether an AWS access key id stands in ``text``: then the secret key may be near."""
    return ("AKIA" in text or "ASIA" in text) and bool(_ACCESS_KEY_ID.search(text))


def mask_secret_keys(text: str, *, beside_id: bool) -> str:
    """Mask AWS secret access keys: 40 characters of base64, random, or ``beside_id`` anything but a hexadecimal digest."""

    def one(match: re.Match[str]) -> str:
        key = match.group()
        return key if _HEX.fullmatch(key) or not (beside_id or _is_restless(key)) else MASK

    return _FORTY.sub(one, text)


def mask_shapes(text: str) -> str:
    """Mask whatever in ``text`` has the shape of a secret, or stands after a name that announces one.

    Each expression is tried only on a text that has what it cannot do without: most words of most commands have nothing.
    """
    if "-----BEGIN " in text:
        text = _PEM.sub(rf"-----BEGIN \1{MASK}", text)
    if "://" in text:
        text = _TOKEN_AS_USER.sub(rf"\1{MASK}", _USER_AND_PASSWORD.sub(rf"\1{MASK}", text))
    if "=" in text or ":" in text:
        text = _HEADER.sub(lambda match: f"{match[1]}{match[2]}{match[3] or ''}{MASK}", text)
        text = _ASSIGNED.sub(_assigned, text)
    if "<" in text:
        text = _ELEMENT.sub(_element, text)
    if _BLANK.search(text):
        text = _mask_phrases(text)
    return _TOKEN.sub(MASK, text) if len(text) >= _SHORTEST_TOKEN else text


def _mask_phrases(text: str) -> str:
    """Mask what takes more than one word to say."""
    text = _NETRC.sub(rf"\1{MASK}", _SPOKEN.sub(rf"\1\2{MASK}", text))
    return _SCHEME.sub(rf"\1{MASK}", text)
