"""Taking in a message while it arrives: small ones stay in memory, big ones spill to their final file."""

import asyncio
import hashlib
from collections.abc import Callable
from concurrent.futures import Executor
from errno import EDQUOT, ENOSPC
from mmap import mmap
from typing import TypeVar

from msgspec import Struct

from posthouse.database.errors import DatabaseError, DiskFull
from posthouse.runtime.chance import Chance
from posthouse.runtime.disk import Disk, NewFile

INLINE_OCTETS_MAX = 256 << 10    # beyond it a body is a file: docs/performance.md
HELD_OCTETS_MAX = 64 << 20       # of all messages that are arriving: a quarter of what may wait for the disk
FOLDER = "blobs"
NO_SPACE = frozenset({ENOSPC, EDQUOT})

T = TypeVar("T")


class Spooled(Struct, frozen=True):
    """A whole message at rest, not yet named by any row. `octets`: its bytes (of a file: mapped, read lazily)."""

    octets: bytes | mmap
    sha256: bytes
    name: str | None    # of its file, relative to the data directory; None: the bytes go into the row

    @property
    def length(self) -> int:
        """Octets of the message as it was received."""
        return len(self.octets)


class Spool:
    """One message on its way in. Use: `write` each chunk, then `finish`; or `discard`, whatever came before.

    What `finish` gives belongs to the spool until it is passed on: `discard` is then no longer to be called.
    """

    __slots__ = ("_blobs", "_chunks", "_file", "_hash", "_is_at_rest", "_is_unwanted", "_name", "size_octets")

    def __init__(self, blobs: "BlobFiles") -> None:
        self._blobs = blobs
        self._chunks: list[bytes] = []
        self._file: NewFile | None = None
        self._name: str | None = None
        self._hash = hashlib.sha256()
        self._is_at_rest = False     # set by the thread, read in the loop; the other one below the other way round
        self._is_unwanted = False
        self.size_octets = 0

    def write(self, chunk: bytes) -> None:
        """Take the next octets. Raises DiskFull or DatabaseError; the spool is then to be discarded."""
        self.size_octets += len(chunk)
        self._hash.update(chunk)
        if self._file is not None:
            _translated(self._file.write, chunk)
            return
        self._chunks.append(chunk)
        self._blobs.held_octets += len(chunk)
        if self.size_octets > INLINE_OCTETS_MAX or self._blobs.is_holding_much:
            self._spill()

    def _spill(self) -> None:
        """Go on in the file that the message will lie in."""
        octets = self._let_go()
        self._name = self._blobs.new_name()
        self._file = _translated(self._blobs.disk.create, self._name)
        _translated(self._file.write, octets)

    def _let_go(self) -> bytes:
        """The octets held in memory, which are somebody else's from here on."""
        octets = b"".join(self._chunks)
        self._chunks.clear()
        self._blobs.held_octets -= len(octets)
        return octets

    def finish(self) -> "Spooled | asyncio.Future[Spooled]":
        """The message at rest: at once when it is small, else once its file and folder are synced.

        The future's exception: DiskFull, DatabaseError.
        """
        if self._file is None:
            return Spooled(self._let_go(), self._hash.digest(), None)
        file, self._file = self._file, None
        return self._blobs.aside(lambda: self._bring_to_rest(file))

    def _bring_to_rest(self, file: NewFile) -> Spooled:
        assert self._name is not None
        try:
            _translated(file.finish)
            spooled = Spooled(_translated(self._blobs.disk.map, self._name), self._hash.digest(), self._name)
        except DatabaseError:
            self._blobs.remove(self._name)
            raise
        self._is_at_rest = True
        if self._is_unwanted:        # a peer that left while its message was synced
            self._blobs.remove(self._name)
        return spooled

    def discard(self) -> None:
        """Forget what came and remove its file; one that is being synced goes once it is at rest."""
        self._is_unwanted = True
        self._let_go()
        if self._file is not None:
            file, self._file = self._file, None
            file.discard()
        elif self._is_at_rest and self._name is not None:
            self._blobs.remove(self._name)


class BlobFiles:
    """The folder of blob files, and the threads on which syncing them may block."""

    def __init__(
        self, disk: Disk, chance: Chance, threads: Executor | None, held_octets_max: int = HELD_OCTETS_MAX
    ) -> None:
        """`threads`: None in simulation, where what blocks runs at once."""
        self.disk = disk
        self.held_octets = 0      # in memory, of all messages that are arriving
        self._held_octets_max = held_octets_max
        self._chance = chance
        self._threads = threads

    @property
    def is_holding_much(self) -> bool:
        """Whether what arrives now must go to files, however small it is."""
        return self.held_octets > self._held_octets_max

    def new_name(self) -> str:
        """A path that was never used and never will be."""
        token = self._chance.token(16).hex()
        return f"{FOLDER}/{token[:2]}/{token[2:]}"

    def spool(self) -> Spool:
        """Begin to take in a message."""
        return Spool(self)

    def aside(self, job: Callable[[], Spooled]) -> "asyncio.Future[Spooled]":
        """Run what blocks on a thread."""
        loop = asyncio.get_running_loop()
        if self._threads is not None:
            return loop.run_in_executor(self._threads, job)
        future: asyncio.Future[Spooled] = loop.create_future()
        try:
            future.set_result(job())
        except DatabaseError as error:
            future.set_exception(error)
        return future

    def remove(self, name: str) -> None:
        """Remove a file that no row names (an acceptance that failed after its body was synced)."""
        self.disk.remove(name)


def _translated(do: Callable[..., T], *arguments: object) -> T:
    """Call into the disk; its errors in the words of `errors.py`."""
    try:
        return do(*arguments)
    except OSError as error:
        if error.errno in NO_SPACE:
            raise DiskFull("the disk is full") from error
        raise DatabaseError(f"a message file failed: {error.strerror}") from error
