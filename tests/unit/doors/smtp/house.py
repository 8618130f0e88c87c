"""The SMTP doors in front of a real directory, store and queue, with IMAP and POP3 to read what they took.

Sockets on loopback, the loop in a thread, the clock in the test's hand; the test is the peer, with blocking sockets,
and never sleeps. Where a test wants the disk to fail, everything lies on a simulated one.
"""

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import uvloop

from posthouse.database.identifiers import AccountId
from posthouse.database.transaction import Transaction
from posthouse.delivery.delivery import Delivery
from posthouse.directory.accounts import Role, add_account
from posthouse.directory.aliases import add_alias
from posthouse.directory.credentials import add_application_password
from posthouse.directory.domains import add_domain
from posthouse.directory.reader import DirectoryReader
from posthouse.doors.imap.door import ImapDoor
from posthouse.doors.imap.flag_names import Keywords
from posthouse.doors.imap.services import ImapServices, ImapSettings
from posthouse.doors.listening import Encryption
from posthouse.doors.pop3.door import Pop3Door
from posthouse.doors.pop3.services import Pop3Services, Pop3Settings
from posthouse.doors.session import Door
from posthouse.doors.smtp.door import SmtpDoor
from posthouse.doors.smtp.receiver import ReceiverJudge
from posthouse.doors.smtp.services import SmtpServices
from posthouse.doors.smtp.submission import SubmissionJudge
from posthouse.history.daily import Sums, total
from posthouse.history.decisions import DecisionRecord, find_decision
from posthouse.login.passwords import application_password_sha256
from posthouse.message.address import Domain, parse_address
from posthouse.message.view import View, read
from posthouse.protocol.smtp.settings import ServerSettings
from posthouse.queue.entries import QueuedEntry, QueueId, list_entries
from posthouse.runtime.counters import SessionLimits
from posthouse.runtime.sim.faults import Faults
from posthouse.runtime.tls import CertificateFiles
from posthouse.store.folding import load_listing
from posthouse.store.mailboxes import INBOX_ID, make_mailboxes
from posthouse.store.placements import Placement
from posthouse.store.reading import find_message
from unit.doors.house import CHEAP, NOON, OCCASION, PASSWORD, DoorHouse
from unit.doors.smtp.client import GREETING, SmtpClient

T = TypeVar("T")

NOON_DATE = b"Mon, 21 Sep 2026 14:13:20 +0000"
HOSTNAME = "mail.example.org"
ADA, BOB, CAROL = "ada@example.org", "bob@example.org", "carol@example.com"
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


@dataclass(frozen=True)
class Queued:
    """A queue entry, and what the next hop is to see."""

    entry: QueuedEntry
    seen: bytes

    @property
    def forward_paths(self) -> list[str]:
        return [recipient.forward_path for recipient in self.entry.recipients]


class House(DoorHouse):
    """Two domains with three accounts and some aliases, and the doors in front of them."""

    workers_waiting_max = WORKERS_AT_ONCE - 1

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
        self.settings = settings or ServerSettings("")
        super().__init__(path, certificate, limits, faults, new_loop)

    async def _move_in(self) -> None:
        if not self.database.read(lambda tx: tx.rows("SELECT 1 FROM account")):
            await self.database.write(_people)
        accounts = self.database.read(lambda tx: tx.rows("SELECT address, account_id FROM account"))
        self.accounts = {address: AccountId(account_id) for address, account_id in accounts}
        self.directory = DirectoryReader(self.database)
        self.delivery = Delivery(self.database, self.directory, self.blobs, self.workers, HOSTNAME)

    def _doors(self) -> dict[str, tuple[Door, Encryption]]:
        """Made as the server makes them; in the clear a password is taken at IMAP and POP3 alone."""
        settings = replace(self.settings, hostname=HOSTNAME, starttls_is_available=True)
        smtp = SmtpServices(
            ReceiverJudge(), settings, self.directory, self.delivery, self.blobs, self.login, self.clock
        )
        demanding = replace(settings, mechanisms=("PLAIN", "LOGIN"), require_authentication=True)
        submission = replace(smtp, judge=SubmissionJudge(self.directory), settings=demanding)
        imap = ImapServices(
            ImapSettings(clear_login_is_allowed=True), self.database, self.mailboxes, Keywords(self.database),
            self.blobs, self.workers, self.login, self.clock,
        )  # fmt: skip
        pop3 = Pop3Services(
            Pop3Settings(clear_login_is_allowed=True), self.database, self.mailboxes, self.disk, self.login, self.clock
        )
        return {
            "smtp": (SmtpDoor("smtp", smtp), Encryption.ON_REQUEST),
            "submission": (SmtpDoor("submission", submission), Encryption.ON_REQUEST),
            "submissions": (SmtpDoor("submissions", submission), Encryption.FROM_START),
            "imap": (ImapDoor("imap", imap), Encryption.ON_REQUEST),
            "pop3": (Pop3Door("pop3", pop3), Encryption.ON_REQUEST),
        }

    def break_the_directory(self) -> None:
        """From now on the database answers no question about addresses."""
        self.write(lambda tx: tx.execute("ALTER TABLE address RENAME TO lost"))
        self.in_loop(self.directory.forget)

    # ---- what was kept -----------------------------------------------------------------------------------------------

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
