"""One acceptance is one transaction: the bytes, a row for every recipient, the decision, the day's sums."""


from msgspec import Struct

from posthouse.database.blobs.rows import add_blob
from posthouse.database.identifiers import AccountId, BlobId, DecisionId, QueueId, Uid
from posthouse.database.transaction import Transaction
from posthouse.delivery.arrival import Arrival
from posthouse.delivery.errors import PlanOutdated
from posthouse.delivery.events import accepted_mail
from posthouse.delivery.plan import LocalDelivery, Plan
from posthouse.directory.resolution import resolve
from posthouse.directory.version import version
from posthouse.history.daily import count
from posthouse.history.decisions import record_decision
from posthouse.message.dates import ZonedInstant
from posthouse.queue.entries import NewEntry, enqueue
from posthouse.store.mailboxes import INBOX_ID
from posthouse.store.messages import NewMessage, Where, append


class Accepted(Struct, frozen=True):
    """What an acceptance has written: it is on disk."""

    identifier: str
    delivered: tuple[tuple[AccountId, Uid], ...]
    queue_id: QueueId | None


def accept(tx: Transaction, plan: Plan) -> Accepted:
    """Carry a plan out, and announce a `MailAccepted`.

    Raises PlanOutdated when the directory has changed for one of its recipients.
    """
    arrival = plan.arrival
    _check_directory(tx, arrival)
    decision_id = record_decision(tx, plan.decision, arrival.at)
    blob_id = add_blob(tx, arrival.spooled, plan.blob_uses)
    delivered = tuple(_deliver(tx, plan, delivery, blob_id, decision_id) for delivery in plan.deliveries)
    queue_id = enqueue(tx, _entry(plan, blob_id, decision_id), arrival.at) if plan.elsewhere else None
    count(tx, arrival.at, plan.sums)
    tx.announce(accepted_mail(arrival, len(plan.deliveries), len(plan.elsewhere)))
    return Accepted(arrival.origin.identifier, delivered, queue_id)


def _check_directory(tx: Transaction, arrival: Arrival) -> None:
    """A plan was made on what the directory said at RCPT; it stands if the directory still says so."""
    if version(tx) == arrival.directory_version:
        return
    for destination in arrival.destinations:
        if resolve(tx, destination.forward_path) != destination.resolution:
            raise PlanOutdated(f"{destination.forward_path} leads elsewhere now")


def _deliver(
    tx: Transaction, plan: Plan, delivery: LocalDelivery, blob_id: BlobId, decision_id: DecisionId
) -> tuple[AccountId, Uid]:
    at = plan.arrival.at
    view = delivery.view
    message = NewMessage(blob_id, decision_id, view.encode(), view.size_octets, plan.sent_date, plan.wire)
    uid = append(tx, Where(delivery.account_id, INBOX_ID), message, ZonedInstant(at), 0, at)
    return delivery.account_id, uid


def _entry(plan: Plan, blob_id: BlobId, decision_id: DecisionId) -> NewEntry:
    arrival = plan.arrival
    originator = arrival.origin.originator
    return NewEntry(
        blob_id,
        decision_id,
        originator.account_id if originator else None,
        arrival.reverse_path,
        arrival.body_type,
        plan.relay_view.encode(),
        plan.relay_view.size_octets,
        plan.elsewhere,
    )
