"""Opening the database file so that what SQLite promises is what we need (STORE: what decides the cost of writing).

The log is grown once, with zeros, and reused for ever: a sync of a file that grows costs six times as much as one of
a file that was written before. Nothing but SQLite opens and closes the files while they are open: closing a descriptor
of ours would drop its locks (`database_file.py` has one that is closed behind them).
"""

import contextlib
import ctypes
from dataclasses import dataclass
from pathlib import Path

import apsw

from posthouse.runtime.disk import grow_file

PAGE_OCTETS = 4096
WAL_HEADER_OCTETS = 32
WAL_FRAME_OCTETS = PAGE_OCTETS + 24


@dataclass(frozen=True, slots=True)
class SqliteSettings:
    """How the file is opened. `log_octets`: the size to which the write-ahead log is grown before first use."""

    log_octets: int = 128 << 20    # STORE: 64-128 MiB for a server and wherever speed is measured
    cache_octets: int = 16 << 20   # the writer's page cache
    busy_timeout_ms: int = 5000    # only `posthouse check` beside a server ever waits
    vfs: str | None = None         # another file system: the simulated disk of tests


def open_writer(path: Path, settings: SqliteSettings) -> apsw.Connection:
    """Open the one writing connection, creating the file with a grown log if it is new.

    The caller holds the data directory's lock. Raises apsw.Error when the file is no database or cannot be opened.
    """
    if settings.vfs is None:
        _grow_log(path, settings.log_octets)
    connection = _open(path, apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE, settings)
    _enter_wal(connection)
    connection.execute("PRAGMA synchronous=FULL").fetchall()
    connection.execute("PRAGMA secure_delete=FAST").fetchall()
    connection.execute("SELECT count(*) FROM sqlite_schema").fetchall()   # one that has never read cannot checkpoint
    _begin_log_anew(connection)
    return connection


def open_reader(path: Path, settings: SqliteSettings) -> apsw.Connection:
    """Open a connection that only reads; it sees what is committed."""
    connection = _open(path, apsw.SQLITE_OPEN_READWRITE, settings)
    connection.execute("PRAGMA query_only=1").fetchall()
    return connection


def _open(path: Path, flags: int, settings: SqliteSettings) -> apsw.Connection:
    connection = apsw.Connection(str(path), flags=flags, vfs=settings.vfs, statementcachesize=256)
    connection.set_busy_timeout(settings.busy_timeout_ms)
    connection.execute(f"PRAGMA cache_size=-{settings.cache_octets // 1024}").fetchall()
    connection.wal_autocheckpoint(0)
    # Without it the planner looks at what is bound, and prepares every join anew each time: 14 us instead of 6.
    connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
    _keep_log(connection)
    return connection


def _begin_log_anew(connection: apsw.Connection) -> None:
    """Copy home what the last process left in the log, so that the next frame goes to its beginning.

    Without it a log that was full is appended to, beyond its grown end, for ever on a disk that has no room for that.
    A reader beside us, or a full disk, puts it off: the checkpointer tries again.
    """
    with contextlib.suppress(apsw.BusyError, apsw.LockedError, apsw.FullError):
        connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_RESTART)


def _keep_log(connection: apsw.Connection) -> None:
    """Keep the log file, grown, when the last connection closes."""
    keep = ctypes.c_int(1)
    connection.file_control("main", apsw.SQLITE_FCNTL_PERSIST_WAL, ctypes.addressof(keep))


def _enter_wal(connection: apsw.Connection) -> None:
    connection.execute(f"PRAGMA page_size={PAGE_OCTETS}").fetchall()
    connection.execute("PRAGMA journal_mode=WAL").fetchall()


def _grow_log(path: Path, octets: int) -> None:
    """Append zeros to the log of a database that nobody has open, up to `octets`.

    Zeros put beside an empty database are deleted when it is opened, so the file gets a first table before.
    """
    log = path.with_name(path.name + "-wal")
    if not path.exists():
        first = _open(path, apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE, SqliteSettings())
        _enter_wal(first)
        first.execute("CREATE TABLE schema_version (version INTEGER NOT NULL)").fetchall()
        first.close()
    if log.exists():
        grow_file(log, octets)
