"""Every reply that a POP3 client can hear from us, in one table (RFC 1939 3; codes in brackets: RFC 2449 8, RFC 3206).

Nothing that a peer said is repeated, so that each is below the 512 octets of RFC 2449 4, whatever was said.
"""

from typing import Final

from posthouse.protocol.pop3.answers import LoginRefusal, MessageRefusal
from posthouse.protocol.pop3.maildrop import Maildrop

# said by the session
GREETING: Final = b"+OK Posthouse POP3 ready\r\n"    # without a timestamp, which would offer APOP (RFC 1939 7)
NAME_TAKEN_NOTE_OF: Final = b"+OK now PASS\r\n"    # said to every name, so that it tells nothing
STLS_READY: Final = b"+OK begin TLS\r\n"
NOTHING_DONE: Final = b"+OK\r\n"
MARKED: Final = b"+OK marked as deleted until QUIT\r\n"
FAREWELL: Final = b"+OK goodbye\r\n"
CAPABILITIES_FOLLOW: Final = b"+OK capabilities follow\r\n"
UNIQUE_IDS_FOLLOW: Final = b"+OK unique-ids follow\r\n"
TOP_FOLLOWS: Final = b"+OK top of message follows\r\n"

# the peer's mistakes
UNKNOWN_COMMAND: Final = b"-ERR unknown command; CAPA lists what is offered\r\n"
ARGUMENT_UNEXPECTED: Final = b"-ERR this command takes no argument\r\n"
NUMBER_NEEDED: Final = b"-ERR this command needs a message number\r\n"
TWO_NUMBERS_NEEDED: Final = b"-ERR TOP needs a message number and a number of lines\r\n"
NAME_NEEDED: Final = b"-ERR USER needs a name in UTF-8\r\n"
PASSWORD_NEEDED: Final = b"-ERR PASS needs a password\r\n"
MECHANISM_NEEDED: Final = b"-ERR AUTH needs a mechanism, and no more than one initial response\r\n"
MECHANISM_UNKNOWN: Final = b"-ERR that mechanism is not offered; use AUTH PLAIN\r\n"
APOP_REFUSED: Final = b"-ERR APOP is not offered; use USER and PASS, or AUTH PLAIN, under TLS\r\n"
TLS_NEEDED: Final = b"-ERR a password needs TLS first; use STLS\r\n"
STLS_UNAVAILABLE: Final = b"-ERR STLS is not possible here\r\n"
LOG_IN_FIRST: Final = b"-ERR not before the login\r\n"
LOGGED_IN_ALREADY: Final = b"-ERR not after the login\r\n"
USER_FIRST: Final = b"-ERR PASS comes directly after USER\r\n"
RESPONSE_UNREADABLE: Final = b"-ERR that is no base64 response of the mechanism; login cancelled\r\n"
LOGIN_CANCELLED: Final = b"-ERR login cancelled\r\n"
COMMAND_TOO_LONG: Final = b"-ERR a command has at most 255 octets\r\n"    # RFC 2449 4
NO_SUCH_MESSAGE: Final = b"-ERR no such message\r\n"

# the peer's mistakes that end the session
LINE_TOO_LONG: Final = b"-ERR line too long; closing\r\n"
OCTETS_BEHIND_STLS: Final = b"-ERR nothing may follow STLS in the clear; closing\r\n"
TOO_MANY_MISTAKES: Final = b"-ERR too many mistakes; closing\r\n"

# said on behalf of the door's answers; [AUTH] and [SYS/TEMP] tell a client whom to ask: RFC 3206 4, 5
LOGIN_REFUSALS: Final = {
    LoginRefusal.WRONG: b"-ERR [AUTH] wrong name or password\r\n",
    LoginRefusal.SHUT_OUT: b"-ERR [SYS/TEMP] too many wrong passwords from your network; try again later\r\n",
    LoginRefusal.BUSY: b"-ERR [SYS/TEMP] too many logins at once; try again later\r\n",
}
MESSAGE_REFUSALS: Final = {
    MessageRefusal.GONE: b"-ERR that message was deleted by another session\r\n",
    MessageRefusal.FAILED: b"-ERR [SYS/TEMP] the message cannot be read now; try again later\r\n",
}
UPDATE_FAILED: Final = b"-ERR [SYS/TEMP] the marked messages are not deleted; try again later\r\n"

# said by the door itself, instead of a greeting or before it closes
SPOKE_TOO_EARLY: Final = b"-ERR you spoke before the greeting; wait for it\r\n"    # RFC 1939 4
TOO_MANY_SESSIONS: Final = b"-ERR [SYS/TEMP] too many connections; try again later\r\n"
STOPPING: Final = b"-ERR [SYS/TEMP] the server is stopping; try again later\r\n"
LOGGED_OUT: Final = b"-ERR [AUTH] your password was changed or taken back; log in again\r\n"
BUG: Final = b"-ERR [SYS/TEMP] internal error; try again later\r\n"


def challenge(base64: bytes) -> bytes:
    """RFC 5034 4: a continuation; PLAIN has nothing to ask, so it is ``+ `` alone."""
    return b"+ %b\r\n" % base64


def logged_in(maildrop: Maildrop) -> bytes:
    return b"+OK maildrop has %d messages (%d octets)\r\n" % (maildrop.messages, maildrop.octets)


def statistics(maildrop: Maildrop) -> bytes:
    """The drop listing of STAT, whose form RFC 1939 5 prescribes."""
    return b"+OK %d %d\r\n" % (maildrop.messages, maildrop.octets)


def scan_listing_follows(maildrop: Maildrop) -> bytes:
    return b"+OK %d messages (%d octets)\r\n" % (maildrop.messages, maildrop.octets)


def scan_listing(number: int, size_octets: int) -> bytes:
    return b"+OK %d %d\r\n" % (number, size_octets)


def unique_id(number: int, identifier: bytes) -> bytes:
    return b"+OK %d %b\r\n" % (number, identifier)


def updated(messages: int) -> bytes:
    return b"+OK goodbye, %d messages deleted\r\n" % messages


def message_follows(size_octets: int) -> bytes:
    return b"+OK %d octets\r\n" % size_octets
