"""Reading messages: their ready-made forms in bulk, and their bytes through the one view."""

from array import array
from typing import Any

from msgspec import Struct

from posthouse.database.blobs.rows import BlobRow, read_blob
from posthouse.database.errors import DatabaseError
from posthouse.database.identifiers import MessageId
from posthouse.database.transaction import Row, Transaction
from posthouse.message.view import View, read, read_all
from posthouse.runtime.disk import Disk

WIRE_COLUMNS = ("envelope", "bodystructure", "field_index", "fields", "parts")
MESSAGES_A_PAGE = 1000       # DESIGN 5: pages of at most 1 MiB or 1,000 rows
DENSE = 2                    # a range of keys with at least half of them wanted is read as a range


class MessageMissing(DatabaseError):
    """A message that is listed has no row (any more): who still reads an old listing may pass over it."""

    def __init__(self, message_id: object) -> None:
        super().__init__(f"message {message_id} is listed but is not there: run `posthouse check`")


class StoredMessage(Struct, frozen=True):
    """One message as its account sees it: the view, and where the bytes are."""

    message_id: MessageId
    view: View
    blob: BlobRow

    def read(self, disk: Disk, first: int = 0, length: int | None = None) -> bytes:
        """A range of the view; the rest of it when no length is given. Blocks for a message that lies in a file.

        Raises DatabaseError when bytes are missing.
        """
        if length is None and not first and self.blob.octets is not None:
            return read_all(self.view, self.blob.octets)
        wanted = self.view.size_octets - first if length is None else length
        return read(self.view, first, wanted, lambda offset, octets: read_blob(self.blob, disk, offset, octets))

    @property
    def lies_in_a_file(self) -> bool:
        """Whether reading it may block on a disk."""
        return self.blob.octets is None


def find_message(tx: Transaction, message_id: MessageId) -> StoredMessage:
    """A message that some placement names. Raises MessageMissing when it is not there."""
    found = tx.row(
        "SELECT view, blob.blob_id, length, name, bytes FROM message JOIN blob ON blob.blob_id = message.blob_id"
        " WHERE message_id = ?",
        (message_id,),
    )
    if found is None:
        raise MessageMissing(message_id)
    return _stored(message_id, *found)


def find_messages(tx: Transaction, message_ids: "array[int]") -> list[StoredMessage]:
    """Many messages, in the order of the keys. Raises MessageMissing when one is not there."""
    if len(message_ids) == 1:
        return [find_message(tx, MessageId(message_ids[0]))]
    rows = _among(
        tx,
        "message_id, view, blob.blob_id, length, name, bytes",
        "message JOIN blob ON blob.blob_id = message.blob_id",
        message_ids,
    )
    return [_stored(*row) for row in rows]


def wire_forms(tx: Transaction, message_ids: "array[int]", columns: tuple[str, ...]) -> list[Row]:
    """The named ready-made forms (of WIRE_COLUMNS) of many messages, in the order of the keys.

    Raises MessageMissing when one is not there.
    """
    assert set(columns) <= set(WIRE_COLUMNS)
    return [row[1:] for row in _among(tx, ", ".join(("message_id", *columns)), "message", message_ids)]


def _among(tx: Transaction, columns: str, tables: str, message_ids: "array[int]") -> list[Row]:
    """Rows by message_id, in the order of the keys: as one range where the keys lie close together."""
    if not message_ids:
        return []
    low, high = min(message_ids), max(message_ids)
    if high - low < DENSE * len(message_ids):
        rows = tx.rows(
            f"SELECT {columns} FROM {tables} WHERE message_id BETWEEN ? AND ? ORDER BY message_id", (low, high)
        )
    else:
        rows = tx.rows_among(f"SELECT {columns} FROM {tables} WHERE message_id IN {{keys}}", message_ids)
    if [row[0] for row in rows] == message_ids.tolist():
        return rows
    by_id = {row[0]: row for row in rows}
    try:
        return [by_id[message_id] for message_id in message_ids]
    except KeyError as missing:
        raise MessageMissing(missing.args[0]) from missing


def _stored(message_id: int, view: bytes, *blob: Any) -> StoredMessage:
    return StoredMessage(MessageId(message_id), View.decode(view), BlobRow(*blob))
