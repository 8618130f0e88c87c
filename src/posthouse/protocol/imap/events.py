"""What a session reports. Events that carry ``octets`` are answers already made: write them, in order."""

from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final

from msgspec import Struct

from posthouse.protocol.imap.commands import Append, Command


class Wait(Enum):
    """Why there is no event now."""

    NEED_DATA = auto()    # more octets must come
    PAUSED = auto()       # an answer must be given, or TLS be started, or the connection be closed


NEED_DATA: Final = Wait.NEED_DATA
PAUSED: Final = Wait.PAUSED


class CommandReceived(Struct, frozen=True):
    """A command that may be given now. The session is paused until ``send`` answers it."""

    tag: bytes
    command: Command


@dataclass(frozen=True, slots=True)
class LiteralAwaited:
    """The peer waits for leave to send a literal of a command (RFC 3501 4.3)."""

    octets: bytes


@dataclass(frozen=True, slots=True)
class AppendStarted:
    """APPEND is about to bring ``size_octets`` octets. Paused until ``accept_append`` or ``refuse_append``."""

    tag: bytes
    command: Append
    size_octets: int


@dataclass(frozen=True, slots=True)
class ChunkReceived:
    """The next octets of APPEND's message, at most CHUNK_OCTETS_MAX."""

    octets: bytes


@dataclass(frozen=True, slots=True)
class AppendEnded:
    """APPEND's message is complete. The session is paused until ``send`` answers it."""


@dataclass(frozen=True, slots=True)
class AppendRefused:
    """APPEND is over though its message was not complete, or was not alone: what came of it must be dropped."""

    octets: bytes
    text: str


@dataclass(frozen=True, slots=True)
class ContinuationLine:
    """The answer to AUTHENTICATE's challenge, as sent: base64, or ``*`` to cancel. Paused as the command was."""

    octets: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class IdleDone:
    """DONE ends IDLE. The session is paused until ``send`` answers the IDLE command."""


@dataclass(frozen=True, slots=True)
class CommandRefused:
    """A command could not be read or may not be given now; an IDLE or AUTHENTICATE in progress is over, too."""

    octets: bytes
    text: str


@dataclass(frozen=True, slots=True)
class SessionEnded:
    """The peer went too far: write the octets (a BYE among them) and close. What it had begun must be dropped."""

    octets: bytes
    text: str


Event = (
    CommandReceived | LiteralAwaited | AppendStarted | ChunkReceived | AppendEnded | AppendRefused | ContinuationLine
    | IdleDone | CommandRefused | SessionEnded
)  # fmt: skip
