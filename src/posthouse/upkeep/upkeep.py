"""The runner: each job of upkeep in its turns beside the doors, cut short at any time and taken up again.

One process holds the data directory (its lock is the lease on every job), so that no job runs twice at once. A job
waits for each of its steps to be on disk before it asks for the next: the mail goes in between.
"""

import asyncio
from typing import Final, Protocol

from posthouse.database.database import Database
from posthouse.database.errors import DatabaseError
from posthouse.runtime.clock import Clock
from posthouse.runtime.disk import Disk
from posthouse.runtime.journal import Event, Journal, Severity, traceback_of
from posthouse.upkeep.departing import DepartingFiles
from posthouse.upkeep.erasing import Erasing
from posthouse.upkeep.folding import Folding
from posthouse.upkeep.orphans import Orphans
from posthouse.upkeep.retention import Retention

RETRY_SECONDS: Final = 60.0    # a disk that is full or a bug will not be gone at once


class UpkeepFailed(Event, frozen=True):
    """A job could not go on for the world's sake; it is tried again later, and nothing is lost."""

    severity = Severity.WARNING
    job: str
    reason: str


class UpkeepBroken(Event, frozen=True):
    """A bug of ours in a job of upkeep; it is tried again later."""

    severity = Severity.FAULT
    job: str
    traceback: str


class Job(Protocol):
    """Something to be done again and again. `seconds_before`: from the start to its first turn."""

    name: str
    seconds_before: float
    seconds_between: float

    async def turn(self) -> None:
        """Do what there is to do now. What it raises is journaled, and the job has its next turn a little later."""


class Upkeep:
    """All jobs of one process. Made before the doors open, so that it hears of every change."""

    def __init__(self, database: Database, disk: Disk, clock: Clock, journal: Journal) -> None:
        departing = DepartingFiles(disk, clock)
        self._journal = journal
        self.jobs: tuple[Job, ...] = (
            Folding(database),
            Erasing(database, departing),
            Retention(database, departing, clock),
            Orphans(database, disk, clock),
            departing,
        )

    async def run(self) -> None:
        """Go on until cancelled, which harms nothing at any point."""
        async with asyncio.TaskGroup() as tasks:
            for job in self.jobs:
                tasks.create_task(self._repeat(job))

    async def turn(self, job: Job) -> float:
        """One turn of a job; returns the seconds until its next one."""
        try:
            await job.turn()
        except (DatabaseError, OSError) as error:
            self._journal.write(UpkeepFailed(job=job.name, reason=str(error)))
            return max(job.seconds_between, RETRY_SECONDS)
        except Exception as bug:  # noqa: BLE001 - the bug boundary of upkeep: the mail goes on
            self._journal.write(UpkeepBroken(job=job.name, traceback=traceback_of(bug)))
            return max(job.seconds_between, RETRY_SECONDS)
        return job.seconds_between

    async def _repeat(self, job: Job) -> None:
        pause = job.seconds_before
        while True:
            await asyncio.sleep(pause)
            pause = await self.turn(job)
