"""Logins: every way gives the same credentials, every failure leads back to the beginning (RFC 1939 7, RFC 5034)."""

import base64

import pytest

from conformance.pop3.toy_door import ToyDoor
from posthouse.protocol.pop3 import replies
from posthouse.protocol.pop3.answers import LoginRefusal, LoginRefused
from posthouse.protocol.pop3.capabilities import Channel
from posthouse.protocol.pop3.events import CredentialsGiven, ReplyReady
from posthouse.protocol.pop3.session import ServerSession, SessionSettings
from posthouse.protocol.pop3.states import Phase
from posthouse.protocol.sasl.mechanisms import Credentials

MESSAGES = (b"Subject: one\r\n\r\nfirst\r\n", b".\r\n")
PLAIN = base64.b64encode(b"\0mrose\0tanstaaf")
LOGIN = b"USER mrose\r\nPASS tanstaaf\r\n"


@pytest.mark.parametrize(
    "said",
    [LOGIN, b"AUTH PLAIN " + PLAIN + b"\r\n", b"AUTH PLAIN\r\n" + PLAIN + b"\r\n", b"auth plain\r\n" + PLAIN + b"\r\n"],
    ids=["USER PASS", "initial response", "challenge", "small letters"],
)
def test_each_way_to_log_in_gives_the_same_credentials(said: bytes) -> None:
    """RFC 1939 7; RFC 5034 4, with and without an initial response."""
    door = ToyDoor(MESSAGES)
    assert door.feed(said).endswith(b"+OK maildrop has 2 messages (%d octets)\r\n" % sum(map(len, MESSAGES)))
    given_credentials = [event.credentials for event in door.events if isinstance(event, CredentialsGiven)]
    assert given_credentials == [Credentials("", "mrose", b"tanstaaf")]


@pytest.mark.parametrize("why", LoginRefusal)
def test_a_refused_login_begins_anew(why: LoginRefusal) -> None:
    """RFC 1939 4: the client may try again, from USER on."""
    session = ServerSession(SessionSettings(), Channel.TLS)
    session.receive_data(LOGIN + b"PASS tanstaaf\r\n")
    session.next_event()
    session.next_event()
    assert session.send(LoginRefused(why)) == replies.LOGIN_REFUSALS[why]
    assert session.phase is Phase.AUTHORIZATION
    assert session.next_event() == ReplyReady(replies.USER_FIRST)


@pytest.mark.parametrize(
    ("response", "reply"),
    [
        (b"*", replies.LOGIN_CANCELLED),
        (b"", replies.RESPONSE_UNREADABLE),
        (b"!", replies.RESPONSE_UNREADABLE),
        (b"AGE", replies.RESPONSE_UNREADABLE),
        (base64.b64encode(b"only one part"), replies.RESPONSE_UNREADABLE),
        (base64.b64encode(b"\0name\0"), replies.RESPONSE_UNREADABLE),
        (base64.b64encode(b"\0\xff\0password"), replies.RESPONSE_UNREADABLE),
    ],
)
def test_a_bad_response_cancels_the_login(response: bytes, reply: bytes) -> None:
    """RFC 5034 4: a cancelled or unreadable exchange is -ERR, and commands are read again."""
    door = ToyDoor()
    assert door.feed(b"AUTH PLAIN\r\n") == b"+ \r\n"
    assert door.feed(response + b"\r\n") == reply
    assert door.session.phase is Phase.AUTHORIZATION
    assert door.feed(b"CAPA\r\n").startswith(b"+OK")


def test_an_initial_response_of_no_octets_is_read_as_such() -> None:
    """RFC 5034 4: "=" is an empty initial response, which PLAIN has no use for; it is no challenge."""
    assert ToyDoor().feed(b"AUTH PLAIN =\r\n") == replies.RESPONSE_UNREADABLE


@pytest.mark.parametrize("mechanism", [b"LOGIN", b"CRAM-MD5", b"SCRAM-SHA-256", b"EXTERNAL", b"X"])
def test_a_mechanism_that_is_not_announced_is_refused(mechanism: bytes) -> None:
    """RFC 5034 4: -ERR when the mechanism is not supported; CAPA says SASL PLAIN."""
    assert ToyDoor().feed(b"AUTH " + mechanism + b"\r\n") == replies.MECHANISM_UNKNOWN


def test_apop_is_refused_by_name() -> None:
    """RFC 1939 7: APOP is optional, and needs passwords kept in the clear."""
    assert ToyDoor().feed(b"APOP mrose c4c9334bac560ecc979e58001b3e22fb\r\n") == replies.APOP_REFUSED
