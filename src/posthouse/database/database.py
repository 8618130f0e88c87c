"""What the rest of the house sees of an engine."""

import asyncio
from collections.abc import Callable, Hashable
from typing import Protocol, TypeVar

from posthouse.database.transaction import Transaction

T = TypeVar("T")


class Database(Protocol):
    """One database, served by one event loop."""

    def write(
        self, operation: Callable[[Transaction], T], octets: int = 0, answer: "asyncio.Future[T] | None" = None
    ) -> "asyncio.Future[T]":
        """Run an operation in its turn, whole or not at all; the future resolves once it is on disk.

        `octets`: how much memory the closure keeps while it waits. `answer`: a future to resolve, else a new one. The
        future's exception is the operation's own, or one of `errors.py`. After SyncFailed no reply may be given.
        """

    def read(self, operation: Callable[[Transaction], T]) -> T:
        """Run a short reading operation at once; it sees what was committed, all of it as of one moment."""

    def read_aside(self, operation: Callable[[Transaction], T]) -> "asyncio.Future[T]":
        """Run a long reading operation away from the loop."""

    def listen(self, listener: Callable[[set[Hashable]], None]) -> None:
        """Have `listener(topics)` called after each COMMIT that announced something, before its callers hear."""
