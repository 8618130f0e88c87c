"""Every blob has its bytes, those of its SHA-256, and as many uses as rows name it; every file has a row."""

import hashlib
from typing import Final

from posthouse.database.blobs.rows import file_names, find_blob, read_blob
from posthouse.database.blobs.spool import FOLDER
from posthouse.database.errors import DatabaseError
from posthouse.database.identifiers import BlobId
from posthouse.message.dates import Instant
from posthouse.upkeep.checks.inspection import Inspection
from posthouse.upkeep.faults import FaultKind

STEP_OCTETS: Final = 1 << 20                             # DESIGN 5: pages of at most 1 MiB
ORPHAN_GRACE_MICROSECONDS: Final = 24 * 3600 * 1_000_000    # a file may be arriving, or on its way out after a purge


def check_blobs(inspection: Inspection) -> None:
    """Read every byte that is kept."""
    for rows in inspection.pages(
        "SELECT blob_id, kind, name, length, encoding, sha256 FROM blob WHERE blob_id > ? ORDER BY blob_id LIMIT ?"
    ):
        for blob_id, kind, name, length, encoding, sha256 in rows:
            fault = _shape_fault(kind, name, encoding) or _bytes_fault(inspection, BlobId(blob_id), length, sha256)
            if fault is not None:
                inspection.report(FaultKind.BLOB_BYTES, f"blob {blob_id}", fault)


def check_uses(inspection: Inspection) -> None:
    """Count who names each blob."""
    last = 0
    while rows := inspection.tx.rows(
        "SELECT blob.blob_id, uses, coalesce(named, 0) FROM blob LEFT JOIN ("
        " SELECT blob_id, count(*) AS named FROM ("
        "  SELECT blob_id FROM message UNION ALL SELECT blob_id FROM queue_entry) GROUP BY blob_id"
        " ) AS counted ON counted.blob_id = blob.blob_id"
        " WHERE blob.blob_id > ? AND uses <> coalesce(named, 0) ORDER BY blob.blob_id LIMIT 1000",
        (last,),
    ):
        for blob_id, uses, named in rows:
            inspection.report(FaultKind.BLOB_USES, f"blob {blob_id}", f"{named} rows name it, it counts {uses}")
        last = rows[-1][0]


def check_files(inspection: Inspection) -> None:
    """Look for files that no row names. The snapshot may be older than the folders: young files do not count."""
    old_before = Instant(inspection.at - ORPHAN_GRACE_MICROSECONDS)
    for number in range(256):
        folder = f"{FOLDER}/{number:02x}"
        listed = inspection.disk.names(folder)
        for name in sorted(set(listed) - file_names(inspection.tx, folder)) if listed else ():
            written_at = inspection.disk.written_at(name)
            if written_at is not None and written_at < old_before:
                text = "no message has it; the server removes it after its next start"
                inspection.report(FaultKind.ORPHAN_FILE, f"file {name}", text)


def _shape_fault(kind: str, name: str | None, encoding: str) -> str | None:
    if encoding != "plain":
        return f"its encoding {encoding} is not one that this release can read"
    if kind not in ("inline", "file"):
        return f"its kind {kind} is not one that this release can read"
    if (kind == "file") != (name is not None):
        return "its row does not say where the bytes are"
    return None


def _bytes_fault(inspection: Inspection, blob_id: BlobId, length: int, sha256: bytes) -> str | None:
    """What is wrong with the bytes, if anything."""
    blob = find_blob(inspection.tx, blob_id)
    if blob.name is None and (blob.octets is None or len(blob.octets) != length):
        return f"{len(blob.octets or b'')} of its {length} octets are there"
    digest = hashlib.sha256()
    try:
        for offset in range(0, length, STEP_OCTETS):
            digest.update(read_blob(blob, inspection.disk, offset, min(STEP_OCTETS, length - offset)))
        if blob.name is not None and inspection.disk.read(blob.name, length, 1):
            return f"its file {blob.name} is longer than its {length} octets"
    except (DatabaseError, OSError) as error:
        return str(error)
    return None if digest.digest() == sha256 else "its bytes are not those that were received: their SHA-256 differs"
