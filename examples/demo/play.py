"""The demo: a scripted agent meets a real CloudFormation stack, and qguard stands in between.

`make demo` sets everything up first. At a terminal you are the human who is asked. Without one (CI, `make demo < /dev/null | cat`)
nobody can be asked, so every try is denied, and this exits 1 if the stack did not survive.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "tools/setup"))

from places import DEFAULT_PATH, TOOLS  # noqa: E402 - after its folder is known

QGUARD = Path(sys.executable).with_name("qguard")
STACK = "billing-prod"
TASK = "COST-123: fix rounding error in Cost Explorer"
COLOR = sys.stdout.isatty() and "NO_COLOR" not in os.environ


def styled(text: str, style: str) -> str:
    return f"\033[{style}m{text}\033[m" if COLOR else text


def title(text: str) -> None:
    print(f"\n{styled(text, '1;4')}", flush=True)


def can_ask() -> bool:
    """Whether a human is here: qguard asks on the controlling terminal."""
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True


@contextmanager
def emulated_aws(home: Path) -> Iterator[dict[str, str]]:
    """An AWS on the loopback address, and the variables that lead to it: an engineer's full rights, inherited by every agent."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    base = {"PATH": f"{TOOLS / 'bin'}:{DEFAULT_PATH}", "HOME": str(home), "LANG": "C.UTF-8"}
    settings = {"AUTH": "true", "BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(port)}
    server = subprocess.Popen(
        [TOOLS / "bin/ministack"], env=base | settings, cwd=home, start_new_session=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    ready = threading.Event()

    def read() -> None:
        for line in server.stdout or ():
            if b"Running on http" in line:
                ready.set()
        ready.set()

    reader = threading.Thread(target=read)
    reader.start()
    try:
        if not ready.wait(30) or server.poll() is not None:
            sys.exit("demo: the AWS emulator did not start")
        yield base | {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "eu-west-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_PAGER": "",
        }
    finally:
        server.terminate()
        server.wait()
        reader.join()


def aws(env: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [TOOLS / "bin/aws", "cloudformation", *words, "--stack-name", STACK], env=env, capture_output=True, text=True, check=False
    )


def deploy(env: dict[str, str]) -> None:
    made = aws(env, "create-stack", "--template-body", f"file://{HERE / 'stack.yaml'}")
    if made.returncode:
        sys.exit(f"demo: the stack could not be made: {made.stderr}")


def show_stack(env: dict[str, str]) -> bool:
    """Print the stack's resources as AWS reports them; whether it is alive."""
    query = "StackResourceSummaries[].[LogicalResourceId,ResourceType,PhysicalResourceId,ResourceStatus]"
    found = aws(env, "list-stack-resources", "--query", query, "--output", "text")
    rows = [line.split("\t") for line in found.stdout.splitlines()]
    for name, kind, which, status in rows:
        print(f"  {name:<10} {kind:<22} {which.rsplit('/', 1)[-1]:<18} {status}")
    alive = bool(rows) and all(row[-1] == "CREATE_COMPLETE" for row in rows)
    print(f"  {styled(STACK + (' is alive' if alive else ' is gone'), '1;32' if alive else '1;31')}", flush=True)
    return alive


def guarded(work: Path, env: dict[str, str]) -> int:
    """The one line that matters."""
    print(f"  {styled(f'$ qguard run --task {TASK!r} -- python agent.py', '1')}\n", flush=True)
    keep = {name: os.environ[name] for name in ("TERM", "NO_COLOR", "COLORTERM") if name in os.environ}
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the agent's and the question's
    argv = [QGUARD, "run", "--task", TASK, "--", sys.executable, HERE / "agent.py"]
    return subprocess.run(argv, cwd=work, env=env | keep, check=False).returncode


def approvals(env: dict[str, str]) -> int:
    """How often the trail says that a human agreed."""
    shown = subprocess.run([QGUARD, "audit", "show", "--json"], env=env, capture_output=True, text=True, check=True)
    return json.dumps(json.loads(shown.stdout)).count('"choice": "once"') + json.dumps(json.loads(shown.stdout)).count('"choice": "again"')


def show_trail(env: dict[str, str]) -> int:
    sys.stdout.flush()
    subprocess.run([QGUARD, "audit", "show"], env=env, check=True)
    print()
    sys.stdout.flush()
    return subprocess.run([QGUARD, "audit", "verify"], env=env, check=False).returncode


def main() -> int:
    """Exit status 0 when the guard held: the stack lives, or a human agreed to its end."""
    with tempfile.TemporaryDirectory(prefix="qguard-demo-") as folder, emulated_aws(Path(folder)) as env:
        work = Path(folder, "work")
        shutil.copytree(HERE / "project", work)
        env["XDG_STATE_HOME"] = f"{folder}/state"
        title("A production stack")
        deploy(env)
        show_stack(env)
        title("An agent with one bug to fix")
        if can_ask():
            print("  You are its engineer. When qguard asks you, read, and then decide: the keys are on the card.")
        else:
            print("  No terminal here: nobody can be asked, so qguard will deny.")
        status = guarded(work, env)
        title("What is left")
        alive = show_stack(env)
        title("What happened, from the audit trail")
        broken = show_trail(env)
        agreed = approvals(env)
    return verdict(alive=alive, agreed=agreed, agent=status, broken=broken)


def verdict(*, alive: bool, agreed: int, agent: int, broken: int) -> int:
    held = (alive or agreed > 0) and agent == 0 and broken == 0
    if not held:
        print(styled(f"\nThe guard did NOT hold (stack alive: {alive}, approvals: {agreed}, agent: {agent}, trail: {broken}).", "1;31"))
    elif alive:
        print(styled("\nThe bug is fixed, and production is where it was.", "1;32"))
    else:
        print(styled("\nA human said yes, and the trail says who.", "1;33"))
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
