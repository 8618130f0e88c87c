"""What a session has been told of its mailbox, and what there is to tell (RFC 3501 5.2, 5.5, 7.4.1).

A session keeps the listing that its sequence numbers stand on; the mailbox's newest listing shares all chunks that have
not changed. The news is the difference of the two, found chunk by chunk. Where EXPUNGE may not be said (during FETCH,
STORE and SEARCH) the session goes over to a listing that has everything new but keeps what is gone.
"""

from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from posthouse.store.listing import Chunk, Listing
from posthouse.store.placements import Placements


@dataclass(frozen=True, slots=True)
class News:
    """What changed from one listing to a later one. Numbers of the gone are of the old one, highest first."""

    gone: tuple[int, ...]
    changed: tuple[tuple[int, int], ...]     # number and UID in the new one, of messages whose bits are others now
    grown: bool


Hush = Callable[[int, int, int], bool]
"""Whether a message's change need not be told: its UID, its bits as the peer knows them, and as they are now."""


def tell_all(uid: int, was: int, now: int) -> bool:
    """Hush nothing."""
    return False


def news_between(old: Listing, new: Listing, hush: Hush = tell_all) -> News:
    """Compare two listings of a mailbox."""
    standing = {chunk.first_uid: chunk for chunk in new.chunks}
    gone: list[int] = []
    changed: list[tuple[int, int, int]] = []
    before = 0
    for chunk in old.chunks:
        later = standing.get(chunk.first_uid)
        if later is not chunk:
            gone.extend(before + index + 1 for index in _gone(chunk, later))
            changed.extend(_changed(chunk, later))
        before += len(chunk)
    told = tuple((new.number_at_or_after(uid), uid) for uid, was, now in changed if not hush(uid, was, now))
    return News(tuple(reversed(gone)), told, len(new) > len(old) - len(gone))


def _gone(chunk: Chunk, later: Chunk | None) -> Iterator[int]:
    """The indices of the messages that the later chunk has not."""
    uids = chunk.placements.uids
    if later is None:
        return iter(range(len(uids)))
    if later.placements.uids[:len(uids)] == uids:
        return iter(())
    kept = set(later.placements.uids)
    return (index for index, uid in enumerate(uids) if uid not in kept)


def _changed(chunk: Chunk, later: Chunk | None) -> Iterator[tuple[int, int, int]]:
    """The messages whose bits the later chunk has otherwise: UID, the bits as they were, and as they are."""
    if later is None:
        return iter(())
    old, new = chunk.placements, later.placements
    if new.uids[:len(old)] == old.uids:
        if new.bits[:len(old)] == old.bits:
            return iter(())
        return (found for found in zip(old.uids, old.bits, new.bits, strict=False) if found[1] != found[2])
    bits_of = dict(zip(new.uids, new.bits, strict=True))
    pairs = zip(old.uids, old.bits, strict=True)
    return ((uid, was, now) for uid, was in pairs if (now := bits_of.get(uid, was)) != was)


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
