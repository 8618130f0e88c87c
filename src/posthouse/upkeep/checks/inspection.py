"""What the parts of a check share: the snapshot, the disk, the faults found so far, and how far they have come."""

from collections.abc import Callable, Iterator
from typing import Final

from posthouse.database.transaction import Row, Transaction
from posthouse.message.dates import Instant
from posthouse.runtime.disk import Disk
from posthouse.upkeep.faults import Fault, FaultKind

FAULTS_MAX: Final = 10_000    # of one kind: a store so broken needs a restore, not a longer list
ROWS_A_PAGE: Final = 500

Progress = Callable[[int, int], None]
"""Called with what is done and what there is in all, in rows."""


class Inspection:
    """One check of a store, as of one moment."""

    def __init__(self, tx: Transaction, disk: Disk, at: Instant, progress: Progress) -> None:
        self.tx = tx
        self.disk = disk
        self.at = at
        self.faults: list[Fault] = []
        self._counts: dict[FaultKind, int] = {}
        self._progress = progress
        self._done = 0
        self._total = 0

    def expect(self, rows: int) -> None:
        """So many more rows will be looked at."""
        self._total += rows

    def advance(self, rows: int) -> None:
        """So many rows have been looked at."""
        self._done = min(self._done + rows, self._total)
        self._progress(self._done, self._total)

    def finish(self) -> None:
        """Everything has been looked at."""
        self._progress(self._total, self._total)

    def report(self, kind: FaultKind, subject: str, text: str) -> None:
        """Note a fault."""
        count = self._counts[kind] = self._counts.get(kind, 0) + 1
        if count <= FAULTS_MAX:
            self.faults.append(Fault(kind, subject, text))
        elif count == FAULTS_MAX + 1:
            self.faults.append(Fault(kind, "more", f"there are more than {FAULTS_MAX} of this kind"))

    def span(self, table: str, key: str) -> int:
        """About how many rows a table has: from its lowest key to its highest."""
        found = self.tx.row(f"SELECT coalesce(max({key}) - min({key}) + 1, 0) FROM {table}")
        return int(found[0]) if found else 0

    def pages(self, sql: str, rows_a_page: int = ROWS_A_PAGE) -> Iterator[list[Row]]:
        """The rows of a statement `... WHERE key > ? ... ORDER BY key LIMIT ?`, whose first column is the key.

        Progress counts by the key, so that rows that are gone count too.
        """
        last = 0
        while rows := self.tx.rows(sql, (last, rows_a_page)):
            yield rows
            self.advance(rows[-1][0] - last if last else len(rows))
            last = rows[-1][0]
