"""What can go wrong in the world below the database. All are world errors: a peer hears 4yz, NO or nothing."""


class DatabaseError(Exception):
    """The database could not do what was asked; nothing of the operation was kept."""


class DatabaseBusy(DatabaseError):
    """More operations wait than the limits allow; try again later."""


class DatabaseClosed(DatabaseError):
    """The database has been closed, or stopped serving after a failed sync."""


class DiskFull(DatabaseError):
    """The disk has no room; nothing of the operation was kept, and the next one may succeed."""


class SyncFailed(DatabaseError):
    """A COMMIT failed in a way that leaves its outcome unknown until recovery has run.

    No reply may be given for any operation of that batch: what failed may still be found after a crash
    (`docs/durability.md`). Connections close without a word and the process starts again.
    """


class SchemaTooNew(DatabaseError):
    """The database was written by a later version of Posthouse."""


class SchemaTooOld(DatabaseError):
    """The database was written by an earlier version of Posthouse and has not been migrated yet."""
