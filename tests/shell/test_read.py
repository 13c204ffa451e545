"""Lines: what is watched is found or said not to be understood; the rest passes without a parser."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guard.core.words import Invocation, Opaque
from guard.shell import peel, read
from guard.shell.deadline import NoAnswer, within
from guard.shell.line import LONGEST
from guard.shell.net import Catch, catches

NAMES = frozenset({"aws", "terraform", "tofu", "kubectl", "helm"})


def found(line: str) -> list[str]:
    """The commands found in a line, as text."""
    return [" ".join(invocation.argv) for invocation in read(line, NAMES, cwd="/w").invocations]


def opaque(line: str) -> bool:
    """Whether something in it was not understood."""
    return bool(read(line, NAMES, cwd="/w").opaque)


@pytest.mark.parametrize(
    "line",
    [
        "terraform destroy",
        "/usr/bin/terraform destroy",
        "\\terraform destroy",
        "'terraform' destroy",
        "ter'ra'form destroy",
        "terra\\\nform destroy",
        "$'\\x74erraform' destroy",
        "X=terraform; $X destroy",
        "cd x && terraform destroy",
        "true; terraform destroy",
        "false || terraform destroy &",
        "a\n\n# comment\nterraform destroy",
        "! terraform destroy",
        "(terraform destroy)",
        "{ terraform destroy; }",
        "if terraform destroy; then a; fi",
        "if a; then b; elif c; then d; else terraform destroy; fi",
        "for i in 1 2; do terraform destroy; done",
        "while read x; do terraform destroy; done < f",
        "f() { terraform destroy; }; f",
        "echo $(terraform destroy)",
        "echo $(a\nterraform destroy\nb)",
        "echo `a\nterraform destroy`",
        "diff <(a\nterraform destroy) b",
        "echo 'a'$(terraform destroy)'b'",
        "echo ${x:-$(terraform destroy)}",
        'echo "$(terraform destroy)"',
        "x=$(terraform destroy)",
        "a > $(terraform destroy)",
        "cat <<EOF\n$(terraform destroy)\nEOF",
        "bash <<EOF\nterraform destroy\nEOF",
        "bash <<< 'terraform destroy'",
        "echo 'terraform destroy' | sh",
        "echo terraform destroy | sudo bash",
        "a | terraform destroy",
        "terraform destroy # really",
        "bash -c 'terraform destroy'",
        'bash -lc "cd x && terraform destroy"',
        "bash -o pipefail -ec 'terraform destroy' arg0",
        "sh -c 'sh -c \"terraform destroy\"'",
        "eval 'terraform' destroy",
        "trap 'terraform destroy' EXIT",
        "find . -name x -exec terraform destroy \\;",
        "env -S 'terraform destroy'",
        "sudo -u root -- env -i A=1 nice -n 5 nohup timeout -k 3 10 terraform destroy",
        "time -p terraform destroy",
        "exec -a x terraform destroy",
        "stdbuf -oL setsid ionice -c2 -n7 terraform destroy",
        "aws-vault exec prod -- terraform destroy",
        "ssh-agent; command terraform destroy",
        "watch 'terraform destroy'",
        "flock /x -c 'terraform destroy'",
    ],
)
def test_it_is_found(line):
    """However it is written, wrapped or nested."""
    assert any(command.split()[-1] == "destroy" for command in found(line)), read(line, NAMES)


@pytest.mark.parametrize(
    "line",
    [
        "$X destroy",
        "$(which terraform) destroy",
        "a{w,}s s3 rb s3://x",
        "/usr/bin/a?s s3 rb s3://x",
        "A[0]=1 terraform destroy",
        "[[ -f x ]] && terraform destroy",
        "case $1 in a) terraform destroy;; esac",
        "echo $(case x in a) terraform destroy;; esac)",
        "cat <<'EOF' | sh\nterraform destroy\nEOF",
        "echo dGVy | base64 -d | sh",
        'eval "$X"',
        'eval "$(echo dGVy | base64 -d)"',
        'bash -c "$X"',
        "terraform $X",
        'terraform "$X"',
        "xargs terraform",
        "ls | xargs -I{} {} destroy",
        "ssh host terraform destroy",
        "docker run -it x terraform destroy",
        "parallel terraform destroy ::: a",
        "alias t='terraform destroy'",
        "hash -p /usr/bin/terraform t",
        "python3 -c 'import os; os.system(\"terraform destroy\")'",
        "perl -e 'system \"terraform destroy\"'",
        "awk 'BEGIN{system(\"terraform destroy\")}'",
        "sudo --no-such-option value terraform destroy",
        "terraform destroy 'unclosed",
        "x=(terraform destroy)",
        "coproc terraform destroy; a",
        "then terraform destroy",
        "a`x`ws s3 rb s3://x",
        "bash <(echo terraform destroy)",
    ],
)
@pytest.mark.promise(3)
def test_it_is_not_understood(line):
    """What is not understood is a value; never nothing."""
    assert opaque(line), read(line, NAMES)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "   ",
        "# terraform destroy",
        "ls -la # terraform destroy",
        "ls -la",
        "echo terraform destroy",
        "git commit -m 'terraform destroy'",
        "grep -r 'aws s3' . | head -5",
        "cd terraform && ls",
        "cat terraform/main.tf",
        "command -v aws",
        "which kubectl",
        "pip install awscli",
        "npm install --save terraform",
        "python3 -m pytest -k aws",
        "python3 deploy.py --tool terraform",
        "bash deploy.sh",
        "for f in *.py; do echo $f; done",
        "x=$(date); echo $x",
        "case $1 in *) echo;; esac",
        "awk '/aws/ {print}' f",
        "cat <<EOF\nterraform destroy\nEOF",
        "printf '%s' aws > f",
        "bash",
    ],
)
def test_it_is_mere_text(line):
    """A name as text is nobody's business."""
    assert (read(line, NAMES).invocations, read(line, NAMES).opaque) == ((), ())


