"""Saved plans, read without running Terraform: real ones of every kind, and whatever else a file may hold."""

from __future__ import annotations

import io
import json
import random
import struct
import time
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.machine import needs

from guard.places.peek import peek
from guard.rulebook import plans
from guard.rulebook.plans import terraform_plan


def plan_in(content, *, options=None):
    """What is made of a file with this content; ``None``: there is none."""
    return terraform_plan(("p",), options or {}, "/work", lambda _path, _cwd, _limit: content)


def zipped(member, name="tfplan", method=zipfile.ZIP_DEFLATED):
    """A zip archive with one member."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        archive.writestr(name, member)
    return file.getvalue()


def varint(number):
    """A number in the wire format."""
    out = b""
    while number > 0x7F:
        out += bytes([number & 0x7F | 0x80])
        number >>= 7
    return out + bytes([number])


def message(*fields):
    """A message of (number, value) fields: numbers and bytes."""
    return b"".join(
        varint(number << 3 | 2) + varint(len(value)) + value if isinstance(value, bytes) else varint(number << 3) + varint(value)
        for number, value in fields
    )


def change(action, address=b"aws_instance.web"):
    """A change of a resource."""
    return (3, message((13, address), (9, message((1, action)))))


# ---- real plans ------------------------------------------------------------------------------------------------------

TWO = 'resource "terraform_data" "a" {\n  input = "1"\n}\nresource "terraform_data" "b" {\n  input = "1"\n}\n'
A = TWO.split("resource")[1]
MOVED = "moved {\n  from = terraform_data.a\n  to = terraform_data.z\n}\n"
REMOVED = "removed {{\n  from = terraform_data.b\n  lifecycle {{\n    destroy = {}\n  }}\n}}\n"


@needs("terraform")
@pytest.mark.parametrize(
    ("text", "words", "kind", "resources"),
    [
        (TWO, ["-destroy"], "destroys", ["terraform_data.a", "terraform_data.b"]),
        (TWO, ["-destroy", "-target=terraform_data.a"], "destroys", ["terraform_data.a"]),
        (TWO, ["-replace=terraform_data.a"], "deletes", ["terraform_data.a"]),
        (TWO, [], "keeps", []),
        (TWO, ["-refresh-only"], "keeps", []),
        (TWO + 'resource "terraform_data" "c" {}\n', [], "keeps", []),
        (TWO.replace('"1"', '"2"'), [], "keeps", []),
        ("resource" + A, [], "deletes", ["terraform_data.b"]),
        ("resource" + A + REMOVED.format("false"), [], "deletes", ["terraform_data.b"]),
        ("resource" + A + REMOVED.format("true"), [], "deletes", ["terraform_data.b"]),
        (TWO.replace('"a" {', '"a" {\n  triggers_replace = "x"'), [], "deletes", ["terraform_data.a"]),
        (TWO.replace('"a" {', '"z" {') + MOVED, [], "keeps", []),
        (
            TWO.replace('"a" {', '"a" {\n  triggers_replace = "x"\n  lifecycle {\n    create_before_destroy = true\n  }'),
            [], "deletes", ["terraform_data.a"],
        ),
        ('resource "terraform_data" "a" {\n  count = 0\n}\n', [], "deletes", ["terraform_data.a[0]", "terraform_data.b"]),
    ],
    ids=[
        "destroy", "destroy one", "replace", "nothing", "refresh only", "create", "update", "delete", "forget", "removed", "trigger",
        "moved", "create before destroy", "all gone",
    ],
)  # fmt: skip
def test_a_real_plan(terraform, text, words, kind, resources):
    """What it says is what Terraform will do."""
    project = terraform("a", "b")
    (project.folder / "main.tf").write_text(TWO)
    project.run("apply", "-auto-approve", "-input=false")
    (project.folder / "main.tf").write_text(text)
    project.run("plan", "-input=false", "-out=p", *words)
    told = terraform_plan(("p",), {}, str(project.folder), peek)
    assert ((kind,), resources) == (told["plan"], sorted(told["resource"]))
    assert terraform_plan(("p",), {"chdir": (project.folder.name,)}, str(project.folder.parent), peek) == told
    assert terraform_plan((str(project.folder / "p"),), {}, "", peek) == told
    content = (project.folder / "p").read_bytes()
    for cut in range(0, len(content), 97):
        assert plan_in(content[:cut]) == {"plan": ("unread",)}


@needs("terraform")
def test_a_deposed_object_goes_too(terraform):
    """What a failed replacement left behind is deleted by the next apply, whatever the configuration says."""
    project = terraform("a")
    state = project.folder / "terraform.tfstate"
    text = state.read_text()
    known = json.loads(text)
    known["serial"] += 1
    known["resources"][0]["instances"].append({**known["resources"][0]["instances"][0], "deposed": "00000001"})
    state.write_text(json.dumps(known))
    project.run("plan", "-input=false", "-out=p")
    assert terraform_plan(("p",), {}, str(project.folder), peek) == {"plan": ("deletes",), "resource": ("terraform_data.a",)}


# ---- made ones -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ([(1, 3)], "keeps"),
        ([(1, 3), (17, 1)], "destroys"),
        ([(1, 3), (17, 0), change(1), change(2), change(3)], "keeps"),
        ([(1, 3), change(5)], "deletes"),
        ([(1, 3), change(6)], "deletes"),
        ([(1, 3), change(7)], "deletes"),
        ([(1, 3), change(8)], "deletes"),
        ([(1, 3), change(9)], "deletes"),
        ([(1, 3), change(77)], "unread"),
        ([(1, 3), (17, 9)], "unread"),
        ([(1, 4), change(5)], "unread"),
        ([(1, 4), (1, 3)], "unread"),
        ([change(5)], "unread"),
        ([(1, 3), (3, message((9, message((1, 1))), (9, message((1, 5)))))], "deletes"),
        ([(1, 3), (3, message((9, message((1, 5))), (9, message((1, 1)))))], "deletes"),
        ([(1, 3), (3, message((9, message((1, 5), (1, 1)))))], "deletes"),
        ([(1, 3), (17, 1), (17, 0)], "destroys"),
        ([(1, 3), (3, 7)], "unread"),
        ([(1, 3), (3, message((9, 7)))], "unread"),
        ([(1, 3), (3, message((9, message((1, b"x")))))], "unread"),
    ],
)
def test_a_made_plan(fields, kind):
    """Every action by its number; a field that is there twice counts as the worse; what is not known is not read."""
    assert (kind,) == plan_in(zipped(message(*fields)))["plan"]


def test_a_name_that_is_no_text_is_shown_all_the_same():
    """Bytes that are not UTF-8 come back as they were."""
    told = plan_in(zipped(message((1, 3), change(5, b"a\xff"))))
    assert told == {"plan": ("deletes",), "resource": ("a\udcff",)}


@pytest.mark.promise(2)
def test_of_very_many_one_stands_for_the_rest():
    """So that no rule for the first thousand allows what comes behind them."""
    told = plan_in(zipped(message((1, 3), *[change(5, b"preview")] * 1001)))
    assert len(told["resource"]) == 1001
    assert told["resource"][-1] == "…/…"


def test_no_plan_is_named():
    """``terraform apply`` alone makes a plan of its own."""
    assert terraform_plan((), {}, "/work", lambda *_: None) == {}


def two_members():
    """An archive that has the member twice; the last one counts for Python, the first for Go."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("tfplan", message((1, 3), (17, 1)))
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("tfplan", message((1, 3)))
    return file.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        None, b"", b"PK", b"not a zip", b"{}", b'{"remote_plan_format":1,"run_id":"run-1","hostname":"app.terraform.io"}',
        zipped(b"", "other"), zipped(b"\xff" * 40), zipped(b"\x0a\xff\xff\xff\xff\xff\x7f"), zipped(message((1, 3)))[:-9],
        zipped(message((1, 3)) + b"\x1a\x7f"), zipped(message((1, 3)), method=zipfile.ZIP_LZMA), b"PK\x05\x06" + b"\0" * 18,
        zipped(message((1, 3)) + b"\x0b"),
    ],
    ids=lambda content: repr(content)[:24],
)  # fmt: skip
def test_what_is_no_plan_is_not_read(content):
    """Missing, cut off, garbage, a run in the cloud, an unknown compression: a value, and never an exception."""
    assert plan_in(content) == {"plan": ("unread",)}


