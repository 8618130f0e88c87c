import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.delivery.wire_strings import NIL, string, text
from wire_lists import read_value


@pytest.mark.parametrize(
    ("octets", "sent"),
    [
        (b"", b'""'),
        (b"abc", b'"abc"'),
        (b'say "hi"', b'"say \\"hi\\""'),
        (b"back\\slash", b'"back\\\\slash"'),
        ("ä".encode(), b"{2}\r\n\xc3\xa4"),
        (b"a\r\nb", b"{4}\r\na\r\nb"),
        (b"a\nb", b"{3}\r\na\nb"),
        (b"tab\t", b"{4}\r\ntab\t"),
        (b"x" * 5000, b"{5000}\r\n" + b"x" * 5000),
    ],
)
def test_strings_are_quoted_where_they_may_be(octets: bytes, sent: bytes) -> None:
    """RFC 3501 4.3, 9: quoted strings hold no CR, LF or octet above 127; backslash and quote are escaped."""
    assert string(octets) == sent


def test_nothing_is_nil_and_an_empty_string_is_not() -> None:
    """RFC 3501 4.5."""
    assert (text(None), text(b"")) == (NIL, b'""')


def test_a_text_is_unfolded_and_bounded() -> None:
    """RFC 5322 2.2.3; DESIGN 1, promise 6."""
    assert text(b"a\r\n b") == b'"a b"'
    assert text(b"x" * 10_000_000) == b"{100000}\r\n" + b"x" * 100_000


@given(st.binary(max_size=100))
def test_every_string_is_read_back(octets: bytes) -> None:
    assert read_value(string(octets)) == octets
