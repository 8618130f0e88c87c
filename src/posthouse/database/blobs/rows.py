"""The `blob` table: where bytes are, and how many message rows and queue entries use them."""


from msgspec import Struct

from posthouse.database.blobs.spool import Spooled
from posthouse.database.errors import DatabaseError
from posthouse.database.identifiers import BlobId
from posthouse.database.transaction import Transaction
from posthouse.runtime.disk import Disk


class BlobRow(Struct, frozen=True):
    """Where a blob's bytes are: in `octets` when they lie in the row, else in the file `name`."""

    blob_id: BlobId
    length: int
    name: str | None
    octets: bytes | None


def add_blob(tx: Transaction, spooled: Spooled, uses: int) -> BlobId:
    """Name bytes at rest; from here on they belong to `uses` message rows and queue entries."""
    inline = spooled.name is None
    return BlobId(
        tx.insert(
            "INSERT INTO blob (uses, kind, name, length, encoding, sha256, bytes) VALUES (?, ?, ?, ?, 'plain', ?, ?)",
            (
                uses,
                "inline" if inline else "file",
                spooled.name,
                spooled.length,
                spooled.sha256,
                spooled.octets[:] if inline else None,
            ),
        )
    )


def find_blob(tx: Transaction, blob_id: BlobId) -> BlobRow:
    """The row of a blob, with its bytes when they lie in it. Raises DatabaseError when there is none."""
    found = tx.row("SELECT length, name, bytes FROM blob WHERE blob_id = ?", (blob_id,))
    if found is None:
        raise DatabaseError(f"blob {blob_id} is named by a message but is not there: run `posthouse check`")
    return BlobRow(blob_id, *found)


def file_names(tx: Transaction, folder: str) -> set[str]:
    """The names of all files right below a folder that a row names."""
    beyond = f"{folder}0"      # "0" follows "/"
    rows = tx.rows("SELECT name FROM blob WHERE name > ? AND name < ?", (f"{folder}/", beyond))
    return {name for (name,) in rows}


def read_blob(blob: BlobRow, disk: Disk, offset: int, length: int) -> bytes:
    """A range of a blob's bytes. Blocks for one that is a file. Raises DatabaseError when bytes are missing."""
    if blob.octets is not None:
        return blob.octets[offset:offset + length]
    if blob.name is None:
        raise DatabaseError(f"blob {blob.blob_id} has no bytes: run `posthouse check`")
    try:
        octets = disk.read(blob.name, offset, length)
    except OSError as error:
        raise DatabaseError(f"message file {blob.name} cannot be read: {error.strerror}") from error
    if len(octets) < min(length, blob.length - offset):
        raise DatabaseError(f"message file {blob.name} is shorter than its row says: run `posthouse check`")
    return octets


def release_blob(tx: Transaction, blob_id: BlobId, uses: int) -> str | None:
    """Take back `uses`; the last one deletes the row, and its file's name, if it has one, is returned for removal."""
    tx.execute("UPDATE blob SET uses = uses - ? WHERE blob_id = ?", (uses, blob_id))
    found = tx.row("SELECT uses, name FROM blob WHERE blob_id = ?", (blob_id,))
    if found is None or found[0] != 0:
        return None
    tx.execute("DELETE FROM blob WHERE blob_id = ?", (blob_id,))
    name: str | None = found[1]
    return name
