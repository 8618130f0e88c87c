"""The runner: jobs have their turns, a failure is journaled and tried again, cancelling harms nothing."""

import asyncio

import pytest

from posthouse.database.errors import DiskFull
from posthouse.runtime.disk import SystemDisk
from posthouse.runtime.journal import Journal
from posthouse.upkeep.upkeep import RETRY_SECONDS, Upkeep


class Recorded:
    """A job that does what it is told, turn by turn."""

    name = "recorded"
    seconds_before = 0.0
    seconds_between = 0.0

    def __init__(self, *outcomes: Exception | None) -> None:
        self.outcomes = list(outcomes)
        self.turns = 0

    async def turn(self) -> None:
        self.turns += 1
        outcome = self.outcomes.pop(0) if self.outcomes else None
        if outcome is not None:
            raise outcome


@pytest.fixture
def lines() -> list[bytes]:
    return []


@pytest.fixture
def upkeep(store, clock, lines: list[bytes]) -> Upkeep:
    return Upkeep(store.database, SystemDisk(store.path), clock, Journal(clock, lines.append))


def test_each_job_has_a_name_of_its_own_and_waits_between_turns(upkeep: Upkeep) -> None:
    assert len({job.name for job in upkeep.jobs}) == len(upkeep.jobs)
    assert all(job.seconds_between >= 1 for job in upkeep.jobs)


def test_a_world_error_is_journaled_and_tried_again(store, upkeep: Upkeep, lines: list[bytes]) -> None:
    """A full disk recovers by itself; upkeep goes on when it has."""
    job = Recorded(DiskFull("the disk is full"))
    assert store.runner.run(upkeep.turn(job)) == RETRY_SECONDS
    assert len(lines) == 1
    assert b"upkeep-failed" in lines[0]
    assert b"recorded" in lines[0]
    assert b"the disk is full" in lines[0]
    assert store.runner.run(upkeep.turn(job)) == 0.0
    assert job.turns == 2


def test_a_bug_is_journaled_with_its_traceback_and_stops_no_other_job(
    store, upkeep: Upkeep, lines: list[bytes]
) -> None:
    """DESIGN 7.5: caught once, at the boundary."""
    store.runner.run(upkeep.turn(Recorded(ZeroDivisionError("oops"))))
    assert b"upkeep-broken" in lines[0]
    assert b"ZeroDivisionError" in lines[0]


def test_jobs_take_turns_until_they_are_cancelled(store, upkeep: Upkeep, lines: list[bytes]) -> None:
    first, second = Recorded(), Recorded()
    upkeep.jobs = (first, second)

    async def scenario() -> None:
        running = asyncio.ensure_future(upkeep.run())
        while first.turns < 3 or second.turns < 3:
            await asyncio.sleep(0)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    store.runner.run(scenario())
    assert lines == []


def test_every_job_runs_on_a_store_that_is_whole(store, upkeep: Upkeep, lines: list[bytes]) -> None:
    for _ in range(3):
        store.put()
    for job in upkeep.jobs:
        assert store.runner.run(upkeep.turn(job)) == job.seconds_between
    assert lines == []
    assert len(store.listing()) == 3
