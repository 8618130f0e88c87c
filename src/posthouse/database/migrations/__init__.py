"""The tables, as numbered steps of SQL. A step only expands; what it replaces is dropped by a later release's step."""

from importlib.resources import files

import apsw

from posthouse.database.errors import SchemaTooNew, SchemaTooOld

STEPS = ("0001_first.sql", "0002_upkeep.sql")


def migrate(connection: apsw.Connection) -> None:
    """Bring the schema up to this release, each step in a transaction of its own. Raises SchemaTooNew, apsw.Error."""
    connection.execute("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL)").fetchall()
    found = _schema_of(connection)
    for number, name in enumerate(STEPS[found:], found + 1):
        connection.execute("BEGIN IMMEDIATE").fetchall()
        connection.execute((files(__package__) / name).read_text()).fetchall()
        connection.execute("INSERT INTO schema_version VALUES (?)", (number,)).fetchall()
        connection.execute("COMMIT").fetchall()


def require_schema(connection: apsw.Connection) -> None:
    """See that a database has this release's schema. Raises SchemaTooNew, SchemaTooOld, apsw.Error."""
    found = _schema_of(connection)
    if found < len(STEPS):
        raise SchemaTooOld(f"the database has schema {found}, this release {len(STEPS)}: start the server once")


def _schema_of(connection: apsw.Connection) -> int:
    found = len(connection.execute("SELECT version FROM schema_version").fetchall())
    if found > len(STEPS):
        raise SchemaTooNew(f"the database has schema {found}, this release knows {len(STEPS)}: install a later release")
    return found
