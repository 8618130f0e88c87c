"""A message on its way in: whole, hashed, small ones in memory, big ones in their final file (DESIGN 5, blobs)."""

import asyncio
import hashlib
import random
import threading
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posthouse.database.blobs.spool import FOLDER, INLINE_OCTETS_MAX, BlobFiles, Spool, Spooled
from posthouse.database.errors import DatabaseError, DiskFull
from posthouse.runtime.chance import SystemChance
from posthouse.runtime.disk import SystemDisk
from posthouse.runtime.sim.disk import SimulatedDisk
from posthouse.runtime.sim.faults import Faults
from posthouse.runtime.sim.platter import Platter

BIG = random.Random(1).randbytes(INLINE_OCTETS_MAX + 1)


def at_rest(spool: Spool) -> Spooled:
    """Finish a spool, on a loop when it must be synced."""

    async def finished() -> Spooled:
        result = spool.finish()
        return result if isinstance(result, Spooled) else await result

    return asyncio.run(finished())


def files(path: Path) -> list[str]:
    return SystemDisk(path).names(FOLDER) if (path / FOLDER).exists() else []


@pytest.fixture
def blobs(tmp_path: Path):
    with ThreadPoolExecutor(1) as threads:
        yield BlobFiles(SystemDisk(tmp_path), SystemChance(), threads)


def test_a_small_message_is_at_rest_at_once_and_makes_no_file(blobs: BlobFiles, tmp_path: Path) -> None:
    """The issue: bodies over 256 KiB spill; a body of exactly that many does not."""
    spool = blobs.spool()
    spool.write(BIG[:INLINE_OCTETS_MAX])
    spooled = spool.finish()      # no loop runs: it must not need one
    assert isinstance(spooled, Spooled)
    assert spooled.name is None
    assert spooled.octets == BIG[:INLINE_OCTETS_MAX]
    assert spooled.sha256 == hashlib.sha256(BIG[:INLINE_OCTETS_MAX]).digest()
    assert files(tmp_path) == []


def test_a_big_message_is_a_file_of_its_own(blobs: BlobFiles, tmp_path: Path) -> None:
    spool = blobs.spool()
    for start in range(0, len(BIG), 65536):
        spool.write(BIG[start:start + 65536])
    spooled = at_rest(spool)
    assert spooled.name is not None
    assert files(tmp_path) == [spooled.name]
    assert (tmp_path / spooled.name).read_bytes() == BIG
    assert spooled.octets[:] == BIG
    assert spooled.length == spool.size_octets == len(BIG)
    assert spooled.sha256 == hashlib.sha256(BIG).digest()


@given(st.lists(st.integers(0, 200_000), max_size=6))
@settings(max_examples=25, deadline=None)
def test_chunks_of_any_size_add_up(tmp_path_factory: pytest.TempPathFactory, sizes: list[int]) -> None:
    """However it is cut, and wherever in it the border between memory and file lies."""
    path = tmp_path_factory.mktemp("spool")
    spool = BlobFiles(SystemDisk(path), SystemChance(), None).spool()
    octets = random.Random(2).randbytes(sum(sizes))
    start = 0
    for size in sizes:
        spool.write(octets[start:start + size])
        start += size
    spooled = at_rest(spool)
    assert (spooled.octets[:], spooled.sha256) == (octets, hashlib.sha256(octets).digest())
    assert (spooled.name is None) == (len(octets) <= INLINE_OCTETS_MAX)


def test_names_are_never_used_again(blobs: BlobFiles) -> None:
    """STORE.md: a name is never used again, so that no late reader meets another's bytes."""
    assert len({blobs.new_name() for _ in range(1000)}) == 1000


@pytest.mark.parametrize("octets", [b"", b"small", BIG])
def test_what_is_discarded_leaves_nothing(blobs: BlobFiles, tmp_path: Path, octets: bytes) -> None:
    """RSET, a peer that leaves, a message that is refused; twice is no harm."""
    spool = blobs.spool()
    spool.write(octets)
    spool.discard()
    spool.discard()
    assert files(tmp_path) == []


