"""A POP3 door in front of a real store: sockets on loopback, its loop in a thread, its clock in the test's hand.

The test is the peer, with blocking sockets or with poplib, and never sleeps. Message files lie on a disk that counts
what is read of it; where a test wants the disk to fail, everything lies on a simulated one.
"""

import poplib
import ssl
from pathlib import Path
from typing import TypeVar

from posthouse.database.blobs.rows import add_blob
from posthouse.database.blobs.spool import Spooled
from posthouse.database.identifiers import AccountId, Uid
from posthouse.database.transaction import Transaction
from posthouse.directory.accounts import Role, add_account
from posthouse.directory.domains import add_domain
from posthouse.doors.connection import Connection
from posthouse.doors.listening import Encryption
from posthouse.doors.pop3.door import Pop3Door
from posthouse.doors.pop3.services import Pop3Services, Pop3Settings
from posthouse.doors.session import Door, Session
from posthouse.message.address import Domain, parse_address
from posthouse.message.dates import ZonedInstant
from posthouse.message.headers import HeaderSection
from posthouse.message.view import View
from posthouse.runtime.counters import SessionLimits
from posthouse.runtime.disk import SystemDisk
from posthouse.runtime.sim.faults import Faults
from posthouse.runtime.tls import CertificateFiles
from posthouse.store.folding import load_listing
from posthouse.store.mailboxes import INBOX_ID, make_mailboxes
from posthouse.store.messages import NewMessage, Where, Wire, append
from unit.doors.house import CHEAP, NOON, OCCASION, PASSWORD, DoorHouse
from unit.doors.loop import SECONDS
from unit.doors.stage import Client

T = TypeVar("T")

ADA = "ada@example.org"
IN_THE_CLEAR = Pop3Settings(clear_login_is_allowed=True)    # what --dev allows on loopback; TLS has tests of its own


class CountingDisk(SystemDisk):
    """The real disk, and how often a file was read."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.reads = 0

    def read(self, path: str, offset: int, length: int) -> bytes:
        self.reads += 1
        return super().read(path, offset, length)


class WatchedDoor(Pop3Door):
    """The door; the connections that it was given are kept for the test to look at."""

    def __init__(self, name: str, services: Pop3Services) -> None:
        super().__init__(name, services)
        self.connections: list[Connection] = []

    def open(self, connection: Connection) -> Session:
        self.connections.append(connection)
        return super().open(connection)


class House(DoorHouse):
    """One account, its INBOX, and the door in front of it."""

    send_buffer_octets = 16_384

    def __init__(
        self,
        path: Path,
        certificate: CertificateFiles,
        *,
        settings: Pop3Settings = IN_THE_CLEAR,
        limits: SessionLimits | None = None,
        faults: Faults | None = None,
    ) -> None:
        self.settings = settings
        self.counting_disk = CountingDisk(path)
        super().__init__(path, certificate, limits, faults)

    def _disk(self) -> CountingDisk:
        return self.counting_disk

    async def _move_in(self) -> None:
        self.inbox = Where(await self.database.write(_ada), INBOX_ID)

    def _doors(self) -> dict[str, tuple[Door, Encryption]]:
        services = Pop3Services(
            self.settings, self.database, self.mailboxes, self.disk, self.login, self.clock
        )
        self.door = WatchedDoor("pop3", services)
        return {"pop3": (self.door, Encryption.ON_REQUEST), "pop3s": (self.door, Encryption.FROM_START)}

    # ---- the store ---------------------------------------------------------------------------------------------------

    def put(self, octets: bytes, prefix: bytes = b"") -> Uid:
        """Keep a message as APPEND does, bytes that are no lines included; a long one lies in a file."""
        return self.write(_append, self.inbox, self.spooled(octets), prefix)

    def uids(self) -> list[int]:
        """The INBOX as it stands on disk."""

        def operation(tx: Transaction) -> list[int]:
            return [placement.uid for placement in load_listing(tx, *self.inbox.key)]

        return self.write(operation)

    # ---- peers -------------------------------------------------------------------------------------------------------

    def eager(self, octets: bytes) -> Client:
        """A peer that has not read the greeting, and said something."""
        client = Client(self.ports["pop3"], self.certificate, None, octets)
        self.clients.append(client.socket)
        return client

    def client(self, receive_buffer_octets: int | None = None) -> Client:
        """A peer that has read the greeting."""
        client = Client(self.ports["pop3"], self.certificate, receive_buffer_octets, b"")
        self.clients.append(client.socket)
        assert client.line().startswith(b"+OK")
        return client

    def logged_in(self, receive_buffer_octets: int | None = None) -> Client:
        client = self.client(receive_buffer_octets)
        client.say(f"USER {ADA}", f"PASS {PASSWORD}")
        assert client.line().startswith(b"+OK")
        assert client.line().startswith(b"+OK maildrop")
        return client

    def poplib(self) -> poplib.POP3:
        """Python's own client, logged in over TLS."""
        client = poplib.POP3_SSL("127.0.0.1", self.ports["pop3s"], timeout=SECONDS, context=self.tls_context())
        self.clients.append(client.sock)
        client.user(ADA)
        client.pass_(PASSWORD)
        return client

    def tls_context(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=str(self.certificate.chain))
        context.check_hostname = False    # the test dials an address
        return context


def _ada(tx: Transaction) -> AccountId:
    add_domain(tx, Domain("example.org"), OCCASION)
    account_id = add_account(tx, parse_address(ADA), CHEAP.hash(PASSWORD), Role.USER, OCCASION)
    make_mailboxes(tx, account_id, NOON)
    return account_id


def _append(tx: Transaction, where: Where, spooled: Spooled, prefix: bytes) -> Uid:
    section = HeaderSection.parse(bytes(spooled.octets[:65_536]))
    view = View.whole(spooled.length, section.end).with_prefix(prefix)
    message = NewMessage(
        add_blob(tx, spooled, 1), None, view.encode(), view.size_octets, NOON, Wire(1, b"", b"", b"", b"", b"")
    )
    return append(tx, where, message, ZonedInstant(NOON, 0), 0, NOON)


def body_of(client: Client) -> bytes:
    """A multi-line response's lines behind its first, unstuffed as RFC 1939 3 says, by an oracle of our own."""
    assert client.line().startswith(b"+OK")
    lines = []
    while (line := client.line()) != b".":
        lines.append(line[1:] if line.startswith(b".") else line)
    return b"".join(line + b"\r\n" for line in lines)
