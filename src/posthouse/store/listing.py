"""A mailbox's messages in UID order, held in chunks of 4,096, and how change records carry it forward.

A listing never changes: what a record touches is replaced, everything else is shared, so that a session which may
not be told yet keeps its old numbering over the old chunks for nothing.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, groupby
from operator import attrgetter
from typing import Final

from posthouse.database.identifiers import ModSeq, Uid
from posthouse.store.changes import BitsChange, Change, Kind, UidRange
from posthouse.store.placements import Placement, Placements, Run, cut

CHUNK_MESSAGES_MAX: Final = 4096     # STORE: layout


@dataclass(frozen=True, slots=True, eq=False)
class Chunk:
    """A run of a mailbox's messages. `first_uid` is its name: it stays when that message goes."""

    first_uid: Uid
    placements: Placements
    modseqs: "array[int]"

    def __len__(self) -> int:
        return len(self.modseqs)

    def span(self, uid_range: UidRange) -> tuple[int, int]:
        """The indices of the messages whose UIDs lie in a range: from the first to before the second."""
        uids = self.placements.uids
        return bisect_left(uids, uid_range[0]), bisect_right(uids, uid_range[1])

    def spans(self, uid_ranges: Sequence[UidRange]) -> list[Run]:
        """The same for each of ascending ranges that holds a message; those elsewhere are not even looked at."""
        uids = self.placements.uids
        first = bisect_left(uid_ranges, uids[0], key=lambda uid_range: uid_range[1])
        past = bisect_right(uid_ranges, uids[-1], key=lambda uid_range: uid_range[0])
        return [span for span in map(self.span, uid_ranges[first:past]) if span[0] < span[1]]


@dataclass(frozen=True, slots=True, eq=False)
class Listing:
    """All messages of a mailbox as of one modseq. Sequence numbers count from 1 (RFC 3501 2.3.1.2)."""

    modseq: ModSeq
    chunks: tuple[Chunk, ...]
    ends: tuple[int, ...]      # how many messages there are up to the end of each chunk

    @staticmethod
    def of(modseq: ModSeq, chunks: Iterable[Chunk]) -> "Listing":
        """A listing of chunks in UID order; those without a message are left out."""
        kept = tuple(chunk for chunk in chunks if len(chunk))
        return Listing(modseq, kept, tuple(accumulate(map(len, kept))))

    def __len__(self) -> int:
        return self.ends[-1] if self.ends else 0

    def __iter__(self) -> Iterator[Placement]:
        for chunk in self.chunks:
            yield from chunk.placements

    def largest_uid(self) -> Uid:
        """The UID of the last message, 0 when there is none."""
        return Uid(self.chunks[-1].placements.uids[-1]) if self.chunks else Uid(0)

    def find(self, uid: int) -> tuple[int, Placement] | None:
        """The sequence number and the placement of a UID, or None."""
        number = self.number_at_or_after(uid)
        placement = self.at(number) if number <= len(self) else None
        return (number, placement) if placement is not None and placement.uid == uid else None

    def number_at_or_after(self, uid: int) -> int:
        """The sequence number of the first message whose UID is not below `uid`; one past the last when none is."""
        index = bisect_left(self.chunks, uid, key=lambda chunk: chunk.placements.uids[-1])
        if index == len(self.chunks):
            return len(self) + 1
        before = self.ends[index - 1] if index else 0
        return before + bisect_left(self.chunks[index].placements.uids, uid) + 1

    def at(self, number: int) -> Placement:
        """The placement at a sequence number, from 1. Raises IndexError."""
        if not 1 <= number <= len(self):
            raise IndexError(number)
        chunk, index = self._place(number)
        return chunk.placements.at(index)

    def run_of_one(self, number: int) -> Placements:
        """The same as a run of one message."""
        chunk, index = self._place(number)
        return chunk.placements.part(index, index + 1)

    def modseq_at(self, number: int) -> ModSeq:
        """The modseq of the message at a sequence number."""
        chunk, index = self._place(number)
        return ModSeq(chunk.modseqs[index])

    def spans(self, uid_ranges: Sequence[UidRange]) -> Iterator[tuple[Chunk, int, int, int]]:
        """Where the messages of ascending, disjoint UID ranges stand: chunk, first index, past the last, and the
        sequence number of the first."""
        for uid_range in uid_ranges:
            start = bisect_left(self.chunks, uid_range[0], key=lambda chunk: chunk.placements.uids[-1])
            for index in range(start, len(self.chunks)):
                chunk = self.chunks[index]
                if chunk.placements.uids[0] > uid_range[1]:
                    break
                first, past = chunk.span(uid_range)
                if first < past:
                    yield chunk, first, past, (self.ends[index - 1] if index else 0) + first + 1

    def count(self, uid_ranges: Sequence[UidRange]) -> int:
        """How many messages ascending, disjoint UID ranges hold."""
        return sum(past - first for _, first, past, _ in self.spans(uid_ranges))

    def uid_ranges(self, number_ranges: Sequence[tuple[int, int]]) -> tuple[UidRange, ...]:
        """Turn ranges of sequence numbers (ascending, disjoint, within the mailbox) into ranges of UIDs."""
        return tuple((self._uid_at(first), self._uid_at(last)) for first, last in number_ranges)

    def _uid_at(self, number: int) -> Uid:
        chunk, index = self._place(number)
        return Uid(chunk.placements.uids[index])

    def _place(self, number: int) -> tuple[Chunk, int]:
        """Where the message at a sequence number stands: its chunk, and its index there."""
        of_chunk = bisect_left(self.ends, number)
        return self.chunks[of_chunk], number - 1 - (self.ends[of_chunk - 1] if of_chunk else 0)

    def select(self, uid_ranges: Sequence[UidRange]) -> Placements:
        """The messages of ascending, disjoint UID ranges."""
        found = [chunk.placements.part(first, past) for chunk, first, past, _ in self.spans(uid_ranges)]
        return joined(found)


