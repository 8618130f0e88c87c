"""What is seen of a message without decoding it never hides what decoding it would show."""

from encodings.aliases import aliases

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from posthouse.doors.imap.search_text import Needle, fold
from posthouse.doors.imap.searched_message import SearchedMessage, plain_forms
from posthouse.message.charsets import decode
from posthouse.message.headers import FIELD_LINES_MAX, HeaderSection
from posthouse.message.mime import scan
from posthouse.message.text import searchable_header, searchable_text
from searched_mail import MAIL

TYPES = st.sampled_from([
    b"", b"Content-Type: text/plain; charset=us-ascii\r\n", b'Content-Type: text/html; charset="utf-8"\r\n',
    b"Content-Type: text/plain; charset=utf-7\r\n", b"Content-Type: text/plain; (charset=us-ascii) charset=utf-7\r\n",
    b"Content-Type: text/plain; charset*0=utf; charset*1=-7\r\n", b"Content-Type: text/plain; charset*=''utf%2D7\r\n",
    b'Content-Type: text/plain; charset="ut\\f-7"\r\n', b"Content-Type: text/plain; charset=utf-8\r\n -7\r\n",
    b"Content-Type: text/plain; charset=us-ascii; charset=utf-7\r\n",
    b"Content-Type: text/plain;\r\n charset=iso-2022-jp\r\n",
    b"Content-Type: text/plain; charset=iso-8859-1(x)5\r\n", b"Content-Type: text/plain; charset=utf-16\r\n",
    b"Content-Type: text/plain; charset = hz-gb-2312\r\n", b"Content-Type: text/plain; charset=cp037\r\n",
])  # fmt: skip
ENCODINGS = st.sampled_from([
    b"", b"Content-Transfer-Encoding: quoted-printable\r\n", b"Content-Transfer-Encoding: base64\r\n",
    b"Content-Transfer-Encoding: (b)\r\n base64 (c)\r\n", b"Content-Transfer-Encoding: bas(c)e64\r\n",
    b"Content-Transfer-Encoding: QUOTED-printable;\r\n", b"Content-Transfer-Encoding: x-unknown\r\n",
])  # fmt: skip
FIELDS = st.sampled_from([
    b"", b"Subject: hello\r\n world\r\n", b"Subject \t: spaced\r\n", b"X: =?utf-8?q?hel?=\r\n =?utf-8?q?lo?=\r\n",
    b"no field\r\n", b"X-Long: a=\r\n b\r\n",
])  # fmt: skip
LINES = st.sampled_from([
    b"hello world\r\n", b"hel=\r\nlo\r\n", b"=68ello\r\n", b"hello=", b"hello=\r", b"==\r\n", b"=3", b"aGVsbG8=\r\n",
    b"+AGg-ello\r\n", b"charset=utf-7\r\n", b"+AOQ-\r\n", b"=C3=BC\r\n", "grün\r\n".encode(), b"HELLO\r\n", b"a\r\n",
    b"b", b"\x1b$B%F%9%H\x1b(B\r\n", b"\xff\xfeh\x00i\x00", b"~{VPND~}\r\n", b"\r\n", b"=\r\nc", b"--x",
    b"\x88\x85\x93\x93\x96",
])  # fmt: skip
LEAVES = st.builds(
    lambda *pieces: b"".join([*pieces[:3], b"\r\n", *pieces[3]]), FIELDS, TYPES, ENCODINGS, st.lists(LINES, max_size=4)
)


def wrapped(parts: list[bytes], line_end: bytes, fields: bytes) -> bytes:
    body = b"".join(b"--x" + line_end + part + line_end for part in parts)
    return fields + b"Content-Type: multipart/mixed; boundary=x\r\n\r\n" + body + b"--x--\r\n"


MESSAGES = st.one_of(
    LEAVES,
    st.builds(wrapped, st.lists(LEAVES, min_size=1, max_size=3), st.sampled_from([b"\r\n", b"\n"]), FIELDS),
    LEAVES.map(lambda leaf: b"Content-Type: message/rfc822\r\n\r\n" + leaf),
    st.sampled_from(MAIL),
)
WORDS = st.sampled_from([
    "hello", "hello world", "lo\r\nhel", "a b", "ab", "bc", "grün", "ü", "ä", "charset", "subject: spaced", "subject:",
    "h", "テスト", "中文", "=", "==", "x", " ", "", "x: hello", "--x", "hi", "c\r\n", "aGVsbG8", "base64", "\r\n",
])  # fmt: skip


