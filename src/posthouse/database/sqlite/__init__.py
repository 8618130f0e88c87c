"""The embedded engine: one SQLite database in WAL mode, one writing connection, one sync for many operations.

`connection.py` opens files rightly, `writer.py` is the group commit, `checkpoints.py` moves the log home without
stalling it, `engine.py` puts them together as the `SqliteDatabase` that the rest of the house calls.
"""
