"""The test as supervisor: sends questions, hears answers; the human is ``support.human.Human``."""

from __future__ import annotations

import os
import pickle
import shlex
import socket
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from outer import HEADER
from support.human import Human

from guard.core.cards import Question
from guard.core.messages import Ended, Said, Show
from guard.core.words import Action, Effect, Judged, Label, Place, Reason, Ruling, Target, Undo, Verdict

GUARD = 0.15
OUTER = Path(__file__).with_name("outer.py")
SIZE = (24, 80)
READY = "Nothing runs until you answer"

DESTROY = Judged(
    Action(
        rule="terraform.destroy",
        provider="terraform",
        service=None,
        operation="destroy",
        effect=Effect.TEARDOWN,
        undo=Undo.RESTORE,
        argv=("terraform", "destroy"),
        place=Place(Label.PROD, (("workspace", "prod"), ("backend", "s3://states/prod"))),
        because="It deletes everything this configuration manages.",
        instead="terraform plan -destroy shows what would go.",
    ),
    Verdict.ASK,
    (Reason("default policy", Verdict.ASK, "A teardown is asked about."),),
)


def question(number: int = 1, argv: tuple[str, ...] = ("terraform", "destroy", "-auto-approve"), timeout: int = 0, **how) -> Question:
    """A question about a teardown."""
    return Question(
        id=f"s-{number}", session="s", argv=argv, cwd="/home/ada/infra", file="/usr/bin/terraform",
        ruling=how.pop("ruling", Ruling(Verdict.ASK, (DESTROY,))), timeout=timeout,
        chain=("claude", "bash -c 'terraform destroy'", "terraform destroy"), agent="claude", task="fix the login bug", **how,
    )  # fmt: skip


def a_stack(name: str) -> Target:
    """One target."""
    return Target("stack", name)


class Supervisor:
    """The other end of the link."""

    def __init__(self, path: Path) -> None:
        self._server = socket.socket(socket.AF_UNIX)
        self._server.bind(str(path))
        self._server.listen(1)
        self._server.settimeout(30)
        self._line: socket.socket | None = None

    def meets(self) -> None:
        """Wait for the outer process."""
        self._line, _ = self._server.accept()
        self._line.settimeout(30)
        self.outer, self.agent, self.plan = self.hears()

    def says(self, *messages: object) -> None:
        """Send."""
        for message in messages:
            data = pickle.dumps(message)
            self._line.sendall(HEADER.pack(len(data)) + data)

    def asks(self, *questions: Question) -> None:
        """Send questions."""
        self.says(*(Show(one) for one in questions))

    def hears(self) -> object:
        """Wait for the next message."""
        return pickle.loads(self._exactly(HEADER.unpack(self._exactly(HEADER.size))[0]))

    def answer(self) -> tuple[str, str, bool]:
        """Wait for an answer: the question, the choice, whether it is late."""
        said = self.hears()
        assert isinstance(said, Said), said
        return said.answer.question, said.answer.choice.value, said.answer.late

    def hears_nothing(self, seconds: float) -> bool:
        """Whether no message comes for so long."""
        self._line.settimeout(seconds)
        try:
            return not self._line.recv(1, socket.MSG_PEEK)
        except TimeoutError:
            return True
        finally:
            self._line.settimeout(30)

    def ends(self, status: int = 0, text: str = "") -> None:
        """The session is over."""
        self.says(Ended(status, text))

    def dies(self) -> None:
        """Close the link without a word."""
        self._line.close()

    def close(self) -> None:
        """After the test."""
        for line in (self._line, self._server):
            if line is not None:
                line.close()

    def _exactly(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            piece = self._line.recv(size - len(data))
            assert piece, "the outer process is gone"
            data += piece
        return data


class Session:
    """A human, the outer process with an agent, and the test as supervisor."""

    def __init__(self, tmp_path: Path, agent: Sequence[str], *, around: str = "{}", guard: float = GUARD, size=SIZE, env=()) -> None:
        """``around`` is a shell line with the outer process in the place of ``{}``."""
        socket_path = tmp_path / "link"
        self.supervisor = Supervisor(socket_path)
        argv = [sys.executable, str(OUTER), str(socket_path), str(guard), *agent]
        run = tmp_path / "run"
        run.write_text(f"exec {shlex.join(argv)}\n")
        line = ["bash", "-c", around.format("bash run")] if around != "{}" else argv
        environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "TERM": "xterm-256color", "LANG": "C.UTF-8", **dict(env)}
        self.human = Human(line, environment, tmp_path, size)
        try:
            self.supervisor.meets()
        except OSError:
            self.__exit__()
            raise AssertionError(f"the outer process never came:\n{self.human.screen}") from None

    def asked(self, *questions: Question, pattern: str = r"may this run\?") -> str:
        """Ask, and wait until the keys of the card count; the screen."""
        self.supervisor.asks(*questions)
        self.human.sees(pattern)
        return self.human.sees(READY)

    def __enter__(self):
        return self

    def __exit__(self, *_: object) -> None:
        self.supervisor.close()
        self.human.__exit__()


def until(holds, what: str, seconds: float = 20) -> None:
    """Wait for something that no descriptor tells: a file, a process."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"waited for {what}"
        time.sleep(0.01)


def stands_still(path: Path) -> bool:
    """Whether a file that its writer keeps changing has stopped changing."""
    before = path.read_text() if path.exists() else ""
    time.sleep(0.3)
    return before != "" and before == path.read_text()
