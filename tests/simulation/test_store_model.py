"""Several actors work on one account at random; the store must do what a few dictionaries do (DESIGN 5, Model).

Operations of one round are booked together, so that they share a commit and decide on one another's outcome; actors
hold listings as old as they please; folds, prunes, purges and reloads come in between and must change nothing that is
seen. `SEEDS=1000 pytest tests/simulation/test_store_model.py` runs that many; a failure names its seed.
"""

import asyncio
import os
import random
from array import array
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from posthouse.database.sqlite.engine import SqliteDatabase
from posthouse.database.transaction import Transaction
from posthouse.message.dates import Instant
from posthouse.runtime.disk import SystemDisk
from posthouse.store import errors
from posthouse.store.changes import BitsChange, BitsOperation
from posthouse.store.counters import status_of
from posthouse.store.folding import fold, load_listing
from posthouse.store.listing import Listing
from posthouse.store.mailboxes import (
    create_mailbox,
    delete_mailbox,
    list_mailboxes,
    make_mailboxes,
    rename_mailbox,
)
from posthouse.store.messages import Where, change_bits, copy, expunge, move, remove
from posthouse.store.opened import OpenMailboxes
from posthouse.store.placements import DELETED, FLAGGED, SEEN
from posthouse.store.reading import wire_forms
from posthouse.store.retention import find_purge, prune_folded, purge
from posthouse.upkeep.checking import check_store
from posthouse.upkeep.faults import FaultKind
from small_store import ALICE, NOON, SMALL, put

SEEDS = int(os.environ.get("SEEDS", "30"))
ROUNDS = 25
HOUR = 3600 * 1_000_000
NAMES = ("a", "b", "a/b", "a/b/c", "INBOX/x", "z")
MASKS = (SEEN, DELETED, FLAGGED | SEEN, 1 << 100)

# What small_store writes is no real mail (hashes, wire forms), and its account is in no directory.
NOT_LOOKED_AT = {FaultKind.BLOB_BYTES, FaultKind.MESSAGE_RENDITION, FaultKind.DIRECTORY}


@dataclass
class Box:
    """A mailbox: its name, and by UID what a message bears and says."""

    name: str
    uidnext: int = 1
    messages: dict[int, tuple[int, bytes]] = field(default_factory=dict)

    def add(self, bits: int, body: bytes) -> int:
        self.messages[self.uidnext] = (bits, body)
        self.uidnext += 1
        return self.uidnext - 1

    def among(self, ranges: tuple[tuple[int, int], ...]) -> list[int]:
        return [uid for uid in sorted(self.messages) if any(first <= uid <= last for first, last in ranges)]


