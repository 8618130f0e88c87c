"""What the SMTP doors call with a whole message: examine it, make the plan, carry it out in one transaction."""

import asyncio
from dataclasses import dataclass

from posthouse.database.blobs.spool import BlobFiles
from posthouse.database.database import Database
from posthouse.database.errors import SyncFailed
from posthouse.delivery.acceptance import Accepted, accept
from posthouse.delivery.arrival import Arrival
from posthouse.delivery.authors import claimed_authors
from posthouse.delivery.errors import AuthorRefused
from posthouse.delivery.examination import Examined, examine
from posthouse.delivery.plan import make_plan
from posthouse.directory.reader import DirectoryReader
from posthouse.policy.identity import judge_authors
from posthouse.policy.verdicts import Accept
from posthouse.runtime.workers import Workers


@dataclass(frozen=True, slots=True)
class Delivery:
    """The one way into the store and the queue. `hostname` is ours, as trace fields name it."""

    database: Database
    directory: DirectoryReader
    blobs: BlobFiles
    workers: Workers
    hostname: str

    def accept(self, arrival: Arrival) -> "asyncio.Future[Accepted]":
        """Take responsibility for a message: the future resolves once everything is on disk.

        A small message is examined at once, a big one on a thread. Raises, or gives as the future's exception:
        HeaderTooLarge, TooManyHops, AuthorRefused, PlanOutdated, WorkersBusy or a DatabaseError. In each case nothing
        was kept.
        """
        if arrival.spooled.name is None:
            return self._carry_out(arrival, examine(arrival.spooled.octets))
        return asyncio.ensure_future(self._accept_big(arrival, arrival.spooled.name))

    async def _accept_big(self, arrival: Arrival, name: str) -> Accepted:
        try:
            return await self._carry_out(arrival, await self.workers.run(examine, arrival.spooled.octets))
        except SyncFailed:
            raise                         # recovery may find the row: its file stays
        except Exception:
            self.blobs.remove(name)       # no row names it
            raise

    def _carry_out(self, arrival: Arrival, examined: Examined) -> "asyncio.Future[Accepted]":
        plan = make_plan(arrival, examined, self.hostname)
        self._check_authors(arrival, examined)
        return self.database.write(lambda tx: accept(tx, plan), _memory_of(arrival))

    def _check_authors(self, arrival: Arrival, examined: Examined) -> None:
        originator = arrival.origin.originator
        if originator is None:
            return
        verdict = judge_authors(claimed_authors(examined.section, originator, self.directory))
        if not isinstance(verdict, Accept):
            raise AuthorRefused(verdict.status, verdict.text)


def _memory_of(arrival: Arrival) -> int:
    return arrival.spooled.length if arrival.spooled.name is None else 0
