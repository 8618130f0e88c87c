"""What SQLite leaves undone is done by descriptors of our own, which never cost it its locks."""

import asyncio
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytest import MonkeyPatch

from posthouse.database.errors import SyncFailed
from posthouse.database.sqlite.checkpoints import CheckpointSettings
from posthouse.database.sqlite.connection import SqliteSettings
from posthouse.database.sqlite.database_file import INDEX_OCTETS, DatabaseFile
from posthouse.database.sqlite.engine import EngineSettings, SqliteDatabase
from posthouse.database.transaction import Transaction


def open_on(path: Path) -> Iterator[str]:
    """The descriptors of this process that are open on a file."""
    for descriptor in os.listdir("/proc/self/fd"):
        try:
            if os.path.samefile(f"/proc/self/fd/{descriptor}", path):
                yield descriptor
        except OSError:
            pass


SMALL = EngineSettings(
    sqlite=SqliteSettings(log_octets=0), checkpoints=CheckpointSettings(copy_frames=5, restart_frames=1_000)
)


def fill(tx: Transaction) -> None:
    tx.execute("CREATE TABLE IF NOT EXISTS line (octets BLOB)")
    tx.execute("INSERT INTO line VALUES (zeroblob(40000))")


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.01)


def test_a_database_lets_go_of_its_file_behind_all_connections(tmp_path: Path, monkeypatch: MonkeyPatch) -> None:
    """POSIX: closing any descriptor drops the process's locks, so ours must not close before SQLite's."""
    path = tmp_path / "posthouse.db"
    still_open: list[int] = []
    close = DatabaseFile.close

    def watched(file: DatabaseFile) -> None:
        still_open.append(len(list(open_on(path))))
        close(file)

    monkeypatch.setattr(DatabaseFile, "close", watched)

    async def opened_and_closed() -> str:
        database = SqliteDatabase(path)
        await database.write(fill)
        database.read(lambda tx: tx.rows("SELECT count(*) FROM line"))
        locks = Path("/proc/locks").read_text()
        await database.close()
        return locks

    locks = asyncio.run(opened_and_closed())
    assert f":{path.stat().st_ino} " in locks
    assert still_open == [1]
    assert list(open_on(path)) == []


def test_what_was_copied_home_is_synced(tmp_path: Path, monkeypatch: MonkeyPatch) -> None:
    """Or all of it is left to sync when the log is begun anew, and everyone waits for that."""
    synced: list[int] = []
    sync = DatabaseFile.sync

    def counted(file: DatabaseFile) -> None:
        sync(file)
        synced.append(threading.get_ident())

    monkeypatch.setattr(DatabaseFile, "sync", counted)

    async def written() -> None:
        database = SqliteDatabase(tmp_path / "posthouse.db", SMALL)
        await database.write(fill)
        await until(lambda: synced)
        await database.close()

    asyncio.run(written())
    assert threading.get_ident() not in synced      # the loop does not wait for it


def test_when_what_was_copied_cannot_be_synced_nothing_runs_again(tmp_path: Path, monkeypatch: MonkeyPatch) -> None:
    """As after a COMMIT that failed: what is on disk is unknown until recovery has run."""

    def failing(file: DatabaseFile) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(DatabaseFile, "sync", failing)

    async def written() -> list[SyncFailed]:
        told: list[SyncFailed] = []
        database = SqliteDatabase(tmp_path / "posthouse.db", SMALL)
        database.on_sync_failed(told.append)
        await database.write(fill)
        await until(lambda: told)
        with pytest.raises(SyncFailed, match=r"copied home could not be synced: .* Input/output error"):
            await database.write(fill)
        await database.close()
        return told

    assert len(asyncio.run(written())) == 1


def test_the_log_has_room_for_its_index_before_a_disk_is_full(tmp_path: Path) -> None:
    """SQLite takes it after the frames are synced: a COMMIT that is on disk would fail, and every later start."""
    path = tmp_path / "posthouse.db"

    async def blocks() -> int:
        database = SqliteDatabase(path, SMALL)
        found = path.with_name("posthouse.db-shm").stat().st_blocks
        await database.close()
        return found

    assert asyncio.run(blocks()) * 512 >= INDEX_OCTETS


def test_a_file_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        DatabaseFile(tmp_path / "missing.db")
    assert not list(tmp_path.iterdir())


def test_a_database_without_a_log_leaves_nothing_open(tmp_path: Path) -> None:
    path = tmp_path / "posthouse.db"
    path.touch()
    with pytest.raises(FileNotFoundError):
        DatabaseFile(path)
    assert list(open_on(path)) == []
