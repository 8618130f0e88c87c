"""The doors on asyncio's own event loop, where uvloop cannot be had: the same mail by every way in."""

import asyncio

import pytest

from posthouse.database.blobs.spool import INLINE_OCTETS_MAX
from unit.doors.house import PASSWORD
from unit.doors.smtp.house import ADA, BOB, FROM_ADA, HELLO, House

BIG = FROM_ADA + (b"x" * 70 + b"\r\n") * (INLINE_OCTETS_MAX // 72 + 1)


@pytest.fixture
def fallback(build) -> House:
    return build(new_loop=asyncio.new_event_loop)


@pytest.mark.parametrize("message", [FROM_ADA, BIG], ids=["small", "big"])
@pytest.mark.parametrize("door", ["smtp", "submission", "submissions"])
def test_mail_is_taken_by_every_door(fallback: House, door: str, message: bytes) -> None:
    """STACK: asyncio as fallback."""
    peer = fallback.peer() if door == "smtp" else fallback.submitter(door=door)
    assert peer.deliver(message, BOB, reverse_path=ADA).startswith(b"250 ")
    assert fallback.inbox(BOB)[0].endswith(message)


def test_starttls_and_logins_hold_there_too(fallback: House) -> None:
    """STACK, traps: data that comes with the handshake's last bytes, injection, a login that needs a thread."""
    peer = fallback.peer("submission")
    peer.send(b"STARTTLS\r\nNOOP\r\n")
    assert peer.reply().startswith(b"501 5.5.4 ")
    assert peer.hear_end()
    peer = fallback.under_tls()
    assert peer.log_in(ADA, "wrong").startswith(b"535 ")
    assert peer.log_in(ADA, PASSWORD).startswith(b"235 ")


def test_a_peer_that_talks_first_and_one_that_leaves(fallback: House) -> None:
    """The greeting must not be late by a turn, nor the end of a half-closed peer early."""
    eager = fallback.in_loop(lambda: fallback.client(speak_first=b"EHLO client.example\r\n"))
    assert eager.reply().startswith(b"554 ")
    peer = fallback.peer()
    peer.send(b"MAIL FROM:<>\r\nRCPT TO:<ada@example.org>\r\nDATA\r\n" + HELLO + b".\r\nQUIT\r\n")
    peer.end_writing()
    assert [line[:3] for line in peer.rest().splitlines()] == [b"250", b"250", b"354", b"250", b"221"]
