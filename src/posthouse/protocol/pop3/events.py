"""What a session tells its door. Whatever a door writes, it asks ``is_closed`` afterwards and then closes."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

from posthouse.protocol.sasl.mechanisms import Credentials


class Signal(Enum):
    """No event now."""

    NEED_DATA = auto()    # read from the peer
    PAUSED = auto()    # stop reading: an answer is awaited, or the session is closed


NEED_DATA = Signal.NEED_DATA
PAUSED = Signal.PAUSED


@dataclass(frozen=True, slots=True)
class ReplyReady:
    """Write these octets; the session knew the reply itself."""

    octets: bytes


@dataclass(frozen=True, slots=True)
class ListingReady:
    """Write these pages one after another, each when there is room; then ask for the next event."""

    pages: Iterator[bytes]


@dataclass(frozen=True, slots=True)
class CredentialsGiven:
    """Answer with LoginAccepted or LoginRefused."""

    credentials: Credentials


@dataclass(frozen=True, slots=True)
class UpgradeReady:
    """Stop reading, write these octets, make the TLS handshake, then call ``tls_established``."""

    octets: bytes


@dataclass(frozen=True, slots=True)
class MessageRequested:
    """Answer with ``stream(MessageFollows(...))`` or ``send(MessageRefused(...))``.

    ``body_lines`` is how many lines of the body are wanted (TOP); None means all of it (RETR). The session cuts.
    """

    number: int
    uid: int
    body_lines: int | None


@dataclass(frozen=True, slots=True)
class UpdateRequested:
    """QUIT: delete these messages in one transaction, then answer with MailboxUpdated or MailboxFailed."""

    uids: tuple[int, ...]


Event = ReplyReady | ListingReady | CredentialsGiven | UpgradeReady | MessageRequested | UpdateRequested
