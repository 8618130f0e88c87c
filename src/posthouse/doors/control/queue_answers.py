"""What is asked of the queue, as reading operations on a transaction."""

from typing import assert_never

from posthouse.database.identifiers import QueueId
from posthouse.database.transaction import Transaction
from posthouse.doors.control.directory_answers import shown_time
from posthouse.doors.control.requests import ListQueue, QueueQuestion, ShowQueueEntry
from posthouse.doors.control.responses import AnyResponse, QueueEntryRow, QueueListed, QueueRecipientRow, Refused
from posthouse.queue.entries import QueuedEntry, QueuedRecipient, find_entry, list_entries

PAGE_ENTRIES = 100    # of 1,000 recipients at most (RFC 5321 4.5.3.1.8), 200 octets each: a page of 20 MB at worst


def answer_question(tx: Transaction, question: QueueQuestion) -> AnyResponse:
    """Read what is asked for."""
    match question:
        case ListQueue():
            entries = list_entries(tx, QueueId(question.after), PAGE_ENTRIES)
            is_last = len(entries) < PAGE_ENTRIES
            return QueueListed(entries=tuple(map(_row, entries)), next_after=0 if is_last else entries[-1].queue_id)
        case ShowQueueEntry():
            found = find_entry(tx, QueueId(question.queue_id))
            if found is None:
                return Refused(reason=f"the queue has no number {question.queue_id}: see `posthouse queue list`")
            return QueueListed(entries=(_row(found),))
        case _:
            assert_never(question)


def _row(entry: QueuedEntry) -> QueueEntryRow:
    return QueueEntryRow(
        entry.queue_id,
        entry.reverse_path,
        shown_time(entry.arrived_at),
        shown_time(entry.expires_at),
        entry.size_octets,
        tuple(map(_recipient_row, entry.recipients)),
    )


def _recipient_row(recipient: QueuedRecipient) -> QueueRecipientRow:
    return QueueRecipientRow(
        recipient.forward_path,
        recipient.state.value,
        recipient.attempts,
        shown_time(recipient.due_at),
        recipient.last_status,
        recipient.last_text,
    )
