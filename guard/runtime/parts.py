"""The parts of one session, put together before anything is forked, so that what is wrong is said at once."""

from __future__ import annotations

import functools
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from guard.audit.writer import FileTrail, new_session_id
from guard.core.session import Session
from guard.kernel import confine
from guard.places import ENV_NAMES, Places
from guard.places.names import SEALED_NAMES, SEALED_PREFIXES
from guard.places.peek import peek
from guard.rulebook import open_rulebook
from guard.rulebook.policies import read_policies
from guard.runtime import belongings, identity
from guard.runtime.judge import Judge
from guard.runtime.options import Options
from guard.runtime.settings import Settings
from guard.runtime.twins import Twins, find_twins
from guard.shell import program_of
from guard.shell.program import canonical

if TYPE_CHECKING:
    from guard.runtime.supervisor import ProgramOf


@dataclass(frozen=True, slots=True)
class Parts:
    """All that a supervisor needs besides the processes."""

    judge: Judge
    program_of: ProgramOf
    env_wanted: Callable[[bytes], bool]
    env_sealed: Callable[[bytes], bool]
    trail: FileTrail
    state: Session
    agent: identity.AgentIdentity
    protection: confine.Protection
    started: Mapping[str, Any]
    state_dir: Path
    look: Callable[[], belongings.Seen]
    twins: Twins


def prepare(options: Options, file: str, settings: Settings, *, has_terminal: bool) -> Parts:
    """Read the rules and policies, open the trail. Raises ``RulebookError`` or ``CannotStart``."""
    from guard.audit.bodies import argv_body, text_body  # noqa: PLC0415 - a nested or failing run needs no masking

    book = open_rulebook(settings.rule_dirs)
    policies = read_policies(options.policy or settings.user_policy, settings.project_policy)
    protection = confine.plan()
    agent = identity.identify_agent(file, options.argv, options.agent)
    session = new_session_id(time.time(), os.urandom(8))
    timeout = policies.ask_timeout if options.ask_timeout is None else options.ask_timeout
    state = Session(
        id=session,
        agent=agent.name,
        task=options.task,
        mode=options.mode,
        can_ask=has_terminal and options.ask == "terminal",
        no_asking=_why_nobody(options, has_terminal=has_terminal),
        ask_timeout=timeout,
    )
    started = {
        "agent": {**agent.body(), "argv": argv_body(agent.argv)},
        "engineer": identity.engineer(os.environ),
        "task": text_body(options.task) if options.task else None,
        "mode": str(options.mode),
        "rules": book.digest,
        "policy": policies.digest,
        "cwd": text_body(str(settings.cwd)),
        "gate": {"kind": "kernel", "level": "personal", "scoped": protection.scoped, "no_new_privs": protection.no_new_privs},
        "asks": "terminal" if state.can_ask else "never",
    }
    trail = FileTrail.create(settings.state_dir / "sessions", session)
    judge = Judge(book, policies, Places(), peek)
    names = book.names
    return Parts(
        judge,
        functools.partial(program_of, names),
        _named(book.env_names | ENV_NAMES | SEALED_NAMES, (*book.env_prefixes, *SEALED_PREFIXES)),
        _named(SEALED_NAMES - book.env_names, SEALED_PREFIXES),
        trail,
        state,
        agent,
        protection,
        started,
        settings.state_dir,
        functools.partial(belongings.look, settings, options.policy),
        find_twins(names, os.environ.get("PATH", os.defpath), lambda name: canonical(name, names)),
    )


def _why_nobody(options: Options, *, has_terminal: bool) -> str:
    if options.ask == "never":
        return "This session asks nobody (--ask never)."
    return "" if has_terminal else "There is no terminal in this session, so nobody can be asked."


def _named(names: frozenset[str], prefixes: tuple[str, ...]) -> Callable[[bytes], bool]:
    exact = frozenset(map(os.fsencode, names))
    starts = tuple(map(os.fsencode, prefixes))
    return lambda name: name in exact or name.startswith(starts)
