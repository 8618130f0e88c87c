"""Answering a command's requests where no server runs: the server's own rooms, opened for one command."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from posthouse.config import default_config
from posthouse.database.sqlite.connection import SqliteSettings
from posthouse.database.sqlite.engine import EngineSettings
from posthouse.doors.control.requests import AnyRequest
from posthouse.doors.control.responses import AnyResponse
from posthouse.doors.control.wire import ReceivedRequest
from posthouse.runtime.data_directory import DataDirectory
from posthouse.server import Rooms, open_rooms

LOG_OCTETS: Final = 4 << 20    # the server grows it when it starts


class Alone:
    """Asks the rooms themselves."""

    def __init__(self, runner: asyncio.Runner, rooms: Rooms) -> None:
        self._runner = runner
        self._rooms = rooms

    def ask(self, request: AnyRequest, octets: bytes) -> tuple[AnyResponse, bytes]:
        """Do what is asked; the response, and the octets that follow it."""
        answer = self._runner.run(self._rooms.answering.answer(ReceivedRequest(request, octets)))
        return answer.response, answer.octets


@contextmanager
def answer_alone(data: DataDirectory) -> Iterator[Alone]:
    """Open the database for a command. The caller holds the lock. Raises DatabaseError."""
    engine = EngineSettings(sqlite=SqliteSettings(log_octets=LOG_OCTETS))

    async def opened() -> Rooms:
        return open_rooms(data, default_config(), engine)

    with asyncio.Runner() as runner:
        rooms = runner.run(opened())
        try:
            yield Alone(runner, rooms)
        finally:
            runner.run(rooms.close())
