import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.message.address import Domain
from posthouse.message.dates import Instant, ZonedInstant
from posthouse.message.headers import HeaderSection
from posthouse.message.repair import RepairFacts, repair
from posthouse.message.view import View, read

FACTS = RepairFacts(ZonedInstant(Instant(0), 60), "abc.def", Domain("Mail.Example.org"))
DATE = b"Date: Thu, 01 Jan 1970 01:00:00 +0100\r\n"
MESSAGE_ID = b"Message-ID: <abc.def@mail.example.org>\r\n"


def repaired(octets: bytes) -> bytes:
    """A message as it is seen after its repair."""
    section = HeaderSection.parse(octets)
    made = repair(section, FACTS)
    view = View.whole(len(octets), section.end)
    for gone in made.omitted:
        view = view.without(gone.offset, gone.end)
    view = view.with_prefix(made.added)
    return read(view, 0, view.size_octets, lambda offset, length: octets[offset : offset + length])


def test_a_complete_message_is_left_alone() -> None:
    octets = b"Date: x\r\nMessage-ID: <a@b>\r\nFrom: a@b\r\n\r\nBcc: in the body\r\n"
    assert repaired(octets) == octets


def test_what_is_missing_is_added_above() -> None:
    """RFC 6409 8.2, 8.3."""
    assert repaired(b"From: a@b\r\n\r\nbody") == DATE + MESSAGE_ID + b"From: a@b\r\n\r\nbody"
    assert repaired(b"date: x\r\n\r\n") == MESSAGE_ID + b"date: x\r\n\r\n"


def test_an_empty_date_or_message_id_is_replaced() -> None:
    assert repaired(b"Date:\r\nMessage-Id: \r\nX: y\r\n\r\n") == DATE + MESSAGE_ID + b"X: y\r\n\r\n"


@pytest.mark.parametrize(
    "field",
    [b"Bcc: c@d\r\n", b"BCC:\r\n", b"bcc : a,\r\n b,\r\n\tc\r\n", b"Resent-Bcc: x@y\r\n", b"Return-Path: <x@y>\r\n"],
)
def test_blind_copies_and_return_paths_are_not_shown(field: bytes) -> None:
    """RFC 5322 3.6.3 and 3.6.6 (Bcc), RFC 5321 4.4 (Return-Path is final delivery's)."""
    before, behind = b"Date: x\r\n", b"Message-ID: <a@b>\r\n"
    assert repaired(before + field + behind + field + b"\r\n" + field) == before + behind + b"\r\n" + field


names = st.sampled_from([b"Bcc", b"bcc", b"Date", b"Message-ID", b"Subject", b"Resent-Bcc", b"X-Bcc", b"RETURN-PATH"])
fields = st.lists(st.tuples(names, st.sampled_from([b"", b" a@b", b" a,\r\n b"])), max_size=8)


@given(fields)
def test_every_repaired_message_is_complete_and_shows_no_blind_copy(written: list[tuple[bytes, bytes]]) -> None:
    octets = b"".join(name + b":" + value + b"\r\n" for name, value in written) + b"\r\nbody"
    section = HeaderSection.parse(repaired(octets))
    assert not section.names() & {b"bcc", b"resent-bcc", b"return-path"}
    assert section.first(b"date")
    assert section.first(b"message-id")
    kept = [value.strip() for name, value in written if name == b"Subject"]
    assert section.values(b"subject") == kept
