"""The one file that knows everyone: it puts the rooms together, and opens the doors on them.

`open_rooms` makes everything below the doors, for a worker as for a command that runs without a server
(`answer_alone`). `work` is a worker's life: rooms, doors, until it is told to stop.
"""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from posthouse.config import Config, default_config
from posthouse.database.blobs.spool import BlobFiles
from posthouse.database.sqlite.connection import SqliteSettings
from posthouse.database.sqlite.engine import EngineSettings, SqliteDatabase
from posthouse.delivery.delivery import Delivery
from posthouse.directory.reader import DirectoryReader
from posthouse.doors.control.answering import Answering
from posthouse.doors.control.message_answers import MessageAnswers
from posthouse.doors.control.requests import AnyRequest
from posthouse.doors.control.responses import AnyResponse
from posthouse.doors.control.wire import ReceivedRequest
from posthouse.runtime.chance import SystemChance
from posthouse.runtime.clock import SystemClock
from posthouse.runtime.data_directory import DataDirectory
from posthouse.runtime.disk import SystemDisk
from posthouse.runtime.machine import machine_name
from posthouse.runtime.workers import Workers
from posthouse.store.opened import OpenMailboxes

COMMAND_LOG_OCTETS: Final = 4 << 20    # of a command that runs alone: the server grows it when it starts
SYNC_THREADS: Final = 4                # big bodies that are synced at once
HASHING_THREADS: Final = 2             # 19 MiB and 25 ms of a core each
EXAMINING_THREADS: Final = 1           # big messages; the interpreter runs one at a time anyway
WAITING_MAX: Final = 1_000


@dataclass(frozen=True, slots=True)
class Rooms:
    """Everything below the doors, for one process and its loop."""

    clock: SystemClock
    chance: SystemChance
    database: SqliteDatabase
    directory: DirectoryReader
    opened: OpenMailboxes
    delivery: Delivery
    hashing: Workers
    answering: Answering
    threads: tuple[ThreadPoolExecutor | Workers, ...]

    async def close(self) -> None:
        """Finish what was begun, close the files, end the threads."""
        await self.database.close()
        for threads in self.threads:
            if isinstance(threads, Workers):
                threads.close()
            else:
                threads.shutdown()


def open_rooms(data: DataDirectory, config: Config, engine: EngineSettings) -> Rooms:
    """Put the rooms together. Called on the loop that they serve, by whoever holds the data directory's lock.

    Raises DatabaseError when the database cannot be opened.
    """
    clock, chance = SystemClock(), SystemChance()
    syncing = ThreadPoolExecutor(SYNC_THREADS, "sync")
    hashing = Workers("hash", threads=HASHING_THREADS, waiting_max=WAITING_MAX)
    examining = Workers("examine", threads=EXAMINING_THREADS, waiting_max=WAITING_MAX)
    database = SqliteDatabase(data.database, engine)
    directory, opened = DirectoryReader(database), OpenMailboxes(database)
    blobs = BlobFiles(SystemDisk(data.path), chance, syncing)
    delivery = Delivery(database, directory, blobs, examining, config.hostname or machine_name())
    messages = MessageAnswers(database, delivery, opened, clock=clock, chance=chance)
    answering = Answering(database, messages, hashing, clock=clock, chance=chance)
    return Rooms(
        clock, chance, database, directory, opened, delivery, hashing, answering, (syncing, hashing, examining)
    )


class Alone:
    """Answers a command's requests where no server runs."""

    def __init__(self, runner: asyncio.Runner, rooms: Rooms) -> None:
        self._runner = runner
        self._rooms = rooms

    def ask(self, request: AnyRequest, octets: bytes) -> tuple[AnyResponse, bytes]:
        answer = self._runner.run(self._rooms.answering.answer(ReceivedRequest(request, octets)))
        return answer.response, answer.octets


@contextmanager
def answer_alone(data: DataDirectory) -> Iterator[Alone]:
    """Open the database for a command. The caller holds the lock. Raises DatabaseError."""
    engine = EngineSettings(sqlite=SqliteSettings(log_octets=COMMAND_LOG_OCTETS))

    async def opened() -> Rooms:
        return open_rooms(data, default_config(), engine)

    with asyncio.Runner() as runner:
        rooms = runner.run(opened())
        try:
            yield Alone(runner, rooms)
        finally:
            runner.run(rooms.close())
