"""Loading a listing, reading it forward, and folding its records into the stored listing.

A fold is an ordinary operation: in one transaction it writes the changed rows and moves `folded_modseq`. A load reads
both in one snapshot and applies only the records after it, so that a fold never changes what anyone sees. Records that
were folded may be gone (`retention.py`): a listing from before the last fold is not carried forward but read anew.
"""

import zlib
from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from posthouse.database.errors import DatabaseError
from posthouse.database.identifiers import AccountId, MailboxId, ModSeq, Uid
from posthouse.database.transaction import Transaction
from posthouse.store.changes import BitsChange, Change, Kind, Place, UidRange, changes_after
from posthouse.store.errors import NoSuchMailbox
from posthouse.store.listing import Chunk, Listing, carried_forward
from posthouse.store.placements import DAMAGED, Placements, column_of, little_endian, message_ids_of

ADDS_UNFOLDED_MAX: Final = 256    # STORE: layout; replaying them takes about 2 ms
REPLAY_MAX: Final = 5_000         # STORE: layout; microseconds
BITS_REPLAY: Final = 20           # microseconds a record that touches one chunk, as measured
EXPUNGE_REPLAY: Final = 40


@dataclass(frozen=True, slots=True)
class Folded:
    """What a fold took in: the records after one modseq, up to another."""

    after: ModSeq
    up_to: ModSeq


def load_listing(tx: Transaction, account_id: AccountId, mailbox_id: MailboxId) -> Listing:
    """A mailbox's listing as of now. Raises NoSuchMailbox, DatabaseError when a row or a record is damaged."""
    return _carried(folded_listing(tx, account_id, mailbox_id), tx, account_id, mailbox_id)


def read_forward(tx: Transaction, account_id: AccountId, mailbox_id: MailboxId, known: Listing) -> Listing:
    """The listing carried over the records that came after it (in a writing transaction: its own batch's included).

    `known` is any listing that was loaded or read forward before, however long ago. Raises NoSuchMailbox,
    DatabaseError when a row or a record is damaged.
    """
    if known.modseq < folded_modseq(tx, account_id, mailbox_id):
        return load_listing(tx, account_id, mailbox_id)
    return _carried(known, tx, account_id, mailbox_id)


def folded_listing(tx: Transaction, account_id: AccountId, mailbox_id: MailboxId) -> Listing:
    """The listing as of the last fold. Raises NoSuchMailbox, DatabaseError when a row is damaged."""
    modseq = folded_modseq(tx, account_id, mailbox_id)
    rows = tx.rows(
        "SELECT first_uid, columns, checksum FROM listing WHERE account_id = ? AND mailbox_id = ? ORDER BY first_uid",
        (account_id, mailbox_id),
    )
    return Listing.of(modseq, [_chunk(*row) for row in rows])


def folded_modseq(tx: Transaction, account_id: AccountId, mailbox_id: MailboxId) -> ModSeq:
    """Up to where a mailbox's records are folded. Raises NoSuchMailbox."""
    found = tx.row(
        "SELECT folded_modseq FROM counter WHERE account_id = ? AND mailbox_id = ?", (account_id, mailbox_id)
    )
    if found is None:
        raise NoSuchMailbox("the mailbox is gone")
    return ModSeq(found[0])


def is_fold_due(tx: Transaction, account_id: AccountId, mailbox_id: MailboxId) -> bool:
    """Whether a load would have to replay so many records that folding them costs less. A mailbox gone needs none."""
    rows = tx.rows(
        "SELECT kind, count(*) FROM change WHERE account_id = ? AND mailbox_id = ? AND modseq > ("
        "SELECT folded_modseq FROM counter WHERE counter.account_id = ? AND counter.mailbox_id = ?) GROUP BY kind",
        (account_id, mailbox_id, account_id, mailbox_id),
    )
    records: dict[int, int] = dict(rows)
    replay = BITS_REPLAY * records.get(Kind.BITS, 0) + EXPUNGE_REPLAY * records.get(Kind.EXPUNGE, 0)
    return records.get(Kind.ADD, 0) >= ADDS_UNFOLDED_MAX or replay > REPLAY_MAX


