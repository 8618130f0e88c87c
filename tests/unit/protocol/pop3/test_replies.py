"""The table of replies: each is one line that any client can read."""

import pytest

from posthouse.protocol.pop3 import replies
from posthouse.protocol.pop3.answers import LoginRefusal, MessageRefusal
from posthouse.protocol.pop3.maildrop import Maildrop

FIXED = {name: value for name, value in vars(replies).items() if name.isupper() and isinstance(value, bytes)}
REFUSALS = [*replies.LOGIN_REFUSALS.values(), *replies.MESSAGE_REFUSALS.values()]
LARGEST = Maildrop(1, range(10**6), [10**9] * 10**6)
MADE = {
    "logged_in": replies.logged_in(LARGEST),
    "statistics": replies.statistics(LARGEST),
    "scan_listing": replies.scan_listing(10**9, 10**12),
    "unique_id": replies.unique_id(10**9, b"x" * 70),
    "message_follows": replies.message_follows(10**12),
    "updated": replies.updated(10**9),
}


@pytest.mark.parametrize("reply", [*FIXED.values(), *REFUSALS, *MADE.values()], ids=repr)
def test_a_reply_is_one_line_within_the_limit(reply: bytes) -> None:
    """RFC 2449 4: 512 octets with the CRLF; RFC 1939 3: +OK or -ERR in capitals, printable ASCII."""
    assert reply.endswith(b"\r\n")
    line = reply[:-2]
    assert len(reply) <= 512
    assert line.isascii()
    assert line.decode().isprintable()
    assert line.split(b" ")[0] in (b"+OK", b"-ERR")


def test_every_refusal_has_its_reply() -> None:
    assert set(replies.LOGIN_REFUSALS) == set(LoginRefusal)
    assert set(replies.MESSAGE_REFUSALS) == set(MessageRefusal)


def test_only_wrong_credentials_carry_the_auth_code() -> None:
    """RFC 3206 4, 5: [AUTH] makes a client ask its user for a password; what passes by itself is [SYS/TEMP]."""
    assert b"[AUTH]" in replies.LOGIN_REFUSALS[LoginRefusal.WRONG]
    assert b"[SYS/TEMP]" in replies.LOGIN_REFUSALS[LoginRefusal.SHUT_OUT]
    assert b"[SYS/TEMP]" in replies.LOGIN_REFUSALS[LoginRefusal.BUSY]


def test_a_failure_of_ours_is_said_to_be_temporary() -> None:
    """DESIGN promise 3."""
    unreadable = replies.MESSAGE_REFUSALS[MessageRefusal.FAILED]
    for reply in (replies.BUG, replies.UPDATE_FAILED, unreadable, replies.STOPPING, replies.TOO_MANY_SESSIONS):
        assert reply.startswith(b"-ERR [SYS/TEMP] ")


def test_the_greeting_does_not_offer_apop() -> None:
    """RFC 1939 7: a timestamp in the banner is how APOP is offered."""
    assert b"<" not in replies.GREETING
