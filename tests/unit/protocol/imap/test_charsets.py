"""The charsets that SEARCH offers (RFC 3501 6.4.4)."""

import codecs

import pytest

from posthouse.protocol.imap import charsets
from posthouse.protocol.imap.errors import UnknownCharsetError

ANNOUNCED = charsets.BADCHARSET.removeprefix(b"BADCHARSET (").removesuffix(b")").split(b" ")


@pytest.mark.parametrize("name", ANNOUNCED, ids=bytes.decode)
def test_what_is_announced_can_be_read_in_any_case(name: bytes) -> None:
    """A codec that is missing, or is no text codec, would be a bug met by a peer."""
    for spelled in (name, name.lower()):
        codec = charsets.charset(spelled)
        assert codecs.lookup(codec)._is_text_encoding
        assert charsets.decode(b"plain words", codec) == "plain words"


def test_the_two_that_matter_are_announced() -> None:
    assert {b"US-ASCII", b"UTF-8"} <= set(ANNOUNCED)


@pytest.mark.parametrize("name", [b"", b"UTF-16", b"hex", b"punycode", b"mbcs", b"\xff", b"UTF-8 ", b"utf_8"])
def test_no_other_name_is_known(name: bytes) -> None:
    with pytest.raises(UnknownCharsetError):
        charsets.charset(name)
