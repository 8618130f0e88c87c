"""A POP3 door in front of a real store: sockets on loopback, its loop in a thread, its clock in the test's hand.

The test is the peer, with blocking sockets or with poplib, and never sleeps. Message files lie on a disk that counts
what is read of it; where a test wants the disk to fail, everything lies on a simulated one.
"""

import asyncio
import poplib
import socket
import ssl
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TypeVar

import argon2
import uvloop

from posthouse.database.blobs.rows import add_blob
from posthouse.database.blobs.spool import BlobFiles, Spooled
from posthouse.database.identifiers import AccountId, Uid
from posthouse.database.sim.vfs import SimulatedVfs
from posthouse.database.sqlite.connection import SqliteSettings
from posthouse.database.sqlite.engine import EngineSettings, SqliteDatabase
from posthouse.database.transaction import Transaction
from posthouse.directory.accounts import Role, add_account
from posthouse.directory.domains import add_domain
from posthouse.directory.version import Occasion
from posthouse.doors.connection import Connection
from posthouse.doors.connections import Connections
from posthouse.doors.listening import Encryption, Listener, serve
from posthouse.doors.pop3.door import Pop3Door
from posthouse.doors.pop3.services import Pop3Services, Pop3Settings
from posthouse.doors.session import Session
from posthouse.login.login import Login
from posthouse.message.address import Domain, parse_address
from posthouse.message.dates import Instant, ZonedInstant
from posthouse.message.headers import HeaderSection
from posthouse.message.view import View
from posthouse.runtime.chance import SystemChance
from posthouse.runtime.counters import SessionLimits
from posthouse.runtime.disk import SystemDisk
from posthouse.runtime.journal import Event, Journal, Severity
from posthouse.runtime.network import Endpoint, IfTaken, listen_on
from posthouse.runtime.sim.faults import Faults, SyncEnd
from posthouse.runtime.sim.platter import Platter, Survival
from posthouse.runtime.tls import CertificateFiles, Certificates
from posthouse.runtime.workers import Workers
from posthouse.store.folding import load_listing
from posthouse.store.mailboxes import INBOX_ID, make_mailboxes
from posthouse.store.messages import NewMessage, Where, Wire, append
from posthouse.store.opened import OpenMailboxes
from unit.doors.stage import SECONDS, Client, HandClock

T = TypeVar("T")

CHEAP = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
OCCASION = Occasion(Instant(0), "test")
NOON = Instant(1_790_000_000_000_000)    # 2026-09-21
ADA, PASSWORD = "ada@example.org", "correct horse"
IN_THE_CLEAR = Pop3Settings(clear_login_is_allowed=True)    # what --dev allows on loopback; TLS has tests of its own


