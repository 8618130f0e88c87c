"""An IMAP door in front of a real store: sockets on loopback, its loop in a thread, its clock in the test's hand.

The test is the peer, with blocking sockets, and never sleeps. Where a test wants the disk to fail, everything lies on a
simulated one.
"""

import asyncio
import socket
import threading
from collections.abc import Callable, Coroutine, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import argon2
import uvloop

from posthouse.database.blobs.rows import add_blob
from posthouse.database.blobs.spool import BlobFiles, Spooled
from posthouse.database.errors import DatabaseError
from posthouse.database.identifiers import AccountId, MailboxId, Uid
from posthouse.database.sim.vfs import SimulatedVfs
from posthouse.database.sqlite.connection import SqliteSettings
from posthouse.database.sqlite.engine import EngineSettings, SqliteDatabase
from posthouse.database.transaction import Transaction
from posthouse.delivery.examination import examine
from posthouse.delivery.rendition import RENDITION_VERSION, render, sent_date
from posthouse.directory.accounts import Role, add_account
from posthouse.directory.credentials import add_application_password
from posthouse.directory.domains import add_domain
from posthouse.directory.version import Occasion
from posthouse.doors.connection import Connection
from posthouse.doors.connections import Connections
from posthouse.doors.events import BugFound
from posthouse.doors.imap.door import ImapDoor
from posthouse.doors.imap.flag_names import Keywords
from posthouse.doors.imap.services import ImapServices, ImapSettings
from posthouse.doors.listening import Encryption, Listener, serve
from posthouse.doors.session import Session
from posthouse.login.login import Login
from posthouse.login.passwords import application_password_sha256
from posthouse.message.address import Domain, parse_address
from posthouse.message.dates import Instant, ZonedInstant
from posthouse.message.view import View
from posthouse.protocol.imap.settings import SessionSettings
from posthouse.runtime.chance import SystemChance
from posthouse.runtime.counters import SessionLimits
from posthouse.runtime.disk import SystemDisk
from posthouse.runtime.journal import Event, Journal, Severity
from posthouse.runtime.network import Endpoint, IfTaken, listen_on
from posthouse.runtime.sim.disk import SimulatedDisk
from posthouse.runtime.sim.faults import Faults
from posthouse.runtime.sim.platter import Platter, Survival
from posthouse.runtime.tls import CertificateFiles, Certificates
from posthouse.runtime.workers import Workers
from posthouse.store.mailboxes import INBOX_ID, make_mailboxes
from posthouse.store.messages import NewMessage, Where, Wire, append
from posthouse.store.opened import OpenMailboxes
from unit.doors.imap.client import ImapClient
from unit.doors.stage import SECONDS, HandClock

T = TypeVar("T")

CHEAP = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
OCCASION = Occasion(Instant(0), "test")
NOON = Instant(1_790_000_000_000_000)    # 21-Sep-2026 14:13:20 +0000
ADA, BOB, PASSWORD = "ada@example.org", "bob@example.org", "correct horse"
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
        if self.failing_reads:
            self.failing_reads -= 1
            raise DatabaseError("the disk could not read")
        return super().read(operation)


class WatchedDoor(ImapDoor):
    """The door; the connections that it was given are kept for the test to look at."""

    def __init__(self, name: str, services: ImapServices) -> None:
        super().__init__(name, services)
        self.connections: list[Connection] = []

    def open(self, connection: Connection) -> Session:
        self.connections.append(connection)
        return super().open(connection)


