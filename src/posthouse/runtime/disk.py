"""Files outside the database: created once, synced before anything names them, never changed after.

`Disk` is the port that the simulator replaces. A name is used once and never again (STORE: blobs).
"""

import mmap
import os
from pathlib import Path
from typing import Protocol

from posthouse.message.dates import Instant

ZEROS = bytes(1 << 20)


class NewFile(Protocol):
    """A file being written; it does not count until `finish` has returned."""

    def write(self, octets: bytes) -> None:
        """Append to the file. Raises OSError (ENOSPC when the disk is full)."""

    def finish(self) -> None:
        """Sync the bytes and the file's entry in its folder, and close it. Blocks: call it on a thread."""

    def discard(self) -> None:
        """Close and remove the file."""


class Disk(Protocol):
    """Where blob files live. Paths are relative to the data directory."""

    def create(self, path: str) -> NewFile:
        """Begin a file that must not exist yet; folders on the way are made. Raises OSError."""

    def read(self, path: str, offset: int, length: int) -> bytes:
        """A range of a finished file; shorter where the file ends. Raises OSError."""

    def map(self, path: str) -> mmap.mmap | bytes:
        """A whole finished file as a buffer that is read lazily. Raises OSError."""

    def remove(self, path: str) -> None:
        """Remove a file; one that is gone already is no error."""

    def names(self, folder: str) -> list[str]:
        """Relative paths of all files below a folder, in no order."""

    def written_at(self, path: str) -> Instant | None:
        """When a file was last written to; None when it is gone. Raises OSError."""


class _SystemFile:
    __slots__ = ("_descriptor", "_path")

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)

    def write(self, octets: bytes) -> None:
        rest = memoryview(octets)
        while rest:
            rest = rest[os.write(self._descriptor, rest):]

    def finish(self) -> None:
        try:
            os.fsync(self._descriptor)
        finally:
            os.close(self._descriptor)
        sync_folder(self._path.parent)

    def discard(self) -> None:
        os.close(self._descriptor)
        self._path.unlink(missing_ok=True)


class SystemDisk:
    """The real file system below one folder."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def create(self, path: str) -> NewFile:
        target = self._root / path
        if not target.parent.is_dir():
            _make_folder(target.parent)
        return _SystemFile(target)

    def read(self, path: str, offset: int, length: int) -> bytes:
        descriptor = os.open(self._root / path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            return os.pread(descriptor, length, offset)
        finally:
            os.close(descriptor)

    def map(self, path: str) -> mmap.mmap | bytes:
        with (self._root / path).open("rb") as file:
            if not os.fstat(file.fileno()).st_size:
                return b""    # nothing cannot be mapped
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)

    def remove(self, path: str) -> None:
        (self._root / path).unlink(missing_ok=True)

    def names(self, folder: str) -> list[str]:
        return [str(path.relative_to(self._root)) for path in (self._root / folder).rglob("*") if path.is_file()]

    def written_at(self, path: str) -> Instant | None:
        try:
            return Instant((self._root / path).stat().st_mtime_ns // 1000)
        except FileNotFoundError:
            return None


def _make_folder(folder: Path) -> None:
    """Make a folder and those on the way to it, each durable: a file's own sync says nothing of the path to it."""
    if not folder.parent.is_dir():
        _make_folder(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
    sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Make the entries of a folder durable (a new file's name is lost in a power cut without it)."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def grow_file(path: Path, octets: int) -> None:
    """Append zeros to an existing file until it is `octets` long, and sync it. A longer file stays as it is."""
    with path.open("ab") as file:
        missing = octets - file.tell()
        while missing > 0:
            missing -= file.write(ZEROS[:min(missing, len(ZEROS))])
        file.flush()
        os.fsync(file.fileno())
    sync_folder(path.parent)
