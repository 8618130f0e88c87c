"""The session's turns: one command at a time, AUTHENTICATE, IDLE, STARTTLS, refusals and their count."""

import pytest

from conformance.imap.toy_door import DONE, ToyDoor, logged_in, selected
from posthouse.protocol.imap import codes, commands
from posthouse.protocol.imap.errors import LocalProtocolError
from posthouse.protocol.imap.events import (
    NEED_DATA,
    PAUSED,
    AppendStarted,
    CommandReceived,
    CommandRefused,
    ContinuationLine,
    IdleDone,
    SessionEnded,
)
from posthouse.protocol.imap.responses import Completion, Condition
from posthouse.protocol.imap.session import ServerSession
from posthouse.protocol.imap.settings import SessionSettings
from posthouse.protocol.imap.states import Channel, Phase, State

BEGIN_TLS = Completion(Condition.OK, "begin TLS")


def clear_session(octets: bytes = b"") -> ServerSession:
    session = ServerSession(SessionSettings(), Channel.CLEAR)
    session.receive_data(octets)
    return session


def test_pipelined_commands_wait_for_their_turn() -> None:
    """RFC 3501 5.5: answers come in order, for a command may decide how the next one is understood."""
    session = clear_session(b"a NOOP\r\nb LOGIN al secret\r\nc SELECT x\r\n")
    assert session.next_event() == CommandReceived(b"a", commands.Noop())
    assert session.next_event() is PAUSED
    assert session.send(DONE) == b"a OK done\r\n"
    assert session.next_event() == CommandReceived(b"b", commands.Login("al", b"secret"))
    assert session.next_event() is PAUSED
    session.send(DONE)
    assert isinstance(session.next_event(), CommandReceived), "SELECT is legal only because LOGIN was answered first"
    session.send(DONE)
    assert session.next_event() is NEED_DATA


def test_a_refused_login_leaves_what_was_pipelined_behind_it_without_a_mailbox() -> None:
    door = ToyDoor()
    written = door.feed(b"a LOGIN al wrong\r\nb SELECT x\r\n")
    assert written == b"a NO wrong name or password\r\nb BAD that command cannot be given before login\r\n"


# AUTHENTICATE (RFC 3501 6.2.2, 4959)


def test_authenticate_asks_and_hears_the_answer() -> None:
    door = ToyDoor()
    assert door.feed(b"a AUTHENTICATE PLAIN\r\n") == b"+ \r\n"
    assert door.session.phase is Phase.CONTINUATION
    assert door.feed(b"AGEAYg==\r\n") == b"a OK done\r\n"
    assert ContinuationLine(b"AGEAYg==") in door.events
    assert door.session.state is State.AUTHENTICATED


def test_authenticate_can_be_cancelled() -> None:
    door = ToyDoor()
    assert door.feed(b"a AUTHENTICATE PLAIN\r\n") == b"+ \r\n"
    assert door.feed(b"*\r\nb NOOP\r\n") == b"a NO wrong name or password\r\nb OK done\r\n"
    assert door.session.state is State.NOT_AUTHENTICATED


def test_an_initial_response_needs_no_challenge() -> None:
    """RFC 4959 3."""
    door = ToyDoor()
    assert door.feed(b"a AUTHENTICATE PLAIN AGEAYg==\r\n") == b"a OK done\r\n"
    assert door.commands() == [commands.Authenticate("PLAIN", b"AGEAYg==")]


def test_a_challenge_is_written_in_base64() -> None:
    session = clear_session(b"a AUTHENTICATE LOGIN\r\n")
    session.next_event()
    assert session.challenge(b"User Name\0") == b"+ VXNlciBOYW1lAA==\r\n"
    session.receive_data(b"YWw=\r\n")
    assert session.next_event() == ContinuationLine(b"YWw=")
    assert session.next_event() is PAUSED
    assert session.challenge(b"Password\0") == b"+ UGFzc3dvcmQA\r\n"


