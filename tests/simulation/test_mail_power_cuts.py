"""Mail on a disk that loses what was not synced: an acceptance, a STORE, a MOVE, an EXPUNGE, a fold, cut at every sync.

The promises of DESIGN 1 are the invariants: what was acknowledged is there, whole and once; what was not is whole or
absent. A run without faults says what stands after each step; recovery must find exactly one of those states, and none
before the last that was acknowledged.
"""

import asyncio
import contextlib
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar, TypeVar

import pytest

from posthouse.database.blobs.spool import INLINE_OCTETS_MAX, BlobFiles, Spooled
from posthouse.database.errors import DatabaseError, DiskFull
from posthouse.database.identifiers import AccountId
from posthouse.database.sqlite.engine import SqliteDatabase
from posthouse.database.transaction import Transaction
from posthouse.delivery.arrival import Arrival, Destination, Entrance, Origin
from posthouse.delivery.delivery import Delivery
from posthouse.directory.accounts import Role, add_account
from posthouse.directory.domains import add_domain
from posthouse.directory.reader import DirectoryReader
from posthouse.directory.version import Occasion
from posthouse.history.daily import total
from posthouse.message.address import NULL_REVERSE_PATH, Domain, parse_address
from posthouse.message.dates import Instant
from posthouse.message.envelope import BodyType
from posthouse.message.trace_fields import Transmission
from posthouse.queue.entries import list_entries
from posthouse.runtime.chance import SystemChance
from posthouse.runtime.disk import Disk, SystemDisk
from posthouse.store.changes import BitsChange, BitsOperation
from posthouse.store.folding import fold, load_listing
from posthouse.store.mailboxes import INBOX_ID, find_mailbox, list_mailboxes, make_mailboxes
from posthouse.store.messages import Where, change_bits, expunge, move
from posthouse.store.placements import DELETED, FLAGGED
from posthouse.store.reading import find_message
from simulation.harness import BUSY_ENGINE, DATABASE, House, cut_at_every_sync, refuse_every_sync, run_on_full_disk

T = TypeVar("T")
NOW = Instant(1_790_000_000_000_000)
ANNA, BEN = AccountId(1), AccountId(2)
EVERY = ((1, (1 << 32) - 1),)
State = tuple[object, ...]


class AtOnce:
    """`Workers` without threads."""

    def run(self, function: Callable[..., T], *arguments: object) -> "asyncio.Future[T]":
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        future.set_result(function(*arguments))
        return future


def found_in(tx: Transaction, disk: Disk) -> State:
    """Everything that a user or the postmaster could see, bytes included, without what differs from run to run."""
    mailboxes = []
    for account_id in (ANNA, BEN):
        for mailbox in list_mailboxes(tx, account_id):
            listing = load_listing(tx, account_id, mailbox.mailbox_id)
            messages = [
                (placed.uid, placed.bits, hashlib.sha256(find_message(tx, placed.message_id).read(disk)).hexdigest())
                for placed in listing
            ]
            sums = tx.row(
                "SELECT messages, unseen, octets, uidnext FROM counter WHERE account_id = ? AND mailbox_id = ?",
                (account_id, mailbox.mailbox_id),
            )
            assert sums is not None
            assert sums[0] == len(messages), "a counter does not say what the listing does"
            mailboxes.append((account_id, mailbox.name, messages, sums))
    queued = [[recipient.forward_path for recipient in entry.recipients] for entry in list_entries(tx, 0, 100)]
    return (mailboxes, queued, total(tx), tx.rows("SELECT count(*) FROM decision"))


class Mail:
    """A few letters, then what a user does with them. `expected`: the state after each step of a run without faults."""

    expected: ClassVar[list[State]] = []

    def __init__(self) -> None:
        self.acknowledged = 0

    async def prepare(self, house: House) -> None:
        def furnish(tx: Transaction) -> None:
            occasion = Occasion(NOW, "test")
            add_domain(tx, Domain("example.org"), occasion)
            for name in ("anna", "ben"):
                made = add_account(tx, parse_address(f"{name}@example.org"), None, Role.USER, occasion)
                make_mailboxes(tx, made, NOW)

        await house.database.write(furnish)

    async def act(self, house: House) -> None:
        for step in self.steps(house):
            await step()
            self.acknowledged += 1

    def steps(self, house: House) -> list[Callable[[], "asyncio.Future[object]"]]:
        write, letters = house.database.write, Letters(house)
        inbox = Where(ANNA, INBOX_ID)

        def known(tx: Transaction) -> object:
            return load_listing(tx, *inbox.key)

        def store(tx: Transaction) -> None:
            change_bits(tx, inbox, known(tx), BitsChange(BitsOperation.ADD, FLAGGED, ((1, 2),)), NOW)

        def mark_and_move(tx: Transaction) -> None:
            archive = find_mailbox(tx, ANNA, "Archive")
            assert archive is not None
            move(tx, inbox, known(tx), ((2, 3),), archive.mailbox_id, NOW)
            change_bits(tx, inbox, known(tx), BitsChange(BitsOperation.ADD, DELETED, ((4, 4),)), NOW)

        return [
            lambda: letters.send(b"one", "anna"),
            lambda: letters.send(b"two", "anna", "ben", "carl@elsewhere.example"),
            lambda: letters.send(b"big " + b"x" * INLINE_OCTETS_MAX, "anna"),
            lambda: write(store),
            lambda: write(lambda tx: fold(tx, *inbox.key)),
            lambda: letters.send(b"four", "anna"),
            lambda: write(mark_and_move),
            lambda: write(lambda tx: expunge(tx, inbox, known(tx), EVERY, NOW)),
            lambda: write(lambda tx: fold(tx, *inbox.key)),
            lambda: letters.send(b"five", "ben"),
        ]

    async def check(self, house: House) -> None:
        found = house.database.read(lambda tx: found_in(tx, house.disk))
        possible = self.expected[self.acknowledged : self.acknowledged + 2]
        assert found in possible, f"after {self.acknowledged} acknowledged steps recovery found another state"
        await Letters(house).send(b"after recovery", "anna")     # and it goes on


