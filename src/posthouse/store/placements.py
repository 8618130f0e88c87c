"""What is known of messages in a mailbox: parallel columns, about 42 octets a message, and their stored form.

One layout serves change records and listing rows. Integers are little-endian; keywords and system keywords are one
bit set, stored in lanes of 64.
"""

import struct
import sys
from array import array
from collections.abc import Iterator
from itertools import compress
from typing import Final, TypeVar

from msgspec import Struct

from posthouse.database.identifiers import MessageId, Uid

SEEN: Final = 1
ANSWERED: Final = 2
FLAGGED: Final = 4
DELETED: Final = 8
DRAFT: Final = 16
FIRST_KEYWORD_BIT: Final = 8      # bits 5-7 are kept for what standards may still add
KEYWORDS_MAX: Final = 248         # 255 bits in all (STORE: layout)

_HEAD = struct.Struct("<BI")            # lanes, count
_ONE = struct.Struct("<BIIqIqhqQ")      # the same layout for one message whose bits fit one lane
_OCTETS_BUT_BITS: Final = struct.calcsize("<IqIqhq")
_LANE = (1 << 64) - 1
_SWAP = sys.byteorder == "big"
_RUNS_CUT_MAX: Final = 64         # more of them are sieved: each cut moves all that lies behind it

DAMAGED: Final = (ValueError, IndexError, OverflowError, struct.error)
"""What decoding raises for octets that are no stored form."""
Run = tuple[int, int]
"""Indices from the first to before the second."""
Column = TypeVar("Column", "array[int]", list[int])


class Placement(Struct, frozen=True):
    """One message in a mailbox. `bits`: its keywords; dates are UTC microseconds, `zone` minutes east."""

    uid: Uid
    message_id: MessageId
    size_octets: int
    internal_date: int
    zone: int
    sent_date: int
    bits: int


