"""An account that was removed is erased to the end, by this process or the next (DESIGN 5: exact erasure)."""

import pytest

from posthouse.runtime.disk import SystemDisk
from posthouse.store import erasure
from posthouse.store.erasure import begin_erasure, erase_account
from posthouse.upkeep.departing import DepartingFiles
from posthouse.upkeep.erasing import Erasing
from small_store import ALICE, Store


def left(store: Store) -> list:
    return [store.rows(f"SELECT * FROM {table} WHERE account_id = 1") for table in ("message", "change", "mailbox")]


@pytest.fixture
def job(store, clock) -> Erasing:
    return Erasing(store.database, DepartingFiles(SystemDisk(store.path), clock))


def test_an_announced_erasure_is_carried_to_its_end(store, job) -> None:
    store.put()
    store.runner.run(job.turn())
    assert left(store)[0] != []
    store.write(begin_erasure, ALICE)
    store.runner.run(job.turn())
    assert left(store) == [[], [], []]


def test_an_erasure_that_a_process_left_is_found_at_the_start(store, clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erasure, "MESSAGES_A_STEP", 1)
    for _ in range(3):
        store.put()
    store.write(erase_account, ALICE)
    job = Erasing(store.database, DepartingFiles(SystemDisk(store.path), clock))
    store.runner.run(job.turn())
    assert left(store) == [[], [], []]
