"""Change records: what happened to a mailbox, in order. After a mailbox's folded listing they are the truth.

Each record has its own modseq, at most 4,096 messages, and is written in the transaction that makes the change.
Kinds are numbers on disk and never change their meaning.
"""

import struct
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from posthouse.database.identifiers import AccountId, MailboxId, ModSeq
from posthouse.database.transaction import Transaction
from posthouse.message.dates import Instant
from posthouse.store.placements import Placements

MESSAGES_A_RECORD_MAX: Final = 4096     # STORE: layout

Place = tuple[AccountId, MailboxId]
"""A mailbox, as its records name it, and as what is announced when one of them is written."""
UidRange = tuple[int, int]
"""First and last UID, both included."""


class Kind(IntEnum):
    """What a record says."""

    ADD = 1
    BITS = 2
    EXPUNGE = 3
    MADE = 4
    RENAMED = 5
    DELETED = 6


class BitsOperation(IntEnum):
    """What is done with the bits of a mask (RFC 3501 6.4.6: FLAGS, +FLAGS, -FLAGS)."""

    REPLACE = 1
    ADD = 2
    REMOVE = 3

    def apply(self, bits: list[int], mask: int) -> list[int]:
        """The bits of some messages after it."""
        if self is BitsOperation.ADD:
            return [one | mask for one in bits]
        if self is BitsOperation.REMOVE:
            keep = ~mask
            return [one & keep for one in bits]
        return [mask] * len(bits)


@dataclass(frozen=True, slots=True)
class BitsChange:
    """Bits were changed for the messages of some UID ranges (ascending, disjoint)."""

    operation: BitsOperation
    mask: int
    ranges: tuple[UidRange, ...]

    def encode(self) -> bytes:
        """The stored form: operation, length of the mask, mask, then pairs of UIDs."""
        octets = (self.mask.bit_length() + 7) // 8
        flat = array("I", [uid for uid_range in self.ranges for uid in uid_range])
        head = struct.pack("<BB", self.operation, octets) + self.mask.to_bytes(octets, "little")
        return head + struct.pack(f"<{len(flat)}I", *flat)

    @staticmethod
    def decode(octets: bytes) -> "BitsChange":
        """Read the stored form back. Raises one of `placements.DAMAGED` when it is none."""
        operation, length = octets[0], octets[1]
        flat = struct.unpack(f"<{(len(octets) - 2 - length) // 4}I", octets[2 + length:])
        mask = int.from_bytes(octets[2:2 + length], "little")
        return BitsChange(BitsOperation(operation), mask, tuple(zip(flat[::2], flat[1::2], strict=True)))


@dataclass(frozen=True, slots=True)
class Change:
    """One record. `body` is decoded by whoever needs it: Placements of ADD and EXPUNGE, BitsChange of BITS."""

    modseq: ModSeq
    kind: Kind
    body: bytes


def write_change(tx: Transaction, place: Place, modseq: ModSeq, kind: Kind, body: bytes, at: Instant) -> None:
    """Write one record under a modseq that the account's counter gave."""
    tx.execute("INSERT INTO change VALUES (?, ?, ?, ?, ?, ?)", (*place, modseq, int(kind), at, body))
    tx.announce(place)


def changes_after(tx: Transaction, account_id: AccountId, mailbox_id: MailboxId, modseq: ModSeq) -> list[Change]:
    """The records of a mailbox after a point in its history, in order."""
    rows = tx.rows(
        "SELECT modseq, kind, body FROM change WHERE account_id = ? AND mailbox_id = ? AND modseq > ? ORDER BY modseq",
        (account_id, mailbox_id, modseq),
    )
    return [Change(ModSeq(found), Kind(kind), body) for found, kind, body in rows]


def in_records(placements: Placements) -> Sequence[Placements]:
    """Cut many messages into as many as fit one record each."""
    if len(placements) <= MESSAGES_A_RECORD_MAX:
        return (placements,)
    starts = range(0, len(placements), MESSAGES_A_RECORD_MAX)
    return [placements.part(start, start + MESSAGES_A_RECORD_MAX) for start in starts]
