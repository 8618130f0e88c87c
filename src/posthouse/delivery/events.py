"""What the journal hears of mail that was taken, by whichever way it came.

The decision record has the whole story; the line has what an administrator looks for, and the identifier to find it by.
"""

from posthouse.delivery.arrival import Arrival
from posthouse.runtime.journal import Event


class MailAccepted(Event, frozen=True):
    """A message that is on disk: to how many accounts it was `delivered`, and for how many addresses elsewhere it was
    `queued`. Announced by the transaction that accepts it, so that it is written down whoever still waits for it."""

    identifier: str
    entrance: str
    peer_ip: str
    reverse_path: str
    octets: int
    delivered: int
    queued: int


def accepted_mail(arrival: Arrival, delivered: int, queued: int) -> MailAccepted:
    """What is said of one arrival."""
    origin = arrival.origin
    return MailAccepted(
        session=origin.session_id, identifier=origin.identifier, entrance=origin.entrance,
        peer_ip=origin.peer_ip or "", reverse_path=str(arrival.reverse_path), octets=arrival.spooled.length,
        delivered=delivered, queued=queued,
    )  # fmt: skip