def test_what_is_discarded_at_rest_leaves_nothing(blobs: BlobFiles, tmp_path: Path) -> None:
    spool = blobs.spool()
    spool.write(BIG)
    at_rest(spool)
    spool.discard()
    assert files(tmp_path) == []


class HeldThreads(Executor):
    """A thread pool whose one thread waits until it is let go."""

    def __init__(self) -> None:
        self.let_go = threading.Event()
        self._pool = ThreadPoolExecutor(1)

    def submit(self, job, /, *arguments, **named) -> Future:
        return self._pool.submit(self._held, job)

    def _held(self, job):
        self.let_go.wait(10)
        return job()

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self._pool.shutdown(wait)


def test_a_peer_that_leaves_while_its_message_is_synced_leaves_no_file(tmp_path: Path) -> None:
    """Else each such peer would leave one: the file belongs to nobody then."""

    async def scenario() -> None:
        threads = HeldThreads()
        spool = BlobFiles(SystemDisk(tmp_path), SystemChance(), threads).spool()
        spool.write(BIG)
        future = spool.finish()
        assert not isinstance(future, Spooled)
        spool.discard()
        assert len(files(tmp_path)) == 1      # the thread has it still
        threads.let_go.set()
        await future
        threads.shutdown()
        assert files(tmp_path) == []

    asyncio.run(scenario())


def simulated(path: Path, faults: Faults) -> BlobFiles:
    return BlobFiles(SimulatedDisk(Platter(path, faults)), SystemChance(), None)


@pytest.mark.parametrize("room", [0, 1000, INLINE_OCTETS_MAX, 2 * len(BIG) - 1])
def test_a_full_disk_is_said_and_nothing_is_left(tmp_path: Path, room: int) -> None:
    """The issue: disk full is 452 4.3.1, nothing half-stored, and it recovers by itself."""
    faults = Faults(room_octets=room)
    blobs = simulated(tmp_path, faults)
    spool = blobs.spool()
    with pytest.raises(DiskFull):
        for _ in range(2):
            spool.write(BIG)
    spool.discard()
    assert files(tmp_path) == []
    faults.room_octets = 10 * len(BIG)
    spool = blobs.spool()
    spool.write(BIG)
    assert at_rest(spool).octets[:] == BIG


@pytest.mark.parametrize("sync", [1, 2])
def test_a_file_that_cannot_be_synced_is_no_message(tmp_path: Path, sync: int) -> None:
    """The file's own sync, or its folder's: without both a row may not name it (docs/durability.md)."""
    spool = simulated(tmp_path, Faults(refuse_at_sync=sync)).spool()
    spool.write(BIG)
    with pytest.raises(DatabaseError):
        at_rest(spool)
    spool.discard()
    assert files(tmp_path) == []


def test_small_messages_go_to_files_when_too_much_arrives_at_once(tmp_path: Path) -> None:
    """DESIGN 1.6: memory in flight has a limit; beyond it nothing is refused, it takes the way of big messages."""
    with ThreadPoolExecutor(1) as threads:
        blobs = BlobFiles(SystemDisk(tmp_path), SystemChance(), threads, held_octets_max=1000)
        arriving = [blobs.spool() for _ in range(4)]
        for spool in arriving:
            spool.write(b"x" * 400)
        assert blobs.held_octets <= 1000
        assert len(files(tmp_path)) == 2, "the third and the fourth had no room"
        arriving[0].discard()
        assert at_rest(arriving[1]).name is None
        assert at_rest(arriving[2]).octets[:] == b"x" * 400
        arriving[3].discard()
        assert blobs.held_octets == 0
        small = blobs.spool()
        small.write(b"y")
        assert at_rest(small).name is None, "there is room again"
