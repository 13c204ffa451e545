"""How an API's names are spelt on a command line: ``DeleteDBInstance`` ⇄ ``delete-db-instance`` (botocore's ``xform_name``)."""

from __future__ import annotations

import re
from functools import lru_cache

_SPECIAL = re.compile(r"[A-Z]{2,}s\Z")
_BEFORE_WORD = re.compile(r"(.)([A-Z][a-z]+)")
_BEFORE_CAPITAL = re.compile(r"([a-z0-9])([A-Z])")
_ONE_WORD = {"iSCSI": "Iscsi", "HITs": "Hits", "PartiQL": "Partiql", "OAuth2": "Oauth2", "WhatsApp": "Whatsapp", "OTel": "Otel"}
"""What the rules below would take apart and the AWS CLI does not (botocore.__init__, _xform_cache)."""


@lru_cache(maxsize=1024)
def dashed(name: str) -> str:
    """``StackName`` → ``stack-name``; a name with a dash in it is spelt so already."""
    if "-" in name:
        return name
    for known, plain in _ONE_WORD.items():
        name = name.replace(known, plain)
    if special := _SPECIAL.search(name):
        name = f"{name[: special.start()]}-{special.group().lower()}"
    name = _BEFORE_WORD.sub(r"\1-\2", name)
    return re.sub(r"-+", "-", _BEFORE_CAPITAL.sub(r"\1-\2", name)).lower()


def joined(word: str) -> str:
    """``delete-log-group`` → ``DeleteLogGroup``: a name for an operation of which only the command is known."""
    return "".join(part[:1].upper() + part[1:] for part in word.split("-"))
