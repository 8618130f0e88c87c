"""The SMTP doors in front of a real directory, store and queue, with IMAP and POP3 to read what they took.

Sockets on loopback, the loop in a thread, the clock in the test's hand; the test is the peer, with blocking sockets,
and never sleeps. Where a test wants the disk to fail, everything lies on a simulated one.
"""

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import argon2
import uvloop

from posthouse.database.blobs.spool import BlobFiles
from posthouse.database.identifiers import AccountId
from posthouse.database.sim.vfs import SimulatedVfs
from posthouse.database.sqlite.connection import SqliteSettings
from posthouse.database.sqlite.engine import EngineSettings, SqliteDatabase
from posthouse.database.transaction import Transaction
from posthouse.delivery.delivery import Delivery
from posthouse.directory.accounts import Role, add_account
from posthouse.directory.aliases import add_alias
from posthouse.directory.credentials import add_application_password
from posthouse.directory.domains import add_domain
from posthouse.directory.reader import DirectoryReader
from posthouse.directory.version import Occasion
from posthouse.doors.connections import Connections
from posthouse.doors.imap.door import ImapDoor
from posthouse.doors.imap.flag_names import Keywords
from posthouse.doors.imap.services import ImapServices, ImapSettings
from posthouse.doors.listening import Encryption, Listener, serve
from posthouse.doors.pop3.door import Pop3Door
from posthouse.doors.pop3.services import Pop3Services, Pop3Settings
from posthouse.doors.session import Door
from posthouse.doors.smtp.door import SmtpDoor
from posthouse.doors.smtp.receiver import ReceiverJudge
from posthouse.doors.smtp.session import SmtpServices
from posthouse.doors.smtp.submission import SubmissionJudge
from posthouse.history.daily import Sums, total
from posthouse.history.decisions import DecisionRecord, find_decision
from posthouse.login.login import Login
from posthouse.login.passwords import application_password_sha256
from posthouse.message.address import Domain, parse_address
from posthouse.message.dates import Instant
from posthouse.message.view import View, read
from posthouse.protocol.smtp.settings import ServerSettings
from posthouse.queue.entries import QueuedEntry, QueueId, list_entries
from posthouse.runtime.chance import SystemChance
from posthouse.runtime.counters import SessionLimits
from posthouse.runtime.disk import SystemDisk
from posthouse.runtime.journal import Event, Journal, Severity
from posthouse.runtime.network import Endpoint, IfTaken, listen_on
from posthouse.runtime.sim.disk import SimulatedDisk
from posthouse.runtime.sim.faults import Faults, SyncEnd
from posthouse.runtime.sim.platter import Platter, Survival
from posthouse.runtime.tls import CertificateFiles, Certificates
from posthouse.runtime.workers import Workers
from posthouse.store.folding import load_listing
from posthouse.store.mailboxes import INBOX_ID, make_mailboxes
from posthouse.store.opened import OpenMailboxes
from posthouse.store.placements import Placement
from posthouse.store.reading import find_message
from unit.doors.smtp.client import GREETING, SmtpClient
from unit.doors.stage import SECONDS, HandClock

T = TypeVar("T")

CHEAP = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
OCCASION = Occasion(Instant(0), "test")
NOON = Instant(1_790_000_000_000_000)    # Mon, 21 Sep 2026 14:13:20 +0000
NOON_DATE = b"Mon, 21 Sep 2026 14:13:20 +0000"
HOSTNAME = "mail.example.org"
ADA, BOB, CAROL, PASSWORD = "ada@example.org", "bob@example.org", "carol@example.com", "correct horse"
APPLICATION_PASSWORDS = {    # they are looked at without a thread
    ADA: "k3f7-q2ma-zzt4-n6bh", BOB: "k3f7-q2ma-zzt4-n6bi", CAROL: "k3f7-q2ma-zzt4-n6bj",
}  # fmt: skip
WORKERS_AT_ONCE = 5    # one at work, the others waiting
FRIEND = "friend@elsewhere.example"    # whose domain is not ours
ALIASES = {
    "sales@example.org": (ADA,),
    "team@example.org": (ADA, BOB),
    "out@example.org": (FRIEND,),
    "everybody@example.org": ("team@example.org", CAROL, FRIEND),
}

