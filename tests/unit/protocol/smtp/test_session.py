"""An SMTP session as a door sees it: order, splits, limits and counts (RFC 5321, RFC 2920)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.smtp.toy_door import LENIENT, LOOPBACK, PLAIN_RECEIVER, RECEIVER, ToyDoor, greeted, receiving, split_at
from posthouse.message.address import NULL_REVERSE_PATH, POSTMASTER, Address, Domain
from posthouse.message.envelope import BodyType
from posthouse.message.status import Status
from posthouse.protocol.smtp import replies
from posthouse.protocol.smtp.data import ContentFault
from posthouse.protocol.smtp.errors import LocalProtocolError
from posthouse.protocol.smtp.events import (
    AuthAnswered,
    AuthRequested,
    ChunkReceived,
    DataRequested,
    Event,
    Hello,
    MailReceived,
    MessageEnded,
    MessageRefused,
    PeerLeft,
    RcptReceived,
    ReplyReady,
    ResetReceived,
    StartTlsRequested,
    Wait,
)
from posthouse.protocol.smtp.session import ServerSession
from posthouse.protocol.smtp.settings import CHUNK_OCTETS_MAX, UNREAD_OCTETS_MAX, BareNewline, ServerSettings
from posthouse.protocol.smtp.states import Phase

MAIL = b"MAIL FROM:<a@client.example>\r\n"
RCPT = b"RCPT TO:<b@example.org>\r\n"

# (phase, octets, event): the phase in which the octets are read, and what they mean.
TABLE = [
    (Phase.CONNECTED, b"EHLO client.example\r\n",
     Hello("client.example", True, replies.hello(
         "mx.example.org", ("PIPELINING", "SIZE 52428800", "8BITMIME", "ENHANCEDSTATUSCODES", "AUTH PLAIN LOGIN")))),
    (Phase.READY, b"AUTH LOGIN\r\n", AuthRequested("LOGIN", None)),
    (Phase.AUTHENTICATING, b"YWxpY2U=\r\n", AuthAnswered(b"alice")),
    (Phase.AUTHENTICATING, b"c2VjcmV0\r\n", AuthAnswered(b"secret")),
    (Phase.READY, b"NOOP\r\n", ReplyReady(replies.DONE)),
    (Phase.READY, b"MAIL FROM:<> SIZE=5\r\n", MailReceived(NULL_REVERSE_PATH, BodyType.SEVEN_BIT, 5)),
    (Phase.SENDER, b"RCPT TO:<Postmaster>\r\n", RcptReceived(POSTMASTER)),
    (Phase.RECIPIENTS, b"rcpt to:<b@example.org>\r\n", RcptReceived(Address("b", Domain("example.org")))),
    (Phase.RECIPIENTS, b"DATA\r\n", DataRequested()),
    (Phase.RECEIVING, b"one\r\n..two\r\n", ChunkReceived(b"one\r\n.two\r\n")),
    (Phase.RECEIVING, b".\r\n", MessageEnded(11)),
    (Phase.READY, b"MAIL FROM:<a@client.example>\r\n",
     MailReceived(Address("a", Domain("client.example")), BodyType.SEVEN_BIT, None)),
    (Phase.SENDER, b"RCPT TO:<unknown@example.org>\r\n", RcptReceived(Address("unknown", Domain("example.org")))),
    (Phase.SENDER, b"RSET\r\n", ResetReceived(replies.DONE)),
    (Phase.READY, b"HELO again\r\n", Hello("again", False, replies.hello("mx.example.org"))),
    (Phase.READY, b"QUIT\r\n", ReplyReady(replies.FAREWELL)),
]
STREAM = b"".join(octets for _, octets, _ in TABLE)


def joined(events: list[Event]) -> list[Event]:
    """The same events with neighbouring chunks made one: how content is cut is the network's affair."""
    result: list[Event] = []
    for event in events:
        if isinstance(event, ChunkReceived) and result and isinstance(result[-1], ChunkReceived):
            result[-1] = ChunkReceived(result[-1].octets + event.octets)
        else:
            result.append(event)
    return result


