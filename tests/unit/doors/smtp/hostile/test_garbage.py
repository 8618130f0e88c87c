"""What is no SMTP, or comes when it may not: octets behind STARTTLS, garbage, browsers, eager and idle peers."""

import random
import re

import pytest

from unit.doors.house import PASSWORD
from unit.doors.smtp.client import plain
from unit.doors.smtp.house import ADA, House


@pytest.mark.parametrize("door", ["smtp", "submission"])
@pytest.mark.parametrize(
    "injected",
    [b"NOOP\r\n", b"\r\n", b"X", b"\0", b"RSET\r\nMAIL FROM:<a@b.example>\r\n", b"x" * 100_000, b"\x16\x03\x01"],
    ids=["command", "empty line", "octet", "NUL", "transaction", "100 KB", "false handshake"],
)
def test_octets_behind_starttls_are_refused_and_the_connection_ends(
    house: House, door: str, injected: bytes
) -> None:
    """RFC 3207 6, CVE-2011-0411. The last could pass for a handshake that did not wait for our 220."""
    peer = house.peer(door)
    peer.send(b"STARTTLS\r\n" + injected)
    assert peer.reply().startswith(b"501 5.5.4 nothing may follow STARTTLS in the clear")
    assert peer.hear_end()


@pytest.mark.parametrize("door", ["smtp", "submission"])
def test_what_is_no_handshake_ends_the_connection(house: House, door: str) -> None:
    """After our 220 there is TLS or nothing: commands in the clear are not answered."""
    peer = house.peer(door)
    assert peer.ask("STARTTLS").startswith(b"220 ")
    peer.send(b"EHLO client.example\r\n" * 3)
    said = peer.rest()
    assert b"250" not in said


def test_no_login_survives_starttls_of_a_stranger(house: House) -> None:
    """RFC 3207 4.2: who has not logged in under TLS has not logged in."""
    peer = house.peer("submission")
    peer.say("AUTH PLAIN " + plain(ADA, PASSWORD), "MAIL FROM:<ada@example.org>")
    assert [peer.reply()[:3], peer.reply()[:3]] == [b"538", b"530"]
    assert peer.ask("STARTTLS").startswith(b"220 ")
    house.secure(peer)
    assert peer.ask("EHLO client.example").startswith(b"250")
    assert peer.ask("MAIL FROM:<ada@example.org>").startswith(b"530 5.7.0 ")


def replies_of(heard: bytes) -> list[bytes]:
    return [line[:9] for line in heard.splitlines()]


@pytest.mark.parametrize(
    "garbage",
    [b"\0" * 1_000, b"\xff\xfe\xfd" * 1_000, b"\r\n" * 1_000, b"\n" * 1_000, b"\r" * 1_000, b"=" * 1_000,
     b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 20, bytes(range(256)) * 4],
    ids=["NUL", "high octets", "empty lines", "LF", "CR", "no line end", "TLS where none is", "every octet"],
)  # fmt: skip
def test_pipelined_garbage_is_told_so_and_then_hung_up_on(house: House, garbage: bytes) -> None:
    """Issue 4: bad commands have a limit (20, as Postfix's), each has one reply, and 421 is the last."""
    peer = house.peer()
    peer.send((garbage + b"\r\n") * 30 + b"QUIT\r\n")
    *said, last = replies_of(peer.rest())
    assert set(said) <= {b"500 5.5.2"}
    assert last == b"421 4.7.0"
    assert len(said) == 21


@pytest.mark.parametrize("seed", range(20))
def test_random_octets_never_upset_the_house(house: House, seed: int) -> None:
    """Whatever comes, the peer gets replies or an end."""
    peer = house.peer()
    peer.send(random.Random(seed).randbytes(2_000) + b"\r\n" * 30)
    assert all(re.match(rb"[45]\d\d ", line) for line in peer.rest().splitlines())


@pytest.mark.parametrize("request_line", [b"GET / HTTP/1.1", b"POST /submit HTTP/1.0", b"CONNECT [::1]:25 HTTP/1.1"])
def test_a_browser_is_hung_up_on_at_once(house: House, request_line: bytes) -> None:
    """Cross-protocol attacks: what a form's body says must never be read as commands."""
    peer = house.peer()
    peer.send(request_line + b"\r\nHost: x\r\n\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<ada@example.org>\r\n")
    assert replies_of(peer.rest()) == [b"421 4.7.0"]


def test_commands_without_a_mail_have_a_limit(house: House) -> None:
    """Issue 4: 100 commands since the last message, as Postfix's smtpd_junk_command_limit."""
    peer = house.peer()
    peer.send(b"NOOP\r\n" * 500)
    said = replies_of(peer.rest())
    assert said == [b"250 2.0.0"] * 99 + [b"421 4.7.0"]    # EHLO was the first


def test_a_peer_that_talks_before_the_greeting_is_told_so(house: House) -> None:
    """Issue 4, RFC 5321 4.3.1: it is no mail server that does not wait. Nothing of what it says is read."""
    eager = house.in_loop(lambda: house.client(speak_first=b"EHLO client.example\r\nMAIL FROM:<>\r\n"))
    assert eager.reply() == b"554 you spoke before the greeting; wait for 220 (RFC 5321 4.3.1)"
    assert eager.hear_end()
