"""A descriptor of our own on the database file, by which what was copied home is synced beside the commits."""

import os
from pathlib import Path


class DatabaseFile:
    """SQLite syncs the database file only when it has copied the whole log, which under load it never has before the
    log is begun anew: then everyone would wait for the sync of all that was copied since.

    Close it behind SQLite's connections, never before: whoever closes a descriptor drops all locks that the process
    has on the file (POSIX).
    """

    def __init__(self, path: Path) -> None:
        """Raises OSError when the file cannot be opened."""
        self._descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)

    def sync(self) -> None:
        """Put on disk what was written to the file. Blocks. Raises OSError: then nobody knows what is on disk."""
        os.fdatasync(self._descriptor)

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._descriptor)
