"""Rules of an engineer's own, right and wrong."""

from __future__ import annotations

import os

PROGRAM = """\
program: stackctl
names: [stackctl, sctl]
provider: acme
unknown: allow
options:
  style: gnu
  valued: region
env: [STACKCTL_ARGS]
commands:
  - path: nuke
    parameters: {stack: words 0}
    does: nuke
"""
OPERATION = """\
  nuke:
    effect: teardown
    undo: none
    targets: {stack: stack}
    because: It takes a stack down.
    instead: Look at it with `stackctl list`.
    hits:
      - stackctl nuke x
    misses:
      - stackctl list
"""
OPERATIONS = "provider: acme\noperations:\n" + OPERATION
BOMB = "\n".join(["a0: &a0 [x, x, x, x]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)])


def both(program=PROGRAM, operations=OPERATIONS):
    """A program and its operations."""
    return {"a.yaml": program, "b.yaml": operations}


WRONG = {
    "a typo": (both(operations=OPERATIONS.replace("effect:", "efect:")), "b.yaml:4:5", "no key 'efect'.*Did you mean 'effect'"),
    "an unknown effect": (both(operations=OPERATIONS.replace("teardown", "taredown")), "b.yaml:4:13",
    "taredown.*Did you mean 'teardown'"),
    "an unknown key of a program": (both(PROGRAM + "comands: []\n"), "a.yaml:13:1", "no key 'comands'.*Did you mean 'commands'"),
    "a key that is missing": (both(operations=OPERATIONS.replace("    undo: none\n", "")), "b.yaml:4:5", "'undo' is missing"),
    "no misses": (both(operations=OPERATIONS.split("    misses")[0]), "b.yaml:4:5", "'misses' is missing"),
    "an id twice in a file": (both(operations=OPERATIONS + OPERATION), "b.yaml:13:3", "'nuke' is here twice.*line 3"),
    "an id twice across files": ({**both(), "c.yaml": OPERATIONS}, "c.yaml:3:3", r"acme.nuke is there already.*b.yaml:3"),
    "an id that is shipped": (
        {"a.yaml": OPERATIONS.replace("acme", "terraform").replace("nuke:", "destroy:").replace("stackctl nuke x", "terraform destroy")},
        "a.yaml:3:3", "terraform.destroy is there already.*operations.yaml",
    ),
    "an alias bomb": ({"a.yaml": BOMB}, "a.yaml:1:5", "Anchors and aliases"),
    "a hit that is none": (both(operations=OPERATIONS.replace("stackctl nuke x", "stackctl list x")), "b.yaml:10:9", "does not see it"),
    "a miss that is a hit": (both(operations=OPERATIONS.replace("- stackctl list", "- stackctl nuke y")), "b.yaml:12:9",
    "says that it misses"),
    "an example that nobody can read": (both(operations=OPERATIONS.replace("stackctl nuke x", "'stackctl nuke \"x'")), "b.yaml:10:9",
    "cannot be read"),
    "no operation of that name": (both(PROGRAM.replace("does: nuke", "does: nukem")), "a.yaml:12:11", "no operation 'nukem'"),
    "an unknown probe": (both(PROGRAM.replace("words 0", "probe magic")), "a.yaml:11:25", "no probe 'magic'.*terraform-plan"),
    "an unknown source": (both(PROGRAM.replace("words 0", "letters 0")), "a.yaml:11:25", "'letters' is no source"),
    "words that are not counted": (both(PROGRAM.replace("words 0", "words all")), "a.yaml:11:25", "is a number"),
    "an unknown expansion": (both(PROGRAM.replace("commands:", "expand: magic\ncommands:")), "a.yaml:9:9", "'magic' is not known"),
    "an unknown style": (both(PROGRAM.replace("gnu", "dos")), "a.yaml:6:10", "'dos' is not one"),
    "an option with dashes": (both(PROGRAM.replace("valued: region", "valued: --region")), "a.yaml:7:11", "without their dashes"),
    "a name with a slash": (both(PROGRAM.replace("[stackctl, sctl]", "[stackctl, bin/sctl]")), "a.yaml:2:19", "no slash"),
    "a condition without conditions": (both(PROGRAM.replace("    does", "    when: {}\n    does")), "a.yaml:12:11", "needs something"),
    "an empty path": (both(PROGRAM.replace("path: nuke", "path: ''")), "a.yaml:10:11", "empty"),
    "an empty alternative": (both(PROGRAM.replace("path: nuke", "path: nuke|")), "a.yaml:10:11", "Between bars"),
    "no commands": (both(PROGRAM.split("commands", maxsplit=1)[0]), "a.yaml:1:1", "commands, or calls"),
    "no operations": ({"a.yaml": "provider: acme\noperations: {}\n"}, "a.yaml:2:13", "no operation"),
    "a star in front": (both(operations=OPERATIONS.replace("  nuke:", "  '*nuke':")), "b.yaml:3:3", "star"),
    "no sentence": (both(operations=OPERATIONS.replace("down.", "down")), "b.yaml:7:14", "sentence"),
    "a list instead": ({"a.yaml": "- provider: acme\n"}, "a.yaml:1:1", "must be a mapping"),
    "nothing": ({"a.yaml": ""}, "a.yaml:1:1", "empty"),
    "not YAML": ({"a.yaml": "provider: [acme\n"}, "a.yaml:1:16", "not YAML"),
    "not text": ({"a.yaml": b"provider: \xff\n"}, "a.yaml:1:11", "UTF-8"),
    "too large": ({"a.yaml": "# " + "x" * (1 << 20)}, "a.yaml", "larger than 1 MiB"),
    "another ending": ({"a.yml": PROGRAM}, "a.yml", "end in .yaml"),
    "a pipe": ({"a.yaml": os.mkfifo}, "a.yaml", "not a regular file"),
    "a link to nowhere": ({"a.yaml": lambda path: path.symlink_to("/nowhere/at/all")}, "a.yaml", "cannot be read: No such file"),
    "a device": ({"a.yaml": lambda path: path.symlink_to("/dev/zero")}, "a.yaml", "not a regular file"),
}  # fmt: skip
"""(files, where the mistake is, what is said about it) by what is wrong."""


def write(folder, files):
    """Put them there: a text, bytes, or what makes something of that name."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if callable(content):
            content(path)
        else:
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
