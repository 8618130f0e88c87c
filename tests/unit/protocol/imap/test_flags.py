"""Flags on the wire (RFC 3501 2.3.2, 9)."""

import pytest

from posthouse.protocol.imap.errors import CommandSyntaxError
from posthouse.protocol.imap.flags import (
    KEYWORD_OCTETS_MAX,
    SYSTEM_FLAGS,
    Flag,
    encode_flags,
    keyword_flag,
    settable_flag,
)


@pytest.mark.parametrize("flag", SYSTEM_FLAGS)
def test_a_system_flag_has_one_spelling(flag: Flag) -> None:
    """RFC 3501 9: "alphabetic characters are case-insensitive" in what the grammar names."""
    for spelled in (flag, flag.upper(), flag.lower()):
        assert settable_flag(spelled.encode()) == flag


@pytest.mark.parametrize("octets", [b"\\Recent", b"\\RECENT", b"\\*", b"\\Foo", b"\\", b"\\\\Seen"])
def test_what_a_client_may_not_set_is_refused(octets: bytes) -> None:
    """RFC 3501 2.3.2: \\Recent cannot be altered by the client; flag extensions are for the server to define."""
    with pytest.raises(CommandSyntaxError):
        settable_flag(octets)


def test_a_keyword_is_kept_as_given_up_to_its_greatest_length() -> None:
    """RFC 8621 4.1.1: 255 octets."""
    assert settable_flag(b"$Forwarded") == "$Forwarded"
    assert len(keyword_flag(b"k" * KEYWORD_OCTETS_MAX)) == 255
    for read in (keyword_flag, settable_flag):
        with pytest.raises(CommandSyntaxError):
            read(b"k" * 256)


def test_a_flag_list_stands_in_parentheses() -> None:
    assert encode_flags([]) == b"()"
    assert encode_flags([Flag("\\Seen"), Flag("$Junk")]) == b"(\\Seen $Junk)"
