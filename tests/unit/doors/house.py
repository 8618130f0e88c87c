"""What the houses of the SMTP, IMAP and POP3 doors' tests have in common: a real store behind sockets on loopback.

The loop runs in a thread, the clock is in the test's hand; the test is the peer, with blocking sockets, and never
sleeps. Where a test wants the disk to fail, everything lies on a simulated one.
"""

import asyncio
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import ClassVar, TypeVar

import argon2
import uvloop

from posthouse.database.blobs.spool import BlobFiles, Spooled
from posthouse.database.sim.vfs import SimulatedVfs
from posthouse.database.sqlite.connection import SqliteSettings
from posthouse.database.sqlite.engine import EngineSettings, SqliteDatabase
from posthouse.directory.version import Occasion
from posthouse.doors.listening import Encryption, Listener, serve
from posthouse.doors.session import Door
from posthouse.login.login import Login
from posthouse.message.dates import Instant
from posthouse.runtime.chance import SystemChance
from posthouse.runtime.counters import SessionLimits
from posthouse.runtime.disk import Disk, SystemDisk
from posthouse.runtime.network import Endpoint, IfTaken, listen_on
from posthouse.runtime.sim.disk import SimulatedDisk
from posthouse.runtime.sim.faults import Faults
from posthouse.runtime.sim.platter import Platter, Survival
from posthouse.runtime.tls import CertificateFiles
from posthouse.runtime.workers import Workers
from posthouse.store.opened import OpenMailboxes
from unit.doors.loop import DoorLoop

T = TypeVar("T")

CHEAP = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
OCCASION = Occasion(Instant(0), "test")
NOON = Instant(1_790_000_000_000_000)    # Mon, 21 Sep 2026 14:13:20 +0000
PASSWORD = "correct horse"


class DoorHouse(DoorLoop):
    """A store, and what the doors in front of it need; who lives there and which doors there are, each house says."""

    workers_waiting_max: ClassVar = 4
    send_buffer_octets: int | None = None    # of our sockets, so that a peer's silence is soon felt

    def __init__(
        self,
        path: Path,
        certificate: CertificateFiles,
        limits: SessionLimits | None = None,
        faults: Faults | None = None,
        new_loop: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop,
    ) -> None:
        super().__init__(new_loop, certificate)
        self.path = path
        self.limits = limits or SessionLimits()
        self.faults = faults
        self.clock.seconds = NOON / 1e6
        self.listeners: list[Listener] = []
        self.ports: dict[str, int] = {}
        self.bugs_are_expected = False
        self.in_loop_await(self._open())

    async def _open(self) -> None:
        platter = None if self.faults is None else Platter(self.path, self.faults, Survival.EVERYTHING, 0)
        name = f"house-{id(self)}"
        self.vfs = SimulatedVfs(name, platter) if platter else None
        sqlite = SqliteSettings(log_octets=1 << 20, cache_octets=4 << 20, vfs=name if platter else None)
        self.database = self._database(EngineSettings(sqlite=sqlite))
        self.mailboxes = OpenMailboxes(self.database)
        self.workers = Workers("work", threads=1, waiting_max=self.workers_waiting_max)
        self.threads = ThreadPoolExecutor(1)
        self.disk = SimulatedDisk(platter) if platter else self._disk()
        self.blobs = BlobFiles(self.disk, SystemChance(), None if platter else self.threads)
        self.login = Login(self.database, self.workers, self.clock, SystemChance(), pause=_no_pause)
        self.make_connections(self.limits)
        await self._move_in()
        await self._listen(self._doors())

    def _database(self, settings: EngineSettings) -> SqliteDatabase:
        return SqliteDatabase(self.path / "test.db", settings)

    def _disk(self) -> Disk:
        return SystemDisk(self.path)

    async def _move_in(self) -> None:
        """Add the domains, the accounts and their mailboxes."""
        raise NotImplementedError

    def _doors(self) -> dict[str, tuple[Door, Encryption]]:
        """The doors by their names."""
        raise NotImplementedError

    async def _listen(self, doors: dict[str, tuple[Door, Encryption]]) -> None:
        sockets = listen_on({name: Endpoint("127.0.0.1", 0) for name in doors}, IfTaken.REFUSE)
        for name, (door, encryption) in doors.items():
            if self.send_buffer_octets is not None:
                sockets[name].socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, self.send_buffer_octets)
            self.ports[name] = sockets[name].bound.port
            self.listeners.append(await serve(sockets[name].socket, door, encryption, self.connections))

    def close(self) -> None:
        for client in self.clients:
            client.close()
        self.in_loop_await(self._close())
        self.stop_loop()
        bugs = [line for line in self.journal_lines if b"Traceback" in line]
        assert bool(bugs) == self.bugs_are_expected, bugs

    async def _close(self) -> None:
        for listener in self.listeners:
            listener.stop()
        await self.connections.shut_down(within_seconds=0)
        assert not len(self.connections), "a connection was left behind"
        if self.faults is not None:
            self.faults.bury()
        await self.database.close()
        self.workers.close()
        self.threads.shutdown()
        if self.vfs is not None:
            self.vfs.unregister()

    # ---- what a test does --------------------------------------------------------------------------------------------

    def write(self, operation: Callable[..., T], *arguments: object) -> T:
        async def booked() -> T:
            return await self.database.write(lambda tx: operation(tx, *arguments))

        return self.in_loop_await(booked())

    def spooled(self, octets: bytes) -> Spooled:
        """Octets as a blob that is at rest; many lie in a file."""

        async def at_rest() -> Spooled:
            spool = self.blobs.spool()
            spool.write(octets)
            found = spool.finish()
            return found if isinstance(found, Spooled) else await found

        return self.in_loop_await(at_rest())


async def _no_pause(_: float) -> None:
    """Time passes when a test says so."""
