"""Who is in this session: the agent that runs, and the engineer who launched it. Facts for the trail, none of them trusted."""

from __future__ import annotations

import hashlib
import json
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_HASHED_AT_ONCE = 4 * 1024 * 1024
_CHUNK = 1 << 20
_NO_LOGIN = 2**32 - 1


@dataclass(frozen=True, slots=True)
class AgentIdentity:
    """The program that was launched. ``digest`` is sha256 of the file (empty: too big to hash before the start; see ``digest_of``)."""

    name: str
    path: str
    argv: tuple[str, ...]
    digest: str = ""
    version: str = ""

    def body(self) -> dict[str, Any]:
        """For the record; the argv is added by who masks it."""
        from guard.core.chain import encode_argument  # noqa: PLC0415 - a nested or failing run records nothing

        name, path, version = (encode_argument(text) for text in (self.name, self.path, self.version))  # a file's name may be any bytes
        return {"name": name, "path": path, "digest": self.digest or None, "version": version or None}


def identify_agent(file: str, argv: tuple[str, ...], name: str | None = None) -> AgentIdentity:
    """What can be told of the agent without running it."""
    path = Path(file)
    small = path.stat().st_size <= _HASHED_AT_ONCE
    return AgentIdentity(
        name or Path(argv[0]).name, str(path.resolve()), argv, digest_of(path) if small else "", _npm_version(path.resolve())
    )


def digest_of(path: Path) -> str:
    """``sha256:…`` of a file. Raises ``OSError``."""
    found = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            found.update(chunk)
    return f"sha256:{found.hexdigest()}"


def _npm_version(path: Path) -> str:
    """The version in the package.json that ships the file: most agents come from npm. Nothing of the agent is run for it."""
    for folder in tuple(path.parents)[:4]:
        try:
            text = (folder / "package.json").read_bytes()[:_CHUNK]
            found = json.loads(text)
        except (OSError, ValueError):
            continue
        if isinstance(found, dict) and found.get("bin") and isinstance(found.get("version"), str):
            return str(found["version"])[:64]
    return ""


def engineer(environ: Mapping[str, str]) -> dict[str, Any]:
    """Who launched the session: uid, login name, audit login uid (the one that su and sudo do not change), host, where from."""
    uid = os.getuid()
    return {
        "uid": uid,
        "login": login_name(uid),
        "login_uid": _login_uid(),
        "host": socket.gethostname(),
        "ssh": environ.get("SSH_CONNECTION") or None,
    }


def login_name(uid: int) -> str:
    """The name of ``uid`` in the user database, or the number as text."""
    import pwd  # noqa: PLC0415 - a shared library that few starts need

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _login_uid() -> int | None:
    try:
        number = int(Path("/proc/self/loginuid").read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
    return None if number == _NO_LOGIN else number
