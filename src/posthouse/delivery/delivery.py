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
from posthouse.delivery.examination import Examined, examine, examine_if_quick
from posthouse.delivery.plan import Plan, make_plan
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

        A message that is soon read is examined and planned at once, any other on a thread. Raises, or gives as the
        future's exception: HeaderTooLarge, TooManyHops, AuthorRefused, PlanOutdated, WorkersBusy or a DatabaseError.
        In each case nothing was kept.
        """
        octets = arrival.spooled.octets
        examined = examine_if_quick(octets) if isinstance(octets, bytes) else None
        if examined is None:
            return asyncio.ensure_future(self._accept_aside(arrival))
        return self._carry_out(make_plan(arrival, examined, self.hostname), examined)

    async def _accept_aside(self, arrival: Arrival) -> Accepted:
        try:
            return await self._carry_out(*await self.workers.run(_examine_and_plan, arrival, self.hostname))
        except SyncFailed:
            raise                         # recovery may find the row: its file stays
        except Exception:
            if arrival.spooled.name is not None:
                self.blobs.remove(arrival.spooled.name)    # no row names it
            raise

    def _carry_out(self, plan: Plan, examined: Examined) -> "asyncio.Future[Accepted]":
        self._check_authors(plan.arrival, examined)
        return self.database.write(lambda tx: accept(tx, plan), _memory_of(plan.arrival))

    def _check_authors(self, arrival: Arrival, examined: Examined) -> None:
        originator = arrival.origin.originator
        if originator is None:
            return
        verdict = judge_authors(claimed_authors(examined.section, originator, self.directory))
        if not isinstance(verdict, Accept):
            raise AuthorRefused(verdict.status, verdict.text)


def _examine_and_plan(arrival: Arrival, hostname: str) -> tuple[Plan, Examined]:
    """Runs on a thread: what a message's structure may make long."""
    examined = examine(arrival.spooled.octets)
    return make_plan(arrival, examined, hostname), examined


def _memory_of(arrival: Arrival) -> int:
    return arrival.spooled.length if arrival.spooled.name is None else 0