class House:
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
        self.path = path
        self.certificate = certificate
        self.settings = settings
        self.limits = limits or SessionLimits()
        self.faults = faults
        self.send_buffer_octets = send_buffer_octets
        self.clock = HandClock()
        self.clock.seconds = NOON / 1e6
        self.journal_lines: list[bytes] = []
        self.complaints: list[str] = []    # of the event loop: something escaped every boundary
        self.clients: list[ImapClient] = []
        self.listeners: list[Listener] = []
        self.bugs_are_expected = False
        self.loop = uvloop.new_event_loop()
        self.loop.set_exception_handler(lambda _, context: self.complaints.append(repr(context)))
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.thread.start()
        self.in_loop_await(self._open())

    async def _open(self) -> None:
        platter = None if self.faults is None else Platter(self.path, self.faults, Survival.EVERYTHING, 0)
        self.vfs_name = f"imap-{id(self)}" if platter else None
        self.vfs = SimulatedVfs(f"imap-{id(self)}", platter) if platter else None
        sqlite = SqliteSettings(log_octets=1 << 20, cache_octets=4 << 20, vfs=self.vfs_name)
        self.database = FlakyDatabase(self.path / "test.db", EngineSettings(sqlite=sqlite))
        self.mailboxes = OpenMailboxes(self.database)
        self.workers = Workers("work", threads=1, waiting_max=4)
        self.threads = ThreadPoolExecutor(1)
        disk = SimulatedDisk(platter) if platter else SystemDisk(self.path)
        self.blobs = BlobFiles(disk, SystemChance(), None if platter else self.threads)
        self.connections = Connections(
            self.limits, Certificates((self.certificate,)), clock=self.clock, chance=SystemChance(),
            journal=Journal(self.clock, self.journal_lines.append, threshold=Severity.DETAIL),
        )  # fmt: skip
        self.services = ImapServices(
            self.settings, self.database, self.mailboxes, Keywords(self.database), self.blobs, self.workers,
            Login(self.database, self.workers, self.clock, SystemChance(), pause=_no_pause), self.clock,
        )  # fmt: skip
        self.door = WatchedDoor("imap", self.services)
        self.accounts = await self.database.write(_people)
        await self._listen()

    async def _listen(self) -> None:
        sockets = listen_on({name: Endpoint("127.0.0.1", 0) for name in ("imap", "imaps")}, IfTaken.REFUSE)
        for listening in sockets.values() if self.send_buffer_octets else ():
            listening.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, self.send_buffer_octets)
        self.port, self.tls_port = sockets["imap"].bound.port, sockets["imaps"].bound.port
        for name, encryption in (("imap", Encryption.ON_REQUEST), ("imaps", Encryption.FROM_START)):
            self.listeners.append(await serve(sockets[name].socket, self.door, encryption, self.connections))

    def close(self) -> None:
        for client in self.clients:
            client.socket.close()
        self.in_loop_await(self._close())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()
        assert not self.complaints
        assert self.bugs_are_expected or not self.journal(BugFound)

    async def _close(self) -> None:
        for listener in self.listeners:
            listener.stop()
        await self.connections.shut_down(within_seconds=0)
        assert not len(self.connections), "a connection was left behind"
        if self.faults is not None:
            self.faults.bury()
        await self.database.close()
        self.workers.close()
        self.threads.shutdown()
        if self.vfs is not None:
            self.vfs.unregister()

    # ---- the loop ----------------------------------------------------------------------------------------------------

    def in_loop_await(self, coroutine: Coroutine[object, object, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(SECONDS)

    def in_loop(self, function: Callable[[], T]) -> T:
        async def call() -> T:
            return function()

        return self.in_loop_await(call())

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """Look, once a turn of the loop, whether something has come about."""

        async def look() -> None:
            async with asyncio.timeout(SECONDS):
                while not condition():
                    await asyncio.sleep(0)

        self.in_loop_await(look())

    def pass_time(self, seconds: float) -> None:
        self.clock.seconds += seconds
        self.in_loop(self.connections.sweep)

    def journal(self, event: type[Event]) -> list[bytes]:
        tag = event.__struct_config__.tag
        return [line for line in self.journal_lines if b'"event":"%b"' % str(tag).encode() in line]

    # ---- the store ---------------------------------------------------------------------------------------------------

    def write(self, operation: Callable[..., T], *arguments: object) -> T:
        async def booked() -> T:
            return await self.database.write(lambda tx: operation(tx, *arguments))

        return self.in_loop_await(booked())

    def inbox(self, address: str = ADA) -> Where:
        return Where(self.accounts[address], INBOX_ID)

    def deliver(self, *messages: bytes, prefix: bytes = PREFIX, bits: int = 0, where: Where | None = None) -> list[Uid]:
        """Put messages into an INBOX as a delivery does, all in one transaction: what is seen begins with a prefix."""

        async def at_rest(octets: bytes) -> Spooled:
            spool = self.blobs.spool()
            spool.write(octets)
            found = spool.finish()
            return found if isinstance(found, Spooled) else await found

        spooled = [self.in_loop_await(at_rest(octets)) for octets in messages]
        return self.write(_deliver, where or self.inbox(), spooled, prefix, bits)

    def fill(self, count: int, octets: bytes = SMALL, bits: int = 0) -> None:
        """Many messages at once, all alike."""
        self.write(_fill, self.inbox(), Spooled(octets, b"\0" * 32, None), count, bits)

    # ---- peers -------------------------------------------------------------------------------------------------------

    def client(self, *, receive_buffer_octets: int | None = None, speak_first: bytes = b"") -> ImapClient:
        """A peer that has not read the greeting yet."""
        return self._kept(ImapClient(self.port, self.certificate, receive_buffer_octets, speak_first))

    def greeted(self, *, receive_buffer_octets: int | None = None) -> ImapClient:
        client = self.client(receive_buffer_octets=receive_buffer_octets)
        assert client.response().startswith(b"* OK ")
        return client

    def encrypted(self) -> ImapClient:
        """A peer on the port where TLS comes first, that has not read the greeting yet."""
        client = self._kept(ImapClient(self.tls_port, self.certificate, None, b""))
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


async def _no_pause(_: float) -> None:
    """Time passes when a test says so."""


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
    rendition = render(examined.section, examined.root)
    wire = Wire(RENDITION_VERSION, rendition.envelope, rendition.bodystructure, rendition.fields, rendition.parts)
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