@pytest.mark.parametrize("step", [1, 100_000])
def test_an_answer_of_the_greatest_length_is_taken_and_no_longer_one(step: int) -> None:
    """RFC 4954 4: 12,288 octets."""
    for octets, expected in ((b"A" * 12_287, b"a OK done\r\n"), (b"A" * 12_289,
    b"a BAD the line is too long for this server\r\n")):
        door = ToyDoor()
        door.feed(b"a AUTHENTICATE PLAIN\r\n")
        stream = octets + b"\r\n"
        written = b"".join([door.feed(stream[at : at + step]) for at in range(0, len(stream), step)])
        assert written == expected
        assert door.feed(b"b NOOP\r\n") == b"b OK done\r\n"


def test_an_answer_without_crlf_ends_authenticate() -> None:
    door = ToyDoor()
    door.feed(b"a AUTHENTICATE PLAIN\r\n")
    assert door.feed(b"AGEAYg==\nb NOOP\r\n") == b"a BAD lines end with CRLF (RFC 3501 2.2)\r\nb OK done\r\n"


# IDLE (RFC 2177)


def test_idle_lasts_until_done() -> None:
    door = logged_in()
    assert door.feed(b"a IDLE\r\n") == b"+ idling\r\n* 3 EXISTS\r\n"
    assert door.session.phase is Phase.IDLING
    assert door.feed(b"DO") == b""
    assert door.feed(b"NE\r\nb NOOP\r\n") == b"a OK done\r\nb OK done\r\n"
    assert IdleDone() in door.events


def test_idle_may_be_refused() -> None:
    session = logged_in().session
    session.receive_data(b"a IDLE\r\n")
    session.next_event()
    assert session.send(Completion(Condition.NO, "not now", codes.UNAVAILABLE)) == b"a NO [UNAVAILABLE] not now\r\n"
    assert session.next_event() is NEED_DATA


@pytest.mark.parametrize("line", [b"b NOOP\r\n", b"\r\n", b"DONE \r\n", b"DONE\n", b"x" * 65 + b"\r\n",
b"x" * 500 + b"\r\n"])
@pytest.mark.parametrize("step", [1, 1000])
def test_anything_else_ends_idle_as_a_mistake(line: bytes, step: int) -> None:
    door = logged_in()
    door.feed(b"a IDLE\r\n")
    written = b"".join([door.feed(line[at : at + step]) for at in range(0, len(line), step)])
    assert written.startswith(b"a BAD ")
    assert written.count(b"\r\n") == 1
    assert door.feed(b"c NOOP\r\n") == b"c OK done\r\n"


# STARTTLS (RFC 3501 6.2.1)


def test_starttls_begins_anew_with_nothing_remembered() -> None:
    session = clear_session(b"a STARTTLS\r\n")
    assert session.next_event() == CommandReceived(b"a", commands.StartTls())
    assert session.send(BEGIN_TLS) == b"a OK begin TLS\r\n"
    assert session.phase is Phase.UPGRADING
    session.receive_data(b"b NOOP\r\n")    # came with the handshake's last octets, before TLS was said to be up
    assert session.next_event() is PAUSED
    session.tls_established()
    assert session.channel is Channel.TLS
    assert session.next_event() == CommandReceived(b"b", commands.Noop())


@pytest.mark.parametrize("injected", [b"b NOOP\r\n", b"b LOGIN al secret\r\n", b"\r\n", b"x"])
@pytest.mark.parametrize("before_the_answer", [False, True])
def test_octets_behind_starttls_in_the_clear_end_the_session(injected: bytes, before_the_answer: bool) -> None:
    """They would be taken for the peer's own once TLS is up (the STARTTLS injection of 2011): BAD, no TLS, close."""
    session = clear_session(b"a STARTTLS\r\n" + (b"" if before_the_answer else injected))
    assert isinstance(session.next_event(), CommandReceived)
    if before_the_answer:
        session.receive_data(injected)
    written = session.send(BEGIN_TLS)
    assert written.startswith(b"a BAD ")
    assert b"\r\n* BYE " in written
    assert session.phase is Phase.CLOSED
    assert session.next_event() is PAUSED
    assert session.unread_octets == 0


