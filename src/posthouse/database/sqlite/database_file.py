"""Descriptors of our own on the database file and the index of its log, for what SQLite leaves undone.

Close them behind SQLite's connections, never before: whoever closes a descriptor drops all locks that the process has
on the file (POSIX).
"""

import contextlib
import os
from pathlib import Path
from typing import Final

# SQLite lets the index grow with the log, 32 KiB for 4,096 frames, after the frames were synced; where the disk has no
# room for that, a COMMIT that is on disk has failed, and the next process cannot read the log. So: 500 MiB of log.
INDEX_OCTETS: Final = 1 << 20


class DatabaseFile:
    """Syncs what was copied home beside the commits, and keeps room for the log's index.

    SQLite syncs the database file only when it has copied the whole log, which under load it never has before the
    log is begun anew: then everyone would wait for the sync of all that was copied since.
    """

    def __init__(self, path: Path) -> None:
        """For a database that SQLite has open in WAL mode. Raises OSError when a file cannot be opened."""
        index = path.with_name(path.name + "-shm")
        self._descriptors = [os.open(path, os.O_RDWR | os.O_CLOEXEC)]
        try:
            self._descriptors.append(os.open(index, os.O_RDWR | os.O_CLOEXEC))
        except OSError:
            self.close()
            raise
        self._reserve_index()

    def sync(self) -> None:
        """Put on disk what was written to the file. Blocks. Raises OSError: then nobody knows what is on disk."""
        os.fdatasync(self._descriptors[0])

    def close(self) -> None:
        """Let go of the files."""
        for descriptor in self._descriptors:
            os.close(descriptor)

    def _reserve_index(self) -> None:
        index = self._descriptors[1]
        size = os.fstat(index).st_size
        if size < INDEX_OCTETS:
            with contextlib.suppress(OSError):    # a disk that is full already: SQLite takes what it needs, if it can
                os.posix_fallocate(index, size, INDEX_OCTETS - size)
