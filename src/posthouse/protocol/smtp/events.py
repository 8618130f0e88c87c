"""What an SMTP door hears from the core. Every event but ChunkReceived and PeerLeft awaits exactly one reply.

Where the core already knows the answer, the event carries it as ``reply``: say that, unless there is a reason to say
something worse.
"""

from dataclasses import dataclass, field
from enum import Enum, auto

from msgspec import Struct

from posthouse.message.address import ForwardPath, ReversePath
from posthouse.message.envelope import BodyType
from posthouse.protocol.smtp.data import ContentFault
from posthouse.protocol.smtp.replies import Reply


class Wait(Enum):
    """Why there is no event now."""

    NEED_DATA = auto()    # read more from the peer
    PAUSED = auto()    # an answer is due, TLS is being set up, or the session is closed


@dataclass(frozen=True, slots=True)
class ReplyReady:
    """A command that needs no judgement, or a mistake of the peer's: say ``reply``."""

    reply: Reply


@dataclass(frozen=True, slots=True)
class Hello:
    """EHLO or HELO: what the peer calls itself, unverified. A transaction that was open is over."""

    ehlo_name: str
    is_extended: bool    # EHLO: the trace field says ESMTP (RFC 3848)
    reply: Reply


class MailReceived(Struct, frozen=True):
    """MAIL: a transaction begins, and what was known of an earlier one is void."""

    reverse_path: ReversePath
    body_type: BodyType
    declared_size_octets: int | None    # RFC 1870: within our limit


class RcptReceived(Struct, frozen=True):
    forward_path: ForwardPath


@dataclass(frozen=True, slots=True)
class DataRequested:
    """DATA, with at least one recipient accepted: 354 lets the content come."""


@dataclass(frozen=True, slots=True)
class ChunkReceived:
    """The next octets of the message, dot-stuffing undone; at most CHUNK_OCTETS_MAX. Answered by nothing."""

    octets: bytes = field(repr=False)


class MessageEnded(Struct, frozen=True):
    """The content is complete and clean; all of it came as chunks."""

    size_octets: int


@dataclass(frozen=True, slots=True)
class MessageRefused:
    """The content broke a rule and is worth nothing: drop what came of it, say ``reply``."""

    fault: ContentFault
    reply: Reply


@dataclass(frozen=True, slots=True)
class ResetReceived:
    """RSET: a transaction that was open is over."""

    reply: Reply


@dataclass(frozen=True, slots=True)
class AuthRequested:
    """AUTH with a mechanism that we offer. ``initial`` is decoded; None when there was no initial response.

    Answer 334 to ask on (then AuthAnswered or ReplyReady follows), 235 or a refusal.
    """

    mechanism: str
    initial: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class AuthAnswered:
    """The peer's answer to a challenge, decoded."""

    octets: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class StartTlsRequested:
    """STARTTLS. Stop reading from the socket before the next step; then 220 is said and the handshake begins."""

    reply: Reply


@dataclass(frozen=True, slots=True)
class PeerLeft:
    """The peer closed its side and everything it had said is answered. An unfinished message is void."""


Event = (
    ReplyReady | Hello | MailReceived | RcptReceived | DataRequested | ChunkReceived | MessageEnded | MessageRefused
    | ResetReceived | AuthRequested | AuthAnswered | StartTlsRequested | PeerLeft
)
