"""The law of an SMTP session (RFC 5321 4.1.4), pair by pair, against a table written apart from it."""

import itertools

import pytest

from conformance.smtp.toy_door import HOSTNAME, ToyDoor
from posthouse.message.status import Status
from posthouse.protocol.smtp import replies
from posthouse.protocol.smtp.events import DataRequested, Event, MailReceived, PeerLeft, RcptReceived, Wait
from posthouse.protocol.smtp.session import ServerSession
from posthouse.protocol.smtp.settings import ServerSettings
from posthouse.protocol.smtp.states import LEGAL, MOVES, Phase, Verb

SETTINGS = ServerSettings(
    HOSTNAME, mechanisms=("PLAIN",), require_tls_for_authentication=False, starttls_is_available=True
)
COMMANDS = {
    Verb.HELO: b"HELO client.example", Verb.EHLO: b"EHLO client.example", Verb.MAIL: b"MAIL FROM:<a@client.example>",
    Verb.RCPT: b"RCPT TO:<b@example.org>", Verb.DATA: b"DATA", Verb.RSET: b"RSET", Verb.NOOP: b"NOOP",
    Verb.HELP: b"HELP", Verb.VRFY: b"VRFY b", Verb.EXPN: b"EXPN b", Verb.QUIT: b"QUIT",
    Verb.AUTH: b"AUTH PLAIN AGFsaWNlAHNlY3JldA==", Verb.STARTTLS: b"STARTTLS",
}
# How a peer gets a session into each phase in which it may say commands.
WAYS = {
    Phase.CONNECTED: [],
    Phase.READY: [b"EHLO client.example"],
    Phase.SENDER: [b"EHLO client.example", b"MAIL FROM:<a@client.example>"],
    Phase.RECIPIENTS: [b"EHLO client.example", b"MAIL FROM:<a@client.example>", b"RCPT TO:<b@example.org>"],
}
# The expected table, one letter a phase: C R S T (transaction with recipients) D (data) L (upgrading to TLS)
# X (closed); "-" is 503. Columns: CONNECTED READY SENDER RECIPIENTS.
EXPECTED = {
    Verb.HELO: "RRRR", Verb.EHLO: "RRRR", Verb.MAIL: "-S--", Verb.RCPT: "--TT", Verb.DATA: "---D", Verb.RSET: "CRRR",
    Verb.NOOP: "CRST", Verb.HELP: "CRST", Verb.VRFY: "CRST", Verb.EXPN: "CRST", Verb.QUIT: "XXXX", Verb.AUTH: "-R--",
    Verb.STARTTLS: "-L--",
}
LETTERS = {
    "C": Phase.CONNECTED, "R": Phase.READY, "S": Phase.SENDER, "T": Phase.RECIPIENTS, "D": Phase.RECEIVING,
    "L": Phase.UPGRADING, "X": Phase.CLOSED,
}
PAIRS = list(itertools.product(enumerate(WAYS), COMMANDS))


def door_in(phase: Phase) -> ToyDoor:
    door = ToyDoor(SETTINGS)
    door.greet()
    for line in WAYS[phase]:
        door.feed(line + b"\r\n")
    assert door.session.phase is phase
    return door


@pytest.mark.parametrize(("column", "verb"), PAIRS, ids=lambda value: getattr(value, "name", str(value)))
def test_every_command_in_every_phase_is_done_or_is_503(column: tuple[int, Phase], verb: Verb) -> None:
    """RFC 5321 4.1.4; AUTH and STARTTLS: RFC 4954 4, RFC 3207 4."""
    number, phase = column
    door = door_in(phase)
    door.feed(COMMANDS[verb] + b"\r\n")
    letter = EXPECTED[verb][number]
    if letter == "-":
        assert (door.said[-1].code, door.said[-1].status) == (503, Status("5.5.1"))
        assert door.session.phase is phase
    else:
        assert door.said[-1].code // 100 in (2, 3)
        assert door.session.phase is LETTERS[letter]


