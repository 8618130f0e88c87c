"""How long what happened is remembered, and when what nobody can reach any more goes (STORE.md: layout).

Folded BITS records go at once: the listing has their outcome. All other records stay 30 days, and so does a deleted
mailbox; then they go, and with an EXPUNGE record, or a tombstone, the messages that nothing else of the account names.

A purge has two halves, so that the writer's turn stays short. `find_purge` reads, on any snapshot, what may go; `purge`
removes it. Nothing can make the one wrong before the other: a message that stands nowhere never stands anywhere again.
Until the last of its messages is gone a record stays, and `floor_modseq` says that it may name some that are not there.
"""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from posthouse.database.blobs.rows import release_blob
from posthouse.database.identifiers import AccountId, BlobId, MailboxId, ModSeq, Uid
from posthouse.database.transaction import Transaction
from posthouse.message.dates import Instant
from posthouse.store.changes import Kind, Place
from posthouse.store.folding import Folded, listed_message_ids
from posthouse.store.placements import message_ids_of

KEPT_MICROSECONDS: Final = 30 * 24 * 3600 * 1_000_000    # STORE: layout
MESSAGES_A_STEP: Final = 500       # removing one takes about 25 us: a turn of the writer stays near 10 ms
CANDIDATES_A_STEP: Final = 4096    # messages that they may name before no more of them are looked into
ACCOUNTS_A_PAGE: Final = 10_000    # each page looks through all records
_ROWS_A_PAGE: Final = 64           # a record or a listing row has up to 230 KB

Candidates = set[int]
"""Keys of messages."""


@dataclass(frozen=True, slots=True)
class Purge:
    """One step of a purge: what may go now."""

    account_id: AccountId
    message_ids: "array[int]"
    floors: tuple[tuple[MailboxId, ModSeq], ...]     # by the key of the counter; a tombstone's is negative
    records: tuple[tuple[MailboxId, ModSeq], ...]    # of a mailbox, up to a modseq
    listed: tuple[tuple[MailboxId, Uid], ...] = ()   # listing rows of a tombstone
    tombstone: MailboxId | None = None               # a deleted mailbox of which nothing else is left


def prune_folded(tx: Transaction, place: Place, folded: Folded) -> None:
    """Delete the BITS records that a fold took in; to be run in a later transaction than the fold."""
    tx.execute(
        "DELETE FROM change WHERE account_id = ? AND mailbox_id = ? AND modseq > ? AND modseq <= ? AND kind = ?",
        (*place, folded.after, folded.up_to, int(Kind.BITS)),
    )


def advance_horizon(tx: Transaction, at: Instant, microseconds_max: int) -> Instant:
    """Move the instant before which what ended may go, and say where it is now: in the end 30 days before `at`.

    It moves by `microseconds_max` at most, so that a clock that jumps takes days to expire what it should not, and
    never back. The first time it stands before all there is.
    """
    wanted = at - KEPT_MICROSECONDS
    found = tx.row("SELECT horizon FROM retention")
    if found is None:
        oldest = tx.row("SELECT min(at) FROM change")
        first = wanted if oldest is None or oldest[0] is None else min(wanted, oldest[0])
        tx.execute("INSERT INTO retention (only_row, horizon) VALUES (1, ?)", (first,))
        return Instant(first)
    horizon = max(found[0], min(wanted, found[0] + microseconds_max))
    tx.execute("UPDATE retention SET horizon = ?", (horizon,))
    return Instant(horizon)


def accounts_with_expired(tx: Transaction, before: Instant, after: AccountId) -> list[AccountId]:
    """The accounts above a key of which something ended before an instant, at most ACCOUNTS_A_PAGE, in order."""
    rows = tx.rows(
        "SELECT account_id FROM change WHERE account_id > ? AND at < ?"
        " UNION SELECT account_id FROM mailbox WHERE account_id > ? AND deleted_at < ? ORDER BY account_id LIMIT ?",
        (after, before, after, before, ACCOUNTS_A_PAGE),
    )
    return [AccountId(account_id) for (account_id,) in rows]


def find_unfolded(tx: Transaction, account_id: AccountId, before: Instant) -> list[MailboxId]:
    """The mailboxes with records from before an instant that must be folded before they can go."""
    rows = tx.rows(
        "SELECT counter.mailbox_id FROM counter WHERE counter.account_id = ? AND counter.mailbox_id > 0 AND EXISTS ("
        "SELECT 1 FROM change WHERE change.account_id = counter.account_id"
        " AND change.mailbox_id = counter.mailbox_id AND change.modseq > counter.folded_modseq AND change.at < ?)",
        (account_id, before),
    )
    return [MailboxId(mailbox_id) for (mailbox_id,) in rows]


