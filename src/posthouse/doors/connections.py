"""All connections of this process: admission, the sweep for time-outs, their coroutines, and the end of them all."""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Final, TypeVar

from posthouse.database.identifiers import AccountId
from posthouse.doors.events import SessionsRefused
from posthouse.doors.session import Ending
from posthouse.runtime.chance import Chance
from posthouse.runtime.clock import Clock
from posthouse.runtime.counters import Admission, SessionCounts, SessionLimits
from posthouse.runtime.journal import Journal
from posthouse.runtime.peers import Peer
from posthouse.runtime.tls import Certificates

if TYPE_CHECKING:
    from posthouse.doors.connection import Connection

T = TypeVar("T")

SWEEP_SECONDS: Final = 1.0          # how late a time-out may be: little beside the shortest one, two seconds
STOP_SECONDS_MAX: Final = 8.0       # of ten till the end: what a session may take to finish what it has begun
LAST_WORDS_SECONDS: Final = 1.0     # and then, for the farewell to be read
_POLL_SECONDS: Final = 0.02


class Connections:
    """Holds every connection of the process, and what they share.

    `time` is that of the last sweep, in monotonic seconds: good enough for limits of minutes, and it costs nothing.
    `is_stopping` is true from `shut_down` on.
    """

    __slots__ = (
        "_clock", "_counts", "_open", "_refused", "_tasks", "certificates", "chance", "is_stopping", "journal", "time",
    )  # fmt: skip

    def __init__(
        self, limits: SessionLimits, certificates: Certificates, *, clock: Clock, chance: Chance, journal: Journal
    ) -> None:
        self._clock = clock
        self._counts = SessionCounts(limits)
        self._open: set[Connection] = set()
        self._tasks: set[asyncio.Task[object]] = set()
        self._refused: dict[Admission, tuple[int, str]] = {}
        self.certificates = certificates
        self.chance = chance
        self.journal = journal
        self.is_stopping = False
        self.time = clock.monotonic()

    def __len__(self) -> int:
        return len(self._open)

    # ---- admission ---------------------------------------------------------------------------------------------------

    def admit(self, peer: Peer) -> Admission:
        """Count a peer's session in, or say why not; what was refused is journalled once a sweep."""
        admission = self._counts.admit(peer.ip)
        if admission is not Admission.ADMITTED:
            refused, _ = self._refused.get(admission, (0, ""))
            self._refused[admission] = refused + 1, peer.ip
        return admission

    def leave(self, peer: Peer) -> None:
        """Count out a session that was admitted."""
        self._counts.leave(peer.ip)

    def add(self, connection: "Connection") -> None:
        """Look at a connection's deadline from now on: one that stands, admitted or not."""
        self._open.add(connection)

    def remove(self, connection: "Connection") -> None:
        """A connection is gone."""
        self._open.discard(connection)

    # ---- time --------------------------------------------------------------------------------------------------------

    async def keep_time(self) -> None:
        """Sweep about once a second, for ever. Run it in the process's task group."""
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            self.sweep()

    def sweep(self) -> None:
        """Look at every deadline once: about a microsecond each, so that no turn of a session pays for it."""
        now = self.time = self._clock.monotonic()
        for connection in [connection for connection in self._open if connection.deadline <= now]:
            connection.overdue()
        for admission, (refused, peer_ip) in self._refused.items():
            self.journal.write(SessionsRefused(admission=admission, refused=refused, peer_ip=peer_ip))
        self._refused.clear()

    # ---- tasks -------------------------------------------------------------------------------------------------------

    def spawn(self, coroutine: Coroutine[object, object, T]) -> asyncio.Task[T]:
        """Start a coroutine of a connection, which looks at its end itself: one each, so bounded by the sessions."""
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def log_out(self, account_id: AccountId) -> None:
        """End every session of an account: what it logged in with is worth nothing any more."""
        for connection in tuple(self._open):
            if connection.account_id == account_id:
                connection.part_at_once(Ending.LOGGED_OUT)

    # ---- the end -----------------------------------------------------------------------------------------------------

    async def shut_down(self, within_seconds: float = STOP_SECONDS_MAX) -> None:
        """Let each session finish what it has begun, end it with its door's words, and wait until all are gone.

        Idle sessions end at once; what is not finished in time is cut off. The listeners have been stopped before.
        """
        self.is_stopping = True
        for connection in tuple(self._open):
            connection.part_if_idle()
        await self._wait_while(lambda: any(connection.is_at_work for connection in self._open), within_seconds)
        for connection in tuple(self._open):
            if connection.is_at_work:
                connection.part_at_once(Ending.SHUTTING_DOWN)
        await self._wait_while(lambda: bool(self._open), LAST_WORDS_SECONDS)
        for connection in tuple(self._open):
            connection.abort()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._wait_while(lambda: bool(self._open), LAST_WORDS_SECONDS)

    @staticmethod
    async def _wait_while(condition: Callable[[], bool], seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while condition():    # noqa: ASYNC110 no session pays for an event that only stopping needs
                    await asyncio.sleep(_POLL_SECONDS)
