"""What an operation may do: plain SQL on one transaction, the same text for every engine."""

from array import array
from collections.abc import Hashable, Sequence
from typing import Any, Protocol

Value = int | float | str | bytes | memoryview | None
"""What a column can hold. A `memoryview` is bound as a blob without a copy; rows come back as bytes."""
Row = tuple[Any, ...]
"""One row of a result; its types are those of the columns that the SELECT names."""


class Transaction(Protocol):
    """One transaction in progress. Every result is exhausted before the call returns, so that no cursor
    stays open and pins the write-ahead log (STORE: a `fetchone` leaves the statement open)."""

    def execute(self, sql: str, parameters: Sequence[Value] = ()) -> None:
        """Run a statement whose rows, if any, nobody needs."""

    def row(self, sql: str, parameters: Sequence[Value] = ()) -> Row | None:
        """The first row of the result, or None."""

    def rows(self, sql: str, parameters: Sequence[Value] = ()) -> list[Row]:
        """All rows of the result."""

    def insert(self, sql: str, parameters: Sequence[Value] = ()) -> int:
        """Run an INSERT and return the integer key that the new row was given."""

    def rows_among(self, sql: str, keys: "array[int]", parameters: Sequence[Value] = ()) -> list[Row]:
        """All rows of a statement with one `IN {keys}` in it, whose keys are an array('q').

        `parameters` are those after the keys. One round trip, however many keys.
        """

    def announce(self, topic: Hashable) -> None:
        """Name something that this transaction changed: listeners of the database hear it after COMMIT."""
