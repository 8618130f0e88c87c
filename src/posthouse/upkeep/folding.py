"""Folding mailboxes before their records grow so many that loading them is slow (STORE.md: fold early).

Which may need it comes from what COMMITs announce; at the start, when nobody has announced anything yet, from the
counters. Whether one does is asked away from the loop; each fold is an operation of its own.
"""

from collections.abc import Hashable
from typing import Final

from posthouse.database.database import Database
from posthouse.database.identifiers import AccountId, MailboxId
from posthouse.database.transaction import Transaction
from posthouse.store.changes import Place
from posthouse.store.errors import NoSuchMailbox
from posthouse.store.folding import fold, is_fold_due, places_to_fold
from posthouse.store.retention import prune_folded

PLACES_A_PAGE: Final = 1_000    # DESIGN 5: pages of at most 1,000 rows


class Folding:
    """The job."""

    name = "folding"
    seconds_before = 1.0
    seconds_between = 1.0

    def __init__(self, database: Database) -> None:
        self._database = database
        self._touched: set[Place] = set()
        self._scanned: Place | None = (AccountId(0), MailboxId(0))    # None: the counters have been looked through
        database.listen(self._heard)

    def _heard(self, topics: set[Hashable]) -> None:
        for topic in topics:
            match topic:
                case (int() as account_id, int() as mailbox_id):       # a mailbox's place (`write_change`)
                    self._touched.add((AccountId(account_id), MailboxId(mailbox_id)))

    async def turn(self) -> None:
        """Fold the mailboxes that were touched since the last turn and need it."""
        if self._scanned is not None:
            await self._scan(self._scanned)
        touched, self._touched = sorted(self._touched), set()
        for start in range(0, len(touched), PLACES_A_PAGE):
            await self._fold_those_due(touched[start:start + PLACES_A_PAGE])

    async def _scan(self, after: Place) -> None:
        """Look through the next page of counters."""
        found = await self._database.read_aside(lambda tx: places_to_fold(tx, after, PLACES_A_PAGE))
        self._touched.update(found)
        self._scanned = found[-1] if len(found) == PLACES_A_PAGE else None

    async def _fold_those_due(self, places: list[Place]) -> None:

        def due(tx: Transaction) -> list[Place]:
            return [place for place in places if is_fold_due(tx, *place)]

        for place in await self._database.read_aside(due):
            await fold_and_prune(self._database, place)


async def fold_and_prune(database: Database, place: Place) -> None:
    """Fold a mailbox, and once that is on disk delete the records that are of no more use. Raises DatabaseError."""
    try:
        folded = await database.write(lambda tx: fold(tx, *place))
    except NoSuchMailbox:        # deleted meanwhile
        return
    if folded is not None:
        await database.write(lambda tx: prune_folded(tx, place, folded))
