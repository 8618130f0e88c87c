"""Messages a page at a time, whether or not they stand side by side (DESIGN 5: at most 1,000 rows)."""

from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate
from typing import Final

from msgspec import Struct

from posthouse.protocol.imap.commands import Numbering
from posthouse.protocol.imap.sequence_set import SequenceSet
from posthouse.store.changes import UidRange
from posthouse.store.listing import Listing, joined
from posthouse.store.placements import Placements

PAGE_MESSAGES_MAX: Final = 1000
PAGE_OCTETS_MAX: Final = 1 << 20


class Page(Struct, frozen=True):
    """Some messages in order: the sequence number of each, and what is known of it."""

    numbers: list[int]
    placements: Placements

    def __len__(self) -> int:
        return len(self.numbers)

    def part(self, start: int, stop: int) -> "Page":
        """Those from one index to before another."""
        return Page(self.numbers[start:stop], self.placements.part(start, stop))

    def parts(self, octets_max: int) -> Iterator["Page"]:
        """The same messages in pages of no more than so many octets each, or of one message that has more."""
        start = 0
        while start < len(self):
            fitting = bisect_right(list(accumulate(self.placements.sizes[start:])), octets_max)
            stop = start + max(1, fitting)
            yield self if stop - start == len(self) else self.part(start, stop)
            start = stop


def pages(
    known: Listing, ranges: tuple[UidRange, ...], messages_max: int = PAGE_MESSAGES_MAX
) -> Iterator[Page]:
    """The messages of some UID ranges, so many at a time."""
    numbers: list[int] = []
    parts: list[Placements] = []
    for chunk, first, past, number in known.spans(ranges):
        start = first
        while start < past:
            stop = min(past, start + messages_max - len(numbers))
            numbers.extend(range(number + start - first, number + stop - first))
            parts.append(chunk.placements.part(start, stop))
            start = stop
            if len(numbers) == messages_max:
                yield Page(numbers, joined(parts))
                numbers, parts = [], []
    if numbers:
        yield Page(numbers, joined(parts))


def page_of_one(known: Listing, messages: SequenceSet, numbering: Numbering) -> Page | None:
    """The page of the one message that a command names, if it names but one and it is there: what mail programs ask
    for most often costs a third less so."""
    named = messages.sole
    if named is None:
        return None
    by_uid = numbering is Numbering.UID
    number = known.number_at_or_after(named) if by_uid else named
    if not 1 <= number <= len(known):
        return None
    placements = known.run_of_one(number)
    return Page([number], placements) if not by_uid or placements.uids[0] == named else None
