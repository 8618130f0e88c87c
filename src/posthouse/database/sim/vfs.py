"""An SQLite file system that loses what was not synced (`SqliteSettings.vfs` names it).

Each file inherits from SQLite's own, so locks and the shared memory of a write-ahead log work as ever; writes go to
the real file and are noted on the platter; syncs reach the platter alone. The shared memory (`-shm`) is no part of
what a power cut leaves: SQLite makes it anew.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from errno import ENOSPC
from pathlib import Path
from typing import Final

import apsw

from posthouse.runtime.sim.faults import PowerCut, no_room
from posthouse.runtime.sim.platter import Platter

# What outlives a connection; statement journals and temporary tables are nobody's truth.
_KEPT: Final = apsw.SQLITE_OPEN_MAIN_DB | apsw.SQLITE_OPEN_MAIN_JOURNAL | apsw.SQLITE_OPEN_WAL
# Of these SQLite syncs the folder with the first sync of a new one (os_unix.c, UNIXFILE_DIRSYNC).
_NAME_IS_SYNCED: Final = apsw.SQLITE_OPEN_MAIN_JOURNAL | apsw.SQLITE_OPEN_WAL
_FOLDER: Final = "."


class SimulatedVfs(apsw.VFS):
    """SQLite's default file system over a platter. Lives as long as connections name it; then `unregister`."""

    def __init__(self, name: str, platter: Platter) -> None:
        """`name`: how connections ask for it; one of a process."""
        self._platter = platter
        super().__init__(name, "")

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:
        with _told_to_sqlite():
            self._platter.faults.require_power()
        if name is None or not flags[0] & _KEPT:
            return apsw.VFSFile("", name, flags)
        path = name if isinstance(name, str) else name.filename()
        is_new = not Path(path).exists()
        file = _SimulatedFile(name, flags, self._platter, self._name_of(path))
        file.name_is_unsynced = is_new and bool(flags[0] & _NAME_IS_SYNCED)
        return file

    def xDelete(self, filename: str, syncdir: bool) -> None:
        with _told_to_sqlite():
            self._platter.remove(self._name_of(filename))
            super().xDelete(filename, False)
            if syncdir:
                self._platter.sync_folder(_FOLDER)

    def _name_of(self, path: str) -> str:
        return str(Path(path).relative_to(self._platter.root))


class _SimulatedFile(apsw.VFSFile):
    def __init__(self, filename: str | apsw.URIFilename, flags: list[int], platter: Platter, name: str) -> None:
        self._platter = platter
        self.name_is_unsynced = False
        self._stored = platter.open(name)    # before SQLite holds locks, which closing a descriptor of ours would drop
        super().__init__("", filename, flags)

    def xRead(self, amount: int, offset: int) -> bytes:
        with _told_to_sqlite():
            self._platter.faults.require_power()
        return super().xRead(amount, offset)

    def xWrite(self, data: bytes, offset: int) -> None:
        with _told_to_sqlite():
            octets = bytes(data)
            fitting = self._platter.write(self._stored, octets, offset)
            super().xWrite(octets[:fitting], offset)
            if fitting < len(octets):
                raise no_room()

    def xTruncate(self, newsize: int) -> None:
        with _told_to_sqlite():
            self._platter.truncate(self._stored, newsize)
        super().xTruncate(newsize)

    def xSync(self, flags: int) -> None:
        with _told_to_sqlite():
            self._platter.sync(self._stored)
            if self.name_is_unsynced:
                self._platter.sync_folder(_FOLDER)
                self.name_is_unsynced = False


@contextmanager
def _told_to_sqlite() -> Iterator[None]:
    """Turn what the simulated disk reports into the errors that SQLite's own file system reports for it."""
    try:
        yield
    except OSError as error:
        raise apsw.exception_for(_code_of(error)) from error


def _code_of(error: OSError) -> int:
    if isinstance(error, PowerCut):
        return apsw.SQLITE_IOERR
    return apsw.SQLITE_FULL if error.errno == ENOSPC else apsw.SQLITE_IOERR_FSYNC
