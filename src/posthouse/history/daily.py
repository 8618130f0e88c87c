"""The day's sums: how many recipients were accepted, and what became of them. They only grow."""


from msgspec import Struct

from posthouse.database.transaction import Transaction
from posthouse.message.dates import Instant

DAY_MICROSECONDS = 24 * 3600 * 1_000_000


class Sums(Struct, frozen=True):
    """Recipients, after aliases. What is queued counts again when it has left the queue."""

    accepted: int = 0
    delivered: int = 0
    queued: int = 0
    relayed: int = 0
    notified: int = 0
    discarded: int = 0


def count(tx: Transaction, at: Instant, sums: Sums) -> None:
    """Add to the sums of the day of an instant (UTC)."""
    tx.execute(
        "INSERT INTO daily VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (day) DO UPDATE SET"
        " accepted = accepted + excluded.accepted, delivered = delivered + excluded.delivered,"
        " queued = queued + excluded.queued,"
        " relayed = relayed + excluded.relayed, notified = notified + excluded.notified,"
        " discarded = discarded + excluded.discarded",
        (
            at // DAY_MICROSECONDS,
            sums.accepted,
            sums.delivered,
            sums.queued,
            sums.relayed,
            sums.notified,
            sums.discarded,
        ),
    )


def total(tx: Transaction) -> Sums:
    """The sums of all days."""
    found = tx.row(
        "SELECT coalesce(sum(accepted), 0), coalesce(sum(delivered), 0), coalesce(sum(queued), 0),"
        " coalesce(sum(relayed), 0), coalesce(sum(notified), 0), coalesce(sum(discarded), 0) FROM daily"
    )
    assert found is not None
    return Sums(*found)