HELLO = (
    b"Date: Mon, 21 Sep 2026 16:00:00 +0200\r\nFrom: Eve <eve@elsewhere.example>\r\nTo: ada@example.org\r\n"
    b"Subject: hello\r\nMessage-ID: <1@elsewhere.example>\r\n\r\nGood day.\r\n"
)
FROM_ADA = HELLO.replace(b"Eve <eve@elsewhere.example>", b"Ada <ada@example.org>")


class SwitchedFaults(Faults):
    """A disk that refuses to sync while a test says so."""

    refuses_syncs = False

    def next_sync(self) -> SyncEnd:
        return SyncEnd.REFUSED if self.refuses_syncs else super().next_sync()


@dataclass(frozen=True)
class Queued:
    """A queue entry, and what the next hop is to see."""

    entry: QueuedEntry
    seen: bytes

    @property
    def forward_paths(self) -> list[str]:
        return [recipient.forward_path for recipient in self.entry.recipients]


class House:
    """Two domains with three accounts and some aliases, and the doors in front of them."""

    def __init__(
        self,
        path: Path,
        certificate: CertificateFiles,
        *,
        settings: ServerSettings | None = None,
        limits: SessionLimits | None = None,
        faults: Faults | None = None,
        new_loop: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop,
    ) -> None:
        """`path`: empty, or a copy of another house's. `settings`: of all SMTP doors, but for what each must have."""
        self.path = path
        self.certificate = certificate
        self.settings = settings or ServerSettings("")
        self.limits = limits or SessionLimits()
        self.faults = faults
        self.clock = HandClock()
        self.clock.seconds = NOON / 1e6
        self.journal_lines: list[bytes] = []
        self.complaints: list[str] = []    # of the event loop: something escaped every boundary
        self.clients: list[socket.socket] = []
        self.listeners: list[Listener] = []
        self.ports: dict[str, int] = {}
        self.bugs_are_expected = False
        self.loop = new_loop()
        self.loop.set_exception_handler(lambda _, context: self.complaints.append(repr(context)))
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.thread.start()
        self.in_loop_await(self._open())

    async def _open(self) -> None:
        platter = None if self.faults is None else Platter(self.path, self.faults, Survival.EVERYTHING, 0)
        self.vfs = SimulatedVfs(f"smtp-{id(self)}", platter) if platter else None
        sqlite = SqliteSettings(1 << 20, cache_octets=4 << 20, vfs=f"smtp-{id(self)}" if platter else None)
        self.database = SqliteDatabase(self.path / "test.db", EngineSettings(sqlite=sqlite))
        self.mailboxes = OpenMailboxes(self.database)
        self.directory = DirectoryReader(self.database)
        self.workers = Workers("work", threads=1, waiting_max=WORKERS_AT_ONCE - 1)
        self.threads = ThreadPoolExecutor(1)
        self.disk = SimulatedDisk(platter) if platter else SystemDisk(self.path)
        self.blobs = BlobFiles(self.disk, SystemChance(), None if platter else self.threads)
        self.delivery = Delivery(self.database, self.directory, self.blobs, self.workers, HOSTNAME)
        self.connections = Connections(
            self.limits, Certificates((self.certificate,)), clock=self.clock, chance=SystemChance(),
            journal=Journal(self.clock, self.journal_lines.append, threshold=Severity.DETAIL),
        )  # fmt: skip
        if not self.database.read(lambda tx: tx.rows("SELECT 1 FROM account")):
            await self.database.write(_people)
        accounts = self.database.read(lambda tx: tx.rows("SELECT address, account_id FROM account"))
        self.accounts = {address: AccountId(account_id) for address, account_id in accounts}
        await self._listen()

    async def _listen(self) -> None:
        doors = self._doors()
        sockets = listen_on({name: Endpoint("127.0.0.1", 0) for name in doors}, IfTaken.REFUSE)
        for name, (door, encryption) in doors.items():
            self.ports[name] = sockets[name].bound.port
            self.listeners.append(await serve(sockets[name].socket, door, encryption, self.connections))

    def _doors(self) -> dict[str, tuple[Door, Encryption]]:
        """Made as the server makes them; in the clear a password is taken at IMAP and POP3 alone."""
        login = Login(self.database, self.workers, self.clock, SystemChance(), pause=_no_pause)
        settings = replace(self.settings, hostname=HOSTNAME, starttls_is_available=True)
        smtp = SmtpServices(
            ReceiverJudge(), settings, self.directory, self.delivery, self.blobs, login, self.clock
        )
        demanding = replace(settings, mechanisms=("PLAIN", "LOGIN"), require_authentication=True)
        submission = replace(smtp, judge=SubmissionJudge(self.directory), settings=demanding)
        imap = ImapServices(
            ImapSettings(clear_login_is_allowed=True), self.database, self.mailboxes, Keywords(self.database),
            self.blobs, self.workers, login, self.clock,
        )  # fmt: skip
        pop3 = Pop3Services(
            Pop3Settings(clear_login_is_allowed=True), self.database, self.mailboxes, self.disk, login, self.clock
        )
        return {
            "smtp": (SmtpDoor("smtp", smtp), Encryption.ON_REQUEST),
            "submission": (SmtpDoor("submission", submission), Encryption.ON_REQUEST),
            "submissions": (SmtpDoor("submissions", submission), Encryption.FROM_START),
            "imap": (ImapDoor("imap", imap), Encryption.ON_REQUEST),
            "pop3": (Pop3Door("pop3", pop3), Encryption.ON_REQUEST),
        }

    def close(self) -> None:
        for client in self.clients:
            client.close()
        self.in_loop_await(self._close())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()
        assert not self.complaints
        bugs = [line for line in self.journal_lines if b"Traceback" in line]
        assert bool(bugs) == self.bugs_are_expected, bugs

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

    def begin(self, coroutine: Coroutine[object, object, object]) -> None:
        """Begin something on the loop that ends later."""
        asyncio.run_coroutine_threadsafe(coroutine, self.loop)

    def in_loop(self, function: Callable[[], T]) -> T:
        async def call() -> T:
            return function()

        return self.in_loop_await(call())

    def pass_time(self, seconds: float) -> None:
        """Let so much time pass, all at once, and sweep."""
        self.clock.seconds += seconds
        self.in_loop(self.connections.sweep)

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """Look, once a turn of the loop, whether something has come about."""

        async def look() -> None:
            async with asyncio.timeout(SECONDS):
                while not condition():
                    await asyncio.sleep(0)

        self.in_loop_await(look())

    def journal(self, event: type[Event]) -> list[bytes]:
        tag = event.__struct_config__.tag
        return [line for line in self.journal_lines if b'"event":"%b"' % str(tag).encode() in line]

    def break_the_directory(self) -> None:
        """From now on the database answers no question about addresses."""
        self.write(lambda tx: tx.execute("ALTER TABLE address RENAME TO lost"))
        self.in_loop(self.directory.forget)

    # ---- what was kept -----------------------------------------------------------------------------------------------

    def write(self, operation: Callable[..., T], *arguments: object) -> T:
        async def booked() -> T:
            return await self.database.write(lambda tx: operation(tx, *arguments))

        return self.in_loop_await(booked())

    def read(self, operation: Callable[[Transaction], T]) -> T:
        return self.in_loop(lambda: self.database.read(operation))

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        return self.read(lambda tx: tx.rows(sql))

    def inbox(self, address: str = ADA) -> list[bytes]:
        """The messages of an account's INBOX as it sees them, oldest first."""

        def operation(tx: Transaction) -> list[bytes]:
            listing = load_listing(tx, self.accounts[address], INBOX_ID)
            return [find_message(tx, placement.message_id).read(self.disk) for placement in listing]

        return self.read(operation)

    def placements(self, address: str = ADA) -> list[Placement]:
        """What the INBOX's listing says of them."""
        return self.read(lambda tx: list(load_listing(tx, self.accounts[address], INBOX_ID)))

    def queue(self) -> list[Queued]:
        """What waits for elsewhere."""

        def operation(tx: Transaction) -> list[Queued]:
            return [Queued(entry, self._seen_by_the_relay(tx, entry)) for entry in list_entries(tx, QueueId(0))]

        return self.read(operation)

    def _seen_by_the_relay(self, tx: Transaction, entry: QueuedEntry) -> bytes:
        row = tx.row(
            "SELECT view, name, bytes FROM queue_entry JOIN blob ON blob.blob_id = queue_entry.blob_id"
            " WHERE queue_id = ?",
            (entry.queue_id,),
        )
        assert row is not None
        view, name, octets = row
        stored = octets if name is None else self.disk.read(name, 0, 1 << 30)
        view = View.decode(view)
        return read(view, 0, view.size_octets, lambda offset, length: stored[offset : offset + length])

    def stored(self) -> list[bytes]:
        """The bytes of every blob, as they were received."""
        rows = self.rows("SELECT name, bytes FROM blob ORDER BY blob_id")
        return [octets if name is None else self.disk.read(str(name), 0, 1 << 30) for name, octets in rows]    # type: ignore[misc]

    def decisions(self) -> list[DecisionRecord]:
        """Why what was accepted was accepted, oldest first."""
        numbers = [number for (number,) in self.rows("SELECT decision_id FROM decision ORDER BY decision_id")]
        found = [self.read(lambda tx, number=number: find_decision(tx, number)) for number in numbers]    # type: ignore[misc]
        return [record for record in found if record is not None]

    def sums(self) -> Sums:
        return self.read(total)

    def is_empty(self) -> bool:
        """Whether nothing of any message was kept, no file either."""
        tables = ("blob", "message", "queue_entry", "queue_recipient", "decision", "daily")
        return not any(self.rows(f"SELECT 1 FROM {table}") for table in tables) and not self.disk.names("blobs")

    # ---- peers -------------------------------------------------------------------------------------------------------

    def client(
        self, door: str = "smtp", *, receive_buffer_octets: int | None = None, speak_first: bytes = b""
    ) -> SmtpClient:
        """A peer that has not read the greeting yet."""
        client = SmtpClient(self.ports[door], self.certificate, receive_buffer_octets, speak_first)
        self.clients.append(client.socket)
        return client

    def peer(self, door: str = "smtp", *, receive_buffer_octets: int | None = None) -> SmtpClient:
        """A peer that has said EHLO; at `submissions` under TLS."""
        client = self.client(door, receive_buffer_octets=receive_buffer_octets)
        if door == "submissions":
            self.secure(client)
        assert client.reply() == GREETING
        assert client.ask("EHLO client.example").startswith(b"250-mail.example.org\n")
        return client

    def secure(self, client: SmtpClient) -> None:
        client.secure()
        self.clients.append(client.socket)

    def under_tls(self, door: str = "submission") -> SmtpClient:
        """A peer that has said STARTTLS and then EHLO again."""
        client = self.peer(door)
        assert client.ask("STARTTLS").startswith(b"220 ")
        self.secure(client)
        assert client.ask("EHLO client.example").startswith(b"250-mail.example.org\n")
        return client

    def submitter(self, address: str = ADA, door: str = "submissions") -> SmtpClient:
        """A peer that has logged in."""
        client = self.peer(door) if door == "submissions" else self.under_tls(door)
        assert client.log_in(address, APPLICATION_PASSWORDS[address]).startswith(b"235 ")
        return client

    def tls_context(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=str(self.certificate.chain))
        context.check_hostname = False    # the test dials an address
        return context


