"""Removing message files that no row names: bodies that were synced before a process died, and never accepted.

Once after each start, in the background. Only files that are older than the process by an hour are looked at, so that
none which is just arriving is ever among them, even if somebody sets the clock.
"""

import asyncio
from typing import Final

from posthouse.database.blobs.rows import file_names
from posthouse.database.blobs.spool import FOLDER
from posthouse.database.database import Database
from posthouse.message.dates import Instant
from posthouse.runtime.clock import Clock
from posthouse.runtime.disk import Disk

MARGIN_MICROSECONDS: Final = 3600 * 1_000_000
FOLDERS: Final = tuple(f"{FOLDER}/{number:02x}" for number in range(256))    # as BlobFiles names them


class Orphans:
    """The job."""

    name = "orphans"
    seconds_before = 30.0       # after the rush of a start
    seconds_between = 3600.0    # when a turn failed: the rest

    def __init__(self, database: Database, disk: Disk, clock: Clock) -> None:
        self._database = database
        self._disk = disk
        self._folders = list(FOLDERS)      # yet to be looked through
        self._old_before = Instant(clock.now() - MARGIN_MICROSECONDS)

    async def turn(self) -> None:
        """Look through all folders, one at a time."""
        while self._folders:
            await self._clear(self._folders[-1])
            self._folders.pop()

    async def _clear(self, folder: str) -> None:
        for name in await unnamed_files(self._database, self._disk, folder):
            if await asyncio.to_thread(is_older, self._disk, name, self._old_before):
                await asyncio.to_thread(self._disk.remove, name)


async def unnamed_files(database: Database, disk: Disk, folder: str) -> list[str]:
    """The files of a folder that no row names. They are listed first: a row that names one comes after its file."""
    listed = await asyncio.to_thread(disk.names, folder)
    if not listed:
        return []
    named = await database.read_aside(lambda tx: file_names(tx, folder))
    return sorted(set(listed) - named)


def is_older(disk: Disk, name: str, than: Instant) -> bool:
    """Whether a file is there and was last written to before an instant. Blocks."""
    written_at = disk.written_at(name)
    return written_at is not None and written_at < than