def joined(parts: Sequence[Placements]) -> Placements:
    """Runs of messages, one after another."""
    if len(parts) == 1:
        return parts[0]
    whole = Placements.empty()
    bits = whole.bits
    for part in parts:
        whole.uids.extend(part.uids)
        whole.message_ids.extend(part.message_ids)
        whole.sizes.extend(part.sizes)
        whole.internal_dates.extend(part.internal_dates)
        whole.zones.extend(part.zones)
        whole.sent_dates.extend(part.sent_dates)
        bits.extend(part.bits)
    return whole


def carried_forward(listing: Listing, changes: Sequence[Change]) -> Listing:
    """The listing after some records, which follow its modseq in order."""
    if not changes:
        return listing
    chunks = list(listing.chunks)
    for kind, run in groupby(changes, attrgetter("kind")):
        if kind is Kind.ADD:
            _add(chunks, list(run))
        elif kind is Kind.BITS:
            for change in run:
                _change(chunks, BitsChange.decode(change.body), change.modseq)
        elif kind is Kind.EXPUNGE:
            for change in run:
                _take_out(chunks, Placements.decode(change.body).uids)
    return Listing.of(changes[-1].modseq, chunks)


def _add(chunks: list[Chunk], changes: Sequence[Change]) -> None:
    """Put messages at the end: into the last chunk while it has room, then into new ones."""
    parts = [Placements.decode(change.body) for change in changes]
    added, modseqs = joined(parts), array("q")
    for change, part in zip(changes, parts, strict=True):
        modseqs.extend(array("q", [change.modseq]) * len(part))
    start = 0
    if chunks and len(chunks[-1]) < CHUNK_MESSAGES_MAX:
        last = chunks.pop()
        start = min(len(added), CHUNK_MESSAGES_MAX - len(last))
        placements = last.placements.joined(added.part(0, start))
        chunks.append(Chunk(last.first_uid, placements, last.modseqs + modseqs[:start]))
    for first in range(start, len(added), CHUNK_MESSAGES_MAX):
        past = first + CHUNK_MESSAGES_MAX
        chunks.append(Chunk(Uid(added.uids[first]), added.part(first, past), modseqs[first:past]))


def _change(chunks: list[Chunk], change: BitsChange, modseq: ModSeq) -> None:
    if change.ranges:
        for index in _between(chunks, (change.ranges[0][0], change.ranges[-1][1])):
            chunks[index] = _changed(chunks[index], change, modseq)


def _between(chunks: list[Chunk], uid_range: UidRange) -> range:
    """Which chunks can hold messages of a UID range."""
    first = bisect_left(chunks, uid_range[0], key=lambda chunk: chunk.placements.uids[-1])
    past = bisect_right(chunks, uid_range[1], key=lambda chunk: chunk.placements.uids[0])
    return range(first, past)


def _changed(chunk: Chunk, change: BitsChange, modseq: ModSeq) -> Chunk:
    spans = chunk.spans(change.ranges)
    if not spans:
        return chunk
    old = chunk.placements
    bits, modseqs = old.bits[:], chunk.modseqs[:]
    for first, past in spans:
        bits[first:past] = change.operation.apply(bits[first:past], change.mask)
        modseqs[first:past] = array("q", [modseq]) * (past - first)
    placements = Placements(
        old.uids, old.message_ids, old.sizes, old.internal_dates, old.zones, old.sent_dates, bits
    )
    return Chunk(chunk.first_uid, placements, modseqs)


def _take_out(chunks: list[Chunk], gone: "array[int]") -> None:
    """Take messages out; a chunk that is left empty goes."""
    if gone:
        touched = _between(chunks, (gone[0], gone[-1]))
        kept = [_without(chunks[index], gone) for index in touched]
        chunks[touched.start:touched.stop] = [chunk for chunk in kept if len(chunk)]


def _without(chunk: Chunk, gone: "array[int]") -> Chunk:
    uids = chunk.placements.uids
    runs = _runs(uids, gone[bisect_left(gone, uids[0]):bisect_right(gone, uids[-1])])
    if not runs:
        return chunk
    return Chunk(chunk.first_uid, chunk.placements.without(runs), cut(chunk.modseqs, runs))


def _runs(uids: "array[int]", gone: "array[int]") -> list[Run]:
    """The runs of indices at which the UIDs that are gone stand."""
    if not gone:
        return []
    at = bisect_left(uids, gone[0])
    if uids[at:at + len(gone)] == gone:      # neighbours, as nearly always
        return [(at, at + len(gone))]
    runs: list[Run] = []
    for uid in gone:
        at = bisect_left(uids, uid, at)
        if at == len(uids):
            break
        if uids[at] == uid:
            if runs and runs[-1][1] == at:
                runs[-1] = (runs[-1][0], at + 1)
            else:
                runs.append((at, at + 1))
    return runs
