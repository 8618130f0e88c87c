"""Everything that is said to peers (RFC 5321 4.2, RFC 2034, RFC 3463): the table, and that each entry of it is said.

``SCENES`` shows each entry said in its place; an entry without a scene fails, and so does a scene without an entry.
"""

import inspect
import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.smtp.toy_door import (
    LOOPBACK,
    PLAIN_RECEIVER,
    SUBMISSION,
    ToyDoor,
    greeted,
    receiving,
)
from posthouse.message.status import Status
from posthouse.protocol.smtp import replies
from posthouse.protocol.smtp.replies import Reply
from posthouse.protocol.smtp.session import ServerSession
from posthouse.protocol.smtp.settings import SKIPPED_OCTETS_MAX
from posthouse.protocol.smtp.states import Phase

TABLE = {name: value for name, value in vars(replies).items() if isinstance(value, Reply)}
MAKERS = {
    name for name, value in vars(replies).items()
    if inspect.isfunction(inspect.unwrap(value)) and not name.startswith("_") and value.__module__ == replies.__name__
}
MAIL = b"MAIL FROM:<a@client.example>\r\n"
RCPT = b"RCPT TO:<b@example.org>\r\n"

Scene = Callable[[], ToyDoor]


def hear(octets: bytes, door: Callable[[], ToyDoor] = greeted) -> Scene:
    """The peer says this, and the last reply is the one."""

    def scene() -> ToyDoor:
        played = door()
        for piece in [octets[i : i + 1_000_000] for i in range(0, len(octets), 1_000_000)]:
            played.feed(piece)
        return played

    return scene


def fresh() -> ToyDoor:
    door = ToyDoor()
    door.greet()
    return door


def unasked(reply: Reply) -> Scene:
    """The door itself says it, whatever the peer says: 421 at any time, others instead of the greeting."""

    def scene() -> ToyDoor:
        door = ToyDoor() if reply.code == 554 else greeted()
        door.session.send(reply)
        door.said.append(reply)
        assert door.session.phase is (Phase.REFUSED if reply.code == 554 else Phase.CLOSED)
        return door

    return scene


def judged(octets: bytes, reply: Reply, door: Callable[[], ToyDoor] = greeted) -> Scene:
    """The door's judge answers the last of what the peer says with this, and the session goes on."""

    def scene() -> ToyDoor:
        session = door().session
        session.receive_data(octets)
        session.next_event()
        assert session.send(reply) == reply.encode()
        assert session.phase not in (Phase.CLOSED, Phase.UPGRADING)
        played = ToyDoor()
        played.said.append(reply)
        return played

    return scene


def in_tls() -> ToyDoor:
    return greeted(tls_is_on=True)


def on_loopback() -> ToyDoor:
    return greeted(LOOPBACK)


def on_submission() -> ToyDoor:
    return greeted(SUBMISSION)


def without_extensions() -> ToyDoor:
    return greeted(PLAIN_RECEIVER)


def challenged() -> ToyDoor:
    door = greeted(LOOPBACK)
    door.feed(b"AUTH PLAIN\r\n")
    return door


def refused() -> ToyDoor:
    door = ToyDoor()
    door.session.send(replies.SERVICE_REFUSED)
    return door


