import codecs
import encodings
from encodings.aliases import aliases

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.message.charsets import _codec, decode


@pytest.mark.parametrize(
    ("octets", "charset", "text"),
    [
        (b"abc", None, "abc"),
        ("naïve".encode(), None, "naïve"),
        ("naïve".encode("latin-1"), None, "naïve"),
        ("naïve".encode("latin-1"), "us-ascii", "naïve"),    # a wrong but common declaration
        ("naïve".encode("latin-1"), "utf-8", "naïve"),
        (b"\x93quoted\x94", "iso-8859-1", "“quoted”"),    # windows-1252 said to be latin-1
        ("日本".encode("iso2022_jp"), "ISO-2022-JP", "日本"),
        ("日本".encode("cp932"), "Shift_JIS", "日本"),
        ("한국".encode("cp949"), "ks_c_5601-1987", "한국"),
        ("你好".encode("gb18030"), "GB2312", "你好"),
        ("שלום".encode("iso8859_8"), "iso-8859-8-i", "שלום"),
        ("Привет".encode("koi8_r"), " KOI8-R ", "Привет"),
        (b"+AOQ-", "utf-7", "ä"),
        (b"abc", "x-unknown", "abc"),
        (b"abc", "", "abc"),
        (b"abc", "\0", "abc"),
        (b"\xff", "euc-jp", "\ufffd"),
    ],
)
def test_declared_charsets_are_read_as_they_are_meant(octets: bytes, charset: str | None, text: str) -> None:
    assert decode(octets, charset) == text


@pytest.mark.parametrize(
    "codec", ["punycode", "idna", "unicode_escape", "raw-unicode-escape", "undefined", "zlib", "rot13", "hex", "bz2"]
)
def test_codecs_that_are_no_charsets_are_not_used(codec: str) -> None:
    """punycode takes quadratic time, zlib may expand a thousandfold, the escapes read program text."""
    assert decode(rb"\u0041-abc", codec) == r"\u0041-abc"


def test_unknown_names_leave_no_trace() -> None:
    """Python remembers each name that it was asked for; mail may name any number of them."""
    before = set(encodings._cache)
    for number in range(100):
        decode(b"abc", f"x-made-up-{number}")
    assert set(encodings._cache) == before


@pytest.mark.parametrize(
    "charset", ["utf-8", "ISO-8859-15", "iso_8859-1", "windows-1250", "KOI8-U", "big5", "EUC-JP", "cp850", "hz"]
)
def test_the_usual_names_are_known(charset: str) -> None:
    assert _codec(charset) is not None


@given(st.binary(max_size=60), st.sampled_from(sorted(set(aliases.values()))) | st.text(max_size=20))
def test_no_octets_in_no_charset_are_an_error(octets: bytes, charset: str) -> None:
    assert isinstance(decode(octets, charset), str)


@given(st.text(st.characters(codec="cp1251"), max_size=40), st.sampled_from(["utf-8", "windows-1251", "utf-16"]))
def test_what_python_encodes_is_decoded(text: str, charset: str) -> None:
    assert decode(codecs.encode(text, charset), charset) == text
