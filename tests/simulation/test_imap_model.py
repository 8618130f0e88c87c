"""Several IMAP sessions of one account against a model of the RFC: what they do, and what each is told of it.

Every seed is a run of some sixty random commands by up to four sessions, one at a time and several at once, with some
that idle, some that stop reading for a while, and folds in between. `SEEDS=5000` runs so many, `SEED=17` that one.
Sessions stand on one of two doors to the same database; the second keeps no listing that nobody has selected.
"""

import asyncio
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random

import pytest

from posthouse.database.blobs.spool import BlobFiles
from posthouse.database.identifiers import AccountId
from posthouse.database.sqlite.connection import SqliteSettings
from posthouse.database.sqlite.engine import EngineSettings, SqliteDatabase
from posthouse.database.transaction import Transaction
from posthouse.directory.accounts import Role, add_account
from posthouse.directory.credentials import add_application_password
from posthouse.directory.domains import add_domain
from posthouse.directory.version import Occasion
from posthouse.doors.connection import Connection
from posthouse.doors.connections import Connections
from posthouse.doors.imap.door import ImapDoor
from posthouse.doors.imap.flag_names import Keywords
from posthouse.doors.imap.services import ImapServices, ImapSettings
from posthouse.login.login import Login
from posthouse.login.passwords import application_password_sha256
from posthouse.message.address import Domain, parse_address
from posthouse.message.dates import Instant
from posthouse.runtime.chance import SystemChance
from posthouse.runtime.clock import SystemClock
from posthouse.runtime.counters import SessionLimits
from posthouse.runtime.development_certificate import development_certificate
from posthouse.runtime.disk import SystemDisk
from posthouse.runtime.journal import Journal, Severity
from posthouse.runtime.tls import Certificates
from posthouse.runtime.workers import Workers
from posthouse.store.mailboxes import make_mailboxes
from posthouse.store.opened import ListingSettings, OpenMailboxes
from simulation.imap.run import Run

SEEDS = [int(os.environ["SEED"])] if "SEED" in os.environ else list(range(int(os.environ.get("SEEDS", "40"))))
OCCASION = Occasion(Instant(0), "test")
KEEPS_NOTHING = ListingSettings(octets_max=0)


class House:
    """One database for all seeds, an account for each."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.runner = asyncio.Runner()
        self.complaints: list[str] = []
        self.journal: list[bytes] = []
        self.runner.get_loop().set_exception_handler(lambda _, context: self.complaints.append(repr(context)))
        self.runner.run(self._open())

    async def _open(self) -> None:
        settings = EngineSettings(sqlite=SqliteSettings(log_octets=1 << 20), threads_inline=True)
        self.database = SqliteDatabase(self.path / "test.db", settings)
        self.workers = Workers("work", threads=1, waiting_max=4)
        self.threads = ThreadPoolExecutor(1)
        clock, chance = SystemClock(), SystemChance()
        self.connections = Connections(
            SessionLimits(), Certificates((development_certificate(self.path, "example.org", clock.now()),)),
            clock=clock, chance=chance,
            journal=Journal(clock, self.journal.append, threshold=Severity.FAULT),
        )  # fmt: skip
        login = Login(self.database, self.workers, clock, chance)
        blobs = BlobFiles(SystemDisk(self.path), chance, self.threads)
        self.doors = [
            ImapDoor("imap", ImapServices(
                ImapSettings(clear_login_is_allowed=True), self.database, OpenMailboxes(self.database, kept),
                Keywords(self.database), blobs, self.workers, login, clock,
            ))
            for kept in (None, KEEPS_NOTHING)
        ]  # fmt: skip
        await self.database.write(lambda tx: add_domain(tx, Domain("example.org"), OCCASION))

    def play(self, seed: int) -> Run:
        self.complaints.clear()
        self.journal.clear()
        address, password = f"s{seed}@example.org", f"password-{seed}"

        async def play() -> Run:
            account_id = await self.database.write(lambda tx: _person(tx, address, password))
            login = f"x LOGIN {address} {password}\r\n".encode()
            run = Run(seed, self.database, self.connect, login, account_id)
            try:
                await run.run()
            except BaseException as error:
                error.add_note("\n".join(run.log[-40:]))
                error.add_note(f"SEED={seed}, after {len(self.journal)} faults: {b''.join(self.journal).decode()}")
                raise
            finally:
                run.leave()
            return run

        return self.runner.run(play())

    def connect(self, random: Random) -> Connection:
        return Connection(self.connections, random.choice(self.doors))

    def close(self) -> None:
        self.runner.run(self.database.close())
        self.workers.close()
        self.threads.shutdown()
        self.runner.close()


def _person(tx: Transaction, address: str, password: str) -> AccountId:
    account_id = add_account(tx, parse_address(address), None, Role.USER, OCCASION)
    add_application_password(tx, account_id, "test", application_password_sha256(password), OCCASION)
    make_mailboxes(tx, account_id, Instant(0))
    return account_id


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    house = House(tmp_path_factory.mktemp("model"))
    yield house
    house.close()


@pytest.mark.campaign
@pytest.mark.parametrize("seed", SEEDS)
def test_sessions_do_and_hear_what_the_standard_says(house: House, seed: int) -> None:
    """RFC 3501 6.3, 6.4, 7; RFC 2177, 3691, 4315, 6851; RFC 2180 for what others expunge or delete."""
    house.play(seed)
    assert not house.complaints and not house.journal