def places_to_fold(tx: Transaction, after: Place, limit: int) -> list[Place]:
    """The next mailboxes that may need a fold, beyond one, in order of their keys: those with many modseqs since."""
    rows = tx.rows(
        "SELECT account_id, mailbox_id FROM counter WHERE (account_id, mailbox_id) > (?, ?) AND mailbox_id > 0"
        " AND modseq - folded_modseq >= ? ORDER BY account_id, mailbox_id LIMIT ?",
        (*after, REPLAY_MAX // EXPUNGE_REPLAY, limit),
    )
    return [(AccountId(account_id), MailboxId(mailbox_id)) for account_id, mailbox_id in rows]


def fold(tx: Transaction, account_id: AccountId, mailbox_id: MailboxId) -> Folded | None:
    """Fold a mailbox's records into its stored listing; None when there was nothing to fold.

    Reads and writes only the rows that a record touches, so that it costs a big mailbox no more than a small one.
    Raises NoSuchMailbox, DatabaseError when a row or a record is damaged.
    """
    folded = folded_modseq(tx, account_id, mailbox_id)
    changes = changes_after(tx, account_id, mailbox_id, folded)
    if not changes:
        return None
    before = _touched_chunks(tx, (account_id, mailbox_id), folded, changes)
    after = _applied(before, changes)
    if _end_has_moved(before, after, changes):
        before = folded_listing(tx, account_id, mailbox_id)
        after = _applied(before, changes)
    _store(tx, (account_id, mailbox_id), before, after)
    tx.execute(
        "UPDATE counter SET folded_modseq = ? WHERE account_id = ? AND mailbox_id = ?",
        (after.modseq, account_id, mailbox_id),
    )
    return Folded(folded, after.modseq)


def _touched_chunks(tx: Transaction, place: Place, folded: ModSeq, changes: Sequence[Change]) -> Listing:
    """Those chunks of the folded listing that records touch, and the last one when something is to be added to it."""
    rows = tx.rows("SELECT first_uid FROM listing WHERE account_id = ? AND mailbox_id = ? ORDER BY first_uid", place)
    names = [first_uid for (first_uid,) in rows]
    touched: set[int] = set()
    for change in changes:
        if change.kind is Kind.ADD:
            touched.update(names[-1:])
        else:
            for first, last in _uid_ranges(change):
                touched.update(names[max(0, bisect_right(names, first) - 1):bisect_right(names, last)])
    chunks = []
    for first_uid in sorted(touched):
        row = tx.row(
            "SELECT first_uid, columns, checksum FROM listing"
            " WHERE account_id = ? AND mailbox_id = ? AND first_uid = ?",
            (*place, first_uid),
        )
        assert row is not None      # its name was read in this transaction
        chunks.append(_chunk(*row))
    return Listing.of(folded, chunks)


def _uid_ranges(change: Change) -> tuple[UidRange, ...]:
    """Where a record may touch messages that stand already. Raises DatabaseError when it is damaged."""
    with _damage_named():
        if change.kind is Kind.BITS:
            return BitsChange.decode(change.body).ranges
        if change.kind is Kind.EXPUNGE:
            uids = Placements.decode(change.body).uids
            return ((uids[0], uids[-1]),)
        return ()


def _end_has_moved(before: Listing, after: Listing, changes: Sequence[Change]) -> bool:
    """Whether the last chunk went and then messages came: they may belong into the one before, which was not read."""
    kept = {chunk.first_uid for chunk in after.chunks}
    return any(change.kind is Kind.ADD for change in changes) and any(
        chunk.first_uid not in kept for chunk in before.chunks
    )


def _store(tx: Transaction, place: Place, before: Listing, after: Listing) -> None:
    """Write the rows that are others after than before."""
    old = {chunk.first_uid: chunk for chunk in before.chunks}
    new = {chunk.first_uid: chunk for chunk in after.chunks}
    for first_uid in old.keys() - new.keys():
        tx.execute(
            "DELETE FROM listing WHERE account_id = ? AND mailbox_id = ? AND first_uid = ?", (*place, first_uid)
        )
    for first_uid, chunk in new.items():
        if old.get(first_uid) is not chunk:
            columns = _encoded(chunk)
            tx.execute(
                "INSERT INTO listing VALUES (?, ?, ?, ?, ?) ON CONFLICT (account_id, mailbox_id, first_uid)"
                " DO UPDATE SET columns = excluded.columns, checksum = excluded.checksum",
                (*place, first_uid, columns, zlib.crc32(columns)),
            )


def _carried(listing: Listing, tx: Transaction, account_id: AccountId, mailbox_id: MailboxId) -> Listing:
    return _applied(listing, changes_after(tx, account_id, mailbox_id, listing.modseq))


def _applied(listing: Listing, changes: Sequence[Change]) -> Listing:
    with _damage_named():
        return carried_forward(listing, changes)


@contextmanager
def _damage_named() -> Iterator[None]:
    """What decoding says of a damaged record, as a DatabaseError."""
    try:
        yield
    except DAMAGED as error:
        raise DatabaseError("a change record is damaged: run `posthouse check`") from error


def listed_message_ids(columns: bytes) -> "array[int]":
    """The message_ids in a listing row's `columns`, without reading the rest of it."""
    return message_ids_of(columns[4:])


def _encoded(chunk: Chunk) -> bytes:
    placements = chunk.placements.encode()
    return len(placements).to_bytes(4, "little") + placements + little_endian(chunk.modseqs)


def _chunk(first_uid: int, columns: bytes, checksum: int) -> Chunk:
    if zlib.crc32(columns) != checksum:
        raise DatabaseError("a listing row is damaged: run `posthouse check`")
    length = int.from_bytes(columns[:4], "little")
    modseqs = column_of("q", columns[4 + length:])
    return Chunk(Uid(first_uid), Placements.decode(columns[4:4 + length]), modseqs)