class Model:
    """The account as RFC 3501 describes one. Operations return what the store's do, or raise its errors."""

    def __init__(self) -> None:
        self.boxes: dict[int, Box] = {}
        self.next_id = 1
        for name in ("INBOX", "Drafts", "Sent", "Junk", "Trash", "Archive"):
            self.create(name)

    def box(self, mailbox_id: int) -> Box:
        if mailbox_id not in self.boxes:
            raise errors.NoSuchMailbox
        return self.boxes[mailbox_id]

    def find(self, name: str) -> int | None:
        return next((key for key, box in self.boxes.items() if box.name == name), None)

    def create(self, name: str) -> int:
        if self.find(name) is not None:
            raise errors.MailboxExists
        above = name.rpartition("/")[0]
        if above and self.find(above) is None:
            self.create(above)
        self.boxes[self.next_id] = Box(name)
        self.next_id += 1
        return self.next_id - 1

    def delete(self, name: str) -> int:
        key = self.find(name)
        if key is None:
            raise errors.NoSuchMailbox
        if name == "INBOX":
            raise errors.MailboxProtected
        if any(box.name.startswith(name + "/") for box in self.boxes.values()):
            raise errors.MailboxHasChildren
        del self.boxes[key]
        return key

    def rename(self, old: str, new: str) -> None:
        key = self.find(old)
        if key is None:
            raise errors.NoSuchMailbox
        if old == "INBOX":
            raise errors.MailboxProtected
        if new.startswith(old + "/"):
            raise errors.MailboxNameRefused
        if self.find(new) is not None:
            raise errors.MailboxExists
        moved = [box for box in self.boxes.values() if box.name == old or box.name.startswith(old + "/")]
        above = new.rpartition("/")[0]
        if above and self.find(above) is None:
            self.create(above)
        for box in moved:
            box.name = new + box.name[len(old):]

    def append(self, mailbox_id: int, bits: int, body: bytes) -> int:
        return self.box(mailbox_id).add(bits, body)

    def change(self, mailbox_id: int, change: BitsChange) -> None:
        box = self.box(mailbox_id)
        for uid in box.among(change.ranges):
            bits, body = box.messages[uid]
            if change.operation is BitsOperation.ADD:
                bits |= change.mask
            elif change.operation is BitsOperation.REMOVE:
                bits &= ~change.mask
            else:
                bits = change.mask
            box.messages[uid] = (bits, body)

    def take_out(self, mailbox_id: int, ranges: tuple[tuple[int, int], ...], *, only_deleted: bool) -> int:
        box = self.box(mailbox_id)
        chosen = [uid for uid in box.among(ranges) if not only_deleted or box.messages[uid][0] & DELETED]
        for uid in chosen:
            del box.messages[uid]
        return len(chosen)

    def copy(self, mailbox_id: int, ranges: tuple[tuple[int, int], ...], to: int, *, moves: bool) -> tuple[int, ...]:
        box, target = self.box(mailbox_id), self.box(to)
        chosen = box.among(ranges)
        for uid in chosen:
            target.add(*box.messages[uid])
        for uid in chosen if moves else ():
            del box.messages[uid]
        return tuple(chosen)


@dataclass
class Booked:
    """One operation, as the store and as the model do it."""

    store: Callable[[Transaction], object]
    model: Callable[[], object]
    what: str


