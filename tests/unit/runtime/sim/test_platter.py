"""What a power cut leaves: synced octets under synced names, and of the rest what the fate says."""

from errno import EIO, ENOSPC
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from posthouse.runtime.sim.disk import SimulatedDisk
from posthouse.runtime.sim.faults import Faults, PowerCut
from posthouse.runtime.sim.platter import SECTOR_OCTETS, Platter, Survival


def left_by(platter: Platter, folder: Path) -> dict[str, bytes]:
    """What stands in each file after the power has gone."""
    folder.mkdir()
    platter.leave_to(folder)
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    folder.mkdir()
    return folder


def test_what_lay_there_before_stays(root: Path, tmp_path: Path) -> None:
    (root / "blobs").mkdir()
    (root / "blobs/old").write_bytes(b"old")
    assert left_by(Platter(root, Faults()), tmp_path / "left") == {"blobs/old": b"old"}


@pytest.mark.parametrize(("survival", "octets"), [(Survival.NOTHING, b""), (Survival.EVERYTHING, b"octets")])
def test_a_sync_of_the_folder_keeps_the_name_but_not_the_octets(
    root: Path, tmp_path: Path, survival: Survival, octets: bytes
) -> None:
    """fsync(2): syncing a file does not sync its entry in the folder; nor the other way round."""
    platter = Platter(root, Faults(), survival)
    platter.write(platter.open("file"), b"octets", 0)
    platter.sync_folder(".")
    assert left_by(platter, tmp_path / "left") == {"file": octets}


def test_a_sync_of_the_file_does_not_keep_its_name(root: Path, tmp_path: Path) -> None:
    platter = Platter(root, Faults())
    stored = platter.open("file")
    platter.write(stored, b"octets", 0)
    platter.sync(stored)
    assert left_by(platter, tmp_path / "left") == {}


def test_a_finished_file_is_kept_and_one_being_written_is_not(root: Path, tmp_path: Path) -> None:
    platter = Platter(root, Faults())
    disk = SimulatedDisk(platter)
    finished, begun = disk.create("blobs/finished"), disk.create("blobs/begun")
    for file in (finished, begun):
        file.write(b"octets")
    finished.finish()
    assert left_by(platter, tmp_path / "left") == {"blobs/finished": b"octets", "blobs/begun": b""}


def test_a_removed_file_may_come_back(root: Path, tmp_path: Path) -> None:
    """Nothing syncs the folder after a removal: whoever removes must expect to find it again."""
    (root / "old").write_bytes(b"old")
    platter = Platter(root, Faults())
    SimulatedDisk(platter).remove("old")
    assert not (root / "old").exists()
    assert left_by(platter, tmp_path / "left") == {"old": b"old"}


def test_a_name_used_again_is_another_file(root: Path, tmp_path: Path) -> None:
    """As SQLite does with its rollback journal."""
    platter = Platter(root, Faults())
    first = platter.open("journal")
    platter.write(first, b"first", 0)
    (root / "journal").write_bytes(b"first")
    platter.sync(first)
    platter.sync_folder(".")
    platter.remove("journal")
    (root / "journal").unlink()
    second = platter.open("journal")
    platter.write(second, b"2", 0)
    platter.sync(second)
    assert left_by(platter, tmp_path / "left") == {"journal": b"first"}


def test_the_cut_comes_in_the_sync_that_was_named_and_then_nothing_works(root: Path) -> None:
    faults = Faults(cut_at_sync=2)
    heard: list[int] = []
    faults.on_power_cut = lambda: heard.append(faults.syncs)
    platter = Platter(root, faults)
    disk = SimulatedDisk(platter)
    file = disk.create("file")
    with pytest.raises(PowerCut):
        file.finish()
    assert heard == [2]
    for call in (
        lambda: disk.create("other"),
        lambda: disk.read("file", 0, 1),
        lambda: disk.map("file"),
        lambda: disk.remove("file"),
        lambda: disk.names("."),
        lambda: platter.sync_folder("."),
    ):
        with pytest.raises(PowerCut):
            call()


def test_the_dead_may_close_their_files_and_change_nothing(root: Path, tmp_path: Path) -> None:
    faults = Faults()
    platter = Platter(root, faults, Survival.EVERYTHING)
    disk = SimulatedDisk(platter)
    file = disk.create("file")
    file.write(b"before")
    faults.cut_power()
    faults.bury()
    file.write(b"after")
    file.finish()
    disk.create("other").finish()
    assert left_by(platter, tmp_path / "left") == {"file": b"before"}


