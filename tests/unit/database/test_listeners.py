"""Whoever listens to COMMITs cannot take their answers from those who wait for them."""

import asyncio
from collections.abc import Hashable
from pathlib import Path

from posthouse.database.sqlite.engine import SqliteDatabase
from posthouse.database.transaction import Transaction
from small_store import SMALL


def test_a_listener_that_fails_is_told_to_the_loop_and_nobody_waits_for_ever(tmp_path: Path) -> None:
    """The COMMIT stands; others still hear of it, and its callers are answered. The bug is not lost."""

    async def scenario() -> None:
        database = SqliteDatabase(tmp_path / "test.db", SMALL)
        told: list[dict] = []
        heard: list[set[Hashable]] = []
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: told.append(context))

        def broken(topics: set[Hashable]) -> None:
            raise ZeroDivisionError

        database.listen(broken)
        database.listen(heard.append)
        for topic in ("one", "two"):
            await asyncio.wait_for(database.write(lambda tx, topic=topic: tx.announce(topic)), 5)
        assert heard == [{"one"}, {"two"}]
        assert [type(context["exception"]) for context in told] == [ZeroDivisionError] * 2
        await database.close()

    asyncio.run(scenario())


def test_nobody_hears_of_a_change_that_was_undone(tmp_path: Path) -> None:
    """DESIGN 5: whoever raises leaves nothing, in a batch with others too; the others are announced once."""

    async def scenario() -> None:
        database = SqliteDatabase(tmp_path / "test.db", SMALL)
        heard: list[set[Hashable]] = []
        database.listen(heard.append)

        def undone(tx: Transaction) -> None:
            tx.announce("undone")
            raise ValueError("changed my mind")

        outcomes = await asyncio.gather(
            database.write(lambda tx: tx.announce("before")),
            database.write(undone),
            database.write(lambda tx: tx.announce("after")),
            return_exceptions=True,
        )
        assert [type(outcome) for outcome in outcomes] == [type(None), ValueError, type(None)]
        assert heard == [{"before", "after"}]
        await database.close()

    asyncio.run(scenario())
