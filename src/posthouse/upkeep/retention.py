"""Letting go of what ended 30 days ago: expunged messages, deleted mailboxes, old records (STORE.md: purge).

At most two days' worth a day goes, whatever the clock says (DESIGN 5, Time): the horizon moves two hours at most with
each turn, and a turn comes an hour of uptime after the last.
"""

from functools import partial
from typing import Final

from posthouse.database.database import Database
from posthouse.database.identifiers import AccountId
from posthouse.message.dates import Instant
from posthouse.runtime.clock import Clock
from posthouse.store.retention import accounts_with_expired, advance_horizon, find_purge, find_unfolded, purge
from posthouse.upkeep.departing import DepartingFiles
from posthouse.upkeep.folding import fold_and_prune

TWO_HOURS: Final = 2 * 3600 * 1_000_000    # microseconds: DESIGN 5, two days' worth a day


class Retention:
    """The job."""

    name = "retention"
    seconds_before = 3600.0
    seconds_between = 3600.0

    def __init__(self, database: Database, departing: DepartingFiles, clock: Clock) -> None:
        self._database = database
        self._departing = departing
        self._clock = clock

    async def turn(self) -> None:
        """Move the horizon, then purge every account of which something lies behind it."""
        now = self._clock.now()
        horizon = await self._database.write(lambda tx: advance_horizon(tx, now, TWO_HOURS))
        after = AccountId(0)
        while accounts := await self._expired_beyond(after, horizon):
            for account_id in accounts:
                await self._purge(account_id, horizon)
            after = accounts[-1]

    async def _expired_beyond(self, after: AccountId, horizon: Instant) -> list[AccountId]:
        return await self._database.read_aside(lambda tx: accounts_with_expired(tx, horizon, after))

    async def _purge(self, account_id: AccountId, horizon: Instant) -> None:
        """Step by step; a quiet mailbox is folded first, for what is not folded cannot go."""
        database = self._database
        for mailbox_id in await database.read_aside(lambda tx: find_unfolded(tx, account_id, horizon)):
            await fold_and_prune(database, (account_id, mailbox_id))
        while (step := await database.read_aside(lambda tx: find_purge(tx, account_id, horizon))) is not None:
            self._departing.add(await database.write(partial(purge, step=step)))
