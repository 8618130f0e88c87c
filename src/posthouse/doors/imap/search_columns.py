"""The keys of a search that the listing's columns answer, a whole chunk at a time."""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from typing import Final

from posthouse.doors.imap.flag_names import SYSTEM_BITS
from posthouse.doors.imap.search_bounds import Bounds, Mask, every, mask_of
from posthouse.doors.imap.search_days import MINUTE_MICROSECONDS, ZONE_MICROSECONDS_MAX, Days
from posthouse.doors.imap.selected import Selected
from posthouse.protocol.imap.flags import RECENT, Flag
from posthouse.protocol.imap.search_keys import (
    Everything,
    HasFlag,
    InSequence,
    InUids,
    Larger,
    Received,
    SearchKey,
    Sent,
    Smaller,
)
from posthouse.protocol.imap.sequence_set import Ranges
from posthouse.store.listing import Chunk
from posthouse.store.placements import Placements

COLUMN_KEYS: Final = (Everything, HasFlag, InSequence, InUids, Larger, Smaller, Received, Sent)
"""Keys that the columns answer; Sent alone they leave open, for messages close to the border of a day."""


class Columns:
    """What the columns of one mailbox say to the keys of one search."""

    __slots__ = ("_keyword_bits", "_ranges", "_recent_from")

    def __init__(self, selected: Selected, keys: frozenset[SearchKey], keyword_bits: Mapping[Flag, int]) -> None:
        """`keys`: those that will be asked for. `keyword_bits`: masks; a keyword that no message has may be absent."""
        self._recent_from = selected.recent_from
        self._keyword_bits = keyword_bits
        self._ranges: dict[SearchKey, Ranges] = {}
        for key in keys:
            match key:
                case InSequence(messages):
                    self._ranges[key] = messages.resolve(len(selected.known))
                case InUids(uids):
                    self._ranges[key] = uids.resolve(selected.known.largest_uid())

    def bounds(self, key: SearchKey, chunk: Chunk, before: int) -> Bounds:
        """What one of COLUMN_KEYS finds in a chunk that has so many messages before it."""
        if isinstance(key, Sent):
            return _sent(Days.of(key.when, key.day), chunk.placements)
        mask = self._mask(key, chunk, before)
        return Bounds(mask, mask)

    def _mask(self, key: SearchKey, chunk: Chunk, before: int) -> Mask:
        placements = chunk.placements
        match key:
            case HasFlag(flag):
                return self._with_flag(flag, placements)
            case InSequence():
                return _within(self._ranges[key], range(before + 1, before + 1 + len(chunk)))
            case InUids():
                return _within(self._ranges[key], placements.uids)
            case Larger(octets):
                return mask_of([size > octets for size in placements.sizes])
            case Smaller(octets):
                return mask_of([size < octets for size in placements.sizes])
            case Received(when, day):
                return _received(Days.of(when, day), placements)
            case _:
                return every(len(chunk))

    def _with_flag(self, flag: Flag, placements: Placements) -> Mask:
        if flag == RECENT:
            old = bisect_left(placements.uids, self._recent_from)
            return every(len(placements)) ^ every(old)
        bit = SYSTEM_BITS.get(flag) or self._keyword_bits.get(flag, 0)
        return mask_of([bits & bit != 0 for bits in placements.bits]) if bit else 0


def _within(ranges: Ranges, numbers: Sequence[int]) -> Mask:
    """The messages whose numbers, which ascend, lie in ascending ranges."""
    flags = bytearray(len(numbers))
    start = bisect_left(ranges, numbers[0], key=lambda one: one[1])
    stop = bisect_right(ranges, numbers[-1], key=lambda one: one[0])
    for low, high in ranges[start:stop]:
        first, past = bisect_left(numbers, low), bisect_right(numbers, high)
        flags[first:past] = b"\1" * (past - first)
    return mask_of(flags)


def _received(days: Days, placements: Placements) -> Mask:
    first, past, minute = days.first, days.past, MINUTE_MICROSECONDS
    moments = zip(placements.internal_dates, placements.zones, strict=True)
    return mask_of([first <= at + zone * minute < past for at, zone in moments])


def _sent(days: Days, placements: Placements) -> Bounds:
    """The columns have the instant alone: it decides where no zone could make another day of it."""
    first, past, zone = days.first, days.past, ZONE_MICROSECONDS_MAX
    surely = mask_of([first + zone <= at < past - zone for at in placements.sent_dates])
    perhaps = mask_of([first - zone <= at < past + zone for at in placements.sent_dates])
    return Bounds(surely, perhaps)