LOGIN = b"AUTH PLAIN AGFsaWNlAHNlY3JldA==\r\n"
ENTRIES: dict[str, Scene] = {
    "SERVICE_REFUSED": unasked(replies.SERVICE_REFUSED),
    "SPOKE_TOO_EARLY": unasked(replies.SPOKE_TOO_EARLY),
    "TOO_MANY_SESSIONS": unasked(replies.TOO_MANY_SESSIONS),
    "TOO_MANY_SESSIONS_OF_PEER": unasked(replies.TOO_MANY_SESSIONS_OF_PEER),
    "SHUTTING_DOWN": unasked(replies.SHUTTING_DOWN),
    "LOGGED_OUT": unasked(replies.LOGGED_OUT),
    "IDLE_TOO_LONG": unasked(replies.IDLE_TOO_LONG),
    "INTERNAL_ERROR": unasked(replies.INTERNAL_ERROR),
    "LOGIN_SHUT_OUT": unasked(replies.LOGIN_SHUT_OUT),
    "TOO_MANY_BAD_COMMANDS": hear(b"XYZZY\r\n" * 22),
    "TOO_MANY_IDLE_COMMANDS": hear(b"NOOP\r\n" * 101),
    "LINE_ENDLESS": hear(b"x" * (SKIPPED_OCTETS_MAX + 1)),
    "NOT_SMTP": hear(b"GET / HTTP/1.1\r\n"),
    "FAREWELL": hear(b"QUIT\r\n"),
    "DONE": hear(b"NOOP\r\n"),
    "HELP": hear(b"HELP\r\n"),
    "NOT_VERIFIED": hear(b"VRFY b\r\n"),
    "UNRECOGNIZED": hear(b"XYZZY\r\n"),
    "LINE_TOO_LONG": hear(b"NOOP " + b"x" * 506 + b"\r\n"),
    "LINE_END_WRONG": hear(b"NOOP\n"),
    "NOT_OFFERED": hear(b"STARTTLS\r\n", without_extensions),
    "OUT_OF_SEQUENCE": hear(b"DATA\r\n"),
    "HELLO_FIRST": hear(MAIL, fresh),
    "RECIPIENT_FIRST": hear(MAIL + b"DATA\r\n"),
    "QUIT_ONLY": hear(b"NOOP\r\n", refused),
    "NO_ARGUMENT_ALLOWED": hear(b"RSET x\r\n"),
    "ARGUMENT_MISSING": hear(b"VRFY\r\n"),
    "ARGUMENT_WRONG": hear(b"NOOP \0\r\n"),
    "HELLO_WRONG": hear(b"EHLO\r\n"),
    "SENDER_ACCEPTED": hear(MAIL),
    "RECIPIENT_ACCEPTED": hear(MAIL + RCPT),
    "SEND_MESSAGE": hear(MAIL + RCPT + b"DATA\r\n"),
    "MESSAGE_ACCEPTED": hear(MAIL + RCPT + b"DATA\r\n.\r\n"),
    "MAIL_WRONG": hear(b"MAIL\r\n"),
    "RCPT_WRONG": hear(MAIL + b"RCPT\r\n"),
    "PARAMETER_WRONG": hear(b"MAIL FROM:<> SIZE=x\r\n"),
    "PARAMETER_UNKNOWN": hear(b"MAIL FROM:<> RET=HDRS\r\n"),
    "SENDER_NOT_ASCII": hear("MAIL FROM:<jörg@client.example>\r\n".encode()),
    "RECIPIENT_NOT_ASCII": hear(MAIL + "RCPT TO:<jörg@example.org>\r\n".encode()),
    "TOO_MANY_RECIPIENTS": hear(MAIL + RCPT * 1001),
    "STORAGE_FULL": judged(b".\r\n", replies.STORAGE_FULL, receiving),
    "TRY_LATER": judged(MAIL, replies.TRY_LATER),
    "HEADER_TOO_LARGE": judged(b".\r\n", replies.HEADER_TOO_LARGE, receiving),
    "MAIL_LOOP": judged(b".\r\n", replies.MAIL_LOOP, receiving),
    "_BARE_CR": hear(b"a\rb\r\n.\r\n", receiving),
    "_BARE_LF": hear(b"a\nb\r\n.\r\n", receiving),
    "_NUL": hear(b"a\0b\r\n.\r\n", receiving),
    "READY_FOR_TLS": hear(b"STARTTLS\r\n"),
    "TLS_UNAVAILABLE": judged(b"STARTTLS\r\n", replies.TLS_UNAVAILABLE),
    "TLS_ALREADY_ON": hear(b"STARTTLS\r\n", in_tls),
    "OCTETS_BEHIND_STARTTLS": hear(b"STARTTLS\r\nNOOP\r\n"),
    "TLS_FIRST": hear(MAIL, on_submission),
    "LOGIN_FIRST": hear(MAIL, on_loopback),
    "LOGIN_NEEDS_TLS": hear(LOGIN, on_submission),
    "LOGGED_IN": hear(LOGIN, on_loopback),
    "LOGGED_IN_ALREADY": hear(LOGIN * 2, on_loopback),
    "LOGIN_CANCELLED": hear(b"*\r\n", challenged),
    "LOGIN_FAILED": hear(b"AUTH PLAIN AGFsaWNlAHdyb25n\r\n", on_loopback),
    "LOGIN_UNAVAILABLE": judged(LOGIN, replies.LOGIN_UNAVAILABLE, on_loopback),
    "MECHANISM_UNKNOWN": hear(b"AUTH CRAM-MD5\r\n", on_loopback),
    "MECHANISM_MISSING": hear(b"AUTH\r\n", on_loopback),
    "LOGIN_LINE_TOO_LONG": hear(b"a" * 12_288 + b"\r\n", challenged),
    "NOT_BASE64": hear(b"YQ\r\n", challenged),
    "LOGIN_MALFORMED": hear(b"YQ==\r\n", challenged),
}


