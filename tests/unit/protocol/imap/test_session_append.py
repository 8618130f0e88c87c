"""APPEND (RFC 3501 6.3.11): its message streams, and is never held here."""

import pytest

from conformance.imap.toy_door import DONE, ToyDoor, logged_in
from posthouse.protocol.imap import codes, commands
from posthouse.protocol.imap.events import (
    NEED_DATA,
    PAUSED,
    AppendEnded,
    AppendRefused,
    AppendStarted,
    ChunkReceived,
)
from posthouse.protocol.imap.flags import SEEN
from posthouse.protocol.imap.mailbox_names import INBOX, MailboxName
from posthouse.protocol.imap.responses import Completion, Condition
from posthouse.protocol.imap.session import ServerSession
from posthouse.protocol.imap.settings import CHUNK_OCTETS_MAX, SessionSettings
from posthouse.protocol.imap.states import Phase

GO_ON = b"+ go on with the literal\r\n"
TRY_CREATE = Completion(Condition.NO, "no such mailbox", codes.TRYCREATE)
MESSAGE = b"Subject: x\r\n\r\nbare\nlines\rand {5+}\r\n and no end"


def append(octets: bytes) -> ServerSession:
    session = logged_in().session
    session.receive_data(octets)
    return session


def test_a_message_comes_when_it_is_asked_for() -> None:
    door = logged_in()
    assert door.feed(b"a APPEND inbox (\\Seen) {%d}\r\n" % len(MESSAGE)) == GO_ON
    assert door.feed(MESSAGE) == b""
    assert door.feed(b"\r\n") == b"a OK done\r\n"
    assert door.appended == [MESSAGE]
    assert door.events[0] == AppendStarted(b"a", commands.Append(INBOX, (SEEN,), None), len(MESSAGE))


@pytest.mark.parametrize("step", [1, 5, 10_000])
@pytest.mark.parametrize("head", [b"a APPEND x {%d+}\r\n", b"a APPEND {1+}\r\nx () {%d+}\r\n"])
def test_a_message_may_come_unasked(head: bytes, step: int) -> None:
    """RFC 7888; a mailbox that is a literal itself is not the message."""
    stream = head % len(MESSAGE) + MESSAGE + b"\r\nb NOOP\r\n"
    door = logged_in()
    written = b"".join([door.feed(stream[at : at + step]) for at in range(0, len(stream), step)])
    assert written == b"a OK done\r\nb OK done\r\n"
    assert door.appended == [MESSAGE]


def test_a_message_streams_in_chunks_and_is_not_kept() -> None:
    session = append(b"a APPEND x {300000+}\r\n")
    assert isinstance(session.next_event(), AppendStarted)
    assert session.next_event() is PAUSED
    assert session.accept_append() == b""
    session.receive_data(b"x" * 299_999)
    sizes = []
    while isinstance(event := session.next_event(), ChunkReceived):
        sizes.append(len(event.octets))
    assert sum(sizes) == 299_999
    assert max(sizes) <= CHUNK_OCTETS_MAX
    assert event is NEED_DATA
    assert session.unread_octets == 0
    session.receive_data(b"y\r\n")
    assert session.next_event() == ChunkReceived(b"y")
    assert session.next_event() == AppendEnded()
    assert session.next_event() is PAUSED
    assert session.send(DONE) == b"a OK done\r\n"


def test_an_empty_message_is_announced_like_any_other() -> None:
    """What becomes of it is the door's to say."""
    door = logged_in()
    assert door.feed(b"a APPEND x {0}\r\n") == GO_ON
    assert door.feed(b"\r\n") == b"a OK done\r\n"
    assert door.appended == [b""]


def test_a_message_that_waits_may_be_refused_before_it_is_sent() -> None:
    """RFC 3501 6.3.11: NO [TRYCREATE]; 7.5: the peer that is refused does not send the literal."""
    session = append(b"a APPEND nowhere {%d}\r\nb NOOP\r\n" % len(MESSAGE))
    session.next_event()
    assert session.refuse_append(TRY_CREATE) == b"a NO [TRYCREATE] no such mailbox\r\n"
    session_event = session.next_event()
    assert getattr(session_event, "tag", None) == b"b"


def test_a_message_that_comes_unasked_is_refused_and_swallowed() -> None:
    session = append(b"a APPEND nowhere {%d+}\r\n" % len(MESSAGE) + MESSAGE[:7])
    session.next_event()
    assert session.refuse_append(TRY_CREATE) == b"a NO [TRYCREATE] no such mailbox\r\n"
    assert session.next_event() is NEED_DATA
    session.receive_data(MESSAGE[7:] + b"\r\nb NOOP\r\n")
    assert getattr(session.next_event(), "tag", None) == b"b"


