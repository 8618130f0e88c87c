"""What a door answers to a session's events; the session turns it into octets (``ServerSession.send``)."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, auto

from posthouse.protocol.pop3.maildrop import Maildrop


class LoginRefusal(Enum):
    """Why a login failed."""

    WRONG = auto()    # name or password; which of them is never told
    SHUT_OUT = auto()    # too many wrong passwords: not looked at for a while
    BUSY = auto()    # we cannot look at the password now


class MessageRefusal(Enum):
    """Why a message cannot be sent."""

    GONE = auto()    # another session expunged it
    FAILED = auto()    # we cannot read it now


@dataclass(frozen=True, slots=True)
class LoginAccepted:
    """The credentials are right, and this is the account's maildrop."""

    maildrop: Maildrop


@dataclass(frozen=True, slots=True)
class LoginRefused:
    why: LoginRefusal


@dataclass(frozen=True, slots=True)
class MessageFollows:
    """The message's octets in order, as pieces that are drawn only when they are written.

    ``header_octets`` is the length of the header section with its empty line: where TOP begins to count.
    """

    size_octets: int
    header_octets: int
    chunks: Iterable[bytes]


@dataclass(frozen=True, slots=True)
class MessageRefused:
    why: MessageRefusal


@dataclass(frozen=True, slots=True)
class MailboxUpdated:
    """The marked messages are deleted, durably."""


@dataclass(frozen=True, slots=True)
class MailboxFailed:
    """The marked messages could not be deleted; none of them is."""


Answer = LoginAccepted | LoginRefused | MessageFollows | MessageRefused | MailboxUpdated | MailboxFailed
