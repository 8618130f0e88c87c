"""Looking into a message, once: its header section and its MIME structure, by offsets into the stored bytes."""

from mmap import mmap
from typing import Final

from msgspec import Struct

from posthouse.message.headers import HeaderSection
from posthouse.message.mime import Part, scan, scan_if_quick

# The longest that real mail has is about as long (Exchange refuses more than 64 KiB): beyond it the parsing shows.
QUICK_HEADER_OCTETS_MAX: Final = 16 * 1024


class Examined(Struct, frozen=True):
    """What was found; nothing is malformed enough to be refused for it."""

    section: HeaderSection
    root: Part


def examine(octets: bytes | mmap) -> Examined:
    """Parse a whole message. Bounded by the limits of `message.mime`; takes long for a big one: then on a thread."""
    section = HeaderSection.parse(octets)
    return Examined(section, scan(octets, section))


def examine_if_quick(octets: bytes) -> Examined | None:
    """The same for a message that is soon read, as nearly all are, whatever their length.

    None for one that was made to be costly: 256 KiB of nothing but parts take half a second, in which the loop would
    serve nobody else. It is to be examined on a thread.
    """
    if len(octets) > QUICK_HEADER_OCTETS_MAX and octets.find(b"\r\n\r\n", 0, QUICK_HEADER_OCTETS_MAX) < 0:
        return None
    section = HeaderSection.parse(octets)
    root = scan_if_quick(octets, section)
    return None if root is None else Examined(section, root)
