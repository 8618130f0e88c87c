"""What a session has been told of its mailbox, and what there is to tell (RFC 3501 5.2, 5.5, 7.4.1).

A session keeps the listing that its sequence numbers stand on; the mailbox's newest listing shares all chunks that have
not changed. The news is the difference of the two, found chunk by chunk. Where EXPUNGE may not be said (during FETCH,
STORE and SEARCH) the session goes over to a listing that has everything new but keeps what is gone.
"""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass

from posthouse.store.changes import BitsChange
from posthouse.store.listing import Chunk, Listing
from posthouse.store.placements import Placements


@dataclass(frozen=True, slots=True)
class News:
    """What changed from one listing to a later one. Numbers of the gone are of the old one, highest first."""

    gone: list[int]
    changed: list[int]     # UIDs of messages that stand, ascending, whose bits are others now
    grown: bool


def news_between(old: Listing, new: Listing, expected: BitsChange | None = None) -> News:
    """Compare two listings of a mailbox. What came as `expected` (the peer's own STORE) is no news."""
    standing = {chunk.first_uid: chunk for chunk in new.chunks}
    gone: list[int] = []
    changed: list[int] = []
    before = 0
    for chunk in old.chunks:
        later = standing.get(chunk.first_uid)
        if later is not chunk:
            gone.extend(before + index + 1 for index in _gone(chunk, later))
            changed.extend(_changed(chunk, later, expected))
        before += len(chunk)
    gone.reverse()
    return News(gone, changed, len(new) > len(old) - len(gone))


def _gone(chunk: Chunk, later: Chunk | None) -> Iterator[int]:
    """The indices of the messages that the later chunk has not."""
    uids = chunk.placements.uids
    if later is None:
        return iter(range(len(uids)))
    if later.placements.uids[:len(uids)] == uids:
        return iter(())
    kept = set(later.placements.uids)
    return (index for index, uid in enumerate(uids) if uid not in kept)


def _changed(chunk: Chunk, later: Chunk | None, expected: BitsChange | None) -> Iterator[int]:
    """The UIDs whose bits the later chunk has otherwise than was expected."""
    if later is None:
        return iter(())
    old, new = chunk.placements, later.placements
    bits = old.bits if expected is None else _after(chunk, expected)
    if new.uids[:len(old)] == old.uids:
        if new.bits[:len(old)] == bits:
            return iter(())
        return (uid for uid, was, now in zip(old.uids, bits, new.bits, strict=False) if was != now)
    bits_of = dict(zip(new.uids, new.bits, strict=True))
    return (uid for uid, was in zip(old.uids, bits, strict=True) if bits_of.get(uid, was) != was)


def _after(chunk: Chunk, change: BitsChange) -> list[int]:
    """The bits of a chunk's messages as a change would make them."""
    bits = chunk.placements.bits[:]
    for first, past in chunk.spans(change.ranges):
        bits[first:past] = change.operation.apply(bits[first:past], change.mask)
    return bits


def keeping_the_gone(old: Listing, new: Listing) -> Listing:
    """The new listing with those messages of the old one that are gone: what may be told when EXPUNGE may not."""
    standing = {chunk.first_uid: chunk for chunk in new.chunks}
    chunks = [_with_gone(chunk, standing.pop(chunk.first_uid, None)) for chunk in old.chunks]
    chunks.extend(standing.values())
    return Listing.of(new.modseq, chunks)


def _with_gone(chunk: Chunk, later: Chunk | None) -> Chunk:
    if later is None or later is chunk:
        return chunk
    old, new = chunk.placements, later.placements
    if new.uids[:len(old)] == old.uids:
        return later
    bits_of = dict(zip(new.uids, new.bits, strict=True))
    modseq_of = dict(zip(new.uids, later.modseqs, strict=True))
    bits = [bits_of.get(uid, was) for uid, was in zip(old.uids, old.bits, strict=True)]
    modseqs = array("q", [modseq_of.get(uid, was) for uid, was in zip(old.uids, chunk.modseqs, strict=True)])
    still = Placements(
        old.uids, old.message_ids, old.sizes, old.internal_dates, old.zones, old.sent_dates, bits
    )
    added = later.span((old.uids[-1] + 1, new.uids[-1]))
    return Chunk(chunk.first_uid, still.joined(new.part(*added)), modseqs + later.modseqs[added[0]:added[1]])
