"""What SEARCH asks for (RFC 3501 6.4.4), as a tree: text decoded, shorthands spelled out.

``UNSEEN`` is Not(HasFlag(SEEN)), ``NEW`` is And((HasFlag(RECENT), Not(HasFlag(SEEN)))), ``OLD`` is
Not(HasFlag(RECENT)); BCC, CC, FROM, SUBJECT and TO are HeaderContains of that field.
"""

from dataclasses import dataclass
from datetime import date
from enum import Enum, auto

from posthouse.protocol.imap.flags import Flag
from posthouse.protocol.imap.sequence_set import SequenceSet


class When(Enum):
    """How a message's day stands to the day that is named; times and zones are disregarded (RFC 3501 6.4.4)."""

    BEFORE = auto()
    ON = auto()
    SINCE = auto()    # that day or later


@dataclass(frozen=True, slots=True)
class Everything:
    """ALL: every message."""


@dataclass(frozen=True, slots=True)
class And:
    """Messages that every one of the keys finds; there is at least one."""

    keys: tuple["SearchKey", ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Messages that either key finds."""

    one: "SearchKey"
    other: "SearchKey"


@dataclass(frozen=True, slots=True)
class Not:
    """Messages that the key does not find."""

    key: "SearchKey"


@dataclass(frozen=True, slots=True)
class InSequence:
    """Messages by sequence number."""

    messages: SequenceSet


@dataclass(frozen=True, slots=True)
class InUids:
    """Messages by UID."""

    uids: SequenceSet


@dataclass(frozen=True, slots=True)
class HasFlag:
    """Messages with a system flag, \\Recent included, or with a keyword."""

    flag: Flag


@dataclass(frozen=True, slots=True)
class HeaderContains:
    """Messages with this header field (lower case) whose text contains ``text``; when empty, with the field at all."""

    field: bytes
    text: str


@dataclass(frozen=True, slots=True)
class BodyContains:
    """Messages whose body contains ``text``."""

    text: str


@dataclass(frozen=True, slots=True)
class TextContains:
    """Messages whose header section or body contains ``text``."""

    text: str


@dataclass(frozen=True, slots=True)
class Received:
    """Messages by the day of their internal date: BEFORE, ON, SINCE."""

    when: When
    day: date


@dataclass(frozen=True, slots=True)
class Sent:
    """Messages by the day of their Date field: SENTBEFORE, SENTON, SENTSINCE."""

    when: When
    day: date


@dataclass(frozen=True, slots=True)
class Larger:
    """Messages of more than so many octets."""

    octets: int


@dataclass(frozen=True, slots=True)
class Smaller:
    """Messages of fewer than so many octets."""

    octets: int


SearchKey = (
    Everything | And | Or | Not | InSequence | InUids | HasFlag | HeaderContains | BodyContains | TextContains
    | Received | Sent | Larger | Smaller
)  # fmt: skip
