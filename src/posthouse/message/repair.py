"""What submission adds and leaves out (RFC 6409 8): a message is made complete without changing its octets.

The outcome is literal octets to put before the message and ranges of it not to show; the view holds both.
"""

from dataclasses import dataclass
from typing import Final

from posthouse.message.address import Domain
from posthouse.message.dates import ZonedInstant, format_date_time
from posthouse.message.headers import HeaderSection
from posthouse.message.view import Range

# What a submitter may not show or claim: blind copies (RFC 5322 3.6.3, 3.6.6), the field of final delivery (RFC 5321
# 4.4).
_LEFT_OUT: Final = frozenset({b"bcc", b"resent-bcc", b"return-path"})


@dataclass(frozen=True, slots=True)
class RepairFacts:
    """What a missing field is made of. ``token`` is unique and of dot-atom characters (RFC 5322 3.6.4)."""

    at: ZonedInstant
    token: str
    hostname: Domain


@dataclass(frozen=True, slots=True)
class Repair:
    """What to change in what is seen of a submitted message."""

    added: bytes    # whole fields with their line ends, empty when nothing is missing
    omitted: tuple[Range, ...]    # of the octets that were parsed, in order


def repair(section: HeaderSection, facts: RepairFacts) -> Repair:
    """Say what a submitted message lacks (Date, Message-ID: RFC 6409 8.2, 8.3) and what must not be shown of it."""
    added = b""
    if not section.first(b"date"):
        added += f"Date: {format_date_time(facts.at)}\r\n".encode()
    if not section.first(b"message-id"):
        added += f"Message-ID: <{facts.token}@{facts.hostname.key}>\r\n".encode()
    return Repair(added, tuple(_left_out(section)))


def _left_out(section: HeaderSection) -> list[Range]:
    """Fields that are not shown: the forbidden ones, and an empty Date or Message-ID, which is replaced."""
    names = _LEFT_OUT | {name for name in _COMPLETED if section.first(name) == b""}
    if not section.names() & names:
        return []
    return [Range(field.start, field.end - field.start) for field in section.fields if field.lower in names]


_COMPLETED: Final = (b"date", b"message-id")
