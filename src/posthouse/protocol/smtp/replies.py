"""Everything an SMTP server of ours says, in one table (RFC 5321 4.2, RFC 3463, RFC 5248).

Enhanced codes are sent after HELO too: RFC 2034 4 has them follow the server's announcement, which only EHLO shows,
but no client is known to stumble over them, and people read them. Not so in the greeting, in the answer to
EHLO and HELO, and in 3yz replies (RFC 2034 3 and 4).
"""

import re
from functools import lru_cache
from typing import Final

from msgspec import Struct
from msgspec.structs import force_setattr

from posthouse.message.status import Status
from posthouse.protocol.sasl.encoding import encode_base64
from posthouse.protocol.smtp.data import ContentFault
from posthouse.protocol.smtp.settings import AUTH_OCTETS_MAX, COMMAND_OCTETS_MAX

LINE_OCTETS_MAX: Final = 512    # RFC 5321 4.5.3.1.5, code and line end included
_CHALLENGE_OCTETS_MAX: Final = AUTH_OCTETS_MAX    # RFC 4954 4 allows a challenge as much as an answer
_SAYABLE: Final = re.compile(r"[ -~]*")    # RFC 5321 4.2 textstring, without the tab
_UNSAYABLE: Final = re.compile(r"[^ -~]")


class Reply(Struct, frozen=True):
    """One reply, of one or more lines, encoded when it is made. ``status`` stands on each line.

    Raises ValueError when the code, the status or a line cannot be said (RFC 5321 4.2, RFC 2034 4).
    """

    code: int
    status: Status | None
    lines: tuple[str, ...]
    octets: bytes = b""    # as it is sent; given only where it is known to be right

    def __post_init__(self) -> None:
        if self.octets:
            return
        if not 200 <= self.code <= 599 or not self.lines:
            raise ValueError(f"{self.code} with {len(self.lines)} lines is no reply")
        if self.status is not None and int(self.status.text[0]) != self.code // 100:
            raise ValueError(f"status {self.status} does not belong to the class of {self.code} (RFC 2034 4)")
        force_setattr(self, "octets", self._encoded())

    def encode(self) -> bytes:
        """The reply as it is sent."""
        return self.octets

    def _encoded(self) -> bytes:
        status = "" if self.status is None else f"{self.status.text} "
        limit = _CHALLENGE_OCTETS_MAX if self.code == 334 else LINE_OCTETS_MAX
        last = len(self.lines) - 1
        pieces = []
        for number, line in enumerate(self.lines):
            piece = f"{self.code}{' ' if number == last else '-'}{status}{line}\r\n"
            if len(piece) > limit or _SAYABLE.fullmatch(line) is None:
                raise ValueError(f"a line of {len(piece)} octets cannot be said in a {self.code} reply")
            pieces.append(piece)
        return "".join(pieces).encode("ascii")


def _say(code: int, status: str | None, *lines: str) -> Reply:
    return Reply(code, None if status is None else Status(status), lines)


