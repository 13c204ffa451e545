"""Reading a task's strings: page ends, bounds, both pointer sizes, and memory that is not there."""

from __future__ import annotations

import ctypes
import mmap
import os
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.kernel import memory as memory_module
from guard.kernel.abi import I386, X86_64
from guard.kernel.memory import MAX_STRING, Memory, TooLong, Unreadable

PAGE = mmap.PAGESIZE
OWN = Memory(os.getpid())


class Pages:
    """A page of our own with nothing after it. Never unmapped: a pointer into it stays good."""

    def __init__(self):
        libc = ctypes.CDLL(None, use_errno=True)
        libc.mmap.restype = ctypes.c_void_p
        writable, anonymous = mmap.PROT_READ | mmap.PROT_WRITE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
        self.at = libc.mmap(None, ctypes.c_size_t(2 * PAGE), writable, anonymous, -1, ctypes.c_long(0))
        assert libc.munmap(ctypes.c_void_p(self.at + PAGE), ctypes.c_size_t(PAGE)) == 0

    def put_at_the_end(self, data: bytes) -> int:
        """``data`` just before what is not there; its address."""
        ctypes.memmove(self.at + PAGE - len(data), data, len(data))
        return self.at + PAGE - len(data)


@pytest.fixture(scope="module")
def pages():
    """For all tests of this file."""
    return Pages()


@pytest.fixture(params=["process_vm_readv", "/proc/TID/mem"])
def reading(request, monkeypatch):
    """Both ways to read: a sandbox may know only the second."""
    if request.param != "process_vm_readv":
        monkeypatch.setattr(Memory, "read", Memory._by_file)
    return OWN


def test_a_string_may_end_with_its_page(pages, reading):
    """What comes after is not looked at."""
    assert reading.string(pages.put_at_the_end(b"terraform\0")) == b"terraform"


def test_given_a_string_that_runs_into_nothing_then_it_is_unreadable(pages, reading):
    """No NUL before the end of what can be read."""
    with pytest.raises(Unreadable, match=r"its memory at 0x[0-9a-f]+ "):
        reading.string(pages.put_at_the_end(b"terraform"))


def test_given_no_such_memory_then_it_is_unreadable(reading):
    """Low, and higher than any address."""
    for address in (0x10, 2**64 - 8):
        with pytest.raises(Unreadable, match=f"{address:#x}"):
            reading.string(address)


def test_given_no_such_task_then_it_is_unreadable():
    """It has just died, say."""
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    with pytest.raises(Unreadable, match="No such process"):
        Memory(child).string(0x400000)
    with pytest.raises(Unreadable, match="cannot be opened"):
        Memory(child)._by_file(0x400000, 8)


def test_a_string_is_bounded_as_the_kernel_bounds_it():
    """128 KiB; what is longer makes the exec fail with E2BIG, so it is not read on and on."""
    longest = ctypes.create_string_buffer(b"x" * (MAX_STRING - 1))
    assert len(OWN.string(ctypes.addressof(longest))) == MAX_STRING - 1
    longer = ctypes.create_string_buffer(b"x" * (MAX_STRING + PAGE))
    with pytest.raises(TooLong):
        OWN.string(ctypes.addressof(longer))


@pytest.mark.parametrize(("abi", "code"), [(X86_64, "Q"), (I386, "I")], ids=["64", "32"])
def test_pointers_of_both_sizes_up_to_the_null(abi, code, pages, reading):
    """Up to the last readable byte."""
    for count in (0, 1, 15, 16, 17, 200):
        array = struct.pack(f"={count + 1}{code}", *range(1, count + 1), 0)
        assert reading.pointers(pages.put_at_the_end(array), abi) == list(range(1, count + 1))


def test_no_array_is_an_empty_one(reading):
    """execve(path, NULL, NULL) is legal on Linux."""
    assert reading.pointers(0, X86_64) == []
    assert reading.strings([]) == []


def test_given_pointers_without_an_end_then_it_is_unreadable(pages, reading):
    """Even when the last of them is cut by the end of the page."""
    for rest in (b"", b"\x01\x02\x03"):
        with pytest.raises(Unreadable):
            reading.pointers(pages.put_at_the_end(struct.pack("=4Q", 1, 2, 3, 4) + rest), X86_64)


def test_given_too_many_words_then_it_is_too_long(monkeypatch):
    """Reading is bounded in count and in size."""
    monkeypatch.setattr(memory_module, "MAX_WORDS", 100)
    array = (ctypes.c_uint64 * 20000)(*([1] * 20000))
    with pytest.raises(TooLong):
        OWN.pointers(ctypes.addressof(array), X86_64)
    monkeypatch.setattr(memory_module, "MAX_ARGV", 1000)
    word = ctypes.create_string_buffer(b"x" * 100)
    with pytest.raises(TooLong):
        OWN.strings([ctypes.addressof(word)] * 11)


@given(st.lists(st.binary(max_size=300).map(lambda word: word.replace(b"\0", b"")), max_size=60), st.booleans())
def test_whatever_was_laid_out_is_what_is_read(words, together):
    """Side by side as exec's callers do it, or each somewhere else."""
    if together:
        block = ctypes.create_string_buffer(b"".join(word + b"\0" for word in words) + b"\0")
        addresses, at = [], ctypes.addressof(block)
        for word in words:
            addresses.append(at)
            at += len(word) + 1
    else:
        buffers = [ctypes.create_string_buffer(word) for word in words]
        addresses = [ctypes.addressof(buffer) for buffer in buffers]
    assert OWN.strings(addresses) == words
    assert OWN.strings(addresses[::-1]) == words[::-1]


def test_words_at_the_end_of_what_is_mapped(pages, reading):
    """A block read for all of them stops there; each is still found."""
    at = pages.put_at_the_end(b"one\0two\0three\0")
    assert reading.strings([at, at + 4, at + 8]) == [b"one", b"two", b"three"]
