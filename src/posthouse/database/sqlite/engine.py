"""`SqliteDatabase`: the writing connection with its group commit, and connections that only read."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from threading import local
from typing import TypeVar

import apsw

from posthouse.database.errors import DatabaseBusy, DatabaseError, SyncFailed
from posthouse.database.migrations import migrate
from posthouse.database.sqlite.checkpoints import Checkpointer, CheckpointSettings, Job
from posthouse.database.sqlite.commit_thread import CommitRunner, CommitThread, InlineCommits
from posthouse.database.sqlite.connection import SqliteSettings, open_reader, open_writer
from posthouse.database.sqlite.database_file import DatabaseFile
from posthouse.database.sqlite.loop_reader import LoopReader
from posthouse.database.sqlite.transaction import SqliteTransaction
from posthouse.database.sqlite.waiting import WriterSettings, world_error
from posthouse.database.sqlite.writer import Listener, Writer
from posthouse.database.transaction import Transaction

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """All that the embedded engine may be told. `threads_inline`: for simulation."""

    sqlite: SqliteSettings = field(default_factory=SqliteSettings)
    writer: WriterSettings = field(default_factory=WriterSettings)
    checkpoints: CheckpointSettings = field(default_factory=CheckpointSettings)
    reading_threads: int = 2
    reads_waiting_max: int = 1000
    threads_inline: bool = False


class SqliteDatabase:
    """One database file, opened by the one process that may write it. Made inside the loop that it serves."""

    def __init__(self, path: Path, settings: EngineSettings | None = None) -> None:
        """Open the file, creating or migrating it as needed.

        The caller holds the data directory's lock. Raises DatabaseError when the file cannot be opened or is no
        database, SchemaTooNew when a later Posthouse wrote it.
        """
        self._settings = settings or EngineSettings()
        self._path = path
        loop = asyncio.get_running_loop()
        self._loop = loop
        try:
            self._writing = open_writer(path, self._settings.sqlite)
            migrate(self._writing)
            self._copying = open_reader(path, self._settings.sqlite)
            self._reading = open_reader(path, self._settings.sqlite)
            self._file = None if self._settings.sqlite.vfs else DatabaseFile(path)    # a simulated disk has no file
        except apsw.Error as error:
            raise world_error(error) from error
        except OSError as error:
            raise DatabaseError(f"{path} cannot be opened: {error.strerror}") from error
        self._commits = self._runner()
        self._copies = self._runner()
        self._reader = LoopReader(self._reading)
        self._writer = Writer(self._writing, loop, self._commits, self._settings.writer)
        self._writer.on_committed = self._reader.committed
        self._checkpointer = Checkpointer(
            self._writing, self._copying, self._sync_copied, self._copies, self._settings.checkpoints
        )
        self._checkpointer.on_sync_failed = self._copy_not_synced
        self._writer.restart_log = self._restart_log
        self._threads = ThreadPoolExecutor(self._settings.reading_threads, "read")
        self._of_thread = local()
        self._opened_aside: list[apsw.Connection] = []
        self._reads_waiting = 0

    def _runner(self) -> CommitRunner:
        return InlineCommits(self._loop) if self._settings.threads_inline else CommitThread(self._loop)

    def _restart_log(self) -> Job | None:
        job = self._checkpointer.after_commit()
        if job is not None:
            self._reader.stand_aside()
        return job

    def _sync_copied(self) -> None:
        if self._file is not None:
            self._file.sync()

    def _copy_not_synced(self, error: OSError) -> None:
        self._writer.fail(SyncFailed(f"what was copied home could not be synced: {error}"))

    def write(
        self, operation: Callable[[Transaction], T], octets: int = 0, answer: "asyncio.Future[T] | None" = None
    ) -> "asyncio.Future[T]":
        """Run an operation in its turn; the future resolves once it is on disk. See `Writer.write`."""
        return self._writer.write(operation, octets, answer)

    def read(self, operation: Callable[[Transaction], T]) -> T:
        """Run a short reading operation at once, in the loop; it sees what was committed, all as of one moment."""
        return self._reader.read(operation)

    def read_aside(self, operation: Callable[[Transaction], T]) -> "asyncio.Future[T]":
        """Run a long reading operation on a thread. The future's exception is the operation's, or DatabaseBusy."""
        if self._settings.threads_inline:
            return asyncio.ensure_future(self._inline(operation))
        if self._reads_waiting >= self._settings.reads_waiting_max:
            refused: asyncio.Future[T] = self._loop.create_future()
            refused.set_exception(DatabaseBusy(f"{self._reads_waiting} long reads wait"))
            return refused
        self._reads_waiting += 1
        future = self._loop.run_in_executor(self._threads, self._read_on_thread, operation)
        future.add_done_callback(self._read_ended)
        return future

    def listen(self, listener: Listener) -> None:
        """Have `listener(topics)` called after each COMMIT that announced something, before its callers hear."""
        self._writer.listeners.append(listener)

    def on_sync_failed(self, do: Callable[[SyncFailed], None]) -> None:
        """Have `do` called when a sync fails, before any caller hears of it: the process must end without a reply."""
        self._writer.on_sync_failed = do

    async def close(self) -> None:
        """Finish what was booked, end the threads, close the files."""
        await self._writer.close()
        self._copies.close()
        self._commits.close()
        self._threads.shutdown()
        for connection in (*self._opened_aside, self._reading, self._copying, self._writing):
            connection.close()
        if self._file is not None:
            self._file.close()

    async def _inline(self, operation: Callable[[Transaction], T]) -> T:
        return self.read(operation)

    def _read_ended(self, future: "asyncio.Future[T]") -> None:
        self._reads_waiting -= 1

    def _read_on_thread(self, operation: Callable[[Transaction], T]) -> T:
        connection: apsw.Connection | None = getattr(self._of_thread, "connection", None)
        if connection is None:
            connection = self._of_thread.connection = open_reader(self._path, self._settings.sqlite)
            self._opened_aside.append(connection)
        return _in_snapshot(SqliteTransaction(connection), operation)


def _in_snapshot(transaction: SqliteTransaction, operation: Callable[[Transaction], T]) -> T:
    try:
        transaction.execute("BEGIN")
        try:
            return operation(transaction)
        finally:
            transaction.execute("ROLLBACK")
    except apsw.Error as error:
        raise world_error(error) from error