def test_every_entry_of_the_table_is_said_somewhere() -> None:
    """No entry of the table is unused or untested."""
    assert set(ENTRIES) == set(TABLE)


@pytest.mark.parametrize("name", ENTRIES)
def test_the_entry_is_said_in_its_place(name: str) -> None:
    assert ENTRIES[name]().said[-1] is TABLE[name]


MADE: dict[str, tuple[Scene, bytes]] = {
    "greeting": (fresh, b"220 mx.example.org ESMTP Posthouse\r\n"),
    "hello": (hear(b"HELO client.example\r\n"), b"250 mx.example.org\r\n"),
    "challenge": (hear(b"AUTH LOGIN\r\n", on_loopback), b"334 VXNlcm5hbWU6\r\n"),
    "message_accepted": (
        judged(b".\r\n", replies.message_accepted("abc"), receiving), b"250 2.0.0 message accepted as abc\r\n"
    ),
    "message_too_large": (
        hear(b"x" * 100_001 + b"\r\n.\r\n", receiving),
        b"552 5.3.4 message of 100,003 octets is over this server's limit of 100,000\r\n",
    ),
    "content_refused": (
        hear(b"x" * 200_001, receiving),
        b"421 4.3.4 message is far over this server's limit of 100,000 octets, closing\r\n",
    ),
    "sender_malformed": (
        hear(b"MAIL FROM:<a>\r\n"), b"501 5.1.7 an address is written local-part@domain\r\n"
    ),
    "recipient_malformed": (
        hear(MAIL + b"RCPT TO:<>\r\n"), b"501 5.1.3 a forward-path cannot be empty\r\n"
    ),
    "refusal": (hear(MAIL + b"RCPT TO:<unknown@example.org>\r\n"), b"550 5.1.1 no such mailbox here\r\n"),
}


def test_every_reply_that_names_something_is_said_somewhere() -> None:
    assert set(MADE) == MAKERS


@pytest.mark.parametrize("name", MADE)
def test_the_made_reply_is_said_in_its_place(name: str) -> None:
    scene, octets = MADE[name]
    assert scene().said[-1].encode() == octets