async def _no_pause(_: float) -> None:
    """Time passes when a test says so."""


def _people(tx: Transaction) -> None:
    for name in ("example.org", "example.com"):
        add_domain(tx, Domain(name), OCCASION)
    for address, application_password in APPLICATION_PASSWORDS.items():
        account_id = add_account(tx, parse_address(address), CHEAP.hash(PASSWORD), Role.USER, OCCASION)
        sha256 = application_password_sha256(application_password)
        add_application_password(tx, account_id, "telephone", sha256, OCCASION)
        make_mailboxes(tx, account_id, NOON)
    for alias, targets in ALIASES.items():
        add_alias(tx, parse_address(alias), tuple(map(parse_address, targets)), OCCASION)


def lead_in_circles(house: House, *addresses: str) -> None:
    """Aliases that lead round and round: the directory refuses them, but it may not be the only one to write there."""

    def operation(tx: Transaction) -> None:
        for alias, target in zip(addresses, (*addresses[1:], addresses[0]), strict=True):
            row = tx.row("SELECT domain_id FROM domain WHERE name = 'example.org'")
            assert row is not None
            tx.execute("INSERT INTO address VALUES (?, ?, NULL, ?)", (alias, row[0], alias))
            tx.execute("INSERT INTO alias_target VALUES (?, ?, ?)", (alias, target, target))

    house.write(operation)