def find_purge(tx: Transaction, account_id: AccountId, before: Instant) -> Purge | None:
    """What of an account may go that ended before an instant, as one bounded step; None when there is nothing."""
    return _expired_records(tx, account_id, before) or _expired_tombstone(tx, account_id, before)


def purge(tx: Transaction, step: Purge) -> list[str]:
    """Carry a step out. Returns the names of files to remove, after COMMIT and a grace for those who still read."""
    account_id = step.account_id
    for mailbox_id, floor in step.floors:
        tx.execute(
            "UPDATE counter SET floor_modseq = ? WHERE account_id = ? AND mailbox_id IN (?, 0) AND floor_modseq < ?",
            (floor, account_id, mailbox_id, floor),
        )
    names = remove_messages(tx, account_id, step.message_ids)
    for mailbox_id, up_to in step.records:
        tx.execute(
            "DELETE FROM change WHERE account_id = ? AND mailbox_id = ? AND modseq <= ?",
            (account_id, mailbox_id, up_to),
        )
    for mailbox_id, first_uid in step.listed:
        tx.execute(
            "DELETE FROM listing WHERE account_id = ? AND mailbox_id = ? AND first_uid = ?",
            (account_id, mailbox_id, first_uid),
        )
    if step.tombstone is not None:
        tx.execute("DELETE FROM counter WHERE account_id = ? AND mailbox_id = ?", (account_id, -step.tombstone))
        tx.execute("DELETE FROM mailbox WHERE account_id = ? AND mailbox_id = ?", (account_id, step.tombstone))
    return names


def remove_messages(tx: Transaction, account_id: AccountId, message_ids: "array[int]") -> list[str]:
    """Remove message rows of an account, and one use of its blob with each; those that are gone already are no error.

    Returns the names of the files that nobody uses any more.
    """
    rows = tx.rows_among(
        "DELETE FROM message WHERE message_id IN {keys} AND account_id = ? RETURNING blob_id",
        message_ids,
        (account_id,),
    )
    names = [release_blob(tx, BlobId(blob_id), 1) for (blob_id,) in rows]
    return [name for name in names if name is not None]


def existing_among(tx: Transaction, message_ids: Candidates) -> "array[int]":
    """Those of some messages whose rows are there, in order."""
    rows = tx.rows_among("SELECT message_id FROM message WHERE message_id IN {keys}", array("q", sorted(message_ids)))
    return array("q", sorted(message_id for (message_id,) in rows))


def _expired_records(tx: Transaction, account_id: AccountId, before: Instant) -> Purge | None:
    """The first records of each standing mailbox that are old and folded, and what their messages allow."""
    up_to: dict[MailboxId, ModSeq] = {}
    candidates: Candidates = set()
    mailboxes = tx.rows(
        "SELECT mailbox_id, folded_modseq FROM counter WHERE account_id = ? AND mailbox_id > 0", (account_id,)
    )
    for mailbox_id, folded_modseq in mailboxes:
        rows = tx.rows(
            "SELECT modseq, at, kind, CASE kind WHEN ? THEN body END FROM change"
            " WHERE account_id = ? AND mailbox_id = ? AND modseq <= ? ORDER BY modseq LIMIT ?",
            (int(Kind.EXPUNGE), account_id, mailbox_id, folded_modseq, _ROWS_A_PAGE),
        )
        for modseq, at, _, body in rows:
            # In order, up to the first that is young: a record is never older than the one before it, whatever
            # its clock said.
            if at >= before or len(candidates) >= CANDIDATES_A_STEP:
                break
            up_to[mailbox_id] = modseq
            if body is not None:
                candidates.update(message_ids_of(body))
    if not up_to:
        return None
    _spare(tx, account_id, candidates, up_to, None)
    going = existing_among(tx, candidates)
    floors = tuple(up_to.items())
    if len(going) > MESSAGES_A_STEP:
        return Purge(account_id, going[:MESSAGES_A_STEP], floors, ())
    return Purge(account_id, going, floors, floors)


