"""What is shown is what there is (promise 9)."""

import codecs
import re
import shutil
import subprocess
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from guard.core.escape import visible, visible_argv
from guard.core.glyphs import Glyph, glyph

pytestmark = pytest.mark.promise(9)

LETTER = re.compile(r"\\(?:x(..)|u(....)|U(........)|(.))", re.DOTALL)
NAMED = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", "'": "'"}
hostile = st.text(st.characters() | st.sampled_from("aаоЖжé\u0301\u200b\u202e\\'\"\n \udcff\ufe0f日ー－-–│א"), max_size=40)  # noqa: RUF001
argument = st.binary(max_size=60).map(lambda raw: raw.replace(b"\0", b"").decode("utf-8", "surrogateescape")) | hostile.map(
    lambda text: text.replace("\0", "").encode("utf-8", "replace").decode()
)


def read_back(shown):
    """Undo ``visible``: the specification of its notation."""

    def one(match):
        byte, short, long, name = match.groups()
        if byte:
            code = int(byte, 16)
            return chr(code if code < 0x80 else 0xDC00 + code)
        return NAMED[name] if name else chr(int(short or long, 16))

    return LETTER.sub(one, shown)


@given(hostile)
@example("\\u0430")
@example("\\\\x1b")
def test_no_two_texts_are_shown_alike(text):
    """The text can be read back from what is shown, so showing loses nothing."""
    assert text == read_back(visible(text))


@given(hostile | st.text())
def test_nothing_that_is_shown_acts_on_the_screen(text):
    """No control, no format character, no surrogate, nothing unassigned, no blank but the space, nothing right-to-left."""
    for char in visible(text):
        assert char == " " or unicodedata.category(char)[0] in "LMNPS"
        assert unicodedata.bidirectional(char) not in {"R", "AL", "AN", "LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}


@given(hostile)
def test_a_word_with_latin_letters_has_no_other_narrow_letters(text):
    """What touches an ASCII letter is ASCII, an accented Latin letter, or two cells wide."""
    for word in re.findall(r"[^\W_]+", visible(text)):
        if re.search("[A-Za-z]", word):
            assert all(glyph(char) in {Glyph.LATIN, Glyph.DIGIT, Glyph.WIDE} for char in word)


@pytest.mark.parametrize(
    ("shown", "text"),
    [
        (r"a\tb\r\n\x1b[31m\x07\x7f", "a\tb\r\n\x1b[31m\x07\x7f"),
        (r"\u009b31m", "\x9b31m"),
        (r"\u202eevil\u2066\u200f", "\u202eevil\u2066\u200f"),
        (r"rm\u200b -rf\u2060\ufeff", "rm\u200b -rf\u2060\ufeff"),
        (r"a\U000e0041\U000e0100\ufe0f", "a\U000e0041\U000e0100\ufe0f"),
        (r"\u2028\u2029\u00a0\u3000", "\u2028\u2029\u00a0\u3000"),
        (r"\xff\xc3", "\udcff\udcc3"),
        (r"\ud800\ue000\u0378\U0010ffff", "\ud800\ue000\u0378\U0010ffff"),
        (r"terr\u0430form", "terr\u0430form"),
        (r"\u0441\u0440 /etc", "\u0441\u0440 /etc"),
        (r"\uff52\uff4d", "\uff52\uff4d"),
        (r"\U0001d42b\u212a\ufb01", "\U0001d42b\u212a\ufb01"),
        (r"\u2013\u2013force \u2019x\u2019", "\u2013\u2013force \u2019x\u2019"),
        (r"e\u0301 \u0301 -\u0336", "e\u0301 \u0301 -\u0336"),
        (r"\u05d0\u05d1 \u0627", "\u05d0\u05d1 \u0627"),
        (r"\u2502 allowed \u2500", "\u2502 allowed \u2500"),
        (r"1\u043e1", "1\u043e1"),
        (r"C:\\x", "C:\\x"),
        (r"\\u0430", r"\u0430"),
    ],
)
def test_what_deceives_is_escaped(shown, text):
    """Each way in which a text can lie on a screen."""
    assert shown == visible(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "terraform destroy -auto-approve 'a b' \"$x\"",
        "исправил ошибку с базой",  # noqa: RUF001
        "prod_биллинг",
        "Ελληνικά και",
        "naïve café Ærøskøbing Việt",
        "日本語テストABC 한국어",
        "हिन्दी ไทย ქართული አማርኛ",
        "🙂 → €",
    ],
)
def test_honest_text_stays_as_it_is(text):
    """Words in a script of their own are readable."""
    assert text == visible(text)


def test_a_mark_is_not_stacked_beyond_four():
    """A tower of marks would reach into the lines above."""
    assert visible("ж" + "\u0301" * 10) == "ж" + "\u0301" * 4 + r"\u0301" * 6


def test_a_line_feed_is_kept_only_when_asked_for():
    """A document is shown in lines; its carriage returns are not."""
    assert visible("a\n\rb", newline=True) == "a\n\\rb"
    assert visible("a\n\rb") == r"a\n\rb"


@pytest.mark.parametrize(
    ("shown", "argv"),
    [
        ("aws s3 rm s3://a/b --recursive", ("aws", "s3", "rm", "s3://a/b", "--recursive")),
        ("'FOO=b' FOO=b", ("FOO=b", "FOO=b")),
        ("sh -c 'a; b' ''", ("sh", "-c", "a; b", "")),
        ("\"it's\" '\\d+'", ("it's", r"\d+")),
        (r"$'it\'s $x' $'a\nb' $'\xff' $'terr\u0430form'", ("it's $x", "a\nb", "\udcff", "terr\u0430form")),
        ("данные ~ '~'".replace(" ~ ", " "), ("данные", "~")),
    ],
)
def test_words_are_quoted_as_plainly_as_they_can_be(shown, argv):
    """The quotes that bash needs, and no others."""
    assert shown == visible_argv(argv)


@pytest.mark.skipif(not shutil.which("bash"), reason="needs bash")
def test_bash_reads_back_what_is_shown():
    """What the human reads, typed into bash, is what was to run."""
    asked = []

    @given(st.lists(argument, min_size=1, max_size=5))
    def collect(argv):
        asked.append(argv)

    collect()
    script = "".join(f"printf '%s\\0' {visible_argv(argv)}; printf '\\n\\0'\n" for argv in asked)
    done = subprocess.run(["bash"], input=script.encode(), stdout=subprocess.PIPE, env={"LC_ALL": "C.UTF-8"}, check=True)
    expected = b"".join(b"".join(codecs.encode(word, "utf-8", "surrogateescape") + b"\0" for word in argv) + b"\n\0" for argv in asked)
    assert expected == done.stdout


@pytest.mark.parametrize("unit", ["a", "ж", "\x1b", "aж", "\u0301", "с ", "\\", "-ж", "»ж", "\u202e", "'"])  # noqa: RUF001
def test_two_megabytes_are_shown_whole(unit):
    """The longest argv that Linux takes; what a quadratic reader would need hours for."""
    text = unit * (2**21 // len(unit.encode("utf-8", "surrogateescape")))
    assert len(text) <= len(visible(text)) <= 6 * len(text)
