from email import charset
from email.header import decode_header, make_header

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.message.words import decode_words


@pytest.mark.parametrize(
    ("value", "text"),
    [
        # RFC 2047 8
        (b"=?US-ASCII?Q?Keith_Moore?=", "Keith Moore"),
        (b"=?ISO-8859-1?Q?Keld_J=F8rn_Simonsen?=", "Keld Jørn Simonsen"),
        (b"=?ISO-8859-1?Q?Andr=E9?= Pirard", "André Pirard"),
        (b"=?ISO-8859-1?B?SWYgeW91IGNhbiByZWFkIHRoaXMgeW8=?=\r\n =?ISO-8859-2?B?dSB1bmRlcnN0YW5kIHRoZSBleGFtcGxlLg==?=",
         "If you can read this you understand the example."),
        (b"(=?ISO-8859-1?Q?a?= b)", "(a b)"),
        (b"(=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=)", "(ab)"),
        (b"(=?ISO-8859-1?Q?a?=\r\n    =?ISO-8859-1?Q?b?=)", "(ab)"),
        (b"(=?ISO-8859-1?Q?a_b?=)", "(a b)"),
        (b"(=?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?=)", "(a b)"),
        (b"=?iso-8859-1*en?q?language?=", "language"),    # RFC 2231 5
        (b"plain text", "plain text"),
        (b"", ""),
        (b"a =?utf-8?q?b?= c", "a b c"),
        (b"=?utf-8?b?w4M=?==?utf-8?b?w4Q=?=", "ÃÄ"),    # no space between
        (b"=?utf-8?b?8J+Y?= =?utf-8?b?gA==?=", "😀"),    # a character split in two
        (b"=?utf-8?q?with spaces?=", "with spaces"),
        (b"=?utf-8?b?w4Q?=", "Ä"),    # padding forgotten
        (b"=?nonsense?q?abc=E9?=", "abcé"),
        (b"=?utf-8?x?abc?=", "=?utf-8?x?abc?="),
        (b"=?utf-8?q?abc", "=?utf-8?q?abc"),
        ("naïve".encode(), "naïve"),    # RFC 6532
        ("naïve".encode("latin-1"), "naïve"),
        (b"=?gb2312?b?xOO6ww==?=", "你好"),
        (b"=?iso-2022-jp?b?GyRCRnxLXBsoQg==?=", "日本"),
        (b"=?koi8-r?q?=F0=D2=C9=D7=C5=D4?=", "Привет"),
    ],
)  # fmt: skip
def test_encoded_words_become_text(value: bytes, text: str) -> None:
    """RFC 2047 6.2 and 8, and what common senders get wrong."""
    assert decode_words(value) == text


pieces = st.sampled_from([b"=?", b"utf-8", b"?b?", b"?q?", b"?=", b" ", b"w4Q=", b"=E9", b"\xff"])


@given(st.binary(max_size=80) | st.lists(pieces).map(b"".join))
def test_no_octets_are_an_error(value: bytes) -> None:
    assert isinstance(decode_words(value), str)


visible = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp", "Zs"]), min_size=1, max_size=30)


@given(visible, st.sampled_from([charset.BASE64, charset.QP]))
def test_what_the_standard_library_encodes_is_read(text: str, encoding: int) -> None:
    utf_8 = charset.Charset("utf-8")
    utf_8.header_encoding = encoding
    encoded = utf_8.header_encode(text)
    assert str(make_header(decode_header(encoded))) == text
    assert decode_words(encoded.encode()) == text


def test_a_run_of_openings_takes_linear_time() -> None:
    assert decode_words(b"=?a?q?" * 200_000).count("=?a?q?") == 200_000