# --- the connection -------------------------------------------------------------------------------------------------
SERVICE_REFUSED: Final = _say(554, None, "no SMTP service for you here")    # instead of a greeting (RFC 5321 3.1)
SPOKE_TOO_EARLY: Final = _say(554, None, "you spoke before the greeting; wait for 220 (RFC 5321 4.3.1)")
TOO_MANY_SESSIONS: Final = _say(421, "4.3.2", "too many sessions here at the moment, try again later")
TOO_MANY_SESSIONS_OF_PEER: Final = _say(421, "4.7.0", "too many sessions from your network, close some first")
SHUTTING_DOWN: Final = _say(421, "4.3.2", "this server is shutting down, try again in a minute")
IDLE_TOO_LONG: Final = _say(421, "4.4.2", "nothing heard from you for too long, closing")
INTERNAL_ERROR: Final = _say(421, "4.3.0", "something went wrong here and is written down, try again later")
TOO_MANY_BAD_COMMANDS: Final = _say(421, "4.7.0", "too many bad commands, closing")
TOO_MANY_IDLE_COMMANDS: Final = _say(421, "4.7.0", "too many commands without a message, closing")
LINE_ENDLESS: Final = _say(421, "4.7.0", "a line without end, closing")
NOT_SMTP: Final = _say(421, "4.7.0", "that is HTTP, this is a mail server; closing")
FAREWELL: Final = _say(221, "2.0.0", "goodbye")
# --- commands -------------------------------------------------------------------------------------------------------
DONE: Final = _say(250, "2.0.0", "OK")
HELP: Final = _say(214, "2.0.0", "EHLO HELO MAIL RCPT DATA RSET NOOP QUIT VRFY EXPN HELP and what EHLO names: RFC 5321")
NOT_VERIFIED: Final = _say(252, "2.0.0", "will not verify; send mail to it and we will try our best")
UNRECOGNIZED: Final = _say(500, "5.5.2", "command not recognized")
LINE_TOO_LONG: Final = _say(
    500, "5.5.2", f"line too long; at most {COMMAND_OCTETS_MAX} octets, AUTH {AUTH_OCTETS_MAX:,}"
)
LINE_END_WRONG: Final = _say(500, "5.5.2", "a line ends with CR LF, and neither stands alone (RFC 5321 2.3.8)")
NOT_OFFERED: Final = _say(502, "5.5.1", "command not offered here")
OUT_OF_SEQUENCE: Final = _say(503, "5.5.1", "bad sequence of commands")
HELLO_FIRST: Final = _say(503, "5.5.1", "bad sequence of commands: say EHLO first")
RECIPIENT_FIRST: Final = _say(503, "5.5.1", "bad sequence of commands: no valid recipient, send RCPT first")
QUIT_ONLY: Final = _say(503, "5.5.1", "no service for you here, say QUIT (RFC 5321 3.1)")
NO_ARGUMENT_ALLOWED: Final = _say(501, "5.5.4", "this command takes no argument")
ARGUMENT_MISSING: Final = _say(501, "5.5.4", "this command needs an argument")
ARGUMENT_WRONG: Final = _say(501, "5.5.4", "an argument has printable characters only")
HELLO_WRONG: Final = _say(501, "5.5.4", "say EHLO and your host's name")
# --- the transaction ------------------------------------------------------------------------------------------------
SENDER_ACCEPTED: Final = _say(250, "2.1.0", "sender OK")
RECIPIENT_ACCEPTED: Final = _say(250, "2.1.5", "recipient OK")
SEND_MESSAGE: Final = _say(354, None, "send the message, end it with a line of one dot")
MESSAGE_ACCEPTED: Final = _say(250, "2.0.0", "message accepted")
MAIL_WRONG: Final = _say(501, "5.5.4", "write MAIL FROM:<address> and parameters")
RCPT_WRONG: Final = _say(501, "5.5.4", "write RCPT TO:<address>")
PARAMETER_WRONG: Final = _say(501, "5.5.4", "a parameter is malformed or given twice")
PARAMETER_UNKNOWN: Final = _say(555, "5.5.4", "a parameter is none of those that this server announced")
SENDER_NOT_ASCII: Final = _say(553, "5.6.7", "addresses outside ASCII are not taken here (SMTPUTF8 is not offered)")
RECIPIENT_NOT_ASCII: Final = _say(553, "5.6.7", "no recipients outside ASCII here (SMTPUTF8 is not offered)")
TOO_MANY_RECIPIENTS: Final = _say(452, "4.5.3", "too many recipients, send the rest in another transaction")
STORAGE_FULL: Final = _say(452, "4.3.1", "no room to keep the message, try again later")
TRY_LATER: Final = _say(451, "4.3.0", "this server cannot do that at the moment, try again later")
HEADER_TOO_LARGE: Final = _say(552, "5.3.4", "the header section is over this server's limit, send a shorter one")
MAIL_LOOP: Final = _say(554, "5.4.6", "too many Received fields, the message seems to go round in a loop")
_BARE_CR: Final = _say(554, "5.6.0", "message has a bare CR; each CR must stand before a LF (RFC 5321 2.3.8)")
_BARE_LF: Final = _say(554, "5.6.0", "message has a bare LF; lines must end with CR LF (RFC 5321 2.3.8)")
_NUL: Final = _say(554, "5.6.0", "message has a NUL octet; encode it (RFC 5321 4.5.2, RFC 2045)")
# --- TLS and login --------------------------------------------------------------------------------------------------
READY_FOR_TLS: Final = _say(220, "2.0.0", "ready to start TLS")
TLS_UNAVAILABLE: Final = _say(454, "4.7.0", "TLS is not available at the moment, try again later")
TLS_ALREADY_ON: Final = _say(503, "5.5.1", "TLS is on already")
OCTETS_BEHIND_STARTTLS: Final = _say(501, "5.5.4", "nothing may follow STARTTLS in the clear, closing (RFC 3207 4)")
TLS_FIRST: Final = _say(530, "5.7.0", "must issue a STARTTLS command first")
LOGIN_FIRST: Final = _say(530, "5.7.0", "authentication required: log in with AUTH first")
LOGIN_NEEDS_TLS: Final = _say(538, "5.7.11", "encryption required: start TLS, then log in")
LOGGED_IN: Final = _say(235, "2.7.0", "authenticated")
LOGGED_IN_ALREADY: Final = _say(503, "5.5.1", "authenticated already")
LOGGED_OUT: Final = _say(421, "4.7.0", "your password was changed or taken back, log in again")
LOGIN_CANCELLED: Final = _say(501, "5.7.0", "authentication cancelled")
LOGIN_FAILED: Final = _say(535, "5.7.8", "name or password is wrong")
LOGIN_UNAVAILABLE: Final = _say(454, "4.7.0", "logins cannot be checked at the moment, try again later")
LOGIN_SHUT_OUT: Final = _say(421, "4.7.0", "too many failed logins, wait before you try again")
MECHANISM_UNKNOWN: Final = _say(504, "5.5.4", "authentication mechanism not offered here")
MECHANISM_MISSING: Final = _say(501, "5.5.4", "write AUTH, a mechanism, and at most one initial response")
LOGIN_LINE_TOO_LONG: Final = _say(500, "5.5.6", "authentication exchange line is too long")
NOT_BASE64: Final = _say(501, "5.5.2", "that is no base64 (RFC 4954 4)")
LOGIN_MALFORMED: Final = _say(501, "5.5.2", "that does not follow the authentication mechanism")


