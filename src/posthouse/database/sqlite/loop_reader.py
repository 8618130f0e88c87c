"""The connection on which the loop reads: its snapshot stands from the first read after a COMMIT to the next COMMIT.

To begin a snapshot and to end it costs as much as a short read. So it is kept until the next COMMIT is told. It is as
of the last one that was told, or already of one that has returned on its thread. Meanwhile the log cannot be begun
anew: for that the snapshot is let go, and until the next COMMIT each read has one of its own.
"""

import contextlib
from collections.abc import Callable
from threading import get_ident
from typing import TypeVar

import apsw

from posthouse.database.sqlite.transaction import SqliteTransaction
from posthouse.database.sqlite.waiting import world_error
from posthouse.database.transaction import Transaction

T = TypeVar("T")


class LoopReader:
    """Reads at once, on the thread that made it and on no other.

    `committed` is to be called after each COMMIT, `stand_aside` before the log is begun anew.
    """

    __slots__ = ("_connection", "_may_stand", "_stands", "_thread", "_transaction")

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._transaction = SqliteTransaction(connection)
        self._thread = get_ident()
        self._may_stand = True
        self._stands = False

    def read(self, operation: Callable[[Transaction], T]) -> T:
        """Run an operation on the snapshot. Raises DatabaseError, besides what the operation raises."""
        if get_ident() != self._thread:
            raise RuntimeError("a read of the loop's on another thread: that is for `read_aside`")
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
        with contextlib.suppress(apsw.Error):    # the next BEGIN tells
            if self._connection.in_transaction:
                self._transaction.execute("ROLLBACK")
