"""Files that no row names are removed, and none that a row names or that is just arriving (STORE.md: blobs)."""

import os

import pytest

from posthouse.database.blobs.rows import add_blob
from posthouse.database.blobs.spool import Spooled
from posthouse.runtime.disk import SystemDisk
from posthouse.upkeep.orphans import Orphans
from small_store import NOON, Store

HOUR = 3600


def make_file(store: Store, name: str, seconds_before_noon: float) -> None:
    file = SystemDisk(store.path).create(name)
    file.write(b"x")
    file.finish()
    at = NOON / 1e6 - seconds_before_noon
    os.utime(store.path / name, (at, at))


def names(store: Store) -> list[str]:
    return sorted(SystemDisk(store.path).names("blobs"))


@pytest.fixture
def job(store, clock) -> Orphans:
    return Orphans(store.database, SystemDisk(store.path), clock)


def test_an_old_file_that_no_row_names_is_removed(store, job) -> None:
    """A body that was synced before the process died, and never accepted: no promise was made for it."""
    make_file(store, "blobs/00/orphan", 2 * HOUR)
    make_file(store, "blobs/ff/orphan", 48 * HOUR)
    make_file(store, "blobs/ff/named", 48 * HOUR)
    store.write(add_blob, Spooled(b"x", b"", "blobs/ff/named"), 1)
    store.runner.run(job.turn())
    assert names(store) == ["blobs/ff/named"]


def test_a_file_that_may_be_arriving_stays(store, job) -> None:
    """It has no row until its message is accepted."""
    make_file(store, "blobs/ab/arriving", -5)
    make_file(store, "blobs/ab/just-before-the-start", 60)
    store.runner.run(job.turn())
    assert names(store) == ["blobs/ab/arriving", "blobs/ab/just-before-the-start"]


def test_it_is_done_once(store, job) -> None:
    """Later files without a row are on their way in, or have a grace on their way out."""
    store.runner.run(job.turn())
    make_file(store, "blobs/ab/departing", 48 * HOUR)
    store.runner.run(job.turn())
    assert names(store) == ["blobs/ab/departing"]


def test_other_files_and_a_folder_that_is_not_there_are_left_alone(store, job) -> None:
    make_file(store, "other/file", 48 * HOUR)
    store.runner.run(job.turn())
    assert (store.path / "other/file").exists()
