"""Strings as the server writes them (RFC 3501 4.3, 9), read back by a reader that follows the grammar alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.protocol.imap.mailbox_names import MailboxName
from posthouse.protocol.imap.strings import encode_astring, encode_mailbox, encode_nstring, encode_string

OCTETS = st.binary(max_size=60) | st.text('ab"\\ {}()%*]', max_size=20).map(str.encode)
ATOM_SPECIALS = set(b'(){ %*"\\') | set(range(0x20)) | set(range(0x7F, 0x100))


def read(octets: bytes) -> bytes | None:
    """A string, an nstring or an astring, by RFC 3501 9; asserts that it is one, and nothing more."""
    if octets == b"NIL":
        return None
    if octets.startswith(b"{"):
        size, _, rest = octets[1:].partition(b"}\r\n")
        assert len(rest) == int(size)
        return rest
    if not octets.startswith(b'"'):
        assert octets
        assert not ATOM_SPECIALS & set(octets)
        return octets
    assert octets.endswith(b'"')
    meant, rest = bytearray(), octets[1:-1]
    while rest:
        if rest.startswith(b"\\"):
            rest = rest[1:]
            assert rest[:1] in (b'"', b"\\")
        else:
            assert rest[:1] != b'"'
        assert 0x20 <= rest[0] < 0x7F, "a quoted string is one line of ASCII"
        meant += rest[:1]
        rest = rest[1:]
    return bytes(meant)


@given(OCTETS)
def test_every_string_is_read_back(octets: bytes) -> None:
    assert read(encode_string(octets)) == octets
    assert encode_string(octets)[:1] in (b'"', b"{")
    assert read(encode_nstring(octets)) == octets
    assert read(encode_astring(octets)) == octets


def test_what_is_not_there_is_nil() -> None:
    """RFC 3501 4.5: NIL is not the empty string."""
    assert encode_nstring(None) == b"NIL"
    assert encode_nstring(b"") == encode_astring(b"") == b'""'


@pytest.mark.parametrize("octets", [b"NIL", b"nil", b"Nil"])
def test_a_string_that_looks_like_nil_is_quoted(octets: bytes) -> None:
    assert encode_astring(octets) == b'"%b"' % octets


def test_long_text_is_a_literal() -> None:
    """RFC 2683 3.2.1.5: lines are read into buffers of some thousand octets."""
    assert encode_string(b"a" * 1000) == b'"%b"' % (b"a" * 1000)
    assert encode_string(b"a" * 1001) == b"{1001}\r\n" + b"a" * 1001


@pytest.mark.parametrize(("name", "octets"), [
    ("INBOX", b"INBOX"), ("a/b]", b"a/b]"), ("Sent Mail", b'"Sent Mail"'), ("Entwürfe", b"Entw&APw-rfe"), ("a&b",
    b"a&-b"),
    ('say "x"', b'"say \\"x\\""'), ("100%", b'"100%"'), ("nil", b'"nil"'),
])  # fmt: skip
def test_a_mailbox_is_written_in_modified_utf7(name: str, octets: bytes) -> None:
    assert encode_mailbox(MailboxName(name)) == octets
