"""STARTTLS (RFC 3207): nothing said in the clear counts under TLS, and nothing can be put in between."""

import pytest

from conformance.smtp.toy_door import RECEIVER, SUBMISSION, ToyDoor, greeted
from posthouse.protocol.smtp import replies
from posthouse.protocol.smtp.errors import LocalProtocolError
from posthouse.protocol.smtp.events import MailReceived, ReplyReady, StartTlsRequested, Wait
from posthouse.protocol.smtp.settings import ServerSettings
from posthouse.protocol.smtp.states import Phase

INJECTED = b"MAIL FROM:<attacker@client.example>\r\n"


@pytest.mark.parametrize("behind", [INJECTED, b"x", b"\r\n", b"\n", b"EHLO a\r\nMAIL FROM:<b@c>\r\n", b"\x16\x03\x01"])
def test_octets_behind_starttls_end_the_session(behind: bytes) -> None:
    """RFC 3207 6, CVE-2011-0411: what an attacker adds in the clear must not be read as if it came under TLS."""
    door = greeted()
    assert door.feed(b"STARTTLS\r\n" + behind) == replies.OCTETS_BEHIND_STARTTLS.encode()
    assert door.session.phase is Phase.CLOSED
    with pytest.raises(LocalProtocolError):
        door.session.tls_established()


def test_octets_that_come_while_the_door_makes_up_its_mind_end_it_too() -> None:
    """Until our 220 is said no honest client sends anything: the answer becomes the refusal."""
    session = greeted().session
    session.receive_data(b"STARTTLS\r\n")
    event = session.next_event()
    assert event == StartTlsRequested(replies.READY_FOR_TLS)
    session.receive_data(INJECTED)
    assert session.next_event() is Wait.PAUSED
    assert session.send(event.reply) == replies.OCTETS_BEHIND_STARTTLS.encode()
    assert session.phase is Phase.CLOSED


def test_what_comes_with_the_end_of_the_handshake_is_held_back_until_tls_stands() -> None:
    """The event loop may hand it over before it says that TLS is up."""
    door = greeted()
    assert door.feed(b"STARTTLS\r\n") == replies.READY_FOR_TLS.encode()
    assert door.session.phase is Phase.UPGRADING
    assert door.feed(b"EHLO client.example\r\n") == b""
    assert door.session.next_event() is Wait.PAUSED
    assert door.secured().startswith(b"250-mx.example.org\r\n")
    assert door.session.tls_is_on


@pytest.mark.parametrize("reply", [replies.DONE, replies.INTERNAL_ERROR])
def test_nothing_can_be_said_in_the_clear_once_220_is_said(reply: replies.Reply) -> None:
    door = greeted()
    door.feed(b"STARTTLS\r\n")
    with pytest.raises(LocalProtocolError):
        door.session.send(reply)


def test_everything_said_before_is_forgotten() -> None:
    """RFC 3207 4.2: the EHLO name and the login too."""
    settings = ServerSettings(
        "mx.example.org", mechanisms=("PLAIN",), require_tls_for_authentication=False, starttls_is_available=True
    )
    door = greeted(settings)
    door.feed(b"AUTH PLAIN AGFsaWNlAHNlY3JldA==\r\n")
    assert door.session.peer_is_authenticated
    door.feed(b"STARTTLS\r\n")
    door.secured()
    assert not door.session.peer_is_authenticated
    assert door.session.phase is Phase.CONNECTED
    door.feed(INJECTED)
    assert door.said[-1] is replies.HELLO_FIRST


def test_a_door_without_a_certificate_may_say_not_now() -> None:
    """RFC 3207 4: 454, and the session goes on in the clear."""
    session = greeted().session
    session.receive_data(b"STARTTLS\r\n")
    session.next_event()
    assert session.send(replies.TLS_UNAVAILABLE).startswith(b"454 4.7.0 ")
    session.receive_data(INJECTED)
    assert isinstance(session.next_event(), MailReceived)


@pytest.mark.parametrize("tls_is_on", [False, True])
def test_starttls_is_announced_only_where_it_would_be_done(tls_is_on: bool) -> None:
    """RFC 3207 4.2: not under TLS; RFC 4954 4: AUTH only where it would be taken."""
    door = ToyDoor(SUBMISSION, tls_is_on=tls_is_on)
    door.greet()
    announced = door.feed(b"EHLO client.example\r\n")
    assert (b"STARTTLS" in announced) == (not tls_is_on)
    assert (b"AUTH PLAIN LOGIN" in announced) == tls_is_on


def test_tls_cannot_begin_unasked() -> None:
    """A door that calls it in another phase has a bug."""
    with pytest.raises(LocalProtocolError):
        greeted(RECEIVER).session.tls_established()


def test_starttls_twice_is_out_of_sequence() -> None:
    door = greeted()
    door.feed(b"STARTTLS\r\n")
    door.secured()
    door.feed(b"EHLO client.example\r\nSTARTTLS\r\n")
    assert door.events[-1] == ReplyReady(replies.TLS_ALREADY_ON)
