"""The octets of BODY[...] items (RFC 3501 6.4.5): from the ready-made fields where they suffice, or the message."""

from collections.abc import Sequence
from typing import Final

from posthouse.delivery.rendition import USUAL_FIELDS, choose_fields, find_section, select_fields
from posthouse.message.view import Range
from posthouse.protocol.imap.fetch_items import BodySection, SectionKind
from posthouse.runtime.disk import Disk
from posthouse.store.reading import StoredMessage

FIELDS_KINDS: Final = frozenset({SectionKind.HEADER_FIELDS, SectionKind.HEADER_FIELDS_NOT})


def needs_fields_alone(item: BodySection) -> bool:
    """Whether the header fields that are kept ready answer it: no message need be read."""
    section = item.section
    return not section.path and section.kind is SectionKind.HEADER_FIELDS and section.names <= USUAL_FIELDS


def from_fields(item: BodySection, indexes: Sequence[bytes], fields: Sequence[bytes]) -> list[bytes]:
    """The octets of an item that the ready-made fields of some messages answer."""
    chosen = choose_fields(item.section.names, zip(indexes, fields, strict=True))
    return chosen if item.partial is None else [_part_of(octets, item) for octets in chosen]


def range_of(item: BodySection, parts: bytes, message: StoredMessage) -> Range | None:
    """Which octets of the message an item asks for, its partial applied; None when there is no such section.

    Not for the two FIELDS kinds, whose octets are chosen from a header section.
    """
    found = find_section(parts, item.section.path, item.section.kind, message.view)
    if found is None or item.partial is None:
        return found
    offset = min(item.partial.offset, found.length)
    return Range(found.offset + offset, min(item.partial.length, found.length - offset))


def from_message(item: BodySection, parts: bytes, message: StoredMessage, disk: Disk) -> bytes | None:
    """The octets of an item, read from the message; None when there is no such section. Raises DatabaseError."""
    section = item.section
    if section.kind is SectionKind.WHOLE and not section.path and item.partial is None:
        return message.read(disk)
    if section.kind not in FIELDS_KINDS:
        found = range_of(item, parts, message)
        return None if found is None else message.read(disk, found.offset, found.length)
    header = find_section(parts, section.path, SectionKind.HEADER, message.view)
    if header is None:
        return None
    octets = message.read(disk, header.offset, header.length)
    excluded = section.kind is SectionKind.HEADER_FIELDS_NOT
    return _part_of(select_fields(octets, section.names, exclude=excluded), item)


def _part_of(octets: bytes, item: BodySection) -> bytes:
    partial = item.partial
    return octets if partial is None else octets[partial.offset:partial.offset + partial.length]