def test_each_line_of_the_table_is_read_in_its_phase() -> None:
    """The stream of a whole session, event by event."""
    door = ToyDoor(LOOPBACK)
    door.greet()
    for phase, octets, expected in TABLE:
        assert door.session.phase is phase
        before = len(door.events)
        door.feed(octets)
        if isinstance(expected, ChunkReceived):
            continue    # the final CRLF is still held back: it might belong to the end
        events = joined(door.events[before:])
        assert events[-1] == expected
    assert joined(door.events) == [event for _, _, event in TABLE]


@settings(max_examples=60)
@given(st.sets(st.integers(0, len(STREAM))))
def test_a_session_is_the_same_however_it_arrives(borders: set[int]) -> None:
    """Whole, octet by octet, and cut anyhow: the same events and the same replies (RFC 2920 3.2)."""
    whole, cut = ToyDoor(LOOPBACK), ToyDoor(LOOPBACK)
    for door in (whole, cut):
        door.greet()
    expected = whole.feed(STREAM)
    assert joined(whole.events) == [event for _, _, event in TABLE]
    assert cut.feed(*split_at(STREAM, borders)) == expected
    assert joined(cut.events) == joined(whole.events)


def test_a_session_is_the_same_octet_by_octet() -> None:
    whole, cut = ToyDoor(LOOPBACK), ToyDoor(LOOPBACK)
    for door in (whole, cut):
        door.greet()
    assert cut.feed(*(STREAM[i : i + 1] for i in range(len(STREAM)))) == whole.feed(STREAM)
    assert joined(cut.events) == joined(whole.events)


GARBAGE = st.lists(st.sampled_from([
    b"EHLO c\r\n", MAIL, RCPT, b"DATA\r\n", b"RSET\r\n", b"QUIT\r\n", b"AUTH PLAIN\r\n", b"*\r\n", b"STARTTLS\r\n",
    b"NOOP\r\n", b"\r\n", b"\n", b"\r", b".\r\n", b"\r\n.\r\n", b"\0\xff\x16\x03",
    b"x" * 600, b"MAIL FROM:<", b"GET / HTTP/1.1\r\n",
]) | st.binary(max_size=20), max_size=30)


@settings(max_examples=150)
@given(GARBAGE, st.sets(st.integers(0, 2000)))
def test_garbage_is_answered_line_by_line_and_never_raises(parts: list[bytes], borders: set[int]) -> None:
    """Whatever comes: every event that awaits a reply gets one, and the cut of the stream changes none."""
    stream = b"".join(parts).replace(b"STARTTLS", b"STARTTLX")    # there the cut does matter: test_starttls
    answers = []
    for pieces in ([stream], split_at(stream, borders), [stream[i : i + 1] for i in range(len(stream))]):
        door = ToyDoor(ServerSettings("mx.example.org", mechanisms=("PLAIN",), require_tls_for_authentication=False))
        answers.append(door.greet() + door.feed(*pieces) + door.end())
        awaiting = [event for event in door.events if not isinstance(event, ChunkReceived | PeerLeft)]
        assert len(door.said) == 1 + len(awaiting)
        assert door.session.phase is Phase.CLOSED or isinstance(door.events[-1], PeerLeft)
    assert answers[0] == answers[1] == answers[2]


def test_the_session_is_paused_until_each_command_is_answered() -> None:
    """RFC 2920 3.2: replies keep the order of the commands."""
    session = greeted().session
    session.receive_data(MAIL + RCPT)
    assert isinstance(session.next_event(), MailReceived)
    assert session.next_event() is Wait.PAUSED
    session.receive_data(b"DATA\r\n")
    assert session.next_event() is Wait.PAUSED
    session.send(replies.SENDER_ACCEPTED)
    assert isinstance(session.next_event(), RcptReceived)


def test_saying_what_nobody_awaits_is_our_bug() -> None:
    session = greeted().session
    with pytest.raises(LocalProtocolError):
        session.send(replies.DONE)
    session.receive_data(MAIL)
    session.next_event()
    with pytest.raises(LocalProtocolError):
        session.send(replies.SEND_MESSAGE)    # 3yz does not answer MAIL
    assert session.send(replies.SENDER_ACCEPTED) == replies.SENDER_ACCEPTED.encode()


def test_a_closed_session_says_nothing_more() -> None:
    door = greeted()
    door.feed(b"QUIT\r\n")
    with pytest.raises(LocalProtocolError):
        door.session.send(replies.SHUTTING_DOWN)