def test_the_law_says_what_the_expected_table_says() -> None:
    """No pair stands in LEGAL that the table above does not know; REFUSED alone adds its QUIT (RFC 5321 3.1)."""
    expected = {
        (phase, verb): LETTERS[EXPECTED[verb][number]]
        for (number, phase), verb in PAIRS if EXPECTED[verb][number] != "-"
    }
    assert dict(LEGAL) == expected | {(Phase.REFUSED, Verb.QUIT): Phase.CLOSED}


@pytest.mark.parametrize("verb", Verb)
def test_after_554_instead_of_a_greeting_only_quit_is_left(verb: Verb) -> None:
    """RFC 5321 3.1: the server must wait for QUIT and answer all else with 503."""
    session = ServerSession(SETTINGS)
    session.send(replies.SERVICE_REFUSED)
    session.receive_data(COMMANDS[verb] + b"\r\n")
    event = session.next_event()
    expected = replies.FAREWELL if verb is Verb.QUIT else replies.QUIT_ONLY
    assert event.reply is expected
    session.send(event.reply)
    assert session.phase is (Phase.CLOSED if verb is Verb.QUIT else Phase.REFUSED)


@pytest.mark.parametrize(("verb", "event"), [
    (Verb.MAIL, MailReceived), (Verb.RCPT, RcptReceived), (Verb.DATA, DataRequested),
])
@pytest.mark.parametrize("status", ["4.3.0", "5.7.1"])
def test_a_refused_command_changes_nothing(verb: Verb, event: type[Event], status: str) -> None:
    """RFC 5321 4.1.4: a command that failed leaves the state as it was."""
    phase = {Verb.MAIL: Phase.READY, Verb.RCPT: Phase.SENDER, Verb.DATA: Phase.RECIPIENTS}[verb]
    session = door_in(phase).session
    session.receive_data(COMMANDS[verb] + b"\r\n")
    assert isinstance(session.next_event(), event)
    session.send(replies.refusal(Status(status), "no"))
    assert session.phase is phase
    assert session.next_event() is Wait.NEED_DATA


def test_each_class_of_reply_that_may_be_said_leads_somewhere() -> None:
    """Success is 2yz, but 3yz for DATA, and both for AUTH (RFC 5321 4.3.2, RFC 4954 4)."""
    for (_, verb), move in MOVES.items():
        classes = {Verb.DATA: {3, 4, 5}, Verb.AUTH: {2, 3, 4, 5}}.get(verb, {2, 4, 5})
        assert set(move) == classes


def test_nothing_is_read_before_the_greeting() -> None:
    """RFC 5321 4.3.1: the client waits for the greeting; what it said before is there to be seen."""
    session = ServerSession(SETTINGS)
    session.receive_data(b"EHLO client.example\r\n")
    assert session.next_event() is Wait.PAUSED
    assert session.unread_octets == 21
    assert session.send(replies.SPOKE_TOO_EARLY).startswith(b"554 ")
    assert session.phase is Phase.REFUSED


def test_a_closed_session_neither_hears_nor_speaks() -> None:
    door = door_in(Phase.READY)
    door.feed(b"QUIT\r\nNOOP\r\n")
    session = door.session
    assert session.phase is Phase.CLOSED
    session.receive_data(b"NOOP\r\n")
    session.receive_eof()
    assert session.unread_octets == 0
    assert session.next_event() is Wait.PAUSED


def test_a_peer_that_leaves_is_still_answered() -> None:
    """A half-closed connection: what was said in full is answered, then the leaving is told."""
    session = door_in(Phase.READY).session
    session.receive_data(b"NOOP\r\nQUI")
    session.receive_eof()
    event = session.next_event()
    assert session.next_event() is Wait.PAUSED
    session.send(event.reply)
    assert session.next_event() == PeerLeft()
    assert session.next_event() == PeerLeft()


def test_a_session_is_named_by_members_that_hash_by_identity() -> None:
    """The tables are looked up by each command; equal members must still be one."""
    for members in (Phase, Verb):
        assert len({*members, *(members[member.name] for member in members)}) == len(members)
