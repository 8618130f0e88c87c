"""Accounts, and mail that has arrived before anyone measures: put into the store by the store's own functions.

Each message is accepted as a door would have it (`delivery.accept`), so that every table holds what it would hold; only
the sockets are left out, and thousands share a transaction. It uses a few hundred distinct messages again and again.
"""

import asyncio
import hashlib
import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from msgspec.structs import replace

from bench.mail import small_messages
from bench.scale import DOMAIN, PASSWORD
from posthouse.database.blobs.spool import Spooled
from posthouse.database.identifiers import AccountId
from posthouse.database.sqlite.engine import SqliteDatabase
from posthouse.database.transaction import Transaction
from posthouse.delivery.acceptance import accept
from posthouse.delivery.arrival import Arrival, Destination, Entrance, Origin
from posthouse.delivery.examination import examine
from posthouse.delivery.plan import LocalDelivery, Plan, make_plan
from posthouse.directory.accounts import Role, add_account
from posthouse.directory.domains import add_domain
from posthouse.directory.resolution import Resolution, resolve
from posthouse.directory.version import DirectoryVersion, Occasion, version
from posthouse.login.passwords import hash_password
from posthouse.message.address import Address, Domain
from posthouse.message.dates import Instant
from posthouse.message.envelope import BodyType
from posthouse.message.trace_fields import Transmission, delivered_to_field, return_path_field
from posthouse.runtime.data_directory import create_data_directory
from posthouse.store.folding import fold
from posthouse.store.mailboxes import INBOX_ID, make_mailboxes

_DISTINCT = 300
_BATCH = 5_000                   # about 25 MiB of dirty pages, which the writer's cache holds
_SINCE = Instant(1_750_000_000_000_000)
_APART = 20_000_000              # microseconds between two messages
_HOSTNAME = f"mail.{DOMAIN}"
_SENDER = Address("sender", Domain("example.net"))


def fill(path: Path, accounts: int, messages: int) -> None:
    """Make the accounts `u0` and so on, all with the one password, and give them so many messages in all, in turn."""
    before = os.umask(0o077)     # a data directory is its owner's alone, and so would be what the peers are given later
    try:
        asyncio.run(_fill(path, accounts, messages))
    finally:
        os.umask(before)


async def _fill(path: Path, accounts: int, messages: int) -> None:
    directory = create_data_directory(path)
    with directory.lock():
        database = SqliteDatabase(directory.database)
        password_hash = hash_password(PASSWORD)
        addresses = [Address(f"u{number}", Domain(DOMAIN)) for number in range(accounts)]
        ids = await database.write(lambda tx: _make_accounts(tx, addresses, password_hash))
        mail = _Mail(addresses, database.read(lambda tx: [resolve(tx, address) for address in addresses]))
        for start in range(0, messages, _BATCH):
            numbers = range(start, min(start + _BATCH, messages))
            await database.write(lambda tx, numbers=numbers: mail.arrive(tx, numbers))
        if messages:
            await database.write(lambda tx: _fold_all(tx, ids))
        await database.close()


def _make_accounts(tx: Transaction, addresses: list[Address], password_hash: str) -> list[AccountId]:
    occasion = Occasion(_SINCE, "bench")
    add_domain(tx, addresses[0].domain, occasion)
    ids = [add_account(tx, address, password_hash, Role.USER, occasion) for address in addresses]
    for account_id in ids:
        make_mailboxes(tx, account_id, occasion.at)
    return ids


def _fold_all(tx: Transaction, ids: list[AccountId]) -> None:
    """What time brings to a mailbox whose owner reads it."""
    for account_id in ids:
        fold(tx, account_id, INBOX_ID)


class _Mail:
    """Messages on their way in, one account after the other. What depends on the message alone is found out once."""

    def __init__(self, addresses: list[Address], resolutions: list[Resolution]) -> None:
        self._destinations = [
            Destination(address, resolution, "the recipient is ours")
            for address, resolution in zip(addresses, resolutions, strict=True)
        ]
        self._plans = list(_plans(self._destinations[0]))

    def arrive(self, tx: Transaction, numbers: range) -> None:
        """Accept these of all messages."""
        directory_version = version(tx)
        for number in numbers:
            plan = self._plans[number % _DISTINCT]
            destination = self._destinations[number % len(self._destinations)]
            accept(tx, _readdressed(plan, destination, directory_version, Instant(_SINCE + number * _APART)))


def _plans(destination: Destination) -> Iterator[Plan]:
    """The plans of a few hundred distinct messages to one account."""
    for number, octets in enumerate(islice(small_messages(), _DISTINCT)):
        identifier = f"{number:016x}"
        arrival = Arrival(
            Origin(Entrance.RECEIVER, identifier, identifier, "mx.example.net", "192.0.2.1", Transmission.ESMTP),
            _SENDER,
            BodyType.SEVEN_BIT,
            (destination,),
            DirectoryVersion(0),
            Spooled(octets, hashlib.sha256(octets).digest(), None),
            _SINCE,
        )
        yield make_plan(arrival, examine(octets), _HOSTNAME)


def _readdressed(plan: Plan, to: Destination, directory_version: DirectoryVersion, at: Instant) -> Plan:
    """The same message to another account at another time."""
    (target,) = to.resolution.local
    own = return_path_field(_SENDER) + delivered_to_field(target.delivered_to)
    (recipient,) = plan.decision.recipients
    recipients = (replace(recipient, forward_path=str(to.forward_path), accounts=(target.account_id,)),)
    return replace(
        plan,
        arrival=replace(plan.arrival, destinations=(to,), directory_version=directory_version, at=at),
        deliveries=(LocalDelivery(target.account_id, plan.relay_view.with_prefix(own)),),
        decision=replace(plan.decision, recipients=recipients),
    )
