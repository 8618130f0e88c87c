"""The group commit: one writing connection, one sync for all operations that arrived while the last one ran.

Statements run in the loop, COMMIT on a thread of its own. While it runs nothing may touch the connection (an
`execute` would freeze the loop for the whole sync), so operations wait as closures, bounded in number and octets;
they are the next batch. Each runs in its turn; its future is resolved only after COMMIT has returned, whatever it said:
even a refusal may rest on what another operation of the batch wrote.

A savepoint costs SQLite a copy of each page that its operation changes, and hardly any is ever rolled back. So a batch
runs without; if one of its operations raises, all is rolled back and run again, each in its savepoint.

Every crash point and who puts it right: `docs/durability.md`.
"""

import asyncio
from collections.abc import Callable, Hashable
from enum import Enum, auto
from typing import TypeVar, TypeVarTuple

import apsw

from posthouse.database.errors import DatabaseClosed, DatabaseError, SyncFailed
from posthouse.database.sqlite.commit_thread import CommitRunner
from posthouse.database.sqlite.transaction import SqliteTransaction
from posthouse.database.sqlite.waiting import Waiting, WaitingLine, WriterSettings, world_error
from posthouse.database.transaction import Transaction

T = TypeVar("T")
Arguments = TypeVarTuple("Arguments")
Job = Callable[[], None]
Listener = Callable[[set[Hashable]], None]


class Phase(Enum):
    """What the writing connection is doing; only IDLE may be begun, and only in BATCH do statements run."""

    IDLE = auto()
    BOOKED = auto()        # the next batch has its turn in the loop
    BATCH = auto()         # operations run, in the loop
    COMMITTING = auto()    # the sync runs on the thread: hands off the connection
    RESTARTING = auto()    # the log is being moved home, between two batches: hands off
    FAILED = auto()        # a sync failed: nothing runs again in this process


