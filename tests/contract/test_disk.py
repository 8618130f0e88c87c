"""What every `Disk` does: the real one, and the simulated one while nothing goes wrong."""

from pathlib import Path

import pytest

from posthouse.runtime.clock import SystemClock
from posthouse.runtime.disk import Disk, SystemDisk
from posthouse.runtime.sim.disk import SimulatedDisk
from posthouse.runtime.sim.faults import Faults
from posthouse.runtime.sim.platter import Platter


@pytest.fixture(params=["system", "simulated"])
def disk(request, tmp_path: Path) -> Disk:
    if request.param == "system":
        return SystemDisk(tmp_path)
    return SimulatedDisk(Platter(tmp_path, Faults()))


def put(disk: Disk, path: str, *chunks: bytes) -> None:
    file = disk.create(path)
    for chunk in chunks:
        file.write(chunk)
    file.finish()


def test_a_finished_file_reads_as_it_was_written(disk: Disk) -> None:
    put(disk, "blobs/ab/one", b"first ", b"second")
    assert disk.read("blobs/ab/one", 0, 100) == b"first second"


@pytest.mark.parametrize(
    ("offset", "length", "expected"), [(0, 3, b"012"), (4, 3, b"456"), (8, 10, b"89"), (10, 5, b""), (99, 1, b"")]
)
def test_a_range_ends_where_the_file_ends(disk: Disk, offset: int, length: int, expected: bytes) -> None:
    put(disk, "digits", b"0123456789")
    assert disk.read("digits", offset, length) == expected


def test_a_whole_file_is_mapped(disk: Disk) -> None:
    put(disk, "blobs/ab/one", bytes(range(256)) * 100)
    mapped = disk.map("blobs/ab/one")
    assert len(mapped) == 25_600
    assert mapped[300:303] == bytes((44, 45, 46))
    assert mapped.find(b"\xfe\xff\x00") == 254


def test_an_empty_file_is_a_file(disk: Disk) -> None:
    put(disk, "empty")
    assert disk.read("empty", 0, 10) == b""
    assert len(disk.map("empty")) == 0


def test_a_name_is_used_once(disk: Disk) -> None:
    put(disk, "blobs/ab/one", b"1")
    with pytest.raises(FileExistsError):
        disk.create("blobs/ab/one")
    assert disk.read("blobs/ab/one", 0, 10) == b"1"


def test_folders_on_the_way_are_made(disk: Disk) -> None:
    put(disk, "a/b/c/d", b"deep")
    assert disk.read("a/b/c/d", 0, 4) == b"deep"


def test_a_discarded_file_is_gone_and_leaves_its_name_free(disk: Disk) -> None:
    file = disk.create("blobs/ab/one")
    file.write(b"half a mess")
    file.discard()
    assert disk.names("blobs") == []
    with pytest.raises(FileNotFoundError):
        disk.read("blobs/ab/one", 0, 1)


def test_a_removed_file_is_gone_and_removing_it_again_is_no_error(disk: Disk) -> None:
    put(disk, "blobs/ab/one", b"1")
    disk.remove("blobs/ab/one")
    disk.remove("blobs/ab/one")
    disk.remove("blobs/cd/never")
    with pytest.raises(FileNotFoundError):
        disk.read("blobs/ab/one", 0, 1)
    with pytest.raises(FileNotFoundError):
        disk.map("blobs/ab/one")


def test_names_lists_all_files_below_a_folder_and_no_others(disk: Disk) -> None:
    for path in ("blobs/ab/one", "blobs/ab/two", "blobs/cd/three", "other/four"):
        put(disk, path, b"x")
    assert sorted(disk.names("blobs")) == ["blobs/ab/one", "blobs/ab/two", "blobs/cd/three"]
    assert disk.names("nothing") == []


def test_a_mapped_file_can_be_removed_while_it_is_read(disk: Disk) -> None:
    """A session may be fetching what another one purges."""
    put(disk, "blobs/ab/one", b"still here")
    mapped = disk.map("blobs/ab/one")
    disk.remove("blobs/ab/one")
    assert bytes(mapped[:]) == b"still here"


def test_a_file_tells_when_it_was_written(disk: Disk) -> None:
    """A file that nobody names is removed when it is older than the process, for then nobody will name it."""
    before = SystemClock().now()
    put(disk, "blobs/ab/one", b"x")
    written = disk.written_at("blobs/ab/one")
    assert written is not None
    assert abs(written - before) < 60 * 1_000_000
    assert disk.written_at("blobs/ab/two") is None
