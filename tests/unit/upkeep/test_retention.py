"""What ended 30 days ago goes, two days' worth a day at most, whatever the clock says (DESIGN 5, Time)."""

import pytest

from posthouse.message.dates import Instant
from posthouse.runtime.disk import SystemDisk
from posthouse.store.messages import Where, remove
from posthouse.upkeep.departing import DepartingFiles
from posthouse.upkeep.retention import Retention
from small_store import ALICE, INBOX, NOON, Store

HOUR = 3600
DAY = 24 * HOUR
MICROSECONDS = 1_000_000


@pytest.fixture
def job(store, clock) -> Retention:
    return Retention(store.database, DepartingFiles(SystemDisk(store.path), clock), clock)


def hours(store: Store, job: Retention, clock, count: int) -> None:
    """So many turns, an hour of uptime apart."""
    for _ in range(count):
        clock.pass_by(HOUR)
        store.runner.run(job.turn())


def expunge_one(store: Store, at: int) -> None:
    uid = store.put(at=at)
    store.write(remove, INBOX, store.listing(), ((uid, uid),), Instant(at))


def messages(store: Store) -> int:
    return store.rows("SELECT count(*) FROM message")[0][0]


def test_an_expunged_message_goes_after_thirty_days_and_not_before(store, job, clock) -> None:
    """A quiet mailbox, never folded for its few records, is folded for this."""
    expunge_one(store, NOON)
    hours(store, job, clock, 30 * 24)
    assert messages(store) == 1
    hours(store, job, clock, 3)
    assert messages(store) == 0
    assert store.rows("SELECT count(*) FROM change WHERE mailbox_id = 1") == [(0,)]


def test_a_clock_that_jumps_ahead_expires_two_days_worth_a_day(store, job, clock) -> None:
    """A year ahead by mistake: an administrator has days, not a moment, to see it."""
    for day in range(10):
        expunge_one(store, NOON + day * DAY * MICROSECONDS)
    clock.time_of_day = NOON + 10 * DAY * MICROSECONDS
    hours(store, job, clock, 2)
    clock.time_of_day += 365 * DAY * MICROSECONDS
    hours(store, job, clock, 24)
    assert messages(store) >= 7
    clock.time_of_day -= 365 * DAY * MICROSECONDS
    left = messages(store)
    hours(store, job, clock, 15 * 24)
    assert messages(store) == left      # what was never due has its full time again


def test_a_clock_that_jumps_back_expires_nothing(store, job, clock) -> None:
    expunge_one(store, NOON)
    hours(store, job, clock, 2)
    clock.time_of_day -= 3650 * DAY * MICROSECONDS
    hours(store, job, clock, 48)
    assert messages(store) == 1


def test_what_fell_behind_is_caught_up_with(store, job, clock) -> None:
    """Days of downtime, or many restarts: two hours go with each hour until the horizon is where it should be."""
    for day in range(6):
        expunge_one(store, NOON + day * DAY * MICROSECONDS)
    hours(store, job, clock, 1)
    clock.time_of_day = NOON + 35 * DAY * MICROSECONDS
    hours(store, job, clock, 16 * 24)
    assert 0 < messages(store) < 6
    hours(store, job, clock, 3 * 24)
    assert messages(store) == 0


def test_files_of_purged_messages_go_after_a_grace(store, clock) -> None:
    """For those who still read them; a crash before leaves them to the search for orphans."""
    disk = SystemDisk(store.path)
    file = disk.create("blobs/ab/big")
    file.write(b"x")
    file.finish()
    expunge_one(store, NOON)
    store.sql("UPDATE blob SET kind = 'file', name = 'blobs/ab/big', bytes = NULL")
    departing = DepartingFiles(disk, clock)
    job = Retention(store.database, departing, clock)
    hours(store, job, clock, 1)
    store.sql("UPDATE retention SET horizon = ?", (NOON + DAY * MICROSECONDS,))
    hours(store, job, clock, 1)
    assert messages(store) == 0
    store.runner.run(departing.turn())
    assert disk.names("blobs") == ["blobs/ab/big"]
    clock.pass_by(25 * HOUR)
    store.runner.run(departing.turn())
    assert disk.names("blobs") == []


def test_the_horizon_survives_a_restart(store, clock) -> None:
    """Else a server that is restarted often would expire two hours' worth with each start."""
    expunge_one(store, NOON)
    departing = DepartingFiles(SystemDisk(store.path), clock)
    store.runner.run(Retention(store.database, departing, clock).turn())
    assert Retention(store.database, departing, clock).seconds_before >= HOUR
    (before,) = store.rows("SELECT horizon FROM retention")[0]
    clock.time_of_day += 365 * DAY * MICROSECONDS
    store.runner.run(Retention(store.database, departing, clock).turn())
    assert store.rows("SELECT horizon FROM retention") == [(before + 2 * HOUR * MICROSECONDS,)]


def test_accounts_are_purged_each_for_itself(store, job, clock) -> None:
    bob = store.account(2)
    store.put()
    expunge_one(store, NOON)
    where = Where(bob, 1)
    store.put(where)
    store.write(remove, where, store.listing(where), ((1, 1),), NOON)
    hours(store, job, clock, 1)
    store.sql("UPDATE retention SET horizon = ?", (NOON + DAY * MICROSECONDS,))
    hours(store, job, clock, 1)
    assert store.rows("SELECT account_id FROM message") == [(ALICE,)]
    assert len(store.listing()) == 1
