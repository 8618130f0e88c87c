"""SQLite on the simulated disk: the real locks and shared memory, and errors as its own file system reports them."""

import gc
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from posthouse.database.sim.vfs import SimulatedVfs
from posthouse.runtime.sim.faults import Faults
from posthouse.runtime.sim.platter import Platter, Survival

VFS = "simulated-for-unit-tests"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    folder.mkdir()
    return folder


@pytest.fixture
def opened() -> Iterator[list[apsw.VFS | apsw.Connection]]:
    """What is to be closed, the last first."""
    things: list[apsw.VFS | apsw.Connection] = []
    yield things
    for each in reversed(things):
        each.unregister() if isinstance(each, apsw.VFS) else each.close()


def begin(platter: Platter, opened: list[apsw.VFS | apsw.Connection]) -> apsw.Connection:
    """A database in WAL mode with one table."""
    opened.append(SimulatedVfs(VFS, platter))
    connection = connect(platter, opened)
    connection.execute("PRAGMA journal_mode=WAL").fetchall()
    connection.execute("PRAGMA synchronous=FULL").fetchall()
    connection.wal_autocheckpoint(0)
    connection.execute("CREATE TABLE t (x)").fetchall()
    return connection


def connect(platter: Platter, opened: list[apsw.VFS | apsw.Connection]) -> apsw.Connection:
    opened.append(apsw.Connection(str(platter.root / "test.db"), vfs=VFS))
    return opened[-1]


def recovered(platter: Platter, folder: Path) -> list[object]:
    """What stands in the table after a power cut, read by SQLite's own file system."""
    folder.mkdir()
    platter.leave_to(folder)
    connection = apsw.Connection(str(folder / "test.db"))
    try:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        if not connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 't'").fetchall():
            return ["no table"]
        return [x for (x,) in connection.execute("SELECT x FROM t ORDER BY rowid").fetchall()]
    finally:
        connection.close()


def test_two_connections_share_the_memory_of_the_log(root: Path, opened) -> None:
    """DESIGN 9: a subclass of apsw.VFSFile has shared memory; without it WAL would need an exclusive lock."""
    platter = Platter(root, Faults())
    writer = begin(platter, opened)
    reader = connect(platter, opened)
    writer.execute("INSERT INTO t VALUES (1)").fetchall()
    assert reader.execute("SELECT x FROM t").fetchall() == [(1,)]
    writer.execute("BEGIN IMMEDIATE").fetchall()
    with pytest.raises(apsw.BusyError):
        reader.execute("BEGIN IMMEDIATE").fetchall()
    writer.execute("ROLLBACK").fetchall()


@pytest.mark.parametrize("survival", Survival)
def test_what_was_committed_is_found_after_a_cut(root: Path, tmp_path: Path, opened, survival: Survival) -> None:
    platter = Platter(root, Faults(), survival, seed=7)
    writer = begin(platter, opened)
    for number in range(3):
        writer.execute("INSERT INTO t VALUES (?)", (number,)).fetchall()
    writer.execute("BEGIN").fetchall()
    writer.execute("INSERT INTO t VALUES (3)").fetchall()
    assert recovered(platter, tmp_path / "left") == [0, 1, 2]


def test_without_syncs_commits_are_lost(root: Path, tmp_path: Path, opened) -> None:
    """A simulated disk that kept them would prove nothing."""
    platter = Platter(root, Faults())
    writer = begin(platter, opened)
    writer.execute("INSERT INTO t VALUES (1)").fetchall()
    writer.execute("PRAGMA synchronous=OFF").fetchall()
    writer.execute("INSERT INTO t VALUES (2)").fetchall()
    assert recovered(platter, tmp_path / "left") == [1]


@pytest.mark.parametrize(("survival", "seed"), [(Survival.NOTHING, 0), (Survival.EVERYTHING, 0), (Survival.SOME, 1)])
def test_a_cut_at_any_sync_of_a_new_databases_life_leaves_a_sound_file(
    tmp_path: Path, survival: Survival, seed: int
) -> None:
    """From the empty folder through the rollback journal, the change to WAL and a move home of the log."""
    number, found = 0, []
    while not found or found[-1] != "no cut":
        number += 1
        root = tmp_path / f"root-{number}"
        root.mkdir()
        faults = Faults(cut_at_sync=number)
        platter = Platter(root, faults, survival, seed)
        opened: list[apsw.VFS | apsw.Connection] = []
        acknowledged = []
        try:
            writer = begin(platter, opened)
            for value in range(2):
                writer.execute("INSERT INTO t VALUES (?)", (value,)).fetchall()
                acknowledged.append(value)
            writer.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_RESTART)
            writer.execute("INSERT INTO t VALUES (2)").fetchall()
            acknowledged.append(2)
        except apsw.IOError:
            assert faults.power_is_cut
        faults.bury()
        gc.collect()
        for each in reversed(opened):
            each.unregister() if isinstance(each, apsw.VFS) else each.close()
        left = recovered(platter, tmp_path / f"left-{number}")
        assert left[:len(acknowledged)] == acknowledged or not acknowledged
        found.append("cut" if faults.power_is_cut else "no cut")
    assert number > 8


def test_a_refused_sync_is_an_io_error_of_fsync(root: Path, opened) -> None:
    platter = Platter(root, faults := Faults())
    writer = begin(platter, opened)
    refusing = Faults(refuse_at_sync=1)
    platter.faults = refusing
    with pytest.raises(apsw.IOError) as refused:
        writer.execute("INSERT INTO t VALUES (1)").fetchall()
    assert refused.value.extendedresult == apsw.SQLITE_IOERR_FSYNC
    platter.faults = faults


def test_a_full_disk_is_a_full_error_and_harms_nothing(root: Path, tmp_path: Path, opened) -> None:
    faults = Faults()
    platter = Platter(root, faults)
    writer = begin(platter, opened)
    writer.execute("INSERT INTO t VALUES (1)").fetchall()
    faults.room_octets = 5_000
    with pytest.raises(apsw.FullError):
        writer.execute("INSERT INTO t VALUES (zeroblob(20000))").fetchall()
    faults.give_room(100_000)
    writer.execute("INSERT INTO t VALUES (2)").fetchall()
    faults.room_octets = None
    assert recovered(platter, tmp_path / "left") == [1, 2]


def test_temporary_files_are_nobodys_truth(root: Path, opened) -> None:
    """They are deleted when they are closed and must not count."""
    faults = Faults()
    platter = Platter(root, faults)
    writer = begin(platter, opened)
    syncs = faults.syncs
    writer.execute("PRAGMA temp_store=FILE; PRAGMA cache_size=1; PRAGMA temp.cache_size=1").fetchall()
    writer.execute("CREATE TEMP TABLE big AS WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i+1 FROM n LIMIT 5000)"
                   " SELECT i, zeroblob(200) FROM n").fetchall()
    assert writer.execute("SELECT count(*) FROM big").fetchall() == [(5000,)]
    assert faults.syncs == syncs
