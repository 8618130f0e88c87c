"""An event loop in a thread, with connections in it: the test is the peer, with blocking sockets, and never sleeps."""

import asyncio
import concurrent.futures
import threading
from collections.abc import Callable, Coroutine
from typing import Protocol, TypeVar

from posthouse.doors.connections import Connections
from posthouse.message.dates import Instant
from posthouse.runtime.chance import SystemChance
from posthouse.runtime.counters import SessionLimits
from posthouse.runtime.journal import Event, Journal, Severity
from posthouse.runtime.tls import CertificateFiles, Certificates

T = TypeVar("T")
SECONDS = 10.0    # how long a test waits before it says that something does not come; on success it never waits so long


class HandClock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def now(self) -> Instant:
        return Instant(int(self.seconds * 1e6))

    def monotonic(self) -> float:
        return self.seconds


class Closable(Protocol):
    def close(self) -> None: ...


class DoorLoop:
    """The loop in its thread, a clock in the test's hand, and the journal as the lines written."""

    def __init__(self, new_loop: Callable[[], asyncio.AbstractEventLoop], certificate: CertificateFiles) -> None:
        self.certificate = certificate
        self.clock = HandClock()
        self.journal_lines: list[bytes] = []
        self.clients: list[Closable] = []
        self.complaints: list[str] = []    # of the event loop: something escaped every boundary
        self.loop = new_loop()
        self.loop.set_exception_handler(lambda _, context: self.complaints.append(repr(context)))
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.thread.start()

    def make_connections(self, limits: SessionLimits) -> None:
        self.connections = Connections(
            limits, Certificates((self.certificate,)), clock=self.clock, chance=SystemChance(),
            journal=Journal(self.clock, self.journal_lines.append, threshold=Severity.DETAIL),
        )  # fmt: skip

    def stop_loop(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()
        assert not self.complaints

    def in_loop(self, function: Callable[[], T]) -> T:
        """Call a function on the loop and wait for its result."""

        async def call() -> T:
            return function()

        return self.in_loop_await(call())

    def in_loop_await(self, coroutine: Coroutine[object, object, T]) -> T:
        return self.begin(coroutine).result(SECONDS)

    def begin(self, coroutine: Coroutine[object, object, T]) -> "concurrent.futures.Future[T]":
        """Begin something on the loop that ends later."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop)

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """Look, once a turn of the loop, whether something has come about."""

        async def look() -> None:
            async with asyncio.timeout(SECONDS):
                while not condition():
                    await asyncio.sleep(0)

        self.in_loop_await(look())

    def pass_time(self, seconds: float) -> None:
        """Let so much time pass, all at once, and sweep."""
        self.clock.seconds += seconds
        self.in_loop(self.connections.sweep)

    def journal(self, event: type[Event]) -> list[bytes]:
        """The lines about events of a class."""
        tag = event.__struct_config__.tag
        return [line for line in self.journal_lines if b'"event":"%b"' % str(tag).encode() in line]
