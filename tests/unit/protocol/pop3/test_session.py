"""A whole session: pipelining, chunking, STLS, logins, limits; the door behind it answers at once."""

import base64
import itertools
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.pop3.toy_door import ToyDoor, logged_in
from posthouse.protocol.pop3 import replies
from posthouse.protocol.pop3.answers import (
    LoginAccepted,
    LoginRefusal,
    LoginRefused,
    MailboxFailed,
    MailboxUpdated,
    MessageFollows,
    MessageRefusal,
    MessageRefused,
)
from posthouse.protocol.pop3.capabilities import Channel
from posthouse.protocol.pop3.errors import LocalProtocolError
from posthouse.protocol.pop3.events import (
    NEED_DATA,
    PAUSED,
    CredentialsGiven,
    ListingReady,
    MessageRequested,
    UpdateRequested,
)
from posthouse.protocol.pop3.maildrop import Maildrop
from posthouse.protocol.pop3.session import ServerSession, SessionSettings
from posthouse.protocol.pop3.states import Phase
from posthouse.protocol.sasl.mechanisms import Credentials

MESSAGES = (b"Subject: one\r\n\r\nfirst\r\n.second\r\nthird\r\n", b"Subject: two\r\n\r\nno end", b".\r\n")
PLAIN = base64.b64encode(b"\0mrose\0tanstaaf")
LOGIN = b"USER mrose\r\nPASS tanstaaf\r\n"

WHOLE_SESSION = (
    b"CAPA\r\nNOOP\r\nUSER wrong\r\nPASS wrong\r\nAUTH PLAIN\r\n*\r\nAUTH PLAIN\r\nAGE=\r\nPASS x\r\n" + LOGIN
    + b"STAT\r\nLIST\r\nUIDL\r\nLIST 2\r\nUIDL 2\r\nRETR 1\r\nRETR 2\r\nRETR 3\r\nRETR 4\r\nTOP 1 1\r\n"
    b"TOP 1 0\r\nDELE 1\r\nDELE 1\r\nRETR 1\r\nLIST\r\nRSET\r\nDELE 3\r\nNOOP\r\nUSER again\r\n\r\nquit\r\nSTAT\r\n"
)  # fmt: skip


def new_session(channel: Channel = Channel.TLS, **limits: int) -> ServerSession:
    return ServerSession(SessionSettings(**limits), channel)


def test_the_session_greets_without_a_timestamp() -> None:
    """RFC 1939 4: a one line greeting, which is positive."""
    assert new_session().greet() == b"+OK Posthouse POP3 ready\r\n"


# Chunking


def one_at_a_time(octets: bytes) -> list[bytes]:
    return [octets[at : at + 1] for at in range(len(octets))]


def at_random(octets: bytes, seed: int) -> list[bytes]:
    chance = random.Random(seed)
    cuts = sorted(chance.sample(range(1, len(octets)), chance.randint(1, 40)))
    return [octets[here:there] for here, there in itertools.pairwise([0, *cuts, len(octets)])]


def outcome(pieces: list[bytes]) -> tuple[bytes, list[type], dict[int, bytes], Phase]:
    door = ToyDoor(MESSAGES)
    written = b"".join(door.feed(piece) for piece in pieces)
    return written, [type(event) for event in door.events], door.messages, door.session.phase


@pytest.mark.parametrize("seed", range(30))
def test_the_pieces_in_which_octets_arrive_make_no_difference(seed: int) -> None:
    """DESIGN 9: whole, one byte at a time, random splits: the same events, octets and deletions."""
    whole = outcome([WHOLE_SESSION])
    assert outcome(one_at_a_time(WHOLE_SESSION)) == whole
    assert outcome(at_random(WHOLE_SESSION, seed)) == whole


def test_a_whole_session_ends_as_it_should() -> None:
    written, _, messages, phase = outcome([WHOLE_SESSION])
    assert phase is Phase.CLOSED
    assert list(messages) == [101, 102]
    assert written.endswith(b"+OK goodbye, 1 messages deleted\r\n")


def test_a_line_may_end_in_a_bare_line_feed() -> None:
    """People type by hand (netcat); RFC 1939 3 has clients send CRLF."""
    assert ToyDoor().feed(LOGIN.replace(b"\r\n", b"\n") + b"STAT\n").endswith(b"+OK 0 0\r\n")


@given(st.binary(max_size=300), st.sampled_from(list(Channel)), st.booleans())
@settings(max_examples=200)
def test_any_octets_are_survived(octets: bytes, channel: Channel, after_login: bool) -> None:
    """Fuzz: no exception, and whatever goes back is whole lines."""
    door = logged_in(MESSAGES) if after_login else ToyDoor(MESSAGES, channel)
    written = door.feed(octets + b"\r\n")
    assert written == b"" or written.endswith(b"\r\n")


