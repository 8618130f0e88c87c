"""A `Transaction` on one apsw connection."""

from array import array
from collections.abc import Hashable, Sequence

import apsw

from posthouse.database.transaction import Row, Value


class SqliteTransaction:
    """Runs statements on its connection; BEGIN and COMMIT are its owner's business."""

    __slots__ = ("_connection", "_cursor", "announced")

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._cursor = connection.cursor()
        self.announced: set[Hashable] = set()

    def execute(self, sql: str, parameters: Sequence[Value] = ()) -> None:
        self._cursor.execute(sql, parameters).fetchall()

    def row(self, sql: str, parameters: Sequence[Value] = ()) -> Row | None:
        found = self._cursor.execute(sql, parameters).fetchall()
        return found[0] if found else None

    def rows(self, sql: str, parameters: Sequence[Value] = ()) -> list[Row]:
        return self._cursor.execute(sql, parameters).fetchall()

    def insert(self, sql: str, parameters: Sequence[Value] = ()) -> int:
        self._cursor.execute(sql, parameters).fetchall()
        return self._connection.last_insert_rowid()

    def rows_among(self, sql: str, keys: "array[int]", parameters: Sequence[Value] = ()) -> list[Row]:
        if not keys:
            return []
        statement = sql.replace("{keys}", "carray(?)")
        return self._cursor.execute(statement, (apsw.carray(keys), *parameters)).fetchall()

    def announce(self, topic: Hashable) -> None:
        self.announced.add(topic)
