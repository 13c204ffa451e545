"""Where qguard keeps and finds its own things (XDG Base Directory Specification). Path logic only; missing files are no error here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from guard.errors import CannotStart

PROJECT_POLICY = ".qguard.yaml"
_REPOSITORY = (".git", ".hg", ".jj", ".svn")


@dataclass(frozen=True, slots=True)
class Settings:
    """``user_policy`` and ``project_policy`` are ``None`` when there is no such file; ``rule_dirs`` holds what is there only."""

    state_dir: Path
    config_dir: Path
    user_policy: Path | None
    project_policy: Path | None
    rule_dirs: tuple[Path, ...]
    cwd: str


def find_settings(environ: Mapping[str, str], cwd: Path) -> Settings:
    """What is in force for somebody with this environment in this directory.

    Raises ``CannotStart`` when there is no home to look in, or when it cannot be seen whether there is a policy.
    """
    config = _base(environ, "XDG_CONFIG_HOME", ".config") / "qguard"
    user_policy = config / "policy.yaml"
    rules = config / "rules"
    return Settings(
        state_dir=_base(environ, "XDG_STATE_HOME", ".local/state") / "qguard",
        config_dir=config,
        user_policy=user_policy if _is_there(user_policy) else None,
        project_policy=_project_policy(cwd, _home(environ)),
        rule_dirs=(rules,) if _is_there(rules) else (),
        cwd=str(cwd),
    )


def _home(environ: Mapping[str, str]) -> Path | None:
    home = environ.get("HOME", "")
    return Path(home) if home.startswith("/") else None


def _base(environ: Mapping[str, str], variable: str, default: str) -> Path:
    """The specification: a relative path in such a variable is ignored."""
    given = environ.get(variable, "")
    if given.startswith("/"):
        return Path(given)
    home = _home(environ)
    if home is None:
        raise CannotStart(f"Neither HOME nor {variable} is an absolute path, so there is no place for what qguard keeps.", "Set HOME.")
    return home / default


def _project_policy(cwd: Path, home: Path | None) -> Path | None:
    """The nearest ``.qguard.yaml`` from ``cwd`` up to the root of its repository, or up to the home directory, whichever comes first."""
    for directory in (cwd, *cwd.parents):
        found = directory / PROJECT_POLICY
        if _is_there(found):
            return found
        if directory == home or any(_is_there(directory / name) for name in _REPOSITORY):
            return None
    return None


def _is_there(path: Path) -> bool:
    """Whether there is anything of that name: a dangling link is a policy that cannot be read, not one that is not there.

    Not ``Path.exists``: since Python 3.14 it says no to what may not be looked at, and a policy would go unseen.
    """
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise CannotStart(
            f"Whether there is {path} cannot be seen: {error.strerror}.",
            "qguard must be able to look into every folder that may hold a policy.",
        ) from error
    return True
