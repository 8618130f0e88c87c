"""An operation on its way to its COMMIT, and how a failure of SQLite is called in the words of `errors.py`."""

import asyncio
from collections.abc import Callable

import apsw

from posthouse.database.errors import DatabaseBusy, DatabaseError, DiskFull
from posthouse.database.transaction import Transaction


class Waiting:
    """One operation on its way, and then its outcome."""

    __slots__ = ("error", "future", "octets", "operation", "result")

    def __init__(
        self, operation: Callable[[Transaction], object], octets: int, future: "asyncio.Future[object]"
    ) -> None:
        self.operation = operation
        self.octets = octets
        self.future = future
        self.result: object = None
        self.error: Exception | None = None

    def fail(self, error: Exception) -> None:
        """The operation has raised."""
        self.error = world_error(error) if isinstance(error, apsw.Error) else error

    def settle(self) -> None:
        """Tell whoever waits how it ended."""
        if self.future.done():         # cancelled by one who no longer waits: what was written stays written
            return
        if self.error is None:
            self.future.set_result(self.result)
        else:
            self.future.set_exception(self.error)


def world_error(error: apsw.Error) -> DatabaseError:
    """Name a failure of SQLite in the words of `errors.py`."""
    if isinstance(error, apsw.FullError):
        return DiskFull("the disk is full")
    if isinstance(error, apsw.BusyError | apsw.LockedError):
        return DatabaseBusy("another process holds the database")
    return DatabaseError(f"{type(error).__name__}: {error}")
