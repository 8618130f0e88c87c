"""Every message that we owe has its bytes, its decision and somebody to whom it is owed."""

from typing import Any

from posthouse.queue.entries import RecipientState, Transport
from posthouse.upkeep.checks.inspection import Inspection
from posthouse.upkeep.checks.messages import readable_view
from posthouse.upkeep.faults import FaultKind


def check_queue(inspection: Inspection) -> None:
    """Look at every entry and every recipient."""
    for rows in inspection.pages(
        "SELECT queue_id, view, size_octets, blob.length, decision.decision_id,"
        " (SELECT count(*) FROM queue_recipient WHERE queue_recipient.queue_id = queue_entry.queue_id)"
        " FROM queue_entry LEFT JOIN blob USING (blob_id) LEFT JOIN decision USING (decision_id)"
        " WHERE queue_id > ? ORDER BY queue_id LIMIT ?"
    ):
        for queue_id, *columns in rows:
            for text in _entry_faults(*columns):
                inspection.report(FaultKind.QUEUE, f"queue entry {queue_id}", text)
    for queue_id, number in inspection.tx.rows(
        "SELECT queue_id, number FROM queue_recipient WHERE NOT EXISTS"
        " (SELECT 1 FROM queue_entry WHERE queue_entry.queue_id = queue_recipient.queue_id) LIMIT 1000"
    ):
        inspection.report(FaultKind.QUEUE, f"queue entry {queue_id}", f"recipient {number} waits for nothing")
    for queue_id, number, state, transport in inspection.tx.rows(
        "SELECT queue_id, number, state, transport FROM queue_recipient"
        f" WHERE state NOT IN ({_listed(RecipientState)}) OR transport NOT IN ({_listed(Transport)}) LIMIT 1000"
    ):
        inspection.report(FaultKind.QUEUE, f"queue entry {queue_id}", f"recipient {number} is {state} by {transport}")


def _entry_faults(
    view: bytes, size_octets: int, length: int | None, decision_id: int | None, recipients: int
) -> list[str]:
    faults = []
    if length is None:
        faults.append("its blob is not there")
    elif (seen := readable_view(view, length)) is None or seen.size_octets != size_octets:
        faults.append("its view is damaged, or not of the size that its row tells")
    if decision_id is None:
        faults.append("no decision record says why it was accepted")
    if not recipients:
        faults.append("it is owed to nobody")
    return faults


def _listed(states: Any) -> str:
    return ", ".join(f"'{state.value}'" for state in states)
