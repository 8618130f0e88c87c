"""Mailbox names (RFC 3501 5.1, 5.1.3): modified UTF-7 against a model that knows only bits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.protocol.imap.errors import CommandSyntaxError
from posthouse.protocol.imap.mailbox_names import (
    NAME_OCTETS_MAX,
    MailboxName,
    decode_mailbox_name,
    decode_mailbox_text,
    encode_mailbox_name,
)

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,"
NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]) | st.sampled_from("&-/,+ä日😀"), max_size=30)


def model_encode(text: str) -> bytes:
    """RFC 3501 5.1.3 by bits: printable ASCII stands for itself, "&" is "&-", the rest is base64 of UTF-16."""
    written, bits = "", ""

    def flush() -> str:
        padded = bits + "0" * (-len(bits) % 6)
        sextets = [padded[at : at + 6] for at in range(0, len(padded), 6)]
        return "&" + "".join(ALPHABET[int(sextet, 2)] for sextet in sextets) + "-" if bits else ""

    for character in text:
        if " " <= character <= "~":
            written += flush() + ("&-" if character == "&" else character)
            bits = ""
        else:
            code = ord(character)
            units = [code] if code < 0x10000 else [0xD800 + (code - 0x10000 >> 10), 0xDC00 + (code - 0x10000 & 0x3FF)]
            bits += "".join(f"{unit:016b}" for unit in units)
    return (written + flush()).encode()


@given(NAMES)
def test_names_are_written_as_the_model_writes_them_and_read_back(text: str) -> None:
    octets = model_encode(text)
    assert encode_mailbox_name(MailboxName(text)) == octets
    if len(octets) <= NAME_OCTETS_MAX:
        assert decode_mailbox_text(octets) == text


def test_the_standards_example_is_read() -> None:
    assert decode_mailbox_name(b"~peter/mail/&U,BTFw-/&ZeVnLIqe-") == "~peter/mail/台北/日本語"


@pytest.mark.parametrize(("octets", "why"), [
    (b"&Jjo!", "the shift has no end"),
    (b"&U,BTFw-&ZeVnLIqe-", "a superfluous shift back and forth"),
    (b"&AGE-", "a letter that could stand for itself"),
    (b"&U,BTF-", "half a character is missing"),
    (b"&U,BTFx-", "padding that is not zero"),
    (b"&2D0-", "half of a surrogate pair"),
    (b"&3gDYPQ-", "a surrogate pair the wrong way round"),
    (b"a&b", "a stray ampersand"),
    (b"&", "a stray ampersand"),
    ("Entwürfe".encode(), "UTF-8 as it is"),
    (b"\xff", "no UTF-8 either"),
    (b"&AAo-", "a line feed"),
    (b"&AAA-", "NUL"),
    (b"&ICg-", "a line separator"),
    (b"a\r\nb", "CRLF"),
    (b"a\x7fb", "DEL"),
])  # fmt: skip
def test_a_name_that_has_another_spelling_or_none_is_refused(octets: bytes, why: str) -> None:
    """RFC 3501 5.1.3: printable ASCII stands for itself, no superfluous shifts; and no name may imitate another."""
    with pytest.raises(CommandSyntaxError):
        decode_mailbox_name(octets)


@given(st.binary(max_size=40) | st.text("&-,+AQZ09 aä", max_size=20).map(str.encode))
def test_whatever_is_read_has_that_one_spelling(octets: bytes) -> None:
    try:
        text = decode_mailbox_text(octets)
    except CommandSyntaxError:
        return
    assert model_encode(text) == octets


@pytest.mark.parametrize(("octets", "name"), [
    (b"inbox", "INBOX"), (b"InBoX", "INBOX"), (b"inbox/Work", "INBOX/Work"), (b"Inbox2", "Inbox2"), (b"a/inbox",
    "a/inbox"),
    (b"&ATE-nbox", "ınbox"),
])  # fmt: skip
def test_inbox_has_one_name_in_any_case(octets: bytes, name: str) -> None:
    """RFC 3501 5.1: INBOX is case-insensitive; a letter that merely has I as its capital is another one."""
    assert decode_mailbox_name(octets) == name


def test_a_name_is_limited_and_never_empty() -> None:
    assert decode_mailbox_name(b"a" * NAME_OCTETS_MAX)
    with pytest.raises(CommandSyntaxError, match="at most"):
        decode_mailbox_name(b"a" * (NAME_OCTETS_MAX + 1))
    with pytest.raises(CommandSyntaxError, match="empty"):
        decode_mailbox_name(b"")


def test_an_empty_reference_is_text() -> None:
    assert decode_mailbox_text(b"") == ""