def naive(octets: bytes) -> tuple[str, str]:
    """The text of the header section and of the body, decoded whatever is in it."""
    section = HeaderSection.parse(octets)
    return fold(searchable_header(section)), fold(searchable_text(octets, scan(octets, section)))


@settings(max_examples=200, deadline=None)
@given(octets=MESSAGES, words=WORDS, more=st.integers(0, 1 << 30), length=st.integers(1, 12))
@example(octets=b"Content-Transfer-Encoding: quoted-printable\r\n\r\na=\r\n\r\nb", words="a\r\nb", more=0, length=1)
def test_a_message_is_found_as_if_it_were_always_decoded(octets: bytes, words: str, more: int, length: int) -> None:
    """For words of ours, and for a piece of the text itself."""
    header, body = naive(octets)
    start = more % max(1, len(header + body))
    for wanted in (words, (header + body)[start:start + length]):
        needle = Needle.of(wanted)
        message = SearchedMessage(octets, HeaderSection.parse(octets).end)
        assert message.body_contains(needle) == (needle.text in body)
        assert message.text_contains(needle) == (needle.text in header or needle.text in body)


@settings(max_examples=200, deadline=None)
@given(octets=MESSAGES)
def test_plain_forms_hold_every_run_of_the_text(octets: bytes) -> None:
    """What makes it right to decode no message whose octets do not hold a word."""
    forms = plain_forms(octets)
    if forms is not None:
        for text in naive(octets):
            assert text.isascii()
            for line in text.split("\n"):
                assert any(all(run in form for run in Needle.of(line).runs) for form in forms)


@pytest.mark.parametrize(
    "octets",
    [
        b"Subject: x\r\n\r\nplain\r\n",
        b"Content-Type: text/plain; charset=utf-8\r\n\r\nplain\r\n",
        b'Content-Type: text/html; charset="iso-8859-1"\r\n\r\n<meta charset="utf-8">\r\n',
        b"Content-Transfer-Encoding: quoted-printable\r\n\r\nsoft=\r\nbreak\r\n",
    ],
)
def test_usual_mail_is_seen_through(octets: bytes) -> None:
    assert plain_forms(octets) is not None


@pytest.mark.parametrize(
    "octets",
    [
        b"Subject: =?utf-8?q?x?=\r\n\r\n", "\r\ngrün\r\n".encode(),
        b"Content-Transfer-Encoding: Base64\r\n\r\naGVsbG8=\r\n",
        b"Content-Type: text/plain; charset=utf-7\r\n\r\n", b"Content-Type: text/plain; charset*=''utf-7\r\n\r\n",
        b"Content-Type: text/plain; charset = utf-8\r\n\r\n", b"Content-Type: text/plain; charset=iso-8859-151\r\n\r\n",
        b"Content-Transfer-Encoding: quoted-printable\r\n\r\n=C3=BC\r\n", b"X: y\r\n" * (FIELD_LINES_MAX + 1),
    ],
)  # fmt: skip
def test_what_may_be_other_text_than_its_octets_is_decoded(octets: bytes) -> None:
    assert plain_forms(octets) is None


ASCII = bytes(range(128))
PLAIN_CHARSETS = [
    "us-ascii", "utf-8", *[f"iso-8859-{part}" for part in range(1, 17)], *[f"windows-125{page}" for page in range(9)]
]  # fmt: skip


@pytest.mark.parametrize("charset", PLAIN_CHARSETS)
def test_the_charsets_that_are_seen_through_leave_ascii_as_it_is(charset: str) -> None:
    assert decode(ASCII, charset) == ASCII.decode()


def test_no_longer_name_of_such_a_charset_reads_ascii_otherwise() -> None:
    """Python finds "utf-8 sig" under "utf_8_sig": whatever may follow such a name must leave ASCII alone as well."""
    starts = tuple(name.replace("-", "_") + "_" for name in PLAIN_CHARSETS)
    known = [name for name in {*aliases, *aliases.values()} if name.startswith(starts)]
    assert "utf_8_sig" in {*known, "utf_8_sig"}
    for name in known:
        assert decode(ASCII, name) == ASCII.decode(), name
