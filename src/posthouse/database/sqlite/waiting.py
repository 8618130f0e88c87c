"""Operations on their way to their COMMIT, and how a failure of SQLite is called in the words of `errors.py`."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
class WriterSettings:
    """Bounds of what may wait and of one batch."""

    waiting_operations_max: int = 10_000          # about a second of work
    waiting_octets_max: int = 256 << 20           # memory that acknowledged nothing yet
    batch_operations_max: int = 256               # keeps one turn of the loop under about 20 ms, 40 where one raises
    batch_octets_max: int = 16 << 20
    batch_turns_max: int = 4                      # of the loop, in which it may still grow


class WaitingLine:
    """The operations that wait for their batch, in order; bounded in number and octets."""

    __slots__ = ("_alone", "_octets", "_settings", "_waiting")

    def __init__(self, settings: WriterSettings) -> None:
        self._settings = settings
        self._waiting: deque[Waiting] = deque()
        self._octets = 0
        self._alone = 0                            # so many of the first are run one to a batch

    def __len__(self) -> int:
        return len(self._waiting)

    def refusal(self, octets: int) -> DatabaseBusy | None:
        """Why an operation that keeps so much memory cannot wait, if it cannot."""
        settings = self._settings
        if len(self._waiting) >= settings.waiting_operations_max:
            return DatabaseBusy(f"{len(self._waiting)} operations wait for the disk")
        if self._waiting and self._octets + octets > settings.waiting_octets_max:
            return DatabaseBusy(f"{self._octets} octets wait for the disk")
        return None

    def add(self, waiting: Waiting) -> None:
        """Let one more wait."""
        self._waiting.append(waiting)
        self._octets += waiting.octets

    def take(self) -> list[Waiting]:
        """The next batch."""
        operations_max = self._settings.batch_operations_max
        if self._alone:
            operations_max = 1
            self._alone -= 1
        batch: list[Waiting] = []
        octets = 0
        while self._waiting and len(batch) < operations_max:
            octets += self._waiting[0].octets
            if batch and octets > self._settings.batch_octets_max:
                break
            batch.append(self._waiting.popleft())
            self._octets -= batch[-1].octets
        return batch

    def put_back(self, batch: list[Waiting]) -> None:
        """Let a batch wait again, before all others; each of it is run alone."""
        for waiting in reversed(batch):
            waiting.result, waiting.error = None, None
            self._waiting.appendleft(waiting)
            self._octets += waiting.octets
        self._alone = len(batch)

    def clear(self) -> list[Waiting]:
        """All that wait; nothing waits any more."""
        everything = list(self._waiting)
        self._waiting.clear()
        self._octets = 0
        return everything


def world_error(error: apsw.Error) -> DatabaseError:
    """Name a failure of SQLite in the words of `errors.py`."""
    if isinstance(error, apsw.FullError):
        return DiskFull("the disk is full")
    if isinstance(error, apsw.BusyError | apsw.LockedError):
        return DatabaseBusy("another process holds the database")
    return DatabaseError(f"{type(error).__name__}: {error}")
