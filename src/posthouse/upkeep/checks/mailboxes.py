"""Every mailbox's listing is what its records say, and its counter what its listing says."""

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from itertools import pairwise

from posthouse.database.errors import DatabaseError
from posthouse.database.identifiers import AccountId, MailboxId, ModSeq
from posthouse.store.changes import BitsChange, Kind
from posthouse.store.folding import folded_listing, load_listing
from posthouse.store.keywords import keyword_names
from posthouse.store.listing import Listing
from posthouse.store.mailboxes import INBOX_ID
from posthouse.store.placements import DAMAGED, FIRST_KEYWORD_BIT, Placement, Placements
from posthouse.upkeep.checks.inspection import Inspection
from posthouse.upkeep.checks.messages import missing_among
from posthouse.upkeep.checks.named import NamedMessages
from posthouse.upkeep.faults import FaultKind


@dataclass(frozen=True, slots=True)
class Counter:
    """A mailbox's counter row; `mailbox_id` is negative when the mailbox is deleted, 0 for the account."""

    mailbox_id: int
    modseq: int
    uidnext: int
    uidvalidity: int
    folded_modseq: int
    floor_modseq: int
    messages: int
    unseen: int
    octets: int


def check_account(inspection: Inspection, account_id: AccountId, named: NamedMessages) -> None:
    """Look at all mailboxes of an account, deleted ones included."""
    counters = {counter.mailbox_id: counter for counter in _counters(inspection, account_id)}
    account = counters.pop(0)
    _check_mailbox_rows(inspection, account_id, account, counters.keys())
    bits = sum(1 << bit for bit in keyword_names(inspection.tx, account_id)) | (1 << FIRST_KEYWORD_BIT) - 1
    for counter in counters.values():
        mailbox = _Mailbox(inspection, account_id, counter, named)
        if counter.modseq > account.modseq or counter.uidvalidity > account.uidvalidity:
            mailbox.report(FaultKind.COUNTER, "its modseq or UIDVALIDITY is above the account's")
        mailbox.check(bits)


def _counters(inspection: Inspection, account_id: AccountId) -> Iterator[Counter]:
    for row in inspection.tx.rows(
        "SELECT mailbox_id, modseq, uidnext, uidvalidity, folded_modseq, floor_modseq, messages, unseen, octets"
        " FROM counter WHERE account_id = ? ORDER BY mailbox_id",
        (account_id,),
    ):
        yield Counter(*row)


def _check_mailbox_rows(
    inspection: Inspection, account_id: AccountId, account: Counter, counted: Set[int]
) -> None:
    """Rows of `mailbox` and of `counter` belong together, names are unique, keys are below the next one."""
    rows = inspection.tx.rows(
        "SELECT mailbox_id, name, deleted_modseq IS NOT NULL FROM mailbox WHERE account_id = ?", (account_id,)
    )
    keys = {-mailbox_id if is_deleted else mailbox_id for mailbox_id, _, is_deleted in rows}
    standing = [name for _, name, is_deleted in rows if not is_deleted]
    subject = f"account {account_id}"
    if keys != counted:
        differing = sorted(abs(key) for key in keys ^ counted)
        inspection.report(FaultKind.MAILBOX, subject, f"mailboxes {differing} have a row without a counter or none")
    if len(set(standing)) != len(standing):
        inspection.report(FaultKind.MAILBOX, subject, "two mailboxes have the same name")
    if INBOX_ID not in keys:
        inspection.report(FaultKind.MAILBOX, subject, "it has no INBOX")
    if any(abs(key) >= account.uidnext for key in keys) or account.messages != len(standing):
        inspection.report(FaultKind.COUNTER, subject, "its counter does not fit its mailboxes")


