"""Limits of a session: lines, mistakes (RFC 2449 4, RFC 4954 4)."""

import base64

import pytest

from conformance.pop3.toy_door import ToyDoor, logged_in
from posthouse.protocol.pop3 import replies
from posthouse.protocol.pop3.answers import LoginRefusal
from posthouse.protocol.pop3.session import SessionSettings

MESSAGES = (b"Subject: one\r\n\r\nfirst\r\n", b".\r\n")


def test_a_command_over_255_octets_is_refused_and_the_session_goes_on() -> None:
    """RFC 2449 4: the maximum length of a command is 255 octets, CRLF included."""
    door = ToyDoor()
    longest = b"USER " + b"x" * 248
    assert len(longest) + 2 == 255
    assert door.feed(longest + b"\r\n") == replies.NAME_TAKEN_NOTE_OF
    assert door.feed(longest + b"x\r\n") == replies.COMMAND_TOO_LONG
    assert door.feed(b"CAPA\r\n").startswith(b"+OK")


def test_a_long_password_passes_by_auth() -> None:
    """RFC 5034 4, RFC 4954 4: a response may have 12,288 octets, in the command or on a line of its own."""
    response = base64.b64encode(b"\0mrose\0" + b"p" * 1_000)
    assert ToyDoor().feed(b"AUTH PLAIN " + response + b"\r\n") == replies.LOGIN_REFUSALS[LoginRefusal.WRONG]
    assert ToyDoor().feed(b"AUTH PLAIN\r\n" + response + b"\r\n").endswith(replies.LOGIN_REFUSALS[LoginRefusal.WRONG])


@pytest.mark.parametrize("prefix", [b"", b"AUTH PLAIN ", b"AUTH PLAIN\r\n"])
@pytest.mark.parametrize("octets", [12_288, 1_000_000])
def test_a_line_without_end_ends_the_session(prefix: bytes, octets: int) -> None:
    """A line of 10 MB is never stored: the limit is the longest line that anyone may send."""
    door = ToyDoor()
    written = door.feed(prefix + b"A" * octets + b"\r\n")
    assert written.endswith(replies.LINE_TOO_LONG)
    assert door.session.is_closed


def test_the_longest_line_is_the_same_in_pieces() -> None:
    for length, closed in ((12_287, False), (12_288, True)):
        whole, pieces = ToyDoor(), ToyDoor()
        line = b"A" * length + b"\n"
        assert whole.feed(line) == b"".join(pieces.feed(line[at : at + 1_000]) for at in range(0, len(line), 1_000))
        assert whole.session.is_closed is pieces.session.is_closed is closed


def test_twenty_mistakes_end_the_session() -> None:
    """A scanner that speaks HTTP hears so and is cut off; refused logins and mistakes count together."""
    door = ToyDoor()
    assert door.feed(b"GET / HTTP/1.1\r\n" * 18).count(replies.UNKNOWN_COMMAND) == 18
    assert door.feed(b"USER mrose\r\nPASS wrong\r\n").endswith(replies.LOGIN_REFUSALS[LoginRefusal.WRONG])
    assert door.feed(b"x\r\nCAPA\r\n") == replies.TOO_MANY_MISTAKES
    assert door.session.is_closed


def test_refused_logins_alone_end_the_session_too() -> None:
    door = ToyDoor(settings=SessionSettings(mistakes_max=3))
    written = door.feed(b"USER mrose\r\nPASS wrong\r\n" * 5)
    assert written.count(replies.LOGIN_REFUSALS[LoginRefusal.WRONG]) == 2
    assert written.endswith(replies.TOO_MANY_MISTAKES)


def test_a_number_that_is_not_there_is_no_mistake() -> None:
    """A client that deletes what another session deleted asks for many such numbers in good faith."""
    door = logged_in(MESSAGES)
    assert door.feed(b"RETR 9\r\nTOP 9 1\r\nDELE 0\r\nLIST 9\r\nUIDL 9\r\n" * 20) == replies.NO_SUCH_MESSAGE * 100
    assert not door.session.is_closed
