"""The counters of an account and its mailboxes: one row each, side by side, and the lock of whoever changes them.

A row is changed and then read: RETURNING would have SQLite make a table for it each time, at twice the cost.
"""

from dataclasses import dataclass

from msgspec import Struct

from posthouse.database.identifiers import AccountId, MailboxId, ModSeq, Uid
from posthouse.database.transaction import Transaction
from posthouse.store.errors import NoSuchMailbox


@dataclass(frozen=True, slots=True)
class Status:
    """What can be said of a mailbox without reading it."""

    modseq: ModSeq
    uidnext: Uid
    uidvalidity: int
    recent_uid: Uid
    messages: int
    unseen: int
    octets: int


class Delta(Struct, frozen=True):
    """How a change moves a mailbox's sums."""

    uids: int = 0
    messages: int = 0
    unseen: int = 0
    octets: int = 0


def lock(tx: Transaction, account_id: AccountId) -> None:
    """Wait for whoever changes the account and keep others out until COMMIT. Raises NoSuchMailbox.

    With one writer the turn itself is the lock; an engine with many runs this as an update of the account's row.
    """
    next_modseq(tx, account_id, 0)


def next_modseq(tx: Transaction, account_id: AccountId, records: int = 1) -> ModSeq:
    """Take the account's counter (its lock) and the modseqs of so many records; the first of them is returned.

    Raises NoSuchMailbox when the account has no mailboxes (any more).
    """
    tx.execute(
        "UPDATE counter SET modseq = modseq + ? WHERE account_id = ? AND mailbox_id = 0", (records, account_id)
    )
    found = tx.row("SELECT modseq FROM counter WHERE account_id = ? AND mailbox_id = 0", (account_id,))
    if found is None:
        raise NoSuchMailbox("the account has no mailboxes")
    return ModSeq(found[0] - records + 1)


def move_sums(tx: Transaction, account_id: AccountId, mailbox_id: MailboxId, modseq: ModSeq, by: Delta) -> Uid:
    """Move a mailbox's sums and its modseq; returns the first of the UIDs taken. Raises NoSuchMailbox."""
    tx.execute(
        "UPDATE counter SET modseq = ?, uidnext = uidnext + ?, messages = messages + ?, unseen = unseen + ?,"
        " octets = octets + ? WHERE account_id = ? AND mailbox_id = ?",
        (modseq, by.uids, by.messages, by.unseen, by.octets, account_id, mailbox_id),
    )
    found = tx.row("SELECT uidnext FROM counter WHERE account_id = ? AND mailbox_id = ?", (account_id, mailbox_id))
    if found is None:
        raise NoSuchMailbox("the mailbox is gone")
    return Uid(found[0] - by.uids)


def status_of(tx: Transaction, account_id: AccountId, mailbox_id: MailboxId) -> Status:
    """What a mailbox's counter says. Raises NoSuchMailbox."""
    found = tx.row(
        "SELECT modseq, uidnext, uidvalidity, recent_uid, messages, unseen, octets FROM counter"
        " WHERE account_id = ? AND mailbox_id = ?",
        (account_id, mailbox_id),
    )
    if found is None:
        raise NoSuchMailbox("the mailbox is gone")
    return Status(*found)


def claim_recent(tx: Transaction, account_id: AccountId, mailbox_id: MailboxId, up_to: Uid) -> None:
    """Note that a session has been told of every message below `up_to` as \\Recent (RFC 3501 2.3.2). Losable."""
    tx.execute(
        "UPDATE counter SET recent_uid = ? WHERE account_id = ? AND mailbox_id = ? AND recent_uid < ?",
        (up_to, account_id, mailbox_id, up_to),
    )
