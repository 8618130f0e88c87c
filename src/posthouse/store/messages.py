"""Messages: put into a mailbox, changed, copied, moved, expunged. A message never changes; a placement may.

An operation decides in its turn: it takes the account's counter first, reads its mailbox forward on the writing
connection (those of its own batch included) and decides on that. `known` is any earlier listing of the mailbox as it
was committed (`OpenMailbox.listing`), never a session's own numbering, which may hold what is gone.
"""

from dataclasses import dataclass

from msgspec import Struct

from posthouse.database.identifiers import AccountId, BlobId, DecisionId, MailboxId, MessageId, ModSeq, Uid
from posthouse.database.transaction import Transaction
from posthouse.message.dates import Instant, ZonedInstant
from posthouse.store.changes import BitsChange, BitsOperation, Kind, Place, UidRange, in_records, write_change
from posthouse.store.counters import Delta, lock, move_sums, next_modseq, status_of
from posthouse.store.folding import read_forward
from posthouse.store.listing import Listing
from posthouse.store.placements import DELETED, SEEN, Placement, Placements, encode_one


class Wire(Struct, frozen=True):
    """The ready-made forms of a message, opaque here: `delivery/rendition.py` makes them and reads them."""

    version: int
    envelope: bytes         # the value of ENVELOPE
    bodystructure: bytes    # the value of BODYSTRUCTURE, of which BODY is made
    field_index: bytes      # what is where in the fields
    fields: bytes           # those that mail programs ask for, raw and in order, without the empty line
    parts: bytes            # where each section stands


class NewMessage(Struct, frozen=True):
    """A message about to be kept for one account. `view`: what the account sees of the blob, encoded."""

    blob_id: BlobId
    decision_id: DecisionId | None
    view: bytes
    size_octets: int
    sent_date: Instant
    wire: Wire


class Where(Struct, frozen=True):
    """A mailbox of an account."""

    account_id: AccountId
    mailbox_id: MailboxId

    @property
    def key(self) -> Place:
        """As change records and listeners name it."""
        return (self.account_id, self.mailbox_id)


@dataclass(frozen=True, slots=True)
class Copied:
    """What COPYUID needs (RFC 4315 3): the UIDs that were copied, and the first of the new ones, in the same order."""

    uidvalidity: int
    uids: tuple[int, ...]
    first_new_uid: Uid


def append(
    tx: Transaction, where: Where, message: NewMessage, date: ZonedInstant, bits: int, at: Instant
) -> Uid:
    """Keep a message and place it in a mailbox. Raises NoSuchMailbox."""
    modseq = next_modseq(tx, where.account_id)
    delta = Delta(uids=1, messages=1, unseen=0 if bits & SEEN else 1, octets=message.size_octets)
    uid = move_sums(tx, where.account_id, where.mailbox_id, modseq, delta)
    message_id = _keep(tx, where.account_id, message)
    placement = Placement(
        uid, message_id, message.size_octets, date.at, date.zone_minutes, message.sent_date, bits
    )
    write_change(tx, where.key, modseq, Kind.ADD, encode_one(placement), at)
    return uid


def _keep(tx: Transaction, account_id: AccountId, message: NewMessage) -> MessageId:
    wire = message.wire
    return MessageId(
        tx.insert(
            "INSERT INTO message (account_id, blob_id, decision_id, view, size_octets, rendition_version, envelope,"
            " bodystructure, field_index, fields, parts) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                account_id,
                message.blob_id,
                message.decision_id,
                message.view,
                message.size_octets,
                wire.version,
                wire.envelope,
                wire.bodystructure,
                wire.field_index,
                wire.fields,
                wire.parts,
            ),
        )
    )


def change_bits(
    tx: Transaction, where: Where, known: Listing, change: BitsChange, at: Instant
) -> None:
    """Change keywords of the messages of some UID ranges; absent UIDs are passed over. Raises NoSuchMailbox."""
    lock(tx, where.account_id)
    ranges, unseen = _touched(read_forward(tx, *where.key, known), change)
    if not ranges:
        return
    modseq = next_modseq(tx, where.account_id)
    move_sums(tx, where.account_id, where.mailbox_id, modseq, Delta(unseen=unseen))
    body = BitsChange(change.operation, change.mask, ranges).encode()
    write_change(tx, where.key, modseq, Kind.BITS, body, at)


