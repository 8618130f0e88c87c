"""Queue entries: what was accepted for elsewhere, and for whom (RFC 5321 4.5.4)."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from posthouse.database.identifiers import AccountId, BlobId, DecisionId, QueueId
from posthouse.database.transaction import Transaction
from posthouse.message.address import Address, ReversePath
from posthouse.message.dates import Instant
from posthouse.message.envelope import BodyType

LIFETIME_SECONDS: Final = 5 * 24 * 3600    # RFC 5321 4.5.4.1: the give-up time generally needs to be at least 4-5 days
MICROSECONDS: Final = 1_000_000


class Transport(StrEnum):
    """How a recipient's mail goes on."""

    REMOTE = "remote"


class RecipientState(StrEnum):
    """Where a recipient stands in its life."""

    WAITING = "waiting"


@dataclass(frozen=True, slots=True)
class NewEntry:
    """A message for recipients elsewhere, about to be queued. `view`: what the next hop is to see, encoded."""

    blob_id: BlobId
    decision_id: DecisionId
    originator: AccountId | None
    reverse_path: ReversePath
    body_type: BodyType
    view: bytes
    size_octets: int
    recipients: tuple[Address, ...]


@dataclass(frozen=True, slots=True)
class QueuedRecipient:
    """One recipient that waits."""

    number: int
    forward_path: str
    state: RecipientState
    attempts: int
    due_at: Instant
    last_status: str | None
    last_text: str | None


@dataclass(frozen=True, slots=True)
class QueuedEntry:
    """One message that we owe."""

    queue_id: QueueId
    decision_id: DecisionId
    reverse_path: str
    size_octets: int
    arrived_at: Instant
    expires_at: Instant
    recipients: tuple[QueuedRecipient, ...]


def enqueue(tx: Transaction, entry: NewEntry, at: Instant) -> QueueId:
    """Queue a message for its recipients, all due at once."""
    queue_id = tx.insert(
        "INSERT INTO queue_entry (blob_id, decision_id, account_id, reverse_path, body_type, view, size_octets,"
        " arrived_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            entry.blob_id,
            entry.decision_id,
            entry.originator,
            str(entry.reverse_path),
            entry.body_type.value,
            entry.view,
            entry.size_octets,
            at,
            at + LIFETIME_SECONDS * MICROSECONDS,
        ),
    )
    for number, recipient in enumerate(entry.recipients, 1):
        tx.execute(
            "INSERT INTO queue_recipient VALUES (?, ?, ?, ?, ?, ?, 0, ?, NULL, NULL, NULL, NULL)",
            (queue_id, number, str(recipient), recipient.domain.key, Transport.REMOTE, RecipientState.WAITING, at),
        )
    tx.announce("queue")
    return QueueId(queue_id)


def list_entries(tx: Transaction, after: QueueId, limit: int = 1000) -> list[QueuedEntry]:
    """Entries in order of arrival, those after a key, at most `limit`."""
    rows = tx.rows(_ENTRIES + " WHERE queue_id > ? ORDER BY queue_id LIMIT ?", (after, limit))
    return [_entry(tx, *row) for row in rows]


def find_entry(tx: Transaction, queue_id: QueueId) -> QueuedEntry | None:
    """One entry, or None."""
    found = tx.row(_ENTRIES + " WHERE queue_id = ?", (queue_id,))
    return _entry(tx, *found) if found else None


_ENTRIES: Final = "SELECT queue_id, decision_id, reverse_path, size_octets, arrived_at, expires_at FROM queue_entry"


def _entry(tx: Transaction, queue_id: QueueId, *columns: Any) -> QueuedEntry:
    rows = tx.rows(
        "SELECT number, forward_path, state, attempts, due_at, last_status, last_text FROM queue_recipient"
        " WHERE queue_id = ? ORDER BY number",
        (queue_id,),
    )
    recipients = tuple(
        QueuedRecipient(number, forward_path, RecipientState(state), attempts, Instant(due_at), status, text)
        for number, forward_path, state, attempts, due_at, status, text in rows
    )
    return QueuedEntry(*(queue_id, *columns, recipients))