@pytest.mark.parametrize("came", [0, 7, len(MESSAGE)])
def test_a_message_may_be_refused_while_it_comes(came: int) -> None:
    """A disk that fills: the peer is told at once, and the rest is thrown away."""
    session = append(b"a APPEND x {%d}\r\n" % len(MESSAGE))
    session.next_event()
    session.accept_append()
    session.receive_data(MESSAGE[:came])
    while session.next_event() is not NEED_DATA:
        pass
    assert session.refuse_append(Completion(Condition.NO, "disk full")) == b"a NO disk full\r\n"
    session.receive_data(MESSAGE[came:] + b"\r\nb NOOP\r\n")
    assert getattr(session.next_event(), "tag", None) == b"b"


@pytest.mark.parametrize(("plus", "closes"), [(b"", False), (b"+", True)])
def test_a_message_over_the_limit_is_refused_unread(plus: bytes, closes: bool) -> None:
    """RFC 4469 4.2: TOOBIG. What comes unasked and is beyond what is swallowed ends the session (RFC 7888 4)."""
    door = logged_in()
    written = door.feed(b"a APPEND x {4294967295%b}\r\n" % plus)
    text = b"message of 4294967295 octets is over this server's limit of 52428800 octets"
    assert written.startswith(b"a NO [TOOBIG] %b\r\n" % text)
    assert (b"* BYE" in written) is closes
    assert (door.session.phase is Phase.CLOSED) is closes


def test_a_message_a_little_over_the_limit_is_swallowed() -> None:
    door = logged_in(SessionSettings(append_octets_max=10))
    written = door.feed(b"a APPEND x {11+}\r\nx LOGOUT\r\ny\r\nb NOOP\r\n")
    assert written.startswith(b"a NO [TOOBIG] ")
    assert written.endswith(b"\r\nb OK done\r\n")
    assert door.appended == []


@pytest.mark.parametrize("step", [1, 4, 1000])
def test_a_message_with_nul_is_refused(step: int) -> None:
    """RFC 3501 4.3, 9: CHAR8 leaves NUL out; literal8 (RFC 3516) is not offered."""
    stream = b"a APPEND x {12+}\r\nab\r\nc\0de\r\nfg\r\nb NOOP\r\n"
    door = logged_in()
    written = b"".join([door.feed(stream[at : at + step]) for at in range(0, len(stream), step)])
    assert written == b"a BAD a message cannot hold NUL\r\nb OK done\r\n"
    assert door.appended == []
    assert any(isinstance(event, AppendRefused) for event in door.events)


@pytest.mark.parametrize("tail", [b" \r\n", b"x\r\n", b"\n", b" (\\Seen) {3+}\r\nabc\r\n", b" {3}\r\n",
b" CATENATE\r\n"])
@pytest.mark.parametrize("step", [1, 1000])
def test_nothing_may_follow_the_message(tail: bytes, step: int) -> None:
    """Neither MULTIAPPEND (RFC 3502) nor CATENATE is offered; a message that is not alone is not stored."""
    stream = b"a APPEND x {2+}\r\nhi" + tail + b"b NOOP\r\n"
    door = logged_in()
    written = b"".join([door.feed(stream[at : at + step]) for at in range(0, len(stream), step)])
    assert written == b"a BAD APPEND ends with its message; nothing may follow but CRLF\r\nb OK done\r\n"
    assert door.appended == []


@pytest.mark.parametrize(("make", "head", "answer"), [
    (ToyDoor, b"a APPEND x ", b"a BAD that command cannot be given before login\r\n"),
    (logged_in, b"a APPEND x y ", b"a BAD "),
    (logged_in, b"a APPEND x", b"a BAD "),
    (logged_in, b"a APPEND x ~", b"a BAD "),
    (logged_in, b"a APPEND x (\\Recent) ", b"a BAD "),
    (logged_in, b"a APPEND x (\\Seen ", b"a BAD "),
])  # fmt: skip
@pytest.mark.parametrize("plus", [b"", b"+"])
def test_a_wrong_append_is_refused_at_its_literal(make: type[ToyDoor], head: bytes, answer: bytes, plus: bytes) -> None:
    door = make()
    message = b"x LOGOUT\r\n" if plus else b""
    written = door.feed(head + b"{10%b}\r\n" % plus + message + (b"\r\n" if plus else b"") + b"b NOOP\r\n")
    assert written.startswith(answer)
    assert written.endswith(b"\r\nb OK done\r\n")
    assert written.count(b"\r\n") == 2
    assert door.appended == []


def test_the_mailbox_of_an_append_may_wait_for_leave_itself() -> None:
    door = logged_in()
    assert door.feed(b"a APPEND {1}\r\n") == GO_ON
    assert door.feed(b"x {2}\r\n") == GO_ON
    assert door.feed(b"hi\r\n") == b"a OK done\r\n"
    assert [event for event in door.events if isinstance(event, AppendStarted)] == [
        AppendStarted(b"a", commands.Append(MailboxName("x"), (), None), 2)
    ]