def test_what_piles_up_while_paused_has_a_limit() -> None:
    session = greeted().session
    session.receive_data(MAIL)
    session.next_event()
    with pytest.raises(LocalProtocolError):
        for _ in range(UNREAD_OCTETS_MAX // 65_536 + 2):
            session.receive_data(b"x" * 65_536)


# --- content --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("profile", "line"), [
    (PLAIN_RECEIVER, b"x"), (PLAIN_RECEIVER, b"x" * 998 + b"\r\n"), (LENIENT, b"\n"),
])
def test_content_comes_in_steps_of_bounded_size(profile: ServerSettings, line: bytes) -> None:
    """A line of 1 MB, or 1 MB of bare newlines that each become two octets: no step is longer than a chunk."""
    door = receiving(profile)
    stream = line * (1_000_000 // len(line)) + b"\r\n.\r\n"
    door.feed(stream)
    chunks = [event.octets for event in door.events if isinstance(event, ChunkReceived)]
    assert max(map(len, chunks)) <= CHUNK_OCTETS_MAX
    assert door.said[-1] is replies.MESSAGE_ACCEPTED
    assert sum(map(len, chunks)) == len(door.messages[0][2])


def test_a_line_of_10_megabytes_passes_unchanged() -> None:
    """A long text line is kept as it is; the time it takes grows with its length alone."""
    door = receiving(PLAIN_RECEIVER)
    block = b"0123456789" * 6_000
    for _ in range(175):
        door.feed(block)
    door.feed(b"\r\n.\r\n")
    assert door.messages[0][2] == block * 175 + b"\r\n"


def test_what_follows_the_message_is_read_as_commands() -> None:
    door = receiving()
    door.feed(b"text\r\n.\r\nNOOP\r\n")
    assert door.messages[0][2] == b"text\r\n"
    assert door.said[-1] is replies.DONE


def test_content_beyond_the_limit_is_refused_and_the_session_goes_on() -> None:
    """RFC 1870 6.3: 552 after the content; nothing more of it was handed on."""
    door = receiving()
    door.feed(b"x" * 60_000, b"x" * 60_000, b"x" * 60_000)
    door.feed(b"\r\n.\r\n" + MAIL)
    refused = [event for event in door.events if isinstance(event, MessageRefused)]
    assert [event.fault for event in refused] == [ContentFault.TOO_LARGE]
    assert sum(len(event.octets) for event in door.events if isinstance(event, ChunkReceived)) == 60_000
    assert door.said[-2].encode() == b"552 5.3.4 message of 180,002 octets is over this server's limit of 100,000\r\n"
    assert door.said[-1] is replies.SENDER_ACCEPTED
    assert door.messages == []


def test_content_beyond_twice_the_limit_is_not_read_on() -> None:
    """421 while the peer still sends: it gets no more of our time."""
    door = receiving()
    written = door.feed(*[b"x" * 50_000] * 5)
    assert written.startswith(b"421 4.3.4 ")
    assert door.session.phase is Phase.CLOSED
    assert door.session.next_event() is Wait.PAUSED


def test_what_follows_unfinished_content_is_never_read_as_commands() -> None:
    """Even a door that says something else than it should closes the session."""
    session = receiving().session
    for _ in range(4):
        session.receive_data(b"x" * 60_000)
        while isinstance(event := session.next_event(), ChunkReceived):
            pass
    assert isinstance(event, MessageRefused)
    session.receive_data(b"\r\n.\r\n" + MAIL)
    session.send(replies.STORAGE_FULL)
    assert session.phase is Phase.CLOSED
    assert session.next_event() is Wait.PAUSED


def test_content_with_a_fault_cannot_be_accepted() -> None:
    """RFC 5321 2.3.8: a door that would say 250 to it has a bug."""
    session = receiving().session
    session.receive_data(b"a\nb\r\n.\r\n")
    assert isinstance(session.next_event(), MessageRefused)
    with pytest.raises(LocalProtocolError):
        session.send(replies.MESSAGE_ACCEPTED)


@pytest.mark.parametrize("reply", [replies.MESSAGE_ACCEPTED, replies.STORAGE_FULL, replies.MAIL_LOOP])
def test_the_transaction_is_over_whatever_the_message_is_answered(reply: replies.Reply) -> None:
    """RFC 5321 4.1.1.4: buffers are cleared after the content, success or not."""
    session = receiving().session
    session.receive_data(b".\r\n" + RCPT)
    assert session.next_event() == MessageEnded(0)
    session.send(reply)
    assert session.phase is Phase.READY
    assert session.next_event() == ReplyReady(replies.OUT_OF_SEQUENCE)


@pytest.mark.parametrize("cut", range(1, 12))
def test_a_message_that_was_not_ended_is_void(cut: int) -> None:
    """RFC 5321 4.1.1.10: when the connection goes away, the server acts as if 451 had been said."""
    door = receiving()
    door.feed(b"text..\r\n.\r\n"[:cut - 1])
    door.end()
    assert door.events[-1] == PeerLeft()
    assert door.messages == []


SMUGGLED = b"MAIL FROM:<smuggled@client.example>\r\nRCPT TO:<b@example.org>\r\nDATA\r\nsecond\r\n.\r\n"
SEQUENCES = [
    b"\n.\n", b"\r\n.\n", b"\n.\r\n", b"\r.\r", b"\r\n.\r", b"\r.\r\n", b"\r\n\x00.\r\n", b"\r\n.\x00\r\n",
    b"\r\n.\r\r\n", b"\r\r\n.\n", b"\n\n.\r\n", b"\r\n.\r\0\n", b"\0\n.\n",
]


@pytest.mark.parametrize("sequence", SEQUENCES)
@pytest.mark.parametrize("bare_newline", BareNewline)
def test_no_second_message_can_be_smuggled_in(sequence: bytes, bare_newline: BareNewline) -> None:
    """CVE-2023-51764 and its kin: at most one message, of which what was meant as commands is text."""
    door = receiving(ServerSettings("mx.example.org", bare_newline=bare_newline))
    door.feed(b"first" + sequence + SMUGGLED)
    assert sum(isinstance(event, MailReceived) for event in door.events) == 1
    if bare_newline is BareNewline.REFUSE or b"\0" in sequence:
        assert isinstance(door.events[-1], MessageRefused)
        assert door.said[-1].encode().startswith(b"554 5.6.0 message has a ")
        assert door.messages == []
    else:
        assert [content.count(b"MAIL FROM:<smuggled") for _, _, content in door.messages] == [1]


# --- limits ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("command", "octets_max"), [
    (b"MAIL FROM:<a@client.example>", 1055), (b"RCPT TO:<b@example.org>", 512), (b"NOOP ", 512), (b"EHLO c", 512),
    (b"AUTH PLAIN ", 12_288), (b"XYZZY ", 512),
])
def test_each_command_has_the_length_that_its_standard_gives_it(command: bytes, octets_max: int) -> None:
    """RFC 5321 4.5.3.1.4; MAIL: RFC 1870 3, RFC 6152 2, RFC 4954 3; AUTH: RFC 4954 4."""
    for octets, is_too_long in ((octets_max, False), (octets_max + 1, True)):
        door = greeted(LOOPBACK)
        door.feed(command + b"x" * (octets - len(command) - 2) + b"\r\nNOOP\r\n")
        too_long = replies.UNRECOGNIZED if command.startswith(b"XYZZY") else replies.LINE_TOO_LONG
        assert (door.said[-2] is too_long) == (is_too_long or command.startswith(b"XYZZY"))
        assert door.said[-1] is replies.DONE


