"""Whoever listens to COMMITs cannot take their answers from those who wait for them."""

import asyncio
from collections.abc import Hashable
from pathlib import Path

from posthouse.database.sqlite.engine import SqliteDatabase
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
