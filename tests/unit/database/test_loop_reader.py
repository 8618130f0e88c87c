"""The loop reads on one snapshot from a COMMIT to the next, and never keeps the log from being begun anew."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import apsw
import pytest

from posthouse.database.errors import DatabaseError
from posthouse.database.sqlite.checkpoints import CheckpointSettings
from posthouse.database.sqlite.connection import SqliteSettings
from posthouse.database.sqlite.engine import EngineSettings, SqliteDatabase
from posthouse.database.sqlite.loop_reader import LoopReader
from posthouse.database.transaction import Transaction


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "test.db"
    connection = apsw.Connection(str(path))
    made = "PRAGMA journal_mode=WAL; CREATE TABLE line (number INTEGER); INSERT INTO line VALUES (1)"
    connection.execute(made).fetchall()
    connection.close()
    return path


def lines(tx: Transaction) -> list[int]:
    return [number for (number,) in tx.rows("SELECT number FROM line ORDER BY number")]


def test_what_was_not_told_is_not_seen(path: Path) -> None:
    """Between two COMMITs every read is of the same moment."""
    reader, writer = LoopReader(apsw.Connection(str(path))), apsw.Connection(str(path))
    assert reader.read(lines) == [1]
    writer.execute("INSERT INTO line VALUES (2)")
    assert reader.read(lines) == [1]
    reader.committed()
    assert reader.read(lines) == [1, 2]


def test_the_log_can_begin_anew_once_the_snapshot_stands_aside(path: Path) -> None:
    """A reader that pins the log makes RESTART fail."""
    reader, writer = LoopReader(apsw.Connection(str(path))), apsw.Connection(str(path))
    writer.set_busy_timeout(0)
    writer.execute("INSERT INTO line VALUES (2)")
    reader.read(lines)
    with pytest.raises(apsw.BusyError):
        writer.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_RESTART)
    reader.stand_aside()
    assert reader.read(lines) == [1, 2]    # in a snapshot of its own, which is gone by now
    writer.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_RESTART)


def test_after_a_read_that_failed_the_next_one_works(path: Path) -> None:
    reader = LoopReader(apsw.Connection(str(path)))
    with pytest.raises(DatabaseError):
        reader.read(lambda tx: tx.rows("SELECT no_such_column FROM line"))
    with pytest.raises(KeyError):
        reader.read(lambda tx: {}["a bug of the caller's"])
    assert reader.read(lines) == [1]
    reader.committed()
    assert reader.read(lines) == [1]


def test_a_server_that_reads_after_every_commit_still_begins_its_log_anew(tmp_path: Path) -> None:
    """Else the log would grow for ever under a session that watches its mailbox."""
    settings = EngineSettings(
        sqlite=SqliteSettings(log_octets=1 << 20),
        checkpoints=CheckpointSettings(copy_frames=20, restart_frames=100, left_frames_max=50),
    )

    def note(tx: Transaction) -> None:
        tx.insert(
            "INSERT INTO audit (at, actor, action, subject, body) VALUES (0, 'test', 'note', '', ?)", (bytes(4000),)
        )

    async def scenario() -> int:
        database = SqliteDatabase(tmp_path / "test.db", settings)
        for number in range(600):
            await database.write(note)
            assert database.read(lambda tx: tx.rows("SELECT count(*) FROM audit")) == [(number + 1,)]
        size = (tmp_path / "test.db-wal").stat().st_size
        await database.close()
        return size

    assert asyncio.run(scenario()) <= 2 << 20    # 600 notes fill some five


def test_only_its_own_thread_reads(path: Path) -> None:
    """Two threads on one connection see each other's statements, and lose COMMITs that nobody is told of."""
    reader = LoopReader(apsw.Connection(str(path)))
    with ThreadPoolExecutor(1) as aside, pytest.raises(RuntimeError, match="another thread"):
        aside.submit(reader.read, lines).result()


def test_a_connection_that_is_closed_is_an_error_of_the_database(path: Path) -> None:
    connection = apsw.Connection(str(path))
    reader = LoopReader(connection)
    connection.close()
    with pytest.raises(DatabaseError):
        reader.read(lines)
    reader.committed()
