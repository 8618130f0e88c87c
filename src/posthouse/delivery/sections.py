"""Sections of a message by part number (RFC 3501 6.4.5), found in a packed form without reading the message again.

The packed form is a run of records, one a part in the order of their beginning; a message that is a single part needs
none. Offsets count from the body's start, so that they hold in every view.
"""

import struct
from enum import Enum
from typing import Final, NamedTuple

from posthouse.message.mime import Part
from posthouse.message.view import Range, View
from posthouse.protocol.imap.fetch_items import SectionKind


class _Shape(Enum):
    LEAF = 0
    MULTIPART = 1
    MESSAGE = 2


class _Record(NamedTuple):
    within: int    # records of the parts within, which follow this one
    shape: _Shape
    header_start: int
    body_start: int
    body_end: int


# within, shape, header start, body start, body end: a message has at most 4 GiB and MimeLimits.parts_max parts.
_PACKED: Final = struct.Struct("<HBIII")


def pack_parts(root: Part) -> bytes:
    """Pack the offsets of all parts of a message."""
    return b"".join(_packed(root)) if root.parts else b""


def find_section(parts: bytes, path: tuple[int, ...], kind: SectionKind, view: View) -> Range | None:
    """Where a section lies in a view's octets; None when there is no such part, or it has no such section.

    ``path`` is the part number, empty for the message itself; every message has a part 1, its body if nothing else.
    """
    if not path:
        return _of_whole_message(kind, view)
    records = _Records(parts, view)
    at = records.resolve(path)
    if at is None:
        return None
    if kind is SectionKind.WHOLE:
        return records.body(at)
    if kind is SectionKind.MIME:
        return records.header(at)
    return records.of_message(at + 1, kind) if records[at].shape is _Shape.MESSAGE else None


def _of_whole_message(kind: SectionKind, view: View) -> Range | None:
    match kind:
        case SectionKind.WHOLE:
            return Range(0, view.size_octets)
        case SectionKind.HEADER:
            return Range(0, view.header_octets)
        case SectionKind.TEXT:
            return Range(view.header_octets, view.size_octets - view.header_octets)
        case _:
            return None


class _Records:
    """The packed parts of one message, as seen in one view."""

    __slots__ = ("base", "packed")

    def __init__(self, packed: bytes, view: View) -> None:
        body_octets = view.size_octets - view.header_octets
        self.packed = packed or _PACKED.pack(0, _Shape.LEAF.value, 0, 0, body_octets)
        self.base = view.header_octets

    def __getitem__(self, at: int) -> _Record:
        within, shape, header_start, body_start, body_end = _PACKED.unpack_from(self.packed, at * _PACKED.size)
        return _Record(within, _Shape(shape), header_start, body_start, body_end)

    def resolve(self, path: tuple[int, ...]) -> int | None:
        """Which record a part number names; None when there is no such part."""
        at = 0
        is_message = True    # whether the record stands for a whole message, whose part 1 it is unless a multipart
        for number in path:
            record = self[at]
            if record.shape is _Shape.MESSAGE and not is_message:
                at, is_message = at + 1, True
                record = self[at]
            if record.shape is _Shape.MULTIPART:
                child = self.child(at, number)
                if child is None:
                    return None
                at = child
            elif not is_message or number != 1:
                return None
            is_message = False
        return at

    def child(self, at: int, number: int) -> int | None:
        """The record of a multipart's part, counted from 1."""
        end = at + 1 + self[at].within
        child = at + 1
        for _ in range(number - 1):
            if child >= end:
                return None
            child += 1 + self[child].within
        return child if number > 0 and child < end else None

    def of_message(self, at: int, kind: SectionKind) -> Range | None:
        """HEADER or TEXT of the message whose root a record is."""
        if kind is SectionKind.HEADER:
            return self.header(at)
        return self.body(at) if kind is SectionKind.TEXT else None

    def header(self, at: int) -> Range:
        """A part's own header section; the root's is the view's."""
        record = self[at]
        start = self.base + record.header_start if at else 0
        return Range(start, self.base + record.body_start - start)

    def body(self, at: int) -> Range:
        record = self[at]
        return Range(self.base + record.body_start, record.body_end - record.body_start)


def _packed(part: Part) -> list[bytes]:
    """A part's record and those of the parts within, in the order in which they begin."""
    within = [record for inner in part.parts for record in _packed(inner)]
    shape = _Shape.MULTIPART if part.is_multipart else _Shape.MESSAGE if part.is_message else _Shape.LEAF
    header_start = max(part.header_start, 0)    # the root's lies before the body; only the view knows where
    return [_PACKED.pack(len(within), shape.value, header_start, part.body_start, part.body_end), *within]
