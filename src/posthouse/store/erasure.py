"""Erasing all that is kept for an account: STORE.md says that its listings and its records name all there is.

The first step takes the account's counters, and with them every mailbox, out of every operation's sight; the steps
after it remove messages, then the records and listing rows that named them, and at last the mailboxes themselves, by
which an erasure that was cut short is found again. What the account has in the queue is not kept for it but owed to
others: it stays.
"""

from array import array
from dataclasses import dataclass
from typing import Final

from posthouse.database.identifiers import AccountId, MailboxId
from posthouse.database.transaction import Transaction
from posthouse.store.changes import Kind
from posthouse.store.folding import listed_message_ids
from posthouse.store.placements import message_ids_of
from posthouse.store.retention import MESSAGES_A_STEP, Candidates, existing_among, remove_messages

ERASURE_TOPIC: Final = "erasure"
"""A transaction that begins an erasure announces `(ERASURE_TOPIC, account_id)`."""

_SOURCES_A_STEP: Final = 64    # records or listing rows, of at most 230 KB each


@dataclass(frozen=True, slots=True)
class Erased:
    """What one step did. `file_names`: to be removed after COMMIT and a grace for those who still read."""

    file_names: tuple[str, ...]
    is_complete: bool


def begin_erasure(tx: Transaction, account_id: AccountId) -> None:
    """From here on no operation finds the account's mailboxes; sessions that have one open hear that it is gone.

    What takes longer is upkeep's: `erase_account`, step by step, now or after a restart.
    """
    rows = tx.rows("SELECT mailbox_id FROM counter WHERE account_id = ? AND mailbox_id > 0", (account_id,))
    for (mailbox_id,) in rows:
        tx.announce((account_id, MailboxId(mailbox_id)))
    tx.execute("DELETE FROM counter WHERE account_id = ?", (account_id,))
    tx.announce((ERASURE_TOPIC, account_id))


def erase_account(tx: Transaction, account_id: AccountId) -> Erased:
    """Erase a bounded part of an account's mail; to be called again until it is complete."""
    if tx.row("SELECT 1 FROM counter WHERE account_id = ? LIMIT 1", (account_id,)) is not None:
        begin_erasure(tx, account_id)
    erased = _erase_named(tx, account_id, *_records(tx, account_id)) or _erase_named(
        tx, account_id, *_listing_rows(tx, account_id)
    )
    if erased is not None:
        return erased
    for table in ("mailbox", "subscription", "keyword"):
        tx.execute(f"DELETE FROM {table} WHERE account_id = ?", (account_id,))
    return Erased((), True)


def accounts_under_erasure(tx: Transaction) -> list[AccountId]:
    """Accounts whose erasure has begun and is not complete, at most 1,000 of them."""
    rows = tx.rows(
        "SELECT DISTINCT account_id FROM mailbox WHERE NOT EXISTS"
        " (SELECT 1 FROM counter WHERE counter.account_id = mailbox.account_id AND counter.mailbox_id = 0) LIMIT 1000"
    )
    return [AccountId(account_id) for (account_id,) in rows]


_Source = tuple[str, tuple[int, ...]]    # the statement that deletes it, and its key


def _records(tx: Transaction, account_id: AccountId) -> tuple[list[_Source], Candidates]:
    """The account's next records, and the messages that they name."""
    rows = tx.rows(
        "SELECT mailbox_id, modseq, kind, body FROM change WHERE account_id = ? ORDER BY mailbox_id, modseq LIMIT ?",
        (account_id, _SOURCES_A_STEP),
    )
    statement = "DELETE FROM change WHERE account_id = ? AND mailbox_id = ? AND modseq = ?"
    named: Candidates = set()
    for _, _, kind, body in rows:
        if kind in (Kind.ADD, Kind.EXPUNGE):
            named.update(message_ids_of(body))
    return [(statement, (account_id, mailbox_id, modseq)) for mailbox_id, modseq, _, _ in rows], named


def _listing_rows(tx: Transaction, account_id: AccountId) -> tuple[list[_Source], Candidates]:
    """The account's next listing row, and the messages that it names."""
    rows = tx.rows(
        "SELECT mailbox_id, first_uid, columns FROM listing WHERE account_id = ?"
        " ORDER BY mailbox_id, first_uid LIMIT 1",
        (account_id,),
    )
    statement = "DELETE FROM listing WHERE account_id = ? AND mailbox_id = ? AND first_uid = ?"
    named: Candidates = set()
    for _, _, columns in rows:
        named.update(listed_message_ids(columns))
    return [(statement, (account_id, mailbox_id, first_uid)) for mailbox_id, first_uid, _ in rows], named


def _erase_named(
    tx: Transaction, account_id: AccountId, sources: list[_Source], named: Candidates
) -> Erased | None:
    """Remove messages, and when all that some sources name are gone, the sources; None when there are none."""
    if not sources:
        return None
    going = existing_among(tx, named)
    file_names = remove_messages(tx, account_id, array("q", going[:MESSAGES_A_STEP]))
    if len(going) <= MESSAGES_A_STEP:
        for statement, key in sources:
            tx.execute(statement, key)
    return Erased(tuple(file_names), False)
