"""An IMAP door in front of a real store: sockets on loopback, its loop in a thread, its clock in the test's hand.

The test is the peer, with blocking sockets, and never sleeps. Where a test wants the disk to fail, everything lies on a
simulated one.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

from posthouse.database.blobs.rows import add_blob
from posthouse.database.blobs.spool import Spooled
from posthouse.database.errors import DatabaseError
from posthouse.database.identifiers import AccountId, MailboxId, Uid
from posthouse.database.sqlite.engine import EngineSettings, SqliteDatabase
from posthouse.database.transaction import Transaction
from posthouse.delivery.examination import examine
from posthouse.delivery.rendition import render, sent_date
from posthouse.directory.accounts import Role, add_account
from posthouse.directory.credentials import add_application_password
from posthouse.directory.domains import add_domain
from posthouse.doors.connection import Connection
from posthouse.doors.imap.door import ImapDoor
from posthouse.doors.imap.flag_names import Keywords
from posthouse.doors.imap.services import ImapServices, ImapSettings
from posthouse.doors.listening import Encryption
from posthouse.doors.session import Door, Session
from posthouse.login.passwords import application_password_sha256
from posthouse.message.address import Domain, parse_address
from posthouse.message.dates import ZonedInstant
from posthouse.message.view import View
from posthouse.protocol.imap.settings import SessionSettings
from posthouse.runtime.counters import SessionLimits
from posthouse.runtime.sim.faults import Faults
from posthouse.runtime.tls import CertificateFiles
from posthouse.store.mailboxes import INBOX_ID, make_mailboxes
from posthouse.store.messages import NewMessage, Where, append
from unit.doors.house import CHEAP, NOON, OCCASION, PASSWORD, DoorHouse
from unit.doors.imap.client import ImapClient

T = TypeVar("T")

ADA, BOB = "ada@example.org", "bob@example.org"
APPLICATION_PASSWORDS = {ADA: "k3f7-q2ma-zzt4-n6bh", BOB: "k3f7-q2ma-zzt4-n6bi"}    # they need no thread
IN_THE_CLEAR = ImapSettings(clear_login_is_allowed=True)    # what --dev allows on loopback
PREFIX = b"Return-Path: <eve@example.net>\r\nDelivered-To: ada@example.org\r\n"

SMALL = (
    b"Date: Mon, 21 Sep 2026 16:00:00 +0200\r\nFrom: Eve <eve@example.net>\r\nTo: ada@example.org\r\n"
    b"Subject: hello\r\nMessage-ID: <1@example.net>\r\n\r\nGood day.\r\n"
)


class FlakyDatabase(SqliteDatabase):
    """A database of which some reads fail, when a test says so."""

    failing_reads = 0

    def read(self, operation: Callable[[Transaction], T]) -> T:
        self._fail_if_told()
        return super().read(operation)

    def _fail_if_told(self) -> None:
        if self.failing_reads:
            self.failing_reads -= 1
            raise DatabaseError("the disk could not read")


class WatchedDoor(ImapDoor):
    """The door; the connections that it was given are kept for the test to look at."""

    def __init__(self, name: str, services: ImapServices) -> None:
        super().__init__(name, services)
        self.connections: list[Connection] = []

    def open(self, connection: Connection) -> Session:
        self.connections.append(connection)
        return super().open(connection)


class House(DoorHouse):
    """Two accounts and the door in front of their mail."""

    def __init__(
        self,
        path: Path,
        certificate: CertificateFiles,
        *,
        settings: ImapSettings = IN_THE_CLEAR,
        limits: SessionLimits | None = None,
        faults: Faults | None = None,
        send_buffer_octets: int | None = None,
    ) -> None:
        """`send_buffer_octets`: of our sockets, so that a peer's silence is soon felt."""
        self.settings = settings
        self.send_buffer_octets = send_buffer_octets
        super().__init__(path, certificate, limits, faults)

    def _database(self, settings: EngineSettings) -> FlakyDatabase:
        return FlakyDatabase(self.path / "test.db", settings)

    async def _move_in(self) -> None:
        self.accounts = await self.database.write(_people)

    def _doors(self) -> dict[str, tuple[Door, Encryption]]:
        self.services = ImapServices(
            self.settings, self.database, self.mailboxes, Keywords(self.database), self.blobs, self.workers,
            self.login, self.clock,
        )  # fmt: skip
        self.door = WatchedDoor("imap", self.services)
        return {"imap": (self.door, Encryption.ON_REQUEST), "imaps": (self.door, Encryption.FROM_START)}

    # ---- the store ---------------------------------------------------------------------------------------------------

    def inbox(self, address: str = ADA) -> Where:
        return Where(self.accounts[address], INBOX_ID)

    def deliver(self, *messages: bytes, prefix: bytes = PREFIX, bits: int = 0, where: Where | None = None) -> list[Uid]:
        """Put messages into an INBOX as a delivery does, all in one transaction: what is seen begins with a prefix."""
        spooled = [self.spooled(octets) for octets in messages]
        return self.write(_deliver, where or self.inbox(), spooled, prefix, bits)

    def fill(self, count: int, octets: bytes = SMALL, bits: int = 0) -> None:
        """Many messages at once, all alike."""
        self.write(_fill, self.inbox(), Spooled(octets, b"\0" * 32, None), count, bits)

    # ---- peers -------------------------------------------------------------------------------------------------------

    def client(self, *, receive_buffer_octets: int | None = None, speak_first: bytes = b"") -> ImapClient:
        """A peer that has not read the greeting yet."""
        return self._kept(ImapClient(self.ports["imap"], self.certificate, receive_buffer_octets, speak_first))

    def greeted(self, *, receive_buffer_octets: int | None = None) -> ImapClient:
        client = self.client(receive_buffer_octets=receive_buffer_octets)
        assert client.response().startswith(b"* OK ")
        return client

    def encrypted(self) -> ImapClient:
        """A peer on the port where TLS comes first, that has not read the greeting yet."""
        client = self._kept(ImapClient(self.ports["imaps"], self.certificate, None, b""))
        client.secure()
        return client

    def _kept(self, client: ImapClient) -> ImapClient:
        self.clients.append(client)
        return client

    def logged_in(self, address: str = ADA, *, receive_buffer_octets: int | None = None) -> ImapClient:
        client = self.greeted(receive_buffer_octets=receive_buffer_octets)
        assert client.do(f"LOGIN {address} {APPLICATION_PASSWORDS[address]}").is_ok
        return client

    def selected(self, mailbox: str = "INBOX", *, receive_buffer_octets: int | None = None) -> ImapClient:
        client = self.logged_in(receive_buffer_octets=receive_buffer_octets)
        assert client.do(f"SELECT {mailbox}").is_ok
        return client