def test_a_command_line_of_10_megabytes_is_refused_once_and_the_session_goes_on() -> None:
    door = greeted()
    written = door.feed(*[b"MAIL FROM:<" + b"a" * 99_989] * 100, b"\r\nNOOP\r\n")
    assert written == replies.LINE_TOO_LONG.encode() + replies.DONE.encode()


def test_of_100_000_recipients_1_000_are_judged() -> None:
    """RFC 5321 4.5.3.1.10: 452, and the client sends the rest in another transaction."""
    door = greeted()
    door.feed(MAIL)
    written = door.feed(*[RCPT * 1_000] * 100)
    assert written.count(b"\r\n") == 100_000
    assert sum(isinstance(event, RcptReceived) for event in door.events) == 1_000
    assert door.said[-1] is replies.TOO_MANY_RECIPIENTS
    door.feed(b"DATA\r\n.\r\n" + MAIL + RCPT)
    assert len(door.messages[0][1]) == 1_000
    assert door.said[-1] is replies.RECIPIENT_ACCEPTED


def test_refused_recipients_count_against_the_limit_too() -> None:
    """One transaction cannot try more than a thousand names."""
    door = greeted()
    door.feed(MAIL + b"RCPT TO:<unknown@example.org>\r\n" * 1_001)
    assert door.said[-2].code == 550
    assert door.said[-1] is replies.TOO_MANY_RECIPIENTS