def test_a_refused_sync_is_never_made_good_by_a_later_one(root: Path, tmp_path: Path) -> None:
    """The kernel marks pages clean that it could not write ("fsyncgate"): a second fsync succeeds and means nothing."""
    (root / "file").write_bytes(b"old old")
    platter = Platter(root, Faults(refuse_at_sync=1))
    stored = platter.open("file")
    platter.write(stored, b"new", 0)
    with pytest.raises(OSError, match=r"(?i)input/output") as refused:
        platter.sync(stored)
    assert refused.value.errno == EIO
    assert not isinstance(refused.value, PowerCut)
    platter.write(stored, b"new", 4)
    platter.sync(stored)
    assert left_by(platter, tmp_path / "left") == {"file": b"old new"}


def test_a_full_disk_takes_what_fits_and_overwriting_needs_no_room(root: Path) -> None:
    faults = Faults(room_octets=10)
    disk = SimulatedDisk(Platter(root, faults))
    file = disk.create("file")
    file.write(b"123456")
    with pytest.raises(OSError, match=r"(?i)space") as full:
        file.write(b"789012")
    assert full.value.errno == ENOSPC
    file.finish()
    assert disk.read("file", 0, 100) == b"1234567890"
    platter = Platter(root, faults)
    assert platter.write(platter.open("file"), b"abcd", 6) == 4
    assert platter.write(platter.open("file"), b"abcd", 7) == 3


def test_removing_and_cutting_files_makes_room(root: Path) -> None:
    faults = Faults(room_octets=8)
    disk = SimulatedDisk(Platter(root, faults))
    first = disk.create("first")
    first.write(b"12345678")
    first.discard()
    assert faults.room_octets == 8
    platter = Platter(root, faults)
    stored = platter.open("second")
    platter.write(stored, b"12345678", 0)
    platter.truncate(stored, 3)
    assert faults.room_octets == 5


SECTORS = 5
WRITES = st.tuples(st.integers(0, SECTORS * SECTOR_OCTETS - 1), st.integers(1, 2 * SECTOR_OCTETS), st.integers(1, 255))
STEPS = st.lists(st.one_of(WRITES, st.just("sync")), max_size=12)


@given(steps=STEPS, survival=st.sampled_from(Survival), seed=st.integers(0, 1000))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_sector_that_is_left_is_one_that_stood_there_since_the_last_sync(
    tmp_path_factory, steps, survival: Survival, seed: int
) -> None:
    """Disks write sectors whole, in any order: each is as one of the writes since the last sync left it, or before."""
    folder = tmp_path_factory.mktemp("platter")
    root = folder / "root"
    root.mkdir()
    size = (SECTORS + 2) * SECTOR_OCTETS
    content = bytearray(size)
    (root / "file").write_bytes(content)
    platter = Platter(root, Faults(), survival, seed)
    stored = platter.open("file")
    written: list[list[tuple[int, bytes]]] = []    # since the last sync, each as pieces of one sector
    synced = bytes(content)
    for step in steps:
        if step == "sync":
            platter.sync(stored)
            synced, written = bytes(content), []
            continue
        offset, length, letter = step
        octets = bytes([letter]) * min(length, size - offset)
        platter.write(stored, octets, offset)
        content[offset : offset + len(octets)] = octets
        written.append([(offset, octets)])
    left = left_by(platter, folder / "left")["file"]
    if survival is Survival.NOTHING:
        assert left == synced
    elif survival is Survival.EVERYTHING:
        assert left == content
    for start in range(0, size, SECTOR_OCTETS):
        sector = slice(start, start + SECTOR_OCTETS)
        assert left[sector] in possible_sectors(synced, written, sector), f"sector at {start}"


def possible_sectors(synced: bytes, written, sector: slice) -> set[bytes]:
    """Every subset of the writes that touch a sector, applied in their order: an independent enumeration."""
    possible = {synced[sector]}
    for ((offset, octets),) in written:
        first, last = max(offset, sector.start), min(offset + len(octets), sector.stop)
        if first < last:
            piece = octets[first - offset : last - offset]
            possible |= {
                old[: first - sector.start] + piece + old[last - sector.start :] for old in possible
            }
    return possible
