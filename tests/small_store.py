"""A real store in a temporary folder, for tests: an account with its mailboxes, and short ways to fill them."""

import asyncio
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import TypeVar

from posthouse.database.blobs.rows import add_blob
from posthouse.database.blobs.spool import Spooled
from posthouse.database.identifiers import AccountId, MailboxId, Uid
from posthouse.database.sqlite.connection import SqliteSettings
from posthouse.database.sqlite.engine import EngineSettings, SqliteDatabase
from posthouse.database.transaction import Transaction
from posthouse.message.dates import Instant, ZonedInstant
from posthouse.message.view import View
from posthouse.store.changes import BitsChange, BitsOperation
from posthouse.store.folding import load_listing
from posthouse.store.listing import Listing
from posthouse.store.mailboxes import INBOX_ID, create_mailbox, make_mailboxes
from posthouse.store.messages import NewMessage, Where, Wire, append, change_bits

T = TypeVar("T")

SMALL = EngineSettings(sqlite=SqliteSettings(log_octets=1 << 20, cache_octets=1 << 20))
NOON = Instant(1_790_000_000_000_000)      # 2026-09-21
ALICE = AccountId(1)
INBOX = Where(ALICE, INBOX_ID)
HEADER = b"Subject: test\r\n\r\n"


class Store:
    """A database that can be used without writing a coroutine; each `write` is one operation, committed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.runner = asyncio.Runner()
        try:
            self.database = self.runner.run(self._open())
        except BaseException:
            self.runner.close()
            raise
        self.announced: list[set[Hashable]] = []
        self.database.listen(self.announced.append)

    async def _open(self) -> SqliteDatabase:
        return SqliteDatabase(self.path / "test.db", SMALL)

    def write(self, operation: Callable[..., T], *arguments: object, **named: object) -> T:
        async def booked() -> T:
            return await self.database.write(lambda tx: operation(tx, *arguments, **named))

        return self.runner.run(booked())

    def read(self, operation: Callable[..., T], *arguments: object) -> T:
        return self.database.read(lambda tx: operation(tx, *arguments))

    def rows(self, sql: str, parameters: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
        return self.read(lambda tx: tx.rows(sql, parameters))

    def sql(self, sql: str, parameters: tuple[object, ...] = ()) -> None:
        """Change a table behind everybody's back."""
        self.write(lambda tx: tx.execute(sql, parameters))

    def close(self) -> None:
        self.runner.run(self.database.close())
        self.runner.close()

    # Short ways to fill it.

    def account(self, account_id: int) -> AccountId:
        self.write(make_mailboxes, account_id, NOON)
        return AccountId(account_id)

    def mailbox(self, name: str, account_id: AccountId = ALICE) -> Where:
        return Where(account_id, self.write(create_mailbox, account_id, name, NOON))

    def put(self, where: Where = INBOX, body: bytes = b"hello\r\n", bits: int = 0, at: int = NOON) -> Uid:
        return self.write(put, where, body, bits, at)

    def listing(self, where: Where = INBOX) -> Listing:
        return self.read(load_listing, where.account_id, where.mailbox_id)

    def mark(
        self, where: Where, mask: int, *ranges: tuple[int, int], operation: BitsOperation = BitsOperation.ADD
    ) -> None:
        change = BitsChange(operation, mask, ranges)
        self.write(change_bits, where, self.listing(where), change, NOON)


def put(tx: Transaction, where: Where, body: bytes = b"hello\r\n", bits: int = 0, at: int = NOON) -> Uid:
    """Append one small message, its bytes in a row of their own."""
    octets = HEADER + body
    blob_id = add_blob(tx, Spooled(octets, b"\0" * 32, None), 1)
    wire = Wire(1, b"(envelope of %s)" % body.strip(), b"(structure)", b"\1\x0f\0\0\0", b"Subject: test\r\n", b"")
    view = View.whole(len(octets), len(HEADER))
    message = NewMessage(blob_id, None, view.encode(), view.size_octets, Instant(at), wire)
    return append(tx, where, message, ZonedInstant(Instant(at), 60), bits, Instant(at))


def uids(listing: Listing) -> list[int]:
    return [placement.uid for placement in listing]


def named(tx: Transaction, account_id: AccountId, mailbox_id: MailboxId) -> list[tuple[int, int]]:
    """UIDs and bits, in order."""
    return [(placement.uid, placement.bits) for placement in load_listing(tx, account_id, mailbox_id)]
