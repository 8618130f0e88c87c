"""The blob files' disk, with faults: real files in a real folder, and a platter that knows what would be left."""

import mmap
from pathlib import PurePosixPath

from posthouse.message.dates import Instant
from posthouse.runtime.disk import NewFile, SystemDisk
from posthouse.runtime.sim.faults import no_room
from posthouse.runtime.sim.platter import Platter


class _SimulatedFile:
    """Holds no descriptor, for a process that dies in simulation would leave it open."""

    __slots__ = ("_name", "_offset", "_path", "_platter", "_stored")

    def __init__(self, platter: Platter, name: str) -> None:
        platter.faults.require_power()
        self._platter = platter
        self._name = name
        self._path = platter.root / name
        self._path.open("xb").close()
        self._stored = platter.open(name)
        self._offset = 0

    def write(self, octets: bytes) -> None:
        """Append. Raises OSError (ENOSPC: what fitted stands there), PowerCut."""
        fitting = self._platter.write(self._stored, octets, self._offset)
        with self._path.open("ab") as file:
            file.write(octets[:fitting])
        self._offset += fitting
        if fitting < len(octets):
            raise no_room()

    def finish(self) -> None:
        """Two syncs: of the file, then of its folder. Raises OSError when one is refused, PowerCut."""
        self._platter.sync(self._stored)
        self._platter.sync_folder(str(PurePosixPath(self._name).parent))

    def discard(self) -> None:
        """Remove the file. Raises PowerCut."""
        self._platter.remove(self._name)
        self._path.unlink(missing_ok=True)


class SimulatedDisk:
    """The `Disk` port on a platter. Folders are durable as soon as they are made."""

    def __init__(self, platter: Platter) -> None:
        self._platter = platter
        self._below = SystemDisk(platter.root)

    def create(self, path: str) -> NewFile:
        """Begin a file that must not exist yet. Raises OSError, PowerCut."""
        (self._platter.root / path).parent.mkdir(parents=True, exist_ok=True)
        return _SimulatedFile(self._platter, path)

    def read(self, path: str, offset: int, length: int) -> bytes:
        """A range of a finished file. Raises OSError, PowerCut."""
        self._platter.faults.require_power()
        return self._below.read(path, offset, length)

    def map(self, path: str) -> mmap.mmap | bytes:
        """A whole finished file. Raises OSError, PowerCut."""
        self._platter.faults.require_power()
        return self._below.map(path)

    def remove(self, path: str) -> None:
        """Remove a file; nothing syncs its folder, so a power cut may bring it back. Raises PowerCut."""
        self._platter.remove(path)
        self._below.remove(path)

    def names(self, folder: str) -> list[str]:
        """Relative paths of all files below a folder. Raises PowerCut."""
        self._platter.faults.require_power()
        return self._below.names(folder)

    def written_at(self, path: str) -> Instant | None:
        """When a file was last written to; None when it is gone. Raises PowerCut."""
        self._platter.faults.require_power()
        return self._below.written_at(path)