def _expired_tombstone(tx: Transaction, account_id: AccountId, before: Instant) -> Purge | None:
    """The oldest deleted mailbox whose time has come: its records, then its listing, then its own row."""
    found = tx.row(
        "SELECT mailbox_id, deleted_modseq FROM mailbox"
        " WHERE account_id = ? AND deleted_modseq IS NOT NULL AND deleted_at < ? ORDER BY deleted_at LIMIT 1",
        (account_id, before),
    )
    if found is None:
        return None
    mailbox_id = MailboxId(found[0])
    candidates: Candidates = set()
    records = _records_of(tx, (account_id, mailbox_id), candidates)
    listed = () if records else _listed_of(tx, (account_id, mailbox_id), candidates)
    if not records and not listed:
        return Purge(account_id, array("q"), (), (), tombstone=mailbox_id)
    _spare(tx, account_id, candidates, {}, mailbox_id)
    going = existing_among(tx, candidates)
    floors = ((MailboxId(-mailbox_id), ModSeq(found[1])),)
    if len(going) > MESSAGES_A_STEP:
        return Purge(account_id, going[:MESSAGES_A_STEP], floors, ())
    return Purge(account_id, going, floors, records, listed)


def _records_of(tx: Transaction, place: Place, candidates: Candidates) -> tuple[tuple[MailboxId, ModSeq], ...]:
    """Up to which record a tombstone's first ones may go in one step, and the messages that they name."""
    up_to = None
    for modseq, kind, body in tx.rows(
        "SELECT modseq, kind, body FROM change WHERE account_id = ? AND mailbox_id = ? ORDER BY modseq LIMIT ?",
        (*place, _ROWS_A_PAGE),
    ):
        if len(candidates) >= CANDIDATES_A_STEP:
            break
        up_to = ModSeq(modseq)
        if kind in (Kind.ADD, Kind.EXPUNGE):
            candidates.update(message_ids_of(body))
    return () if up_to is None else ((place[1], up_to),)


def _listed_of(tx: Transaction, place: Place, candidates: Candidates) -> tuple[tuple[MailboxId, Uid], ...]:
    """The first row of a tombstone's listing, and the messages that it names."""
    found = tx.row(
        "SELECT first_uid, columns FROM listing WHERE account_id = ? AND mailbox_id = ? ORDER BY first_uid LIMIT 1",
        place,
    )
    if found is None:
        return ()
    candidates.update(listed_message_ids(found[1]))
    return ((place[1], Uid(found[0])),)


def _spare(
    tx: Transaction,
    account_id: AccountId,
    candidates: Candidates,
    going: dict[MailboxId, ModSeq],
    tombstone: MailboxId | None,
) -> None:
    """Take off what a listing of the account, or a record that stays, still names.

    `going`: up to where the records of some mailboxes go; `tombstone`: a mailbox that does not count any more.
    """
    for mailbox_id, modseq, body in _naming_records(tx, account_id, candidates):
        if mailbox_id != tombstone and modseq > going.get(mailbox_id, 0):
            candidates.difference_update(message_ids_of(body))
    for mailbox_id, columns in _listing_rows(tx, account_id, candidates):
        if mailbox_id != tombstone:
            candidates.difference_update(listed_message_ids(columns))


def _naming_records(
    tx: Transaction, account_id: AccountId, candidates: Candidates
) -> Iterator[tuple[MailboxId, ModSeq, bytes]]:
    """The ADD and EXPUNGE records of an account, as long as there are candidates."""
    last = (0, 0)
    while candidates:
        rows = tx.rows(
            "SELECT mailbox_id, modseq, body FROM change"
            " WHERE account_id = ? AND (mailbox_id, modseq) > (?, ?) AND kind IN (?, ?)"
            " ORDER BY mailbox_id, modseq LIMIT ?",
            (account_id, *last, int(Kind.ADD), int(Kind.EXPUNGE), _ROWS_A_PAGE),
        )
        yield from rows
        if len(rows) < _ROWS_A_PAGE:
            return
        last = (rows[-1][0], rows[-1][1])


def _listing_rows(
    tx: Transaction, account_id: AccountId, candidates: Candidates
) -> Iterator[tuple[MailboxId, bytes]]:
    """The folded listings of an account, as long as there are candidates."""
    last = (0, 0)
    while candidates:
        rows = tx.rows(
            "SELECT mailbox_id, first_uid, columns FROM listing"
            " WHERE account_id = ? AND (mailbox_id, first_uid) > (?, ?) ORDER BY mailbox_id, first_uid LIMIT ?",
            (account_id, *last, _ROWS_A_PAGE),
        )
        yield from ((mailbox_id, columns) for mailbox_id, _, columns in rows)
        if len(rows) < _ROWS_A_PAGE:
            return
        last = (rows[-1][0], rows[-1][1])
