"""A login in front of a real database and real argon2 at its cheapest, with a clock that stands still."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TypeVar

import argon2

from posthouse.database.identifiers import AccountId
from posthouse.database.sqlite.connection import SqliteSettings
from posthouse.database.sqlite.engine import EngineSettings, SqliteDatabase
from posthouse.database.transaction import Transaction
from posthouse.directory.accounts import Role, add_account
from posthouse.directory.credentials import add_application_password
from posthouse.directory.domains import add_domain
from posthouse.directory.version import Occasion
from posthouse.login.login import Authenticated, Login
from posthouse.login.passwords import application_password_sha256
from posthouse.message.address import Domain, parse_address
from posthouse.message.dates import Instant
from posthouse.protocol.sasl.mechanisms import Credentials
from posthouse.runtime.workers import Workers

T = TypeVar("T")

SMALL = EngineSettings(sqlite=SqliteSettings(log_octets=1 << 16, cache_octets=1 << 20))
CHEAP = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
OCCASION = Occasion(Instant(0), "test")
ADA, PASSWORD, HOME = "ada@example.org", "correct horse", "192.0.2.1"
APPLICATION_PASSWORD = "k3f7-q2ma-zzt4-n6bh"


class StillClock:
    """Time passes when the test says so."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def now(self) -> Instant:
        return Instant(int(self.seconds * 1_000_000))

    def monotonic(self) -> float:
        return self.seconds


class SameChance:
    def token(self, octets: int) -> bytes:
        return bytes(range(octets))

    def identifier(self) -> str:
        return "a" * 16


class House:
    """One account with a password and an application password, and a login in front of it."""

    def __init__(self, path: Path) -> None:
        self.runner = asyncio.Runner()
        self.clock = StillClock()
        self.pauses: list[float] = []
        self.runner.run(self._open(path))

    async def _open(self, path: Path) -> None:
        self.database = SqliteDatabase(path / "test.db", SMALL)
        self.workers = Workers("login", threads=2, waiting_max=4)
        self.account_id = await self.database.write(_people)
        self.login = Login(self.database, self.workers, self.clock, SameChance(), pause=self._pause)

    async def _pause(self, seconds: float) -> None:
        """The delay is noted, and time does not pass: tests say when it does."""
        self.pauses.append(seconds)

    def run(self, coroutine: Coroutine[object, object, T]) -> T:
        return self.runner.run(coroutine)

    def write(self, operation: Callable[[Transaction], T]) -> T:
        async def written() -> T:
            return await self.database.write(operation)

        return self.run(written())

    def try_at_once(
        self, password: str | bytes = PASSWORD, name: str = ADA, peer_ip: str = HOME, acting_for: str = ""
    ) -> Authenticated | Coroutine[object, object, Authenticated]:
        """What ``authenticate`` returns; to be called in the loop."""
        octets = password.encode() if isinstance(password, str) else password
        return self.login.authenticate(Credentials(acting_for, name, octets), peer_ip)

    def knock(
        self, password: str | bytes = PASSWORD, name: str = ADA, peer_ip: str = HOME, acting_for: str = ""
    ) -> Authenticated:
        """Log in, whether at once or after a look at the password."""

        async def knocked() -> Authenticated:
            answer = self.try_at_once(password, name, peer_ip, acting_for)
            return answer if isinstance(answer, Authenticated) else await answer

        return self.run(knocked())

    def is_known(self, password: str = PASSWORD) -> bool:
        """Whether the login is answered at once, without a look by argon2."""

        async def knocked() -> bool:
            answer = self.try_at_once(password)
            if isinstance(answer, Authenticated):
                return True
            answer.close()
            return False

        return self.run(knocked())

    def close(self) -> None:
        self.workers.close()
        self.run(self.database.close())
        self.runner.close()


def _people(tx: Transaction) -> AccountId:
    add_domain(tx, Domain("example.org"), OCCASION)
    account_id = add_account(tx, parse_address(ADA), CHEAP.hash(PASSWORD), Role.USER, OCCASION)
    sha256 = application_password_sha256(APPLICATION_PASSWORD)
    add_application_password(tx, account_id, "telephone", sha256, OCCASION)
    return account_id
