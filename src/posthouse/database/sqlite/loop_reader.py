"""The connection on which the loop reads: its snapshot stands from one COMMIT to the next.

To begin a snapshot and to end it costs as much as a short read. So it is kept, as of the last COMMIT that was told,
until the next one is. Meanwhile the log cannot be begun anew: for that the snapshot is let go, and until the next
COMMIT each read has one of its own.
"""

import contextlib
from collections.abc import Callable
from typing import TypeVar

import apsw

from posthouse.database.sqlite.transaction import SqliteTransaction
from posthouse.database.sqlite.waiting import world_error
from posthouse.database.transaction import Transaction

T = TypeVar("T")


class LoopReader:
    """Reads at once. `committed` is to be called after each COMMIT, `stand_aside` before the log is begun anew."""

    __slots__ = ("_connection", "_may_stand", "_stands", "_transaction")

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._transaction = SqliteTransaction(connection)
        self._may_stand = True
        self._stands = False

    def read(self, operation: Callable[[Transaction], T]) -> T:
        """Run an operation on the snapshot. Raises DatabaseError, besides what the operation raises."""
        try:
            if not self._stands:
                self._transaction.execute("BEGIN")
                self._stands = True
            try:
                return operation(self._transaction)
            finally:
                if not self._may_stand:
                    self._let_go()
        except apsw.Error as error:
            self._let_go()
            raise world_error(error) from error

    def committed(self) -> None:
        """What is read from now on is as of now."""
        self._may_stand = True
        if self._stands:
            self._let_go()

    def stand_aside(self) -> None:
        """Hold no snapshot until the next COMMIT."""
        self._may_stand = False
        self._let_go()

    def _let_go(self) -> None:
        self._stands = False
        if self._connection.in_transaction:
            with contextlib.suppress(apsw.Error):    # the next BEGIN tells
                self._transaction.execute("ROLLBACK")