class Placements(Struct, frozen=True):
    """Many messages in UID order, a column each. The columns are shared and never changed in place."""

    uids: "array[int]"
    message_ids: "array[int]"
    sizes: "array[int]"
    internal_dates: "array[int]"
    zones: "array[int]"
    sent_dates: "array[int]"
    bits: list[int]

    @staticmethod
    def empty() -> "Placements":
        """No message."""
        return Placements(array("I"), array("q"), array("I"), array("q"), array("h"), array("q"), [])

    def __len__(self) -> int:
        return len(self.uids)

    def __iter__(self) -> Iterator[Placement]:
        for index in range(len(self.uids)):
            yield self.at(index)

    def at(self, index: int) -> Placement:
        """The message at an index."""
        return Placement(
            Uid(self.uids[index]),
            MessageId(self.message_ids[index]),
            self.sizes[index],
            self.internal_dates[index],
            self.zones[index],
            self.sent_dates[index],
            self.bits[index],
        )

    def part(self, start: int, stop: int) -> "Placements":
        """Those from one index to before another."""
        cut = slice(start, stop)
        return Placements(
            self.uids[cut],
            self.message_ids[cut],
            self.sizes[cut],
            self.internal_dates[cut],
            self.zones[cut],
            self.sent_dates[cut],
            self.bits[cut],
        )

    def kept(self, keep: list[bool]) -> "Placements":
        """Those whose entry in `keep` is true."""
        return Placements(
            array("I", compress(self.uids, keep)),
            array("q", compress(self.message_ids, keep)),
            array("I", compress(self.sizes, keep)),
            array("q", compress(self.internal_dates, keep)),
            array("h", compress(self.zones, keep)),
            array("q", compress(self.sent_dates, keep)),
            list(compress(self.bits, keep)),
        )

    def without(self, runs: list[Run]) -> "Placements":
        """Those outside some ascending runs of indices."""
        return Placements(
            cut(self.uids, runs),
            cut(self.message_ids, runs),
            cut(self.sizes, runs),
            cut(self.internal_dates, runs),
            cut(self.zones, runs),
            cut(self.sent_dates, runs),
            cut(self.bits, runs),
        )

    def joined(self, others: "Placements") -> "Placements":
        """These, then others."""
        return Placements(
            self.uids + others.uids,
            self.message_ids + others.message_ids,
            self.sizes + others.sizes,
            self.internal_dates + others.internal_dates,
            self.zones + others.zones,
            self.sent_dates + others.sent_dates,
            self.bits + others.bits,
        )

    def renumbered(self, first_uid: Uid) -> "Placements":
        """The same messages under new UIDs, one after another: as a copy of them stands elsewhere."""
        return Placements(
            array("I", range(first_uid, first_uid + len(self))),
            self.message_ids,
            self.sizes,
            self.internal_dates,
            self.zones,
            self.sent_dates,
            self.bits,
        )

    def unseen(self) -> int:
        """How many have not been seen."""
        return sum(1 for bits in self.bits if not bits & SEEN)

    def octets(self) -> int:
        """The sum of their sizes."""
        return sum(self.sizes)

    def encode(self) -> bytes:
        """The stored form."""
        lanes = max(1, (max(self.bits, default=0).bit_length() + 63) // 64)
        columns: list[array[int]] = [
            self.uids,
            self.message_ids,
            self.sizes,
            self.internal_dates,
            self.zones,
            self.sent_dates,
            *_lanes(self.bits, lanes),
        ]
        return _HEAD.pack(lanes, len(self)) + b"".join(little_endian(column) for column in columns)

    @staticmethod
    def decode(octets: bytes) -> "Placements":
        """Read the stored form back. Raises one of DAMAGED when it is none."""
        lanes, count = _HEAD.unpack_from(octets)
        if len(octets) != _HEAD.size + count * (_OCTETS_BUT_BITS + 8 * lanes):
            raise ValueError("the columns are not of the length that they tell")
        at = _HEAD.size
        columns: list[array[int]] = []
        for code in ("I", "q", "I", "q", "h", "q", *("Q" * lanes)):
            column = column_of(code, octets[at:at + array(code).itemsize * count])
            at += column.itemsize * count
            columns.append(column)
        uids, message_ids, sizes, internal_dates, zones, sent_dates, lowest, *higher = columns
        bits = lowest.tolist()
        for lane, column in enumerate(higher, 1):
            bits = [low | high << (64 * lane) for low, high in zip(bits, column, strict=True)]
        return Placements(uids, message_ids, sizes, internal_dates, zones, sent_dates, bits)


def encode_one(placement: Placement) -> bytes:
    """The stored form of a single message: what `Placements.encode` makes of it, without the columns."""
    if placement.bits > _LANE:
        return several([placement]).encode()
    return _ONE.pack(
        1,
        1,
        placement.uid,
        placement.message_id,
        placement.size_octets,
        placement.internal_date,
        placement.zone,
        placement.sent_date,
        placement.bits,
    )


def message_ids_of(octets: bytes) -> "array[int]":
    """The message_ids in a stored form, without reading the rest of it."""
    _, count = _HEAD.unpack_from(octets)
    start = _HEAD.size + 4 * count      # behind the UIDs
    return column_of("q", octets[start:start + 8 * count])


def several(placements: list[Placement]) -> Placements:
    """Columns of single messages."""
    return Placements(
        array("I", [one.uid for one in placements]),
        array("q", [one.message_id for one in placements]),
        array("I", [one.size_octets for one in placements]),
        array("q", [one.internal_date for one in placements]),
        array("h", [one.zone for one in placements]),
        array("q", [one.sent_date for one in placements]),
        [one.bits for one in placements],
    )


def _lanes(bits: list[int], lanes: int) -> "list[array[int]]":
    if lanes == 1:
        return [array("Q", bits)]
    return [array("Q", [(one >> (64 * lane)) & _LANE for one in bits]) for lane in range(lanes)]


def cut(column: Column, runs: list[Run]) -> Column:
    """A column without some ascending runs of indices."""
    kept = column[:]
    if len(runs) <= _RUNS_CUT_MAX:
        for start, stop in reversed(runs):
            del kept[start:stop]
        return kept
    del kept[:]
    start = 0
    for stop, beyond in runs:
        kept.extend(column[start:stop])
        start = beyond
    kept.extend(column[start:])
    return kept


def little_endian(column: "array[int]") -> bytes:
    """The stored form of one column."""
    if _SWAP:
        column = column[:]
        column.byteswap()
    return column.tobytes()


def column_of(code: str, octets: bytes) -> "array[int]":
    """Read one column's stored form back; `code` is array's."""
    column = array(code)
    column.frombytes(octets)
    if _SWAP:
        column.byteswap()
    return column