def test_bad_commands_are_borne_for_a_while() -> None:
    """As Postfix's smtpd_hard_error_limit: twenty are answered each by name, then we hang up."""
    door = greeted()
    door.feed(b"XYZZY\r\n" * 21)
    assert door.session.phase is Phase.READY
    assert door.feed(b"NOOP\r\n") == replies.TOO_MANY_BAD_COMMANDS.encode()
    assert door.session.phase is Phase.CLOSED


def test_failed_logins_are_bad_commands() -> None:
    door = greeted(LOOPBACK)
    door.feed(b"AUTH PLAIN AGFsaWNlAHdyb25n\r\n" * 22)
    assert door.said[-2] is replies.LOGIN_FAILED
    assert door.said[-1] is replies.TOO_MANY_BAD_COMMANDS


def test_commands_without_a_message_are_borne_for_a_while() -> None:
    """As Postfix's smtpd_junk_command_limit. EHLO was the first of them."""
    door = greeted()
    door.feed(b"NOOP\r\n" * 99)
    assert door.said[-1] is replies.DONE
    assert door.feed(b"RSET\r\nNOOP\r\n") == replies.TOO_MANY_IDLE_COMMANDS.encode()


def test_an_accepted_message_forgives_what_went_before() -> None:
    door = greeted()
    for _ in range(3):
        door.feed(b"NOOP\r\n" * 90 + b"XYZZY\r\n" * 15)
        door.feed(MAIL + RCPT + b"DATA\r\n.\r\n")
        assert door.said[-1] is replies.MESSAGE_ACCEPTED


def test_a_refused_message_forgives_nothing() -> None:
    door = greeted()
    door.feed((MAIL + RCPT + b"DATA\r\nWORM\r\n.\r\n") * 60)
    assert door.said[-1] is replies.TOO_MANY_IDLE_COMMANDS


def test_declared_sizes_up_to_the_limit_are_told_to_the_door() -> None:
    """RFC 1870 6.1."""
    door = greeted()
    door.feed(b"MAIL FROM:<a@client.example> SIZE=%d BODY=8BITMIME\r\n" % RECEIVER.message_size_octets_max)
    assert door.events[-1] == MailReceived(Address("a", Domain("client.example")), BodyType.EIGHT_BIT_MIME, 100_000)


@pytest.mark.parametrize("change", [{"message_size_octets_max": 65_535}, {"recipients_max": 99}])
def test_settings_below_what_the_standard_demands_cannot_be_made(change: dict[str, int]) -> None:
    """RFC 5321 4.5.3.1.7, 4.5.3.1.8."""
    with pytest.raises(ValueError, match=r"4\.5\.3\.1"):
        ServerSettings("mx.example.org", **change)


def test_a_refusal_of_ehlo_leaves_the_peer_unnamed() -> None:
    """RFC 5321 4.1.1.1: a door may refuse EHLO (550); the session goes on without a name."""
    session = ServerSession(RECEIVER)
    session.send(replies.greeting("mx.example.org"))
    session.receive_data(b"EHLO client.example\r\n" + MAIL)
    assert isinstance(session.next_event(), Hello)
    session.send(replies.refusal(Status("5.7.1"), "not with that name"))
    assert session.next_event() == ReplyReady(replies.HELLO_FIRST)


def test_bodies_are_not_shown_by_repr() -> None:
    """Secrets and bodies cannot be put in a log line by mistake."""
    assert "secret" not in repr(ChunkReceived(b"secret"))
    assert "secret" not in repr(AuthAnswered(b"secret"))
    assert repr(StartTlsRequested(replies.READY_FOR_TLS))