def test_starttls_may_be_refused() -> None:
    session = clear_session(b"a STARTTLS\r\nb NOOP\r\n")
    session.next_event()
    session.send(Completion(Condition.NO, "no certificate"))
    assert session.next_event() == CommandReceived(b"b", commands.Noop())


# Refusals


@pytest.mark.parametrize(("line", "answer"), [
    (b"\r\n", b"* BAD "), (b"a\r\n", b"a BAD "), (b"a \r\n", b"a BAD "), (b"+ NOOP\r\n", b"* BAD "), (b"a FOO\r\n",
    b"a BAD "),
    (b"a NOOP x\r\n", b"a BAD "), (b"a NOOP\n", b"a BAD lines end with CRLF"), (b"\xff\xfe\r\n", b"* BAD "),
    (b"NOOP\r\n", b"NOOP BAD "), (b"GET / HTTP/1.1\r\n", b"GET BAD "), (b"EHLO x\r\n", b"EHLO BAD "),
])  # fmt: skip
def test_what_cannot_be_read_is_answered_and_the_session_goes_on(line: bytes, answer: bytes) -> None:
    """RFC 3501 7.1.3: tagged where there is a tag."""
    door = ToyDoor()
    written = door.feed(line + b"z NOOP\r\n")
    assert written.startswith(answer)
    assert written.endswith(b"\r\nz OK done\r\n")
    assert written.count(b"\r\n") == 2


def test_an_unknown_charset_is_told_with_those_that_are_known() -> None:
    """RFC 3501 6.4.4: a tagged NO, not BAD."""
    written = selected().feed(b"a SEARCH CHARSET X-NONE ALL\r\n")
    assert written.startswith(b"a NO [BADCHARSET (UTF-8 US-ASCII ")


def test_too_many_mistakes_in_a_row_end_the_session() -> None:
    door = ToyDoor(SessionSettings(bad_commands_max=3))
    written = door.feed(b"a FOO\r\nb FOO\r\nc NOOP\r\nd FOO\r\ne FOO\r\n")
    assert [line[:5] for line in written.splitlines()] == [b"a BAD", b"b BAD", b"c OK ", b"d BAD", b"e BAD"]
    assert door.session.phase is Phase.COMMAND
    assert door.feed(b"f FOO\r\ng NOOP\r\n").endswith(b"* BYE too many bad commands\r\n")
    assert isinstance(door.events[-1], SessionEnded)
    assert door.session.phase is Phase.CLOSED


def test_an_unknown_charset_is_no_mistake_to_be_counted() -> None:
    door = selected(SessionSettings(bad_commands_max=2))
    for _ in range(5):
        door.feed(b"a SEARCH CHARSET X-NONE ALL\r\n")
    assert all(isinstance(event, CommandRefused) for event in door.events)


def test_the_door_may_say_bye_at_any_time() -> None:
    session = clear_session(b"a NOOP\r\nb NOOP\r\n")
    session.next_event()
    assert session.close("idle for too long") == b"* BYE idle for too long\r\n"
    assert session.next_event() is PAUSED
    session.receive_data(b"c NOOP\r\n")
    assert session.unread_octets == 0


def test_a_door_that_answers_out_of_turn_is_told() -> None:
    """A bug of ours must not become a wrong answer to a peer."""
    session = clear_session()
    for act in (
        lambda: session.send(DONE), session.start_idle, session.accept_append, lambda: session.refuse_append(DONE),
        lambda: session.challenge(b""), session.tls_established,
    ):  # fmt: skip
        with pytest.raises(LocalProtocolError):
            act()
    session.receive_data(b"a NOOP\r\n")
    session.next_event()
    for act in (session.start_idle, session.accept_append, lambda: session.challenge(b"")):
        with pytest.raises(LocalProtocolError):
            act()
    session.send(DONE)
    with pytest.raises(LocalProtocolError):
        session.send(DONE)
    append = logged_in().session
    append.receive_data(b"a APPEND x {1}\r\n")
    assert isinstance(append.next_event(), AppendStarted)
    with pytest.raises(LocalProtocolError):
        append.send(DONE)
