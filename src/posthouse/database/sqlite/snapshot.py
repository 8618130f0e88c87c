"""One moment of a database, read beside the server that writes it: for `posthouse check`."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw

from posthouse.database.migrations import require_schema
from posthouse.database.sqlite.connection import SqliteSettings, open_reader
from posthouse.database.sqlite.transaction import SqliteTransaction
from posthouse.database.sqlite.waiting import world_error
from posthouse.database.transaction import Transaction


@contextmanager
def open_for_reading(path: Path) -> Iterator[Transaction]:
    """A transaction that only reads, all of it as of the moment it began. Blocks; belongs to no loop.

    The write-ahead log cannot begin anew as long as it lasts. Raises DatabaseError when the file cannot be read or is
    no database, SchemaTooNew or SchemaTooOld when it is another release's.
    """
    try:
        connection = open_reader(path, SqliteSettings())
    except apsw.Error as error:
        raise world_error(error) from error
    try:
        require_schema(connection)
        connection.execute("BEGIN").fetchall()
        yield SqliteTransaction(connection)
    except apsw.Error as error:
        raise world_error(error) from error
    finally:
        connection.close()
