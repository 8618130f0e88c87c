"""What is copied home is synced by a descriptor of our own, which never costs SQLite its locks."""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from posthouse.database.sqlite.database_file import DatabaseFile
from posthouse.database.sqlite.engine import SqliteDatabase


def open_on(path: Path) -> Iterator[str]:
    """The descriptors of this process that are open on a file."""
    for descriptor in os.listdir("/proc/self/fd"):
        try:
            if os.path.samefile(f"/proc/self/fd/{descriptor}", path):
                yield descriptor
        except OSError:
            pass


def test_a_database_keeps_its_locks_while_it_is_open_and_leaves_nothing_open(tmp_path: Path) -> None:
    """POSIX: closing any descriptor drops the process's locks, so another one must not close before SQLite's."""
    path = tmp_path / "posthouse.db"

    async def opened_and_closed() -> str:
        database = SqliteDatabase(path)
        await database.write(lambda tx: tx.execute("CREATE TABLE line (number INTEGER)"))
        database.read(lambda tx: tx.rows("SELECT number FROM line"))
        locks = Path("/proc/locks").read_text()
        await database.close()
        return locks

    locks = asyncio.run(opened_and_closed())
    assert f":{path.stat().st_ino} " in locks
    assert list(open_on(path)) == []


def test_syncing_and_closing_beside_no_connection_is_possible(tmp_path: Path) -> None:
    path = tmp_path / "posthouse.db"
    connection = apsw.Connection(str(path))
    connection.execute("CREATE TABLE line (number INTEGER)").fetchall()
    file = DatabaseFile(path)
    file.sync()
    connection.close()
    file.close()
    assert list(open_on(path)) == []


def test_a_file_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        DatabaseFile(tmp_path / "missing.db")
    assert not (tmp_path / "missing.db").exists()
