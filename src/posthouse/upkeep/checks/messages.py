"""Every message row has its blob, a view of the size that it tells, the wire forms of what the view shows, and stands
somewhere."""

from array import array
from typing import Final

from posthouse.database.blobs.rows import BlobRow, read_blob
from posthouse.database.errors import DatabaseError
from posthouse.database.identifiers import BlobId
from posthouse.delivery.examination import examine
from posthouse.delivery.rendition import RENDITION_VERSION, render
from posthouse.message.headers import FIELD_LINES_MAX
from posthouse.message.view import Range, View, read
from posthouse.upkeep.checks.inspection import Inspection
from posthouse.upkeep.checks.named import NamedMessages
from posthouse.upkeep.checks.sums import DeliveredCounts
from posthouse.upkeep.faults import FaultKind

MESSAGES_A_PAGE: Final = 20       # each brings at most 256 KiB of a body that lies in its row
_PREFIX_LINES: Final = 20         # what a view may put before a header section


def check_messages(inspection: Inspection, named: NamedMessages, delivered: DeliveredCounts) -> None:
    """Read every message as its account sees it."""
    for rows in inspection.pages(
        "SELECT message_id, account_id, decision_id, message.blob_id, view, size_octets, rendition_version,"
        " envelope, bodystructure, field_index, fields, parts, blob.length, blob.name, blob.bytes"
        " FROM message LEFT JOIN blob USING (blob_id) WHERE message_id > ? ORDER BY message_id LIMIT ?",
        MESSAGES_A_PAGE,
    ):
        for message_id, account_id, decision_id, blob_id, *columns in rows:
            subject = f"message {message_id}"
            view, size_octets, version, *forms, length, name, octets = columns
            delivered.add(decision_id)
            if message_id not in named and account_id not in named.accounts_under_erasure:
                inspection.report(
                    FaultKind.MESSAGE_NOWHERE, subject, f"it stands in no mailbox of account {account_id}"
                )
            if length is None:
                inspection.report(FaultKind.MESSAGE_BLOB, subject, f"its blob {blob_id} is not there")
                continue
            blob = BlobRow(BlobId(blob_id), length, name, octets)
            _check_message(inspection, subject, (view, size_octets, blob), (version, forms))


def _check_message(
    inspection: Inspection, subject: str, seen: tuple[bytes, int, BlobRow], rendered: tuple[int, list[bytes]]
) -> None:
    encoded, size_octets, blob = seen
    view = readable_view(encoded, blob.length)
    if view is None or view.size_octets != size_octets:
        inspection.report(FaultKind.MESSAGE_VIEW, subject, "its view is damaged, or not of the size that its row tells")
        return
    version, forms = rendered
    if version != RENDITION_VERSION:      # older ones are rendered again when they are read
        return
    try:
        octets = read(view, 0, size_octets, lambda offset, length: read_blob(blob, inspection.disk, offset, length))
    except DatabaseError:                 # told of the blob already
        return
    if len(octets) != size_octets:
        return
    examined = examine(octets)
    if examined.section.octets.count(b"\n") >= FIELD_LINES_MAX - _PREFIX_LINES:
        return                            # where parsing stops depends on what was put before
    made = render(examined.section, examined.root)
    if [made.envelope, made.bodystructure, made.field_index, made.fields, made.parts] != forms:
        inspection.report(FaultKind.MESSAGE_RENDITION, subject, "its stored wire forms are not those of its bytes")


def readable_view(encoded: bytes, blob_octets: int) -> View | None:
    """The view, if it can be read over so many stored octets and ends with the whole body; else None."""
    try:
        view = View.decode(encoded)
    except (ValueError, IndexError):
        return None
    ranges = [piece for piece in view.pieces if isinstance(piece, Range)]
    is_within = all(piece.end <= blob_octets for piece in ranges)
    return view if is_within and view.body.end == blob_octets else None


def missing_among(inspection: Inspection, account_id: int, keys: "array[int]", sizes: "array[int]") -> list[str]:
    """What is wrong with messages that a mailbox names: they are not there, another account's, or of another size."""
    rows = inspection.tx.rows_among(
        "SELECT message_id, account_id, size_octets FROM message WHERE message_id IN {keys}", keys
    )
    found = {message_id: (owner, size) for message_id, owner, size in rows}
    texts = []
    for message_id, size in zip(keys, sizes, strict=True):
        stands = found.get(message_id)
        if stands is None:
            texts.append(f"message {message_id} is not there")
        elif stands != (account_id, size):
            texts.append(f"message {message_id} has {stands[1]} octets and is account {stands[0]}'s, not {size} octets")
    return texts