def small_limits(**limits: int) -> ImapSettings:
    """Settings with smaller limits of the session."""
    return ImapSettings(session=SessionSettings(**limits), clear_login_is_allowed=True)


def _people(tx: Transaction) -> dict[str, AccountId]:
    add_domain(tx, Domain("example.org"), OCCASION)
    accounts = {}
    for address, application_password in APPLICATION_PASSWORDS.items():
        account_id = add_account(tx, parse_address(address), CHEAP.hash(PASSWORD), Role.USER, OCCASION)
        sha256 = application_password_sha256(application_password)
        add_application_password(tx, account_id, "telephone", sha256, OCCASION)
        make_mailboxes(tx, account_id, NOON)
        accounts[address] = account_id
    return accounts


def _deliver(
    tx: Transaction, where: Where, spooled: Iterable[Spooled], prefix: bytes, bits: int
) -> list[Uid]:
    return [
        append(tx, where, _message(tx, one, prefix), ZonedInstant(NOON, 120), bits, NOON) for one in spooled
    ]


def _fill(tx: Transaction, where: Where, spooled: Spooled, count: int, bits: int) -> None:
    message = _message(tx, spooled, PREFIX)
    for _ in range(count):
        append(tx, where, message, ZonedInstant(NOON, 120), bits, NOON)


def _message(tx: Transaction, spooled: Spooled, prefix: bytes) -> NewMessage:
    examined = examine(spooled.octets)
    wire = render(examined.section, examined.root)
    view = View.whole(spooled.length, examined.section.end).with_prefix(prefix)
    sent = sent_date(examined.section) or NOON
    return NewMessage(add_blob(tx, spooled, 1), None, view.encode(), view.size_octets, sent, wire)


def where_is(house: House, name: str) -> Where:
    """A mailbox of Ada's by its name."""
    found = house.write(
        lambda tx: tx.row(
            "SELECT mailbox_id FROM mailbox WHERE account_id = ? AND name = ? AND deleted_modseq IS NULL",
            (house.accounts[ADA], name),
        )
    )
    assert found is not None
    return Where(house.accounts[ADA], MailboxId(found[0]))