class Letters:
    """Submits letters to the delivery of a house."""

    def __init__(self, house: House) -> None:
        self._directory = DirectoryReader(house.database)
        self._blobs = BlobFiles(house.disk, SystemChance(), None)
        self._delivery = Delivery(house.database, self._directory, self._blobs, AtOnce(), "mx.example.org")

    async def send(self, text: bytes, *names: str) -> object:
        spool = self._blobs.spool()
        spool.write(b"From: <x@y.example>\r\nSubject: letter\r\n\r\n")
        for start in range(0, len(text), 65_536):
            spool.write(text[start : start + 65_536])
        at_rest = spool.finish()
        spooled = at_rest if isinstance(at_rest, Spooled) else await at_rest
        paths = [parse_address(name if "@" in name else f"{name}@example.org") for name in names]
        destinations = tuple(Destination(path, self._directory.resolve(path), "a test says so") for path in paths)
        origin = Origin(Entrance.RECEIVER, "session", "session-1", "client.example", "192.0.2.1", Transmission.ESMTP)
        arrival = Arrival(
            origin, NULL_REVERSE_PATH, BodyType.SEVEN_BIT, destinations, self._directory.version, spooled, NOW
        )
        return await self._delivery.accept(arrival)


@pytest.fixture(scope="module", autouse=True)
def _expected(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What a run without faults leaves after each of its steps."""
    folder = tmp_path_factory.mktemp("faultless")

    async def run() -> list[State]:
        house = House(folder, SqliteDatabase(folder / DATABASE, BUSY_ENGINE), SystemDisk(folder))
        mail = Mail()
        await mail.prepare(house)
        states = [house.database.read(lambda tx: found_in(tx, house.disk))]
        for step in mail.steps(house):
            await step()
            states.append(house.database.read(lambda tx: found_in(tx, house.disk)))
        await house.database.close()
        return states

    Mail.expected = asyncio.run(run())


def test_each_step_changes_what_can_be_seen_or_folds() -> None:
    """Otherwise the states could not tell a lost step."""
    changes = [before != after for before, after in zip(Mail.expected, Mail.expected[1:], strict=False)]
    assert changes == [True, True, True, True, False, True, True, True, False, True]


def test_a_power_cut_at_any_sync_loses_no_mail_that_was_acknowledged(tmp_path: Path) -> None:
    """DESIGN 1.1 and 1.7: an acceptance, a STORE, a MOVE, an EXPUNGE and a fold, each cut at every sync."""
    assert cut_at_every_sync(tmp_path, Mail) >= len(Mail.expected)


class RefusedMail(Mail):
    """The same until a sync is refused: the log's, which ends the process, or a message file's, which refuses it."""

    async def act(self, house: House) -> None:
        with contextlib.suppress(DatabaseError):
            await super().act(house)


def test_a_sync_that_fails_is_answered_by_nobody_and_found_whole_or_absent(tmp_path: Path) -> None:
    """DESIGN 7.4: after a failed sync no reply is given, for what failed may still be found."""
    assert refuse_every_sync(tmp_path, RefusedMail) >= len(Mail.expected)


class MailOnAFullDisk(Mail):
    """Letters until there is no room; then room is made."""

    async def act(self, house: House) -> None:
        letters, refused = Letters(house), 0
        assert house.faults is not None
        for number in range(40):
            try:
                await letters.send(b"%d " % number + b"y" * 20_000, "anna", "ben")
            except DiskFull:
                refused += 1
                if refused == 2:
                    house.faults.give_room(100 << 20)
            else:
                self.acknowledged += 1
        assert refused >= 2
        assert self.acknowledged >= 20, "it goes on by itself when there is room"

    async def check(self, house: House) -> None:
        found = house.database.read(lambda tx: found_in(tx, house.disk))
        for account_id, name, messages, _ in found[0]:     # type: ignore[attr-defined]
            assert len(messages) == (self.acknowledged if name == "INBOX" else 0), (account_id, name)


def test_a_disk_that_fills_keeps_what_was_acknowledged_and_nothing_in_part(tmp_path: Path) -> None:
    """DESIGN 5: disk full: every member hears 452, nothing half-stored, and we go on."""
    run_on_full_disk(tmp_path, MailOnAFullDisk, room_octets=400_000)