def test_a_member_that_is_there_twice_is_not_read():
    """Terraform and Python would not read the same one."""
    assert plan_in(two_members()) == {"plan": ("unread",)}


def test_an_encrypted_member_is_not_read():
    """The bit that says so, in the header and in the directory."""
    content = bytearray(zipped(message((1, 3)), method=zipfile.ZIP_STORED))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + offset] |= 1
    assert plan_in(bytes(content)) == {"plan": ("unread",)}


def test_a_zip_bomb_is_not_unpacked():
    """A gigabyte of zeros in a megabyte: read as far as a plan may be large, and no further."""
    compressed = zipped(b"\0" * (plans.LARGEST + 2))
    started = time.monotonic()
    assert plan_in(compressed) == {"plan": ("unread",)}
    assert time.monotonic() - started < 3


def test_a_plan_of_very_many_small_fields_ends():
    """Four million fields: more than any plan has; the answer comes within a moment."""
    started = time.monotonic()
    assert plan_in(zipped(message((1, 3)) + b"\x20\x00" * 4_000_000)) == {"plan": ("unread",)}
    assert time.monotonic() - started < 3


@settings(max_examples=150, deadline=2000)
@given(st.binary(max_size=300), st.booleans())
def test_reading_is_total(content, packed):
    """Any bytes, packed or not: one of four words."""
    told = plan_in(zipped(content) if packed else content)
    assert told["plan"][0] in {"destroys", "deletes", "keeps", "unread"}


@settings(max_examples=150, deadline=2000)
@given(st.integers(), st.integers(1, 12))
def test_a_damaged_archive_is_never_kept(seed, times):
    """Bytes of a plan that destroys are changed at random: whatever is made of it, no exception, and no hang."""
    rng = random.Random(seed)
    content = bytearray(zipped(message((1, 3), (17, 1), change(5))))
    for _ in range(times):
        content[rng.randrange(len(content))] = rng.randrange(256)
    assert plan_in(bytes(content))["plan"][0] in {"destroys", "deletes", "keeps", "unread"}


def test_a_header_that_lies_about_the_size():
    """The directory says three bytes, the member holds more."""
    content = bytearray(zipped(message((1, 3), (17, 1)), method=zipfile.ZIP_STORED))
    at = content.index(b"PK\x01\x02")
    content[at + 20 : at + 28] = struct.pack("<II", 2, 2)
    assert plan_in(bytes(content)) == {"plan": ("unread",)}