def test_the_line_sets_the_scene():
    """Variables, exports and directories of a line are those of its commands."""
    (first, second) = read(
        "export AWS_PROFILE=prod; cd a/b && B=2 aws s3 ls; (cd /c; terraform plan)", NAMES, cwd="/w", env=(("C", "3"),)
    ).invocations
    assert (first.cwd, first.env) == ("/w/a/b", (("AWS_PROFILE", "prod"), ("B", "2"), ("C", "3")))
    assert (second.cwd, second.env) == ("/c", (("AWS_PROFILE", "prod"), ("C", "3")))


def test_a_directory_that_is_not_known_is_said_to_be_so():
    """``cd "$X"`` leads nowhere that could be read."""
    (invocation,) = read('cd "$X" && terraform plan', NAMES, cwd="/w").invocations
    assert invocation.cwd == ""


def test_wrappers_are_told_outermost_first():
    """With what they do to the environment and the directory."""
    line = "sudo -u x env -u A -C sub B=2 bash -c 'terraform destroy'"
    (invocation,) = read(line, NAMES, cwd="/w", env=(("A", "1"),)).invocations
    assert (
        invocation.program, invocation.via, invocation.cwd, invocation.env,
    ) == ("terraform", ("sudo", "env", "bash -c"), "/w/sub", (("B", "2"),))  # fmt: skip


def test_peel_is_for_words():
    """``check -- ARGV`` takes wrappers off in the same way."""
    assert (Invocation("aws", ("/x/aws", "s3"), "/w", (), ("sudo", "python3 -I")),) == peel(
        Invocation("", ("sudo", "python3", "-I", "/x/aws", "s3"), "/w"), NAMES
    )
    assert peel(Invocation("", ("ls", "aws")), NAMES) == ()
    assert peel(Invocation("", ()), NAMES) == ()
    (said,) = peel(Invocation("", ("bash", "-c", "$X")), NAMES)
    assert isinstance(said, Opaque)


def test_wrapping_ends():
    """A thousand wrappers are not understood, and do not take forever."""
    assert [Opaque] == [type(part) for part in peel(Invocation("", (*["sudo"] * 1000, "aws", "s3")), NAMES)]
    line = "aws s3 rb s3://x"
    for _ in range(6):
        line = f"bash -c {json.dumps(line)}"
    assert found(line) or opaque(line)


# ---- total -----------------------------------------------------------------------------------------------------------

CONTEXTS = [
    "{}", "{} && ls", "a; {}", "a || {}", "({})", "{{ {}; }}", "if a; then {}; fi", "while a; do {}; done", "for i in a; do {}; done",
    "echo $({})", 'echo "$({})"', "echo `{}`", "cat <({})", "x=$({})", "f() {{ {}; }}",
    "a\n{}", "{}\nb", "! {}", "{} | cat", "cat | {}", "{} > f 2>&1",
    "echo ${{x:-$({})}}",
    "echo 'a'$({})'b'", "cat <<E\n$({})\nE", "a & {}", "{} # c",
    "$(a\n{}\nb)", "[[ -f x ]] && {}", "time {}",
    "case x in x) {};; esac", "cat <<'E'\n{}\nE\n{}", "echo $(( $({}) ))", "{} 'a'", '{} "$X"',
]  # fmt: skip
SPELLINGS = [
    "terraform destroy",
    "'terraform' destroy",
    "ter\\raform destroy",
    "/x/terraform destroy",
    "$'\\x74erraform' destroy",
    't"erraform" destroy',
]


@st.composite
def hidden(draw):
    """A line that starts terraform somewhere."""
    line = draw(st.sampled_from(["", "sudo ", "env A=1 ", "timeout 5 "])) + draw(st.sampled_from(SPELLINGS))
    for context in draw(st.lists(st.sampled_from(CONTEXTS), max_size=3)):
        inner = line.replace("\\", "\\\\").replace("`", "\\`") if "`" in context else line
        line = context.format(inner, inner)
    return line


