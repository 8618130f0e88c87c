"""Blob rows: where bytes are, and how many use them (STORE.md: uses counts message rows and queue entries)."""

import pytest

from posthouse.database.blobs.rows import add_blob, find_blob, read_blob, release_blob
from posthouse.database.blobs.spool import Spooled
from posthouse.database.errors import DatabaseError
from posthouse.runtime.disk import SystemDisk
from small_store import Store

OCTETS = bytes(range(256))
DIGEST = b"d" * 32


@pytest.fixture
def store(tmp_path):
    opened = Store(tmp_path)
    yield opened
    opened.close()


def test_small_bytes_lie_in_the_row(store: Store) -> None:
    blob_id = store.write(add_blob, Spooled(OCTETS, DIGEST, None), 2)
    assert store.rows("SELECT uses, kind, name, length, encoding, sha256, bytes FROM blob") == [
        (2, "inline", None, 256, "plain", DIGEST, OCTETS)
    ]
    blob = store.read(find_blob, blob_id)
    assert read_blob(blob, SystemDisk(store.path), 10, 5) == OCTETS[10:15]
    assert read_blob(blob, SystemDisk(store.path), 250, 50) == OCTETS[250:]


def test_bytes_of_a_file_do_not_lie_in_the_row_too(store: Store) -> None:
    """Whether the disk maps files or reads them: a big body is written once."""
    store.write(add_blob, Spooled(OCTETS, DIGEST, "blobs/ab/cd"), 1)
    assert store.rows("SELECT kind, name, length, bytes FROM blob") == [("file", "blobs/ab/cd", 256, None)]


def test_the_last_use_takes_the_row_and_names_the_file(store: Store) -> None:
    """The file is removed after COMMIT: before, a crash would leave a row without bytes."""
    in_row = store.write(add_blob, Spooled(OCTETS, DIGEST, None), 3)
    in_file = store.write(add_blob, Spooled(OCTETS, DIGEST, "blobs/ab/cd"), 2)
    assert store.write(release_blob, in_row, 2) is None
    assert store.write(release_blob, in_file, 1) is None
    assert store.rows("SELECT blob_id, uses FROM blob ORDER BY blob_id") == [(in_row, 1), (in_file, 1)]
    assert store.write(release_blob, in_row, 1) is None
    assert store.write(release_blob, in_file, 1) == "blobs/ab/cd"
    assert store.rows("SELECT * FROM blob") == []
    assert store.write(release_blob, in_file, 1) is None


def test_a_blob_that_is_not_there_is_an_error_that_says_what_to_do(store: Store) -> None:
    with pytest.raises(DatabaseError, match="posthouse check"):
        store.read(find_blob, 7)


def test_a_file_that_is_gone_or_too_short_is_an_error(store: Store) -> None:
    """Never fewer bytes than the row promises: a reader would take the message for whole."""
    disk = SystemDisk(store.path)
    blob = store.read(find_blob, store.write(add_blob, Spooled(OCTETS, DIGEST, "blobs/ab/cd"), 1))
    with pytest.raises(DatabaseError, match="cannot be read"):
        read_blob(blob, disk, 0, 10)
    file = disk.create("blobs/ab/cd")
    file.write(OCTETS[:100])
    file.finish()
    assert read_blob(blob, disk, 0, 100) == OCTETS[:100]
    with pytest.raises(DatabaseError, match="posthouse check"):
        read_blob(blob, disk, 90, 20)