def _touched(listing: Listing, change: BitsChange) -> tuple[tuple[UidRange, ...], int]:
    """The UID ranges that hold a message whose bits change, and by how much the number of the unseen moves."""
    ranges: list[UidRange] = []
    unseen = 0
    mask = change.mask
    for chunk, first, past, _ in listing.spans(change.ranges):
        before = chunk.placements.bits[first:past]
        after = change.operation.apply(before, mask)
        if before == after:
            continue
        uids = chunk.placements.uids
        ranges.append((uids[first], uids[past - 1]))
        if change.operation is BitsOperation.REPLACE or mask & SEEN:
            unseen += sum(bits & SEEN for bits in before) - sum(bits & SEEN for bits in after)
    return tuple(ranges), unseen


def expunge(
    tx: Transaction, where: Where, known: Listing, ranges: tuple[UidRange, ...], at: Instant
) -> int:
    """Take out the messages of some UID ranges that bear \\Deleted; returns how many. Raises NoSuchMailbox."""
    chosen = _chosen(tx, where, known, ranges)
    chosen = chosen.kept([bool(bits & DELETED) for bits in chosen.bits])
    _take_out(tx, where, chosen, at)
    return len(chosen)


def remove(tx: Transaction, where: Where, known: Listing, ranges: tuple[UidRange, ...], at: Instant) -> int:
    """Take out the messages of some UID ranges, whatever they bear (POP3's QUIT). Raises NoSuchMailbox."""
    chosen = _chosen(tx, where, known, ranges)
    _take_out(tx, where, chosen, at)
    return len(chosen)


def _chosen(tx: Transaction, where: Where, known: Listing, ranges: tuple[UidRange, ...]) -> Placements:
    """The messages of some UID ranges as they stand now, under the account's lock."""
    lock(tx, where.account_id)
    return read_forward(tx, *where.key, known).select(ranges)


def _take_out(tx: Transaction, where: Where, chosen: Placements, at: Instant) -> None:
    if not len(chosen):
        return
    records = in_records(chosen)
    modseq = next_modseq(tx, where.account_id, len(records))
    for number, part in enumerate(records):
        write_change(tx, where.key, ModSeq(modseq + number), Kind.EXPUNGE, part.encode(), at)
    gone = Delta(messages=-len(chosen), unseen=-chosen.unseen(), octets=-chosen.octets())
    move_sums(tx, where.account_id, where.mailbox_id, ModSeq(modseq + len(records) - 1), gone)


def copy(
    tx: Transaction, where: Where, known: Listing, ranges: tuple[UidRange, ...], to: MailboxId, at: Instant
) -> Copied:
    """Place the messages of some UID ranges in another mailbox too, with their keywords. Raises NoSuchMailbox."""
    chosen = _chosen(tx, where, known, ranges)
    return _place(tx, Where(where.account_id, to), chosen, at)


def move(
    tx: Transaction, where: Where, known: Listing, ranges: tuple[UidRange, ...], to: MailboxId, at: Instant
) -> Copied:
    """Copy, then take out of here: one transaction (RFC 6851 3.3). Raises NoSuchMailbox."""
    chosen = _chosen(tx, where, known, ranges)
    copied = _place(tx, Where(where.account_id, to), chosen, at)
    _take_out(tx, where, chosen, at)
    return copied


def _place(tx: Transaction, where: Where, chosen: Placements, at: Instant) -> Copied:
    uidvalidity = status_of(tx, *where.key).uidvalidity
    if not len(chosen):
        return Copied(uidvalidity, (), Uid(0))
    records = in_records(chosen)
    modseq = next_modseq(tx, where.account_id, len(records))
    added = Delta(len(chosen), len(chosen), chosen.unseen(), chosen.octets())
    first = uid = move_sums(tx, where.account_id, where.mailbox_id, ModSeq(modseq + len(records) - 1), added)
    for number, part in enumerate(records):
        write_change(tx, where.key, ModSeq(modseq + number), Kind.ADD, part.renumbered(uid).encode(), at)
        uid = Uid(uid + len(part))
    return Copied(uidvalidity, tuple(chosen.uids), first)