class _Mailbox:
    """One mailbox under inspection."""

    def __init__(
        self, inspection: Inspection, account_id: AccountId, counter: Counter, named: NamedMessages
    ) -> None:
        self.inspection = inspection
        self.account_id = account_id
        self.counter = counter
        self.named = named
        self.mailbox_id = MailboxId(abs(counter.mailbox_id))
        self.added: dict[int, Placement] = {}      # by UID, as ADD records that are folded say
        self.expunged: set[int] = set()

    def report(self, kind: FaultKind, text: str) -> None:
        deleted = " (deleted)" if self.counter.mailbox_id < 0 else ""
        self.inspection.report(kind, f"account {self.account_id} mailbox {self.mailbox_id}{deleted}", text)

    def check(self, known_bits: int) -> None:
        """Records first, then the listing, then the sums."""
        counter = self.counter
        self.check_records()
        if counter.mailbox_id < 0:
            self.check_tombstone()
            return
        if max(counter.folded_modseq, counter.floor_modseq) > counter.modseq:
            self.report(FaultKind.COUNTER, "its folded_modseq or floor_modseq is above its modseq")
        try:
            listing = load_listing(self.inspection.tx, self.account_id, self.mailbox_id)
            folded = folded_listing(self.inspection.tx, self.account_id, self.mailbox_id)
        except DatabaseError as error:
            self.report(FaultKind.LISTING, str(error))
            return
        self.check_folded(folded)
        self.check_placements(listing, known_bits)
        self.check_sums(listing)

    def check_records(self) -> None:
        """Every record can be read, and what it names is there unless a purge has begun with it."""
        last = 0
        while rows := self.inspection.tx.rows(
            "SELECT modseq, kind, body FROM change WHERE account_id = ? AND mailbox_id = ? AND modseq > ?"
            " ORDER BY modseq LIMIT 64",
            (self.account_id, self.mailbox_id, last),
        ):
            for modseq, kind, body in rows:
                try:
                    self.check_record(ModSeq(modseq), Kind(kind), body)
                except DAMAGED as error:
                    self.report(FaultKind.RECORD, f"the record of modseq {modseq} cannot be read: {error}")
            last = rows[-1][0]

    def check_record(self, modseq: ModSeq, kind: Kind, body: bytes) -> None:
        """Raises one of DAMAGED."""
        if modseq > self.counter.modseq and self.counter.mailbox_id > 0:
            self.report(FaultKind.COUNTER, f"the record of modseq {modseq} is above its modseq")
        if kind is Kind.BITS:
            if BitsChange.decode(body).encode() != body:
                raise ValueError("it is not what it would be written as")
        elif kind in (Kind.ADD, Kind.EXPUNGE):
            placements = Placements.decode(body)
            if placements.encode() != body or not _ascend(placements.uids):
                raise ValueError("it is not what it would be written as")
            self.note(modseq, kind, placements)

    def note(self, modseq: ModSeq, kind: Kind, placements: Placements) -> None:
        """Remember what a record says, for the listing it is folded into, and for the messages it keeps."""
        self.named.add(placements.message_ids)
        if kind is Kind.EXPUNGE and modseq > self.counter.floor_modseq:
            self.check_there(placements, f"the EXPUNGE record of modseq {modseq} names")
        if self.counter.floor_modseq < modseq <= self.counter.folded_modseq:
            if kind is Kind.ADD:
                self.added |= {placement.uid: placement for placement in placements}
            else:
                self.expunged.update(placements.uids)

    def check_folded(self, folded: Listing) -> None:
        """What records say that the listing has taken in, it must show: STORE.md, a fold never changes what is seen."""
        stands: dict[int, Placement] = {placement.uid: placement for placement in folded}
        for uid in sorted(self.added.keys() - self.expunged - stands.keys())[:3]:
            self.report(FaultKind.LISTING, f"UID {uid} was added and is not listed")
        for uid in sorted(self.expunged & stands.keys())[:3]:
            self.report(FaultKind.LISTING, f"UID {uid} was expunged and is still listed")
        for uid in sorted(self.added.keys() & stands.keys()):
            was, now = self.added[uid], stands[uid]
            if (was.message_id, was.size_octets, was.internal_date, was.zone, was.sent_date) != (
                now.message_id, now.size_octets, now.internal_date, now.zone, now.sent_date
            ):  # fmt: skip
                self.report(FaultKind.LISTING, f"UID {uid} is listed otherwise than it was added")

    def check_placements(self, listing: Listing, known_bits: int) -> None:
        """Every message that is listed is there; UIDs ascend; every bit means something."""
        uids = [uid for chunk in listing.chunks for uid in chunk.placements.uids]
        modseqs = [modseq for chunk in listing.chunks for modseq in chunk.modseqs]
        bits = {one for chunk in listing.chunks for one in chunk.placements.bits}
        if not _ascend(uids) or (uids and not 0 < uids[-1] < self.counter.uidnext):
            self.report(FaultKind.COUNTER, "its UIDs do not ascend to below UIDNEXT")
        if len(modseqs) != len(uids) or any(modseq > self.counter.modseq for modseq in modseqs):
            self.report(FaultKind.COUNTER, "a message has no modseq, or one above the mailbox's")
        if any(one & ~known_bits for one in bits):
            self.report(FaultKind.KEYWORD, "a message bears a keyword that has no name")
        for chunk in listing.chunks:
            self.named.add(chunk.placements.message_ids)
            self.check_there(chunk.placements, "it lists")

    def check_there(self, placements: Placements, who: str) -> None:
        for text in missing_among(self.inspection, self.account_id, placements.message_ids, placements.sizes):
            self.report(FaultKind.PLACEMENT, f"{who} what is not as it should be: {text}")

    def check_tombstone(self) -> None:
        """A deleted mailbox is only read: it keeps its messages until its time has come."""
        for first_uid, columns in self.inspection.tx.rows(
            "SELECT first_uid, columns FROM listing WHERE account_id = ? AND mailbox_id = ?",
            (self.account_id, self.mailbox_id),
        ):
            try:
                placements = Placements.decode(columns[4:4 + int.from_bytes(columns[:4], "little")])
            except DAMAGED:
                self.report(FaultKind.LISTING, f"its row of UID {first_uid} is damaged")
                continue
            self.named.add(placements.message_ids)
            if self.counter.floor_modseq < self.counter.modseq:
                self.check_there(placements, "it lists")

    def check_sums(self, listing: Listing) -> None:
        """STATUS tells the counter's sums without reading the mailbox."""
        counter = self.counter
        unseen = sum(chunk.placements.unseen() for chunk in listing.chunks)
        octets = sum(chunk.placements.octets() for chunk in listing.chunks)
        told = (counter.messages, counter.unseen, counter.octets)
        if told != (len(listing), unseen, octets):
            self.report(
                FaultKind.COUNTER,
                f"it tells {told[0]} messages, {told[1]} unseen, {told[2]} octets;"
                f" {len(listing)}, {unseen}, {octets} are listed",
            )


def _ascend(uids: Sequence[int]) -> bool:
    return all(before < after for before, after in pairwise(uids))