class CountingDisk(SystemDisk):
    """The real disk, and how often a file was read."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.reads = 0

    def read(self, path: str, offset: int, length: int) -> bytes:
        self.reads += 1
        return super().read(path, offset, length)


class SwitchedFaults(Faults):
    """A disk that refuses to sync from the moment at which a test says so."""

    refuses_syncs = False

    def next_sync(self) -> SyncEnd:
        return SyncEnd.REFUSED if self.refuses_syncs else super().next_sync()


class WatchedDoor(Pop3Door):
    """The door; the connections that it was given are kept for the test to look at."""

    def __init__(self, name: str, services: Pop3Services) -> None:
        super().__init__(name, services)
        self.connections: list[Connection] = []

    def open(self, connection: Connection) -> Session:
        self.connections.append(connection)
        return super().open(connection)


class House:
    """One account, its INBOX, and the door in front of it."""

    def __init__(
        self,
        path: Path,
        certificate: CertificateFiles,
        *,
        settings: Pop3Settings = IN_THE_CLEAR,
        limits: SessionLimits | None = None,
        faults: Faults | None = None,
    ) -> None:
        self.path = path
        self.certificate = certificate
        self.settings = settings
        self.limits = limits or SessionLimits()
        self.faults = faults
        self.clock = HandClock()
        self.disk = CountingDisk(path)
        self.journal_lines: list[bytes] = []
        self.complaints: list[str] = []    # of the event loop: something escaped every boundary
        self.clients: list[socket.socket] = []
        self.listeners: list[Listener] = []
        self.loop = uvloop.new_event_loop()
        self.loop.set_exception_handler(lambda _, context: self.complaints.append(repr(context)))
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.thread.start()
        self.in_loop_await(self._open())

    async def _open(self) -> None:
        self.vfs = None if self.faults is None else SimulatedVfs(
            f"pop3-{id(self)}", Platter(self.path, self.faults, Survival.EVERYTHING, 0)
        )
        sqlite = SqliteSettings(log_octets=1 << 16, cache_octets=1 << 20, vfs=self.vfs and f"pop3-{id(self)}")
        self.database = SqliteDatabase(self.path / "test.db", EngineSettings(sqlite=sqlite))
        self.mailboxes = OpenMailboxes(self.database)
        self.workers = Workers("login", threads=1, waiting_max=4)
        self.blobs = BlobFiles(self.disk, SystemChance(), None)
        self.connections = Connections(
            self.limits, Certificates((self.certificate,)), clock=self.clock, chance=SystemChance(),
            journal=Journal(self.clock, self.journal_lines.append, threshold=Severity.DETAIL),
        )  # fmt: skip
        services = Pop3Services(
            self.settings, self.database, self.mailboxes, self.disk,
            Login(self.database, self.workers, self.clock, SystemChance(), pause=_no_pause), self.clock,
        )  # fmt: skip
        self.door = WatchedDoor("pop3", services)
        self.inbox = Where(await self.database.write(_ada), INBOX_ID)
        sockets = listen_on({name: Endpoint("127.0.0.1", 0) for name in ("pop3", "pop3s")}, IfTaken.REFUSE)
        for listening in sockets.values():    # so that a peer's silence is felt
            listening.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16_384)
        self.port, self.tls_port = sockets["pop3"].bound.port, sockets["pop3s"].bound.port
        for name, encryption in (("pop3", Encryption.ON_REQUEST), ("pop3s", Encryption.FROM_START)):
            self.listeners.append(await serve(sockets[name].socket, self.door, encryption, self.connections))

    def close(self) -> None:
        for client in self.clients:
            client.close()
        self.in_loop_await(self._close())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()
        assert not self.complaints

    async def _close(self) -> None:
        for listener in self.listeners:
            listener.stop()
        await self.connections.shut_down(within_seconds=0)
        assert not len(self.connections), "a connection was left behind"
        if self.faults is not None:
            self.faults.bury()
        await self.database.close()
        self.workers.close()
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

    def put(self, octets: bytes, prefix: bytes = b"") -> Uid:
        """Keep a message as APPEND does, bytes that are no lines included; a long one lies in a file."""

        async def spooled() -> Spooled:
            spool = self.blobs.spool()
            spool.write(octets)
            found = spool.finish()
            return found if isinstance(found, Spooled) else await found

        return self.write(_append, self.inbox, self.in_loop_await(spooled()), prefix)

    def uids(self) -> list[int]:
        """The INBOX as it stands on disk."""

        def operation(tx: Transaction) -> list[int]:
            return [placement.uid for placement in load_listing(tx, *self.inbox.key)]

        return self.write(operation)

    # ---- peers -------------------------------------------------------------------------------------------------------

    def client(self, receive_buffer_octets: int | None = None) -> Client:
        """A peer that has read the greeting."""
        client = Client(self.port, self.certificate, receive_buffer_octets, b"")
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
        client = poplib.POP3_SSL("127.0.0.1", self.tls_port, timeout=SECONDS, context=self.tls_context())
        self.clients.append(client.sock)
        client.user(ADA)
        client.pass_(PASSWORD)
        return client

    def tls_context(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=str(self.certificate.chain))
        context.check_hostname = False    # the test dials an address
        return context


async def _no_pause(_: float) -> None:
    """Time passes when a test says so."""


def _ada(tx: Transaction) -> AccountId:
    add_domain(tx, Domain("example.org"), OCCASION)
    account_id = add_account(tx, parse_address(ADA), CHEAP.hash(PASSWORD), Role.USER, OCCASION)
    make_mailboxes(tx, account_id, NOON)
    return account_id


def _append(tx: Transaction, where: Where, spooled: Spooled, prefix: bytes) -> Uid:
    section = HeaderSection.parse(bytes(spooled.octets[:65_536]))
    view = View.whole(spooled.length, section.end).with_prefix(prefix)
    message = NewMessage(
        add_blob(tx, spooled, 1), None, view.encode(), view.size_octets, NOON, Wire(1, b"", b"", b"", b"")
    )
    return append(tx, where, message, ZonedInstant(NOON, 0), 0, NOON)


def body_of(client: Client) -> bytes:
    """A multi-line response's lines behind its first, unstuffed as RFC 1939 3 says, by an oracle of our own."""
    assert client.line().startswith(b"+OK")
    lines = []
    while (line := client.line()) != b".":
        lines.append(line[1:] if line.startswith(b".") else line)
    return b"".join(line + b"\r\n" for line in lines)