# --- replies that name something ------------------------------------------------------------------------------------
@lru_cache(maxsize=16)    # each peer hears one of a few
def greeting(hostname: str) -> Reply:
    """What is said first (RFC 5321 4.2: the domain comes first, "ESMTP" is what old clients look for)."""
    return Reply(220, None, (f"{hostname} ESMTP Posthouse",))


@lru_cache(maxsize=64)    # one for each standing of a peer at each door
def hello(hostname: str, extensions: tuple[str, ...] = ()) -> Reply:
    """The answer to EHLO, or to HELO without extensions (RFC 5321 4.1.1.1)."""
    return Reply(250, None, (hostname, *extensions))


def challenge(octets: bytes) -> Reply:
    """Ask for the next answer of an AUTH exchange (RFC 4954 4)."""
    return Reply(334, None, (encode_base64(octets).decode("ascii"),))


def message_accepted(identifier: str) -> Reply:
    """The final 250, with the word by which our log and history know the message.

    Said more often than all others, and never anything but this: no look is needed whether it can be.
    """
    text = f"message accepted as {identifier}"
    return Reply(250, MESSAGE_ACCEPTED.status, (text,), b"250 2.0.0 %b\r\n" % text.encode("ascii"))


def message_too_large(size_octets: int, limit_octets: int) -> Reply:
    """Said at MAIL of a declared size (RFC 1870 6.1), or after the content (6.3)."""
    return _say(552, "5.3.4", f"message of {size_octets:,} octets is over this server's limit of {limit_octets:,}")


def content_refused(fault: ContentFault, size_octets: int, limit_octets: int) -> Reply:
    """What a fault of the content is answered with."""
    match fault:
        case ContentFault.FAR_TOO_LARGE:
            return _say(421, "4.3.4", f"message is far over this server's limit of {limit_octets:,} octets, closing")
        case ContentFault.TOO_LARGE:
            return message_too_large(size_octets, limit_octets)
        case ContentFault.NUL:
            return _NUL
        case ContentFault.BARE_CARRIAGE_RETURN:
            return _BARE_CR
        case ContentFault.BARE_LINE_FEED:
            return _BARE_LF


def sender_malformed(reason: str) -> Reply:
    """MAIL's path is no reverse-path."""
    return _say(501, "5.1.7", _sayable(reason))


def recipient_malformed(reason: str) -> Reply:
    """RCPT's path is no forward-path."""
    return _say(501, "5.1.3", _sayable(reason))


# The basic code that goes with a status (RFC 5248 2.4 and its registry); else 451 and 550 by class.
_CODES: Final = {
    "4.2.1": 450, "4.2.2": 452, "4.3.1": 452, "4.5.3": 452, "4.7.1": 450,
    "5.1.6": 551, "5.2.2": 552, "5.2.3": 552, "5.3.4": 552, "5.4.6": 554, "5.6.0": 554, "5.7.0": 530,
}


def refusal(status: Status, text: str) -> Reply:
    """A judge's "not now" (4.x.x) or "no" (5.x.x) as a reply; what cannot be said of the text becomes "?".

    Never 421: a verdict does not end the session. Raises ValueError for a status of success.
    """
    kind = status.text[0]
    if kind == "2":
        raise ValueError(f"{status} refuses nothing")
    return Reply(_CODES.get(status.text, 451 if kind == "4" else 550), status, (_sayable(text),))


def _sayable(text: str) -> str:
    """Text that may hold anything, made fit for one reply line."""
    return _UNSAYABLE.sub("?", text)[: LINE_OCTETS_MAX - 40]
