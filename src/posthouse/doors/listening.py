"""How connections come in: a listening socket, the door behind it, and TLS from the first octet or on request.

Where TLS comes first (RFC 8314 3.3) the peer is admitted before the handshake: a peer that opens connections and never
says anything in them counts, and one too many costs us no cryptography. It is then closed without a word, for a word
would need the handshake.
"""

import asyncio
import errno
import socket
from enum import Enum, auto
from functools import partial
from typing import Final, Protocol

from posthouse.doors.connection import Connection
from posthouse.doors.connections import Connections
from posthouse.doors.events import AcceptFailed, BugFound, Reason, TlsFailed
from posthouse.doors.handshake import accept, reason_of
from posthouse.doors.session import Door
from posthouse.runtime.counters import Admission
from posthouse.runtime.journal import traceback_of
from posthouse.runtime.network import BACKLOG
from posthouse.runtime.peers import peer_at

ACCEPTS_A_TURN_MAX: Final = 64        # so that a flood of connections does not keep the sessions waiting
# libuv takes one connection a turn of the loop from each handle, so that one alone would make a busy server take one
# session for every message that it accepts. Those that find nobody cost a microsecond each.
ACCEPTING_HANDLES: Final = 8
ACCEPT_AGAIN_SECONDS: Final = 1.0     # when descriptors or memory are used up; asyncio's own pause is as long


class Encryption(Enum):
    """When a listener's connections are encrypted."""

    ON_REQUEST = auto()    # STARTTLS, STLS
    FROM_START = auto()    # ports 465, 993, 995


class Listener(Protocol):
    """A listening socket that is served."""

    def stop(self) -> None:
        """Take no more connections; called again it does nothing.

        The socket stays open in the supervisor: what waits in its queue is for the next worker.
        """


async def serve(listening: socket.socket, door: Door, encryption: Encryption, connections: Connections) -> Listener:
    """Lead the connections that come to a socket to a door, until the listener is stopped."""
    loop = asyncio.get_running_loop()
    if encryption is Encryption.FROM_START:
        return _EncryptedListener(listening, door, connections, loop)
    # The loop's own accepting costs 25 us less a connection; `Connection` admits the peer when it is made.
    made = partial(Connection, connections, door)
    handles = [listening, *(listening.dup() for _ in range(1, ACCEPTING_HANDLES))]
    return _PlainListener([await loop.create_server(made, sock=handle, backlog=BACKLOG) for handle in handles])


class _PlainListener:
    __slots__ = ("_servers",)

    def __init__(self, servers: list[asyncio.Server]) -> None:
        self._servers = servers

    def stop(self) -> None:
        for server in self._servers:
            server.close()


class _EncryptedListener:
    __slots__ = ("_connections", "_door", "_loop", "_pause", "_socket")

    def __init__(
        self, listening: socket.socket, door: Door, connections: Connections, loop: asyncio.AbstractEventLoop
    ) -> None:
        self._socket = listening
        self._door = door
        self._connections = connections
        self._loop = loop
        self._pause: asyncio.TimerHandle | None = None
        self._resume()

    def stop(self) -> None:
        if self._pause is not None:
            self._pause.cancel()
        if self._socket.fileno() >= 0:
            self._loop.remove_reader(self._socket)
            self._socket.close()

    def _resume(self) -> None:
        self._pause = None
        self._loop.add_reader(self._socket, self._accept)

    def _accept(self) -> None:
        for _ in range(ACCEPTS_A_TURN_MAX):
            try:
                accepted, address = self._socket.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):    # nobody more, or gone already
                return
            except OSError as error:
                if error.errno == errno.EINVAL:    # it listens no more: the supervisor stops, and says so to us too
                    self._loop.remove_reader(self._socket)
                else:
                    self._pause_accepting(error)
                return
            peer = peer_at(address)
            if self._connections.admit(peer) is not Admission.ADMITTED:
                accepted.close()
                continue
            accepted.setblocking(False)
            connection = Connection(self._connections, self._door, peer)
            handshake = self._connections.spawn(accept(accepted, connection, self._connections.certificates.context))
            handshake.add_done_callback(partial(self._shaken, connection))

    def _shaken(self, connection: Connection, task: asyncio.Task[None]) -> None:
        """A handshake has ended; when it failed the loop has never told the connection, nor will it."""
        failure = None if task.cancelled() else task.exception()
        if failure is None and not task.cancelled():
            return
        if isinstance(failure, OSError) or task.cancelled():
            self._connections.journal.write(TlsFailed(
                session=connection.session_id, door=self._door.name, peer_ip=connection.peer.ip,
                reason=reason_of(failure),
            ))  # fmt: skip
        elif failure is not None:
            self._connections.journal.write(
                BugFound(session=connection.session_id, door=self._door.name, traceback=traceback_of(failure))
            )
        connection.forget(Reason.TLS_FAILED)

    def _pause_accepting(self, error: OSError) -> None:
        """Descriptors or memory are used up: sessions that end will free some."""
        self._connections.journal.write(AcceptFailed(door=self._door.name, reason=error.strerror or str(error)))
        self._loop.remove_reader(self._socket)
        self._pause = self._loop.call_later(ACCEPT_AGAIN_SECONDS, self._resume)
