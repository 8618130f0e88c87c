"""STLS: nothing that was said in the clear counts, and nobody's password is asked for in the clear (RFC 2595)."""

import base64

import pytest

from conformance.pop3.toy_door import ToyDoor
from posthouse.protocol.pop3 import replies
from posthouse.protocol.pop3.capabilities import Channel
from posthouse.protocol.pop3.events import PAUSED, UpgradeReady
from posthouse.protocol.pop3.session import SessionSettings
from posthouse.protocol.pop3.states import Phase

PLAIN = base64.b64encode(b"\0mrose\0tanstaaf")
LOGIN = b"USER mrose\r\nPASS tanstaaf\r\n"


def test_stls_forgets_what_was_said_in_the_clear() -> None:
    """RFC 2595 4: the server must discard any knowledge obtained from the client before TLS."""
    door = ToyDoor(channel=Channel.CLEAR_TRUSTED)
    assert door.feed(b"USER mrose\r\nSTLS\r\n").endswith(replies.STLS_READY)
    assert door.session.phase is Phase.UPGRADING
    assert door.tls_established() == b""
    assert door.feed(b"PASS tanstaaf\r\n") == replies.USER_FIRST
    assert door.feed(b"STLS\r\n") == replies.STLS_UNAVAILABLE
    assert b"STLS" not in door.feed(b"CAPA\r\n")


@pytest.mark.parametrize("injected", [b"USER eve\r\n", b"\r\n", b"x", b"\n", b"\x16\x03\x01"])
def test_octets_behind_stls_in_the_clear_end_the_session(injected: bytes) -> None:
    """CVE-2011-0411: no +OK, no TLS, and what was injected is never carried out."""
    door = ToyDoor(channel=Channel.CLEAR)
    assert door.feed(b"STLS\r\n" + injected) == replies.OCTETS_BEHIND_STLS
    assert door.session.is_closed
    assert not any(isinstance(event, UpgradeReady) for event in door.events)
    assert door.feed(b"CAPA\r\n") == b""


def test_what_arrives_with_the_handshakes_last_octets_waits() -> None:
    """STACK: octets may be handed over before the handshake is reported; they are answered under TLS, after it."""
    door = ToyDoor(channel=Channel.CLEAR)
    door.feed(b"STLS\r\n")
    assert door.feed(LOGIN + b"STAT\r\n") == b""
    assert door.session.next_event() is PAUSED
    assert door.tls_established().endswith(b"+OK 0 0\r\n")


@pytest.mark.parametrize("line", [b"USER mrose", b"AUTH PLAIN", b"AUTH PLAIN " + PLAIN])
def test_in_the_clear_no_password_is_taken(line: bytes) -> None:
    """RFC 8314 4.1, RFC 2595 2.2: refused before the password is said, where that can be."""
    door = ToyDoor(channel=Channel.CLEAR)
    assert door.feed(line + b"\r\n") == replies.TLS_NEEDED
    assert b"USER" not in door.feed(b"CAPA\r\n")


def test_stls_is_refused_where_it_is_not_offered() -> None:
    door = ToyDoor(channel=Channel.CLEAR_TRUSTED, settings=SessionSettings(stls_is_offered=False))
    assert b"STLS" not in door.feed(b"CAPA\r\n")
    assert door.feed(b"STLS\r\n") == replies.STLS_UNAVAILABLE


def test_stls_is_not_offered_after_the_login() -> None:
    """RFC 2595 4: valid in the AUTHORIZATION state only."""
    door = ToyDoor(channel=Channel.CLEAR_TRUSTED)
    assert b"\r\nSTLS\r\n" in door.feed(b"CAPA\r\n")
    door.feed(LOGIN)
    assert b"\r\nSTLS\r\n" not in door.feed(b"CAPA\r\n")
    assert door.feed(b"STLS\r\n") == replies.LOGGED_IN_ALREADY
