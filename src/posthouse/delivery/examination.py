"""Looking into a message, once: its header section and its MIME structure, by offsets into the stored bytes."""

from mmap import mmap

from msgspec import Struct

from posthouse.message.headers import HeaderSection
from posthouse.message.mime import Part, scan


class Examined(Struct, frozen=True):
    """What was found; nothing is malformed enough to be refused for it."""

    section: HeaderSection
    root: Part


def examine(octets: bytes | mmap) -> Examined:
    """Parse a whole message. Bounded by the limits of `message.mime`; takes long for a big one: then on a thread."""
    section = HeaderSection.parse(octets)
    return Examined(section, scan(octets, section))
