"""What the SMTP doors call with a whole message: examine it, make the plan, carry it out in one transaction."""

import asyncio
from dataclasses import dataclass, field
from functools import partial

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

Answer = asyncio.Future[Accepted]


@dataclass(frozen=True, slots=True)
class Delivery:
    """The one way into the store and the queue. `hostname` is ours, as trace fields name it.

    What arrives in one turn of the loop is taken up together when the turn ends: first all is examined, then all
    planned. One piece of code many times is a twentieth cheaper than many pieces in turn, for the processor's sake.
    """

    database: Database
    directory: DirectoryReader
    blobs: BlobFiles
    workers: Workers
    hostname: str
    _arrived: list[tuple[Arrival, Answer]] = field(default_factory=list, init=False)

    def accept(self, arrival: Arrival) -> Answer:
        """Take responsibility for a message: the future resolves once everything is on disk.

        A message that is soon read is examined and planned in the loop, any other on a thread. The future's exception:
        HeaderTooLarge, TooManyHops, AuthorRefused, PlanOutdated, WorkersBusy or a DatabaseError; then nothing was kept.
        """
        loop = asyncio.get_running_loop()
        answer: Answer = loop.create_future()
        if not self._arrived:
            loop.call_soon(self._take_up)
        self._arrived.append((arrival, answer))
        return answer

    def _take_up(self) -> None:
        arrived = self._arrived.copy()
        self._arrived.clear()
        examined = [_examined_at_once(arrival) for arrival, _ in arrived]
        for (arrival, answer), found in zip(arrived, examined, strict=True):
            try:
                self._plan_and_carry_out(arrival, found, answer)
            except Exception as error:    # noqa: BLE001 - it belongs to whoever waits for the answer
                if not answer.done():
                    answer.set_exception(error)

    def _plan_and_carry_out(self, arrival: Arrival, found: Examined | Exception | None, answer: Answer) -> None:
        """Raises what was found instead of a message's structure."""
        if isinstance(found, Exception):
            raise found
        if found is None:
            task = asyncio.ensure_future(self._accept_aside(arrival))
            task.add_done_callback(partial(_pass_on, answer))
        else:
            self._carry_out(make_plan(arrival, found, self.hostname), found, answer)

    async def _accept_aside(self, arrival: Arrival) -> Accepted:
        try:
            return await self._carry_out(*await self.workers.run(_examine_and_plan, arrival, self.hostname))
        except SyncFailed:
            raise                         # recovery may find the row: its file stays
        except Exception:
            if arrival.spooled.name is not None:
                self.blobs.remove(arrival.spooled.name)    # no row names it
            raise

    def _carry_out(self, plan: Plan, examined: Examined, answer: Answer | None = None) -> Answer:
        self._check_authors(plan.arrival, examined)
        return self.database.write(lambda tx: accept(tx, plan), _memory_of(plan.arrival), answer)

    def _check_authors(self, arrival: Arrival, examined: Examined) -> None:
        originator = arrival.origin.originator
        if originator is None:
            return
        verdict = judge_authors(claimed_authors(examined.section, originator, self.directory))
        if not isinstance(verdict, Accept):
            raise AuthorRefused(verdict.status, verdict.text)


def _examined_at_once(arrival: Arrival) -> Examined | Exception | None:
    """None for a message that takes long; a bug of ours that it meets is its own, not the others'."""
    octets = arrival.spooled.octets
    try:
        return examine_if_quick(octets) if isinstance(octets, bytes) else None
    except Exception as bug:    # noqa: BLE001 - carried to whoever waits for the answer
        return bug


def _pass_on(answer: Answer, task: "asyncio.Task[Accepted]") -> None:
    """Answer what a task has come to, unless nobody waits any more."""
    if task.cancelled():
        answer.cancel()
    elif answer.done():
        task.exception()    # looked at, or the loop would complain
    elif (error := task.exception()) is not None:
        answer.set_exception(error)
    else:
        answer.set_result(task.result())


def _examine_and_plan(arrival: Arrival, hostname: str) -> tuple[Plan, Examined]:
    """Runs on a thread: what a message's structure may make long."""
    examined = examine(arrival.spooled.octets)
    return make_plan(arrival, examined, hostname), examined


def _memory_of(arrival: Arrival) -> int:
    return arrival.spooled.length if arrival.spooled.name is None else 0
