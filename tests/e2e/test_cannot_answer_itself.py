"""The agent has hands too, where a multiplexer lends them: what types into the human's terminal waits for the human."""

from __future__ import annotations

import pytest
from support.machine import QGUARD, needs
from support.tmux import tmux

pytestmark = [pytest.mark.kernel, pytest.mark.promise(5), needs("terraform", "tmux")]

DATABASE = ("terraform_data.database",)
AGENT = """\
(
  until tmux capture-pane -p -t "$TMUX_PANE" | grep -q 'Nothing runs until you answer'; do sleep 0.1; done
  echo seen > seen
  tmux {how} 2> refused
  echo $? > typed
) &
terraform destroy -auto-approve
echo status $?
wait
echo the end
read wait
"""


@pytest.mark.parametrize(
    "how",
    ['send-keys -t "$TMUX_PANE" o', "send-k o", "wait-for -S x ';' send o", "set-buffer o ';' pasteb", "run -b 'tmux send-keys o'"],
)
def test_the_agent_does_not_press_the_key(platform, terraform, how):
    """It reads in the pane that it is asked about, and types ``o``: that is a question of its own, and nothing is destroyed."""
    project = terraform()
    script = platform.work / "agent"
    script.write_text(AGENT.replace("{how}", how))
    with tmux(platform, f"{QGUARD} run -- sh {script}") as pane:
        pane.sees("terraform destroy -auto-approve")
        pane.sees("Nothing runs until you answer.")
        pane.sees("1 of 2")
        assert (platform.work / "seen").exists()
        assert not (platform.work / "typed").exists()
        pane.types("d")
        pane.sees("for you" if "run -b" not in how else "qguard does not see it")
        pane.sees("Nothing runs until you answer.")
        pane.types("d")
        assert "status 126" in pane.sees("the end")
        pane.types("Enter")
    assert project.resources == DATABASE
    assert (platform.work / "typed").read_text() == "126\n"
    assert [record["ruling"]["verdict"] for record in platform.trail_of("question.asked")] == ["ask", "ask"]
