"""The schema moves forward step by step, each whole, and never under a release that does not know it."""

from pathlib import Path

import apsw
import pytest

from posthouse.database.errors import SchemaTooNew
from posthouse.database.migrations import STEPS
from small_store import ALICE, Store


def raw(path: Path, *statements: str) -> list:
    connection = apsw.Connection(str(path / "test.db"))
    rows = [connection.execute(statement).fetchall() for statement in statements]
    connection.close()
    return rows[-1]


def test_a_new_database_has_every_step(tmp_path: Path) -> None:
    Store(tmp_path).close()
    assert raw(tmp_path, "SELECT version FROM schema_version ORDER BY version") == [
        (number,) for number in range(1, len(STEPS) + 1)
    ]


def test_a_database_of_an_earlier_release_is_brought_up_with_its_mail(tmp_path: Path) -> None:
    """A server that is upgraded starts on the data that it has."""
    store = Store(tmp_path)
    store.account(ALICE)
    store.put()
    store.close()
    raw(
        tmp_path,
        "DROP TABLE retention",
        "DROP INDEX blob_name",
        "DELETE FROM schema_version WHERE version > 1",
        "SELECT 1",
    )
    store = Store(tmp_path)
    assert len(store.listing()) == 1
    assert store.rows("SELECT * FROM retention") == []
    store.close()


def test_a_database_of_a_later_release_is_left_alone(tmp_path: Path) -> None:
    """DESIGN 5: migrations only expand; what a later one has contracted, this release would misread."""
    Store(tmp_path).close()
    raw(tmp_path, f"INSERT INTO schema_version VALUES ({len(STEPS) + 1})")
    with pytest.raises(SchemaTooNew, match="later release"):
        Store(tmp_path)