@pytest.mark.promise(3)
@settings(max_examples=300, deadline=None)
@given(hidden())
def test_nothing_is_lost(line):
    """Wherever it is put, it is found, or the line is not understood."""
    assert catches(line, NAMES) is not Catch.NOTHING
    reading = read(line, NAMES)
    assert reading.opaque or any(invocation.program == "terraform" for invocation in reading.invocations)


@pytest.mark.promise(3)
@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [*"'\"$`\\(){}[]<>|&;#!*?=~ \n\t", "aws", "terraform ", "$(", "${", "<<E", "\nE\n", "$'", "if ", "fi", "\\x", "\udcff", "é"]
        ),
        max_size=14,
    ).map("".join)
)
def test_reading_never_raises_and_never_hangs(line):
    """Whatever the line."""
    start = time.monotonic()
    read(line, NAMES)
    assert time.monotonic() - start < 4


@pytest.mark.parametrize(
    "line",
    [
        "aws $(a '${'e)", "aws '${'e", '"${"e aws', "aws " + "$(" * 500 + "a" + ")" * 500, "aws " + "(" * 3000, "aws " + "{ " * 500,
        "aws '" + "x" * 60_000 + "'",
        "aws \0 x", "aws \udcff\ud800", "aws <<", "aws <<E", "aws $((", "aws ;;", "&& aws", "aws |", "#",
        "aws \\", "aws $'\\", "aws \r\n", "aws ${x[$(aws)]}",
    ],
    ids=range(20),
)  # fmt: skip
@pytest.mark.promise(3)
def test_nasty_lines_are_answered(line):
    """Inputs on which bashlex hangs, recurses or raises something odd: an answer in time, and never an empty one."""
    start = time.monotonic()
    reading = read(line, NAMES)
    assert time.monotonic() - start < 4
    assert reading.opaque or reading.invocations or line == "#"


def test_a_long_line_is_not_understood_if_it_matters():
    """64 KB is the limit, for lines that hold a watched name."""
    assert opaque("aws s3 ls '" + "x" * LONGEST + "'")
    assert not opaque("echo '" + "x" * LONGEST + "'")


def test_the_net_is_linear():
    """A megabyte of anything is looked at within a second."""
    for piece in ["a ", "$", "'", "x=1 ", "{a,", "if ", "(", "`", "sudo ", "\\"]:
        start = time.monotonic()
        catches(piece * (1_000_000 // len(piece)), NAMES)
        assert time.monotonic() - start < 2, piece


def test_no_names_catch_nothing():
    """An empty rulebook watches nothing."""
    assert catches("terraform destroy; $X", frozenset()) is Catch.NOTHING


def test_simple_lines_import_no_parser():
    """Most lines cost no start-up: neither bashlex nor yaml is imported for them."""
    code = "import sys; from guard.shell import read; read('sudo aws s3', frozenset({'aws'})); print('bashlex' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True).stdout == "False\n"


# ---- the reader's own process ----------------------------------------------------------------------------------------


def test_a_reader_that_hangs_is_ended():
    """At its deadline, and it leaves no process behind."""
    start = time.monotonic()
    with pytest.raises(NoAnswer, match="too long"):
        within(0.2, lambda: time.sleep(60) or b"")
    assert time.monotonic() - start < 2


def test_a_reader_that_fails_is_told():
    """Whatever it raises, also what ends a process."""
    for error in (KeyError("x"), SystemExit(3), KeyboardInterrupt(), MemoryError()):

        def work(error=error):
            raise error

        with pytest.raises(NoAnswer, match=type(error).__name__):
            within(2, work)


def test_a_reader_that_is_killed_is_told():
    """Half an answer is none."""
    with pytest.raises(NoAnswer):
        within(2, lambda: os._exit(0))


def test_a_big_answer_arrives_whole():
    """More than a pipe holds."""
    assert len(within(5, lambda: b"x" * 3_000_000)) == 3_000_000


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("at now -f job", 1),
        ("echo job | at now", 1),
        ("sudo -u ada at now -f job", 1),
        ("screen -S x -X stuff o", 1),
        ("echo look at the screen", 0),
        ("python3 -c 'print(\"look at this batch\")'", 0),
        ("ssh host 'tail -f screen.log'", 0),
        ("[[ -f x ]] && git commit -m 'at last'", 0),
    ],
)
def test_names_that_are_ordinary_words_count_where_a_command_stands(line, found):
    """``at``, ``batch`` and ``screen`` are in every text."""
    reading = read(line, frozenset({"at", "batch", "screen", "terraform"}))
    assert (len(reading.invocations), reading.opaque) == (found, ())
