"""Accounts with mailboxes in a real store, and everything that an acceptance needs; no door."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from posthouse.database.blobs.spool import BlobFiles, Spooled
from posthouse.database.sim.vfs import SimulatedVfs
from posthouse.database.sqlite.connection import SqliteSettings
from posthouse.database.sqlite.engine import EngineSettings, SqliteDatabase
from posthouse.database.transaction import Transaction
from posthouse.delivery.acceptance import Accepted
from posthouse.delivery.arrival import Arrival, Destination, Entrance, Originator
from posthouse.delivery.delivery import Delivery
from posthouse.directory.accounts import Role, add_account
from posthouse.directory.aliases import add_alias
from posthouse.directory.domains import add_domain
from posthouse.directory.reader import DirectoryReader
from posthouse.directory.version import Occasion
from posthouse.message.address import ForwardPath, parse_address
from posthouse.runtime.chance import SystemChance
from posthouse.runtime.disk import SystemDisk
from posthouse.runtime.sim.disk import SimulatedDisk
from posthouse.runtime.sim.faults import Faults
from posthouse.runtime.sim.platter import Platter, Survival
from posthouse.runtime.workers import Workers
from posthouse.store.mailboxes import make_mailboxes
from unit.delivery.arrivals import ADA, HOSTNAME, NOON, arrival

T = TypeVar("T")

OCCASION = Occasion(NOON, "test")
ACCOUNTS = ("ada@example.org", "bob@example.org", "carol@example.org")    # numbered from 1
ALIASES = {"sales@example.org": ("ada@example.org",), "team@example.org": ("ada@example.org", "bob@example.org")}
ORIGINATOR = Originator(ADA, parse_address("ada@example.org"))


class House:
    """One domain, three accounts, and `Delivery`; used without writing a coroutine."""

    def __init__(self, path: Path, faults: Faults | None = None) -> None:
        self.path = path
        self.faults = faults
        self.runner = asyncio.Runner()
        self.runner.run(self._open())

    async def _open(self) -> None:
        platter = None if self.faults is None else Platter(self.path, self.faults, Survival.EVERYTHING, 0)
        self.vfs = SimulatedVfs(f"delivery-{id(self)}", platter) if platter else None
        sqlite = SqliteSettings(1 << 20, cache_octets=1 << 20, vfs=f"delivery-{id(self)}" if platter else None)
        self.database = SqliteDatabase(self.path / "test.db", EngineSettings(sqlite=sqlite))
        self.directory = DirectoryReader(self.database)
        self.workers = Workers("examine", threads=1, waiting_max=1)
        self.threads = ThreadPoolExecutor(1)
        self.disk = SimulatedDisk(platter) if platter else SystemDisk(self.path)
        self.blobs = BlobFiles(self.disk, SystemChance(), None if platter else self.threads)
        self.delivery = Delivery(self.database, self.directory, self.blobs, self.workers, HOSTNAME)
        await self.database.write(_people)

    def close(self) -> None:
        if self.faults is not None:
            self.faults.bury()
        self.runner.run(self.database.close())
        self.workers.close()
        self.threads.shutdown()
        self.runner.close()
        if self.vfs is not None:
            self.vfs.unregister()

    def write(self, operation: Callable[..., T], *arguments: object) -> T:
        async def booked() -> T:
            return await self.database.write(lambda tx: operation(tx, *arguments))

        return self.runner.run(booked())

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        return self.database.read(lambda tx: tx.rows(sql))

    def is_empty(self) -> bool:
        """Whether nothing of any message was kept, no file either."""
        tables = ("blob", "message", "change WHERE kind = 1", "queue_entry", "queue_recipient", "decision", "daily")
        return not any(self.rows(f"SELECT 1 FROM {table}") for table in tables) and not self.disk.names("blobs")

    def destination(self, path: str) -> Destination:
        """A forward-path as RCPT would have found it."""
        forward_path: ForwardPath = parse_address(path)
        return Destination(forward_path, self.directory.resolve(forward_path), "the recipient is ours")

    def arrival(self, message: bytes, *paths: str, originator: Originator | None = None) -> Arrival:
        """A message that has come for these."""
        entrance = Entrance.RECEIVER if originator is None else Entrance.SUBMISSION
        made = arrival(message, *map(self.destination, paths), entrance=entrance, originator=originator)
        return Arrival(
            made.origin, made.reverse_path, made.body_type, made.destinations, self.directory.version,
            self.runner.run(self._at_rest(message)), made.at,
        )  # fmt: skip

    async def _at_rest(self, message: bytes) -> Spooled:
        spool = self.blobs.spool()
        spool.write(message)
        found = spool.finish()
        return found if isinstance(found, Spooled) else await found

    def accept(self, made: Arrival) -> Accepted:
        """Have a message accepted, or raise what its future would."""

        async def accepted() -> Accepted:
            return await self.delivery.accept(made)

        return self.runner.run(accepted())

    def accept_together(self, *made: Arrival, cancelled: Sequence[int] = ()) -> list[Accepted | BaseException]:
        """Have several messages of one turn accepted; what each comes to. For those `cancelled` nobody waits."""

        async def accepted() -> list[Accepted | BaseException]:
            answers = [self.delivery.accept(one) for one in made]
            for number in cancelled:
                answers[number].cancel()
            return await asyncio.gather(*answers, return_exceptions=True)

        return self.runner.run(accepted())


def _people(tx: Transaction) -> None:
    domain = parse_address(ACCOUNTS[0]).domain
    add_domain(tx, domain, OCCASION)
    for address in ACCOUNTS:
        make_mailboxes(tx, add_account(tx, parse_address(address), None, Role.USER, OCCASION), NOON)
    for alias, targets in ALIASES.items():
        add_alias(tx, parse_address(alias), tuple(map(parse_address, targets)), OCCASION)