@pytest.mark.parametrize("name", TABLE)
def test_each_entry_has_the_shape_that_the_standards_ask_for(name: str) -> None:
    """RFC 5321 4.2; RFC 2034 4: a status on each 2yz, 4yz and 5yz line but those of the greeting and EHLO."""
    reply = TABLE[name]
    without_status = reply.code // 100 == 3 or name in ("SERVICE_REFUSED", "SPOKE_TOO_EARLY")
    assert (reply.status is None) == without_status
    for line in reply.encode().splitlines():
        assert re.fullmatch(rb"[2345][0-9]{2}[ -](?:[245]\.[0-9]{1,3}\.[0-9]{1,3} )?[ -~]+", line)
    # Not the same words twice with the same code, or nobody could tell them apart in a log.
    assert [other for other in TABLE.values() if other.encode() == reply.encode()] == [reply]


def test_lines_of_one_reply_all_carry_code_and_status() -> None:
    """RFC 5321 4.2.1, RFC 2034 4."""
    reply = Reply(250, Status("2.0.0"), ("one", "two", "three"))
    assert reply.encode() == b"250-2.0.0 one\r\n250-2.0.0 two\r\n250 2.0.0 three\r\n"
    assert reply == Reply(250, Status("2.0.0"), ("one", "two", "three"))


@pytest.mark.parametrize(("code", "status", "lines"), [
    (199, None, ("x",)), (600, None, ("x",)), (250, None, ()), (550, "4.0.0", ("x",)), (354, "2.0.0", ("x",)),
    (250, None, ("a\r\nb",)), (250, None, ("a\nb",)), (250, None, ("a\rb",)), (250, None, ("\0",)), (250, None, ("é",)),
    (250, None, ("x" * 507,)), (250, "2.0.0", ("x" * 501,)),
])
def test_what_cannot_be_said_cannot_be_made(code: int, status: str | None, lines: tuple[str, ...]) -> None:
    """RFC 5321 4.2 and 4.5.3.1.5: printable ASCII, 512 octets a line; no line break can be put into a reply."""
    with pytest.raises(ValueError, match=r"is no reply|does not belong|cannot be said"):
        Reply(code, None if status is None else Status(status), lines)


def test_a_line_may_have_512_octets() -> None:
    """RFC 5321 4.5.3.1.5: the code and CRLF are counted."""
    assert len(Reply(250, None, ("x" * 506,)).encode()) == 512


@pytest.mark.parametrize(("status", "code"), [
    ("4.2.2", 452), ("4.3.1", 452), ("4.5.3", 452), ("4.7.1", 450), ("4.3.0", 451), ("4.4.3", 451), ("4.2.1", 450),
    ("5.1.1", 550), ("5.7.1", 550), ("5.2.2", 552), ("5.3.4", 552), ("5.4.6", 554), ("5.6.0", 554), ("5.1.6", 551),
    ("5.7.0", 530),
])
def test_a_verdict_gets_the_code_that_goes_with_its_status(status: str, code: int) -> None:
    """RFC 5248 2.4: the registry names the basic codes of each status."""
    assert replies.refusal(Status(status), "no").code == code


@given(st.text(max_size=600), st.sampled_from(["4.3.0", "5.1.1"]))
def test_a_verdict_of_any_text_makes_one_line(text: str, status: str) -> None:
    """RFC 5321 4.2: what a peer's own words bring in never begins a second reply."""
    encoded = replies.refusal(Status(status), text).encode()
    assert encoded.count(b"\n") == encoded.count(b"\r") == 1
    assert len(encoded) <= 512


def test_success_is_no_refusal() -> None:
    with pytest.raises(ValueError, match="refuses nothing"):
        replies.refusal(Status("2.0.0"), "fine")


def test_421_is_the_last_word_in_any_phase() -> None:
    """RFC 5321 3.8: 421 may answer any command, or none."""
    for door in (ToyDoor(), greeted(), receiving(), challenged()):
        assert door.session.send(replies.INTERNAL_ERROR).startswith(b"421 ")
        assert door.session.phase is Phase.CLOSED


def test_an_ehlo_reply_of_a_long_hostname_can_be_said() -> None:
    session = ServerSession(PLAIN_RECEIVER)
    assert session.send(replies.greeting("m" * 255)).endswith(b" ESMTP Posthouse\r\n")
