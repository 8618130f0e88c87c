"""A small mail system that has seen everything that the check looks at, made by the operations that doors call."""

import hashlib
from itertools import pairwise
from pathlib import Path

import pytest

from posthouse.database.blobs.rows import add_blob
from posthouse.database.blobs.spool import INLINE_OCTETS_MAX, Spooled
from posthouse.database.identifiers import AccountId
from posthouse.database.transaction import Transaction
from posthouse.delivery.acceptance import accept
from posthouse.delivery.arrival import Arrival, Destination, Entrance, Origin, Originator
from posthouse.delivery.examination import examine
from posthouse.delivery.plan import make_plan
from posthouse.delivery.rendition import render
from posthouse.directory.accounts import Role, add_account
from posthouse.directory.aliases import add_alias
from posthouse.directory.credentials import add_application_password
from posthouse.directory.domains import add_domain
from posthouse.directory.resolution import resolve
from posthouse.directory.version import Occasion, version
from posthouse.message.address import Domain, parse_address
from posthouse.message.dates import Instant, ZonedInstant
from posthouse.message.envelope import BodyType
from posthouse.message.trace_fields import Transmission
from posthouse.message.view import View
from posthouse.runtime.disk import SystemDisk
from posthouse.store.folding import fold
from posthouse.store.keywords import keyword_bits
from posthouse.store.mailboxes import create_mailbox, delete_mailbox, make_mailboxes, rename_mailbox
from posthouse.store.messages import NewMessage, Where, append, copy, move, remove
from posthouse.store.placements import SEEN
from posthouse.upkeep.checking import check_store
from posthouse.upkeep.faults import Fault
from small_store import NOON, Store

OCCASION = Occasion(NOON, "test")
EVERYTHING = ((1, 1 << 31),)
MAIL = (
    b"Bcc: hidden@there.test\r\nFrom: bob@there.test\r\nSubject: lunch\r\nContent-Type: multipart/mixed; boundary=x\r\n"
    b"\r\n--x\r\n\r\nsoup\r\n--x\r\nContent-Type: image/png\r\n\r\npicture\r\n--x--\r\n"
)
BIG = MAIL + b"0123456789abcdef\r\n" * (INLINE_OCTETS_MAX // 16)


class House(Store):
    """A store with a directory, into which mail comes as it does from the doors."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.disk = SystemDisk(path)
        self.write(add_domain, Domain("here.test"), OCCASION)
        self.alice, self.bob = (self.add_account(name) for name in ("alice", "bob"))
        team = tuple(map(parse_address, ("alice@here.test", "bob@here.test", "carol@elsewhere.test")))
        self.write(add_alias, parse_address("team@here.test"), team, OCCASION)
        self.write(add_application_password, self.alice, "phone", b"s" * 32, OCCASION)

    def add_account(self, name: str) -> AccountId:
        def added(tx: Transaction) -> AccountId:
            account_id = add_account(tx, parse_address(f"{name}@here.test"), None, Role.USER, OCCASION)
            make_mailboxes(tx, account_id, NOON)
            return account_id

        return self.write(added)

    def spooled(self, octets: bytes) -> Spooled:
        digest = hashlib.sha256(octets).digest()
        if len(octets) <= INLINE_OCTETS_MAX:
            return Spooled(octets, digest, None)
        name = f"blobs/{digest[0]:02x}/{digest.hex()[:20]}{len(self.disk.names('blobs'))}"
        file = self.disk.create(name)
        file.write(octets)
        file.finish()
        return Spooled(octets, digest, name)

    def accept(self, octets: bytes, *recipients: str, at: int = NOON, submitted: bool = False) -> None:
        """A message comes by SMTP, from elsewhere or submitted by alice."""
        originator = Originator(self.alice, parse_address("alice@here.test")) if submitted else None
        entrance = Entrance.SUBMISSION if submitted else Entrance.RECEIVER
        origin = Origin(entrance, "s1", "id1", "client.test", "192.0.2.7", Transmission.ESMTP, originator)

        def accepted(tx: Transaction) -> None:
            paths = [parse_address(recipient) for recipient in recipients]
            destinations = tuple(Destination(path, resolve(tx, path), "test") for path in paths)
            arrival = Arrival(
                origin, parse_address("x@there.test"), BodyType.SEVEN_BIT, destinations, version(tx),
                self.spooled(octets), Instant(at),
            )  # fmt: skip
            accept(tx, make_plan(arrival, examine(octets), "mx.here.test"))

        self.write(accepted)

    def append(self, octets: bytes, where: Where, bits: int = 0) -> None:
        """A message comes by IMAP's APPEND."""

        def appended(tx: Transaction) -> None:
            examined = examine(octets)
            wire = render(examined.section, examined.root)
            view = View.whole(len(octets), examined.section.end)
            blob_id = add_blob(tx, self.spooled(octets), 1)
            message = NewMessage(blob_id, None, view.encode(), view.size_octets, NOON, wire)
            append(tx, where, message, ZonedInstant(NOON), bits, NOON)

        self.write(appended)

    def check(self, at: int = NOON) -> list[Fault]:
        """What the check finds; each time it must tell its progress to the end."""
        steps: list[tuple[int, int]] = []
        found = self.read(check_store, self.disk, Instant(at), lambda done, total: steps.append((done, total)))
        assert steps[-1][0] == steps[-1][1]
        assert all(before[0] <= after[0] <= after[1] for before, after in pairwise(steps))
        return found


def fill(house: House) -> None:
    """Everything that can happen to mail, so that every table and every kind of record has rows."""
    alice = Where(house.alice, 1)
    house.accept(MAIL, "alice@here.test")
    house.accept(MAIL, "team@here.test", "Bob@here.test", "bob+tag@here.test")
    house.accept(MAIL, "dave@There.test", "dave@there.test", "alice@here.test", submitted=True)
    house.accept(BIG, "alice@here.test", "erin@there.test", at=NOON + 24 * 3600 * 1_000_000)
    other = Where(house.alice, house.write(create_mailbox, house.alice, "Work/Old", NOON))
    bits = house.write(keyword_bits, house.alice, ["work"], create=True)
    house.append(b"Subject: mine\n\nbare line feeds", alice, bits | SEEN)
    house.write(fold, *alice.key)
    house.write(copy, alice, house.listing(alice), ((1, 2),), other.mailbox_id, NOON)
    house.write(fold, *other.key)
    house.write(move, alice, house.listing(alice), ((3, 3),), other.mailbox_id, NOON)
    house.mark(alice, bits, (1, 2))
    house.write(rename_mailbox, house.alice, "Work", "Play", NOON)
    gone = Where(house.alice, house.write(create_mailbox, house.alice, "Gone", NOON))
    house.append(MAIL, gone)
    house.write(fold, *gone.key)
    house.append(MAIL, gone)
    house.write(delete_mailbox, house.alice, "Gone", NOON)
    bob = Where(house.bob, 1)
    house.append(MAIL, bob)
    house.write(fold, *bob.key)
    house.write(remove, bob, house.listing(bob), ((2, 2),), NOON)
    house.write(fold, *bob.key)


@pytest.fixture
def house(tmp_path: Path):
    opened = House(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def full(house: House) -> House:
    fill(house)
    return house