class World:
    """One run: the store, the model, and actors with listings of their own age."""

    def __init__(self, seed: int, database: SqliteDatabase, path: Path) -> None:
        self.dice = random.Random(seed)
        self.database = database
        self.disk = SystemDisk(path)
        self.opened = OpenMailboxes(database)
        self.model = Model()
        self.known: list[dict[int, Listing]] = [{}, {}, {}]      # an actor's own, by mailbox
        self.validities: dict[int, int] = {}                     # UIDVALIDITY by mailbox_id, those that are gone too
        self.bodies = 0
        self.at = NOON
        self.history: list[str] = []

    # What may happen.

    def now(self) -> Instant:
        self.at += self.dice.choice([1, HOUR, 24 * HOUR, -3 * HOUR])
        return Instant(self.at)

    def mailbox(self) -> int:
        return self.dice.choice([*self.model.boxes, self.dice.randrange(1, self.model.next_id)])

    def ranges(self, mailbox_id: int) -> tuple[tuple[int, int], ...]:
        box = self.model.boxes.get(mailbox_id)
        past = box.uidnext + 2 if box else 3
        ends = sorted(self.dice.sample(range(1, past + 5), min(past, self.dice.choice([2, 2, 4, 6]))))
        return tuple(zip(ends[::2], ends[1::2], strict=False)) or ((1, past),)

    def knows(self, mailbox_id: int) -> Listing:
        """Some actor's listing of a mailbox, however old; loaded if it has none."""
        known = self.dice.choice(self.known)
        if mailbox_id not in known or self.dice.random() < 0.3:
            try:
                known[mailbox_id] = self.opened.get(ALICE, mailbox_id).listing
            except errors.NoSuchMailbox:
                known.setdefault(mailbox_id, Listing.of(0, ()))
        return known[mailbox_id]

    def append(self) -> Booked:
        where, bits, at = Where(ALICE, self.mailbox()), self.dice.choice([0, 0, *MASKS]), self.now()
        self.bodies += 1
        body = b"%d" % self.bodies
        return Booked(
            lambda tx: put(tx, where, body, bits, at),
            lambda: self.model.append(where.mailbox_id, bits, body),
            f"append {body!r} to {where.mailbox_id}",
        )

    def change(self) -> Booked:
        where, at = Where(ALICE, self.mailbox()), self.now()
        known, ranges = self.knows(where.mailbox_id), self.ranges(where.mailbox_id)
        change = BitsChange(self.dice.choice(list(BitsOperation)), self.dice.choice(MASKS), ranges)
        return Booked(
            lambda tx: change_bits(tx, where, known, change, at),
            lambda: self.model.change(where.mailbox_id, change),
            f"{change} in {where.mailbox_id}",
        )

    def take_out(self) -> Booked:
        where, at, only_deleted = Where(ALICE, self.mailbox()), self.now(), self.dice.random() < 0.6
        known, ranges = self.knows(where.mailbox_id), self.ranges(where.mailbox_id)
        operation = expunge if only_deleted else remove
        return Booked(
            lambda tx: operation(tx, where, known, ranges, at),
            lambda: self.model.take_out(where.mailbox_id, ranges, only_deleted=only_deleted),
            f"{operation.__name__} {ranges} in {where.mailbox_id}",
        )

    def copy(self) -> Booked:
        where, to, at, moves = Where(ALICE, self.mailbox()), self.mailbox(), self.now(), self.dice.random() < 0.5
        known, ranges = self.knows(where.mailbox_id), self.ranges(where.mailbox_id)
        operation = move if moves else copy
        return Booked(
            lambda tx: operation(tx, where, known, ranges, to, at).uids,
            lambda: self.model.copy(where.mailbox_id, ranges, to, moves=moves),
            f"{operation.__name__} {ranges} from {where.mailbox_id} to {to}",
        )

    def create(self) -> Booked:
        name, at = self.dice.choice(NAMES), self.now()
        return Booked(
            lambda tx: create_mailbox(tx, ALICE, name, at), lambda: self.model.create(name), f"create {name}"
        )

    def delete(self) -> Booked:
        name, at = self.dice.choice([*NAMES, "INBOX"]), self.now()
        return Booked(
            lambda tx: delete_mailbox(tx, ALICE, name, at), lambda: self.model.delete(name), f"delete {name}"
        )

    def rename(self) -> Booked:
        old, new, at = self.dice.choice([*NAMES, "INBOX"]), self.dice.choice(NAMES), self.now()
        return Booked(
            lambda tx: rename_mailbox(tx, ALICE, old, new, at),
            lambda: self.model.rename(old, new),
            f"rename {old} to {new}",
        )

    def anything(self) -> Booked:
        kinds = (self.append, self.change, self.take_out, self.copy, self.create, self.delete, self.rename)
        (kind,) = self.dice.choices(kinds, weights=(8, 5, 3, 4, 2, 1, 1))
        return kind()

    # A round, and what comes between rounds.

    async def round(self) -> None:
        """A few operations booked at once, by whoever: they share a commit, and run in their order."""
        booked = [self.anything() for _ in range(self.dice.randrange(1, 9))]
        self.history += [one.what for one in booked]
        found = await asyncio.gather(*(self.database.write(one.store) for one in booked), return_exceptions=True)
        for one, outcome in zip(booked, found, strict=True):
            try:
                expected = one.model()
            except errors.StoreError as error:
                assert type(outcome) is type(error), (one.what, outcome, error)
            else:
                assert outcome == expected, one.what

    async def upkeep(self) -> None:
        """What nobody may notice."""
        for (mailbox_id,) in self.database.read(
            lambda tx: tx.rows("SELECT mailbox_id FROM counter WHERE mailbox_id > 0")
        ):
            place = (ALICE, mailbox_id)
            if self.dice.random() < 0.3:
                folded = await self.database.write(lambda tx, place=place: fold(tx, *place))
                if folded is not None and self.dice.random() < 0.8:
                    await self.database.write(
                        lambda tx, place=place, folded=folded: prune_folded(tx, place, folded)
                    )
                self.history.append(f"fold {mailbox_id}")
        before = Instant(NOON + self.dice.randrange(max(1, self.at - NOON)))
        step = self.database.read(lambda tx: find_purge(tx, ALICE, before))
        if step is not None:
            await self.database.write(lambda tx: purge(tx, step))
            self.history.append(f"purge {step}")
        if self.dice.random() < 0.1:
            self.opened = OpenMailboxes(self.database)

    # What must hold.

    def compare(self) -> None:
        """What is listed, what is told without looking, and what sessions stand on, against the model."""
        standing = {mailbox.mailbox_id: mailbox for mailbox in self.database.read(lambda tx: list_mailboxes(tx, ALICE))}
        assert {key: mailbox.name for key, mailbox in standing.items()} == {
            key: box.name for key, box in self.model.boxes.items()
        }
        for key, mailbox in standing.items():
            assert self.validities.setdefault(key, mailbox.uidvalidity) == mailbox.uidvalidity
            self.compare_mailbox(key, self.model.boxes[key])
        assert len(set(self.validities.values())) == len(self.validities)

    def compare_mailbox(self, mailbox_id: int, box: Box) -> None:
        status = self.database.read(lambda tx: status_of(tx, ALICE, mailbox_id))
        assert status.uidnext == box.uidnext
        assert status.messages == len(box.messages)
        assert status.unseen == sum(not bits & SEEN for bits, _ in box.messages.values())
        listings = [self.database.read(lambda tx: load_listing(tx, ALICE, mailbox_id))]
        if self.dice.random() < 0.5:
            listings.append(self.opened.get(ALICE, mailbox_id).listing)
        for listing in listings:
            placements = list(listing)
            keys = array("q", [placement.message_id for placement in placements])
            forms = self.database.read(lambda tx, keys=keys: wire_forms(tx, keys, ("envelope",)))
            seen = {
                placement.uid: (placement.bits, envelope)
                for placement, (envelope,) in zip(placements, forms, strict=True)
            }
            assert list(seen) == sorted(seen)
            assert seen == {uid: (bits, b"(envelope of %s)" % body) for uid, (bits, body) in box.messages.items()}
            assert status.octets == sum(placement.size_octets for placement in placements)

    def check(self) -> None:
        """`posthouse check` agrees."""
        found = self.database.read(lambda tx: check_store(tx, self.disk, Instant(NOON), lambda done, total: None))
        assert [fault for fault in found if fault.kind not in NOT_LOOKED_AT] == []


@pytest.mark.campaign
@pytest.mark.parametrize("seed", range(SEEDS))
def test_the_store_does_what_a_few_dictionaries_do(tmp_path: Path, seed: int) -> None:
    """RFC 3501 2.3, 6.3, 6.4; RFC 6851; STORE.md: folding and purging are never seen."""

    async def run() -> None:
        database = SqliteDatabase(tmp_path / "test.db", SMALL)
        try:
            await database.write(lambda tx: make_mailboxes(tx, ALICE, NOON))
            await database.write(lambda tx: tx.execute("INSERT INTO keyword VALUES (?, 100, 'far')", (ALICE,)))
            world = World(seed, database, tmp_path)
            try:
                for _ in range(ROUNDS):
                    await world.round()
                    world.compare()
                    await world.upkeep()
                world.compare()
                world.check()
            except BaseException as error:
                error.add_note(f"seed {seed}, after:\n" + "\n".join(world.history[-40:]))
                raise
        finally:
            await database.close()

    asyncio.run(run())