class Writer:
    """Runs operations on the writing connection, many to a commit. Belongs to one event loop.

    `restart_log` says, between two batches, what is to be done to the log before the next one, if anything.
    """

    def __init__(
        self,
        connection: apsw.Connection,
        loop: asyncio.AbstractEventLoop,
        commits: CommitRunner,
        settings: WriterSettings,
    ) -> None:
        self._connection = connection
        self._loop = loop
        self._commits = commits
        self._settings = settings
        self._transaction = SqliteTransaction(connection)
        self._phase = Phase.IDLE
        self._waiting = WaitingLine(settings)
        self._batch: list[Waiting] = []
        self._turns = 0                            # of the loop, in which the booked batch has grown
        self._counted = 0                          # so many waited at the last look
        self._closed: DatabaseError | None = None
        self._idle: asyncio.Future[None] | None = None
        self.listeners: list[Listener] = []
        self.on_committed: Callable[[], None] = lambda: None    # before anybody else hears of it
        self.restart_log: Callable[[], Job | None] = lambda: None
        self.on_sync_failed: Callable[[SyncFailed], None] = lambda failure: None

    def write(
        self, operation: Callable[[Transaction], T], octets: int = 0, answer: "asyncio.Future[T] | None" = None
    ) -> "asyncio.Future[T]":
        """Book an operation; the future resolves after the COMMIT that holds it.

        `octets`: how much memory the closure keeps. `answer`: a future to resolve, else a new one. The future's
        exception is the operation's own, or DatabaseBusy, DiskFull, SyncFailed, DatabaseClosed.
        """
        future: asyncio.Future[T] = self._loop.create_future() if answer is None else answer
        refusal = self._closed or self._waiting.refusal(octets)
        if refusal is not None:
            future.set_exception(refusal)
            return future
        self._waiting.add(Waiting(operation, octets, future))   # type: ignore[arg-type]
        if self._phase is Phase.IDLE:
            self._book()
        return future

    async def close(self) -> None:
        """Finish what waits, then refuse everything."""
        if self._phase not in (Phase.IDLE, Phase.FAILED):
            self._idle = self._loop.create_future()
            await self._idle
        self._closed = self._closed or DatabaseClosed("the database is closed")

    # One batch: book its turn, take what waits, run it, commit on the thread, settle, and again.

    def _book(self) -> None:
        self._phase = Phase.BOOKED
        self._turns = 0
        self._counted = len(self._waiting)
        self._loop.call_soon(self._run_when_complete)

    def _run_when_complete(self) -> None:
        """Run the batch after a turn of the loop that has brought it nothing: the larger, the less each costs."""
        if self._phase is Phase.FAILED:
            return
        waiting = len(self._waiting)
        if waiting > self._counted and self._turns < self._settings.batch_turns_max:
            self._turns += 1
            self._counted = waiting
            self._loop.call_soon(self._run_when_complete)
        else:
            self._run_batch()

    def _run_batch(self) -> None:
        self._phase = Phase.BATCH
        batch = self._batch = self._waiting.take()
        try:
            self._begin()
            culprit = self._run_straight(batch)
            if culprit is not None and self._connection.in_transaction:
                self._roll_back()
                if len(batch) > 1:
                    self._begin()
                    culprit = self._run_guarded(batch)
        except apsw.Error as error:
            self._undo_and_settle(world_error(error))
            return
        if culprit is not None:
            self._void(culprit)
            return
        self._phase = Phase.COMMITTING
        self._commits.run(self._commit, self._committed)

    def _begin(self) -> None:
        self._transaction.execute("BEGIN IMMEDIATE")

    def _roll_back(self) -> None:
        """Undo the batch, unless SQLite has done so; nobody is to hear of it."""
        self._transaction.announced = set()
        if self._connection.in_transaction:
            self._transaction.execute("ROLLBACK")

    def _undo_and_settle(self, error: DatabaseError) -> None:
        """A batch that cannot be undone would be in the way of every later one: then the process begins anew."""
        try:
            self._roll_back()
        except apsw.Error as failure:
            self.fail(SyncFailed(f"ROLLBACK failed: {failure}"))
        else:
            self._settle(error)

    def _run_straight(self, batch: list[Waiting]) -> Waiting | None:
        """Run operations one after another; the first that raises, if one does: then nothing of the batch may stay."""
        for waiting in batch:
            try:
                waiting.result = waiting.operation(self._transaction)
            except Exception as error:  # noqa: BLE001 - whatever it is, it belongs to the operation's caller
                waiting.fail(error)
                return waiting
        return None

    def _run_guarded(self, batch: list[Waiting]) -> Waiting | None:
        """Run each operation in its savepoint, so that one that raises takes nothing with it.

        Gives the one at which the whole transaction was lost, if it was.
        """
        execute = self._transaction.execute
        for waiting in batch:
            waiting.result = waiting.error = None
            announced = self._transaction.announced.copy()
            execute("SAVEPOINT operation")
            try:
                waiting.result = waiting.operation(self._transaction)
            except Exception as error:  # noqa: BLE001 - as above
                waiting.fail(error)
                if not self._connection.in_transaction:
                    return waiting
                self._transaction.announced = announced
                execute("ROLLBACK TO operation")
            execute("RELEASE operation")
        return None

    def _void(self, culprit: Waiting) -> None:
        """The transaction was rolled back under us (a full disk does that): nothing of the batch was kept.

        Each is run again alone, so that one that fits is not refused for one that does not.
        """
        self._transaction.announced = set()
        batch = self._batch
        if len(batch) == 1:
            self._settle(culprit.error)
            return
        self._waiting.put_back(batch)
        self._book()

    def _commit(self) -> None:
        self._transaction.execute("COMMIT")

    def _committed(self, error: BaseException | None) -> None:
        if self._phase is Phase.FAILED:
            return
        if error is None:
            self._tell(self.on_committed)
            self._tell_listeners()
            self._settle(None)
        elif isinstance(error, apsw.FullError):
            self._undo_and_settle(world_error(error))
        else:
            self.fail(SyncFailed(f"COMMIT failed, its outcome is unknown: {error}"))

    def _tell_listeners(self) -> None:
        announced = self._transaction.announced
        if announced:
            self._transaction.announced = set()
            for listener in self.listeners:
                self._tell(listener, announced)

    def _tell(self, listener: Callable[[*Arguments], None], *arguments: *Arguments) -> None:
        """Have one who listens hear of a COMMIT; it stands, and its callers must hear of it, whatever happens here."""
        try:
            listener(*arguments)
        except Exception as error:  # noqa: BLE001 - whatever it is, the others are told
            self._loop.call_exception_handler({"message": "a listener failed", "exception": error})

    def _settle(self, error: Exception | None) -> None:
        """Tell every caller of the batch how it ended (`error`: all of them alike).

        What waits has its turn before them: its COMMIT is under way while they write their replies.
        """
        batch, self._batch = self._batch, []
        try:
            self._go_on_behind_commit()
        finally:
            for waiting in batch:
                if error is not None:
                    waiting.error = error
                waiting.settle()

    def _go_on_behind_commit(self) -> None:
        restart = self.restart_log()
        if restart is None:
            self._go_on()
            return
        self._phase = Phase.RESTARTING
        self._commits.run(restart, self._restarted)

    def _restarted(self, error: BaseException | None) -> None:
        if self._phase is Phase.FAILED:
            return
        if error is not None and not isinstance(error, apsw.BusyError | apsw.LockedError | apsw.FullError):
            self.fail(SyncFailed(f"moving the log home failed: {error}"))
            return
        self._go_on()

    def _go_on(self) -> None:
        if self._waiting:
            self._book()
            return
        self._phase = Phase.IDLE
        if self._idle is not None and not self._idle.done():
            self._idle.set_result(None)

    def fail(self, failure: SyncFailed) -> None:
        """Stop for ever: whoever owns the process ends it without a reply and starts it again. May come at any time."""
        self._phase = Phase.FAILED
        self._closed = failure
        self.on_sync_failed(failure)
        given_up, self._batch = self._batch + self._waiting.clear(), []
        for waiting in given_up:
            waiting.error = failure
            waiting.settle()
        if self._idle is not None and not self._idle.done():
            self._idle.set_result(None)
