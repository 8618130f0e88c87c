"""A real database in a temporary folder, and short ways to fill its directory."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from posthouse.database.sqlite.connection import SqliteSettings
from posthouse.database.sqlite.engine import EngineSettings, SqliteDatabase
from posthouse.database.transaction import Transaction

T = TypeVar("T")

SMALL = EngineSettings(sqlite=SqliteSettings(log_octets=1 << 16, cache_octets=1 << 20))


class Engine:
    """A database that can be used without writing a coroutine; each `write` is one operation, committed."""

    def __init__(self, path: Path) -> None:
        self._runner = asyncio.Runner()
        self.database = self._runner.run(self._open(path))

    async def _open(self, path: Path) -> SqliteDatabase:
        return SqliteDatabase(path / "test.db", SMALL)

    def write(self, operation: Callable[..., T], *arguments: object) -> T:
        async def booked() -> T:
            return await self.database.write(lambda tx: operation(tx, *arguments))

        return self._runner.run(booked())

    def read(self, operation: Callable[..., T], *arguments: object) -> T:
        return self.database.read(lambda tx: operation(tx, *arguments))

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        def operation(tx: Transaction) -> list[tuple[object, ...]]:
            return tx.rows(sql)

        return self.read(operation)

    def close(self) -> None:
        self._runner.run(self.database.close())
        self._runner.close()


@pytest.fixture
def engine(tmp_path: Path):
    opened = Engine(tmp_path)
    yield opened
    opened.close()
