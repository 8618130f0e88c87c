"""Loading a listing, reading it forward, and folding its records into the stored listing.

A fold is an ordinary operation: in one transaction it writes the changed rows and moves `folded_modseq`. A load reads
both in one snapshot and applies only the records after it, so that a fold never changes what anyone sees.
"""

import zlib

from posthouse.database.errors import DatabaseError
from posthouse.database.identifiers import AccountId, MailboxId, ModSeq, Uid
from posthouse.database.transaction import Transaction
from posthouse.store.changes import changes_after
from posthouse.store.errors import NoSuchMailbox
from posthouse.store.listing import Chunk, Listing, carried_forward
from posthouse.store.placements import Placements, column_of, little_endian


def load_listing(tx: Transaction, account_id: AccountId, mailbox_id: MailboxId) -> Listing:
    """A mailbox's listing as of now. Raises NoSuchMailbox."""
    return read_forward(tx, account_id, mailbox_id, folded_listing(tx, account_id, mailbox_id))


def read_forward(tx: Transaction, account_id: AccountId, mailbox_id: MailboxId, listing: Listing) -> Listing:
    """The listing carried over the records that came after it (in a writing transaction: its own batch's included)."""
    return carried_forward(listing, changes_after(tx, account_id, mailbox_id, listing.modseq))


def folded_listing(tx: Transaction, account_id: AccountId, mailbox_id: MailboxId) -> Listing:
    """The listing as of the last fold. Raises NoSuchMailbox, DatabaseError when a row is damaged."""
    found = tx.row(
        "SELECT folded_modseq FROM counter WHERE account_id = ? AND mailbox_id = ?", (account_id, mailbox_id)
    )
    if found is None:
        raise NoSuchMailbox("the mailbox is gone")
    rows = tx.rows(
        "SELECT first_uid, columns, checksum FROM listing WHERE account_id = ? AND mailbox_id = ? ORDER BY first_uid",
        (account_id, mailbox_id),
    )
    return Listing.of(ModSeq(found[0]), [_chunk(*row) for row in rows])


def fold(tx: Transaction, account_id: AccountId, mailbox_id: MailboxId) -> bool:
    """Fold a mailbox's records into its stored listing; False when there was nothing to fold. Raises NoSuchMailbox."""
    before = folded_listing(tx, account_id, mailbox_id)
    after = read_forward(tx, account_id, mailbox_id, before)
    if after is before:
        return False
    old = {chunk.first_uid: chunk for chunk in before.chunks}
    new = {chunk.first_uid: chunk for chunk in after.chunks}
    for first_uid in old.keys() - new.keys():
        tx.execute(
            "DELETE FROM listing WHERE account_id = ? AND mailbox_id = ? AND first_uid = ?",
            (account_id, mailbox_id, first_uid),
        )
    for first_uid, chunk in new.items():
        if old.get(first_uid) is not chunk:
            columns = _encoded(chunk)
            tx.execute(
                "INSERT INTO listing VALUES (?, ?, ?, ?, ?) ON CONFLICT (account_id, mailbox_id, first_uid)"
                " DO UPDATE SET columns = excluded.columns, checksum = excluded.checksum",
                (account_id, mailbox_id, first_uid, columns, zlib.crc32(columns)),
            )
    tx.execute(
        "UPDATE counter SET folded_modseq = ? WHERE account_id = ? AND mailbox_id = ?",
        (after.modseq, account_id, mailbox_id),
    )
    return True


def _encoded(chunk: Chunk) -> bytes:
    placements = chunk.placements.encode()
    return len(placements).to_bytes(4, "little") + placements + little_endian(chunk.modseqs)


def _chunk(first_uid: int, columns: bytes, checksum: int) -> Chunk:
    if zlib.crc32(columns) != checksum:
        raise DatabaseError("a listing row is damaged: run `posthouse check`")
    length = int.from_bytes(columns[:4], "little")
    modseqs = column_of("q", columns[4 + length:])
    return Chunk(Uid(first_uid), Placements.decode(columns[4:4 + length]), modseqs)