words = st.sampled_from(
    [b"USER mrose", b"PASS tanstaaf", b"PASS x", b"AUTH PLAIN", b"AUTH PLAIN " + PLAIN, PLAIN, b"*", b"CAPA", b"STAT",
     b"LIST", b"LIST 1", b"UIDL", b"RETR 1", b"RETR 9", b"TOP 1 1", b"DELE 1", b"RSET", b"NOOP", b"QUIT",
     b"APOP a b", b""]
)  # fmt: skip


@given(st.lists(words, max_size=30))
def test_any_order_of_commands_gets_one_response_each(lines: list[bytes]) -> None:
    """RFC 1939 3: every command gets exactly one response, until the session is closed; nothing after that."""
    door = ToyDoor(MESSAGES)
    for line in lines:
        was_closed = door.session.is_closed
        written = door.feed(line + b"\r\n")
        if was_closed:
            assert written == b""
            continue
        if written.startswith(b"-ERR"):
            assert written.count(b"\r\n") == 1
        elif b"\r\n" in written[:-2]:
            assert written.endswith(b"\r\n.\r\n")
        assert written.startswith((b"+OK", b"-ERR", b"+ "))


# Pipelining and pausing


def test_pipelined_commands_wait_for_each_answer() -> None:
    """RFC 2449 6.6: a server processes commands in order; nothing is read past one whose answer is awaited."""
    session = new_session()
    session.receive_data(LOGIN + b"RETR 1\r\nLIST\r\nDELE 1\r\nQUIT\r\n")
    session.next_event()
    assert session.next_event() == CredentialsGiven(Credentials("", "mrose", b"tanstaaf"))
    assert session.next_event() is PAUSED
    session.send(LoginAccepted(Maildrop(1, (5,), (10,))))
    assert session.next_event() == MessageRequested(number=1, uid=5, body_lines=None)
    assert session.next_event() is PAUSED
    pieces = session.stream(MessageFollows(10, 10, [b"a: b\r\n", b"c: d"]))
    next(pieces)
    assert session.next_event() is PAUSED    # until the last octet is handed out
    assert b"".join(pieces) == b"a: b\r\nc: d\r\n.\r\n"
    listing = session.next_event()
    assert isinstance(listing, ListingReady)
    assert session.next_event() is PAUSED
    assert b"".join(listing.pages) == b"+OK 1 messages (10 octets)\r\n1 10\r\n.\r\n"
    session.next_event()
    assert session.next_event() == UpdateRequested(uids=(5,))
    assert session.next_event() is PAUSED
    assert session.send(MailboxUpdated()) == b"+OK goodbye, 1 messages deleted\r\n"
    assert session.is_closed
    assert session.next_event() is PAUSED


def test_a_short_message_may_be_sent_in_one_go() -> None:
    door = logged_in(MESSAGES)
    door.session.receive_data(b"RETR 1\r\n")
    assert isinstance(door.session.next_event(), MessageRequested)
    assert door.session.send(MessageFollows(3, 3, [b".a\n"])) == b"+OK 3 octets\r\n..a\n\r\n.\r\n"
    assert door.session.next_event() is NEED_DATA


@pytest.mark.parametrize("why", MessageRefusal)
def test_a_message_that_cannot_be_had_leaves_the_session_standing(why: MessageRefusal) -> None:
    """RFC 2180 4 knows such cases for IMAP: another session expunged it, or we cannot read it now."""
    session = logged_in(MESSAGES).session
    session.receive_data(b"TOP 1 0\r\nNOOP\r\n")
    session.next_event()
    assert session.send(MessageRefused(why)) == replies.MESSAGE_REFUSALS[why]
    assert session.phase is Phase.TRANSACTION


def test_an_update_that_fails_is_said_and_ends_the_session() -> None:
    """RFC 1939 6: -ERR some deleted messages not removed; the connection is closed all the same."""
    session = logged_in(MESSAGES).session
    session.receive_data(b"DELE 1\r\nQUIT\r\n")
    session.next_event()
    session.next_event()
    assert session.send(MailboxFailed()) == replies.UPDATE_FAILED
    assert session.is_closed


def test_a_lost_connection_deletes_nothing() -> None:
    """RFC 1939 6: without QUIT the UPDATE state is never entered."""
    door = logged_in(MESSAGES)
    door.feed(b"DELE 1\r\nDELE 2\r\nQUI")
    assert not any(isinstance(event, UpdateRequested) for event in door.events)


@pytest.mark.parametrize(
    "answer",
    [LoginRefused(LoginRefusal.WRONG), MessageFollows(0, 0, ()), MessageRefused(MessageRefusal.GONE), MailboxUpdated()],
    ids=lambda answer: type(answer).__name__,
)
def test_an_answer_that_was_not_asked_for_is_our_bug(answer: LoginRefused | MessageFollows | MailboxUpdated) -> None:
    session = new_session()
    with pytest.raises(LocalProtocolError):
        session.send(answer)
    with pytest.raises(LocalProtocolError):
        session.stream(MessageFollows(0, 0, ()))
    with pytest.raises(LocalProtocolError):
        session.tls_established()
