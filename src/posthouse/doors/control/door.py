"""The control socket's door: requests from a connection to `Answering`, responses back, one after another."""

import asyncio
import socket
from functools import partial
from typing import Final

from posthouse.database.errors import SyncFailed
from posthouse.doors.connection import Connection
from posthouse.doors.connections import Connections
from posthouse.doors.control.answering import Answering
from posthouse.doors.control.message_answers import Answer
from posthouse.doors.control.responses import Failed, Refused
from posthouse.doors.control.wire import ControlSyntaxError, RequestReader, encode
from posthouse.doors.session import Ending, Session
from posthouse.runtime.counters import Admission

_LAST_WORDS: Final = {
    Ending.TIMED_OUT: "the rest of the request did not come in time: try again",
    Ending.BUG: "the server met a bug of its own; its journal on standard error says more",
    Ending.LOGGED_OUT: "an owner needs no login",
    Ending.SHUTTING_DOWN: "the server is stopping: try again when it has ended or stands again",
}


async def serve_control(
    listening: socket.socket, door: "ControlDoor", connections: Connections
) -> "ControlListener":
    """Lead whoever comes to the control socket to its door, until the listener is stopped."""
    loop = asyncio.get_running_loop()
    return ControlListener(await loop.create_unix_server(partial(Connection, connections, door), sock=listening))


class ControlListener:
    """The control socket while it is served."""

    def __init__(self, server: asyncio.AbstractServer) -> None:
        self._server = server

    def stop(self) -> None:
        """Take no more commands."""
        self._server.close()


class ControlDoor:
    """Makes the sessions of the control socket."""

    name: Final = "control"

    def __init__(self, answering: Answering) -> None:
        self._answering = answering

    def open(self, connection: Connection) -> Session:
        return ControlSession(connection, self._answering)

    def refusal(self, admission: Admission) -> bytes:
        return encode(Failed(reason="the server has as many sessions as it may have: try again in a moment"))


class ControlSession:
    """One command's conversation: a request is answered before the next one is looked at."""

    def __init__(self, connection: Connection, answering: Answering) -> None:
        self._connection = connection
        self._answering = answering
        self._reader = RequestReader()

    @property
    def is_between_commands(self) -> bool:
        return self._reader.is_idle

    def opened(self) -> None:
        """The peer speaks first."""

    def receive(self, octets: bytes) -> None:
        self._reader.receive(octets)
        self._next()

    def secured(self) -> None:
        """There is no TLS on a local socket."""

    def last_words(self, ending: Ending) -> bytes:
        if ending is Ending.TIMED_OUT and self._reader.is_idle:
            return b""
        return encode(Failed(reason=_LAST_WORDS[ending]))

    def closed(self) -> None:
        """Nothing is held: a change that is under way is made, whoever waits for it."""

    def _next(self) -> None:
        try:
            received = self._reader.next_request()
        except ControlSyntaxError as error:
            self._connection.write(encode(Refused(reason=str(error))))
            self._connection.close_when_heard_out()
            return
        if received is not None:
            self._connection.run(self._answering.answer(received), self._answered)

    def _answered(self, done: "asyncio.Future[Answer]") -> None:
        error = done.exception()
        if isinstance(error, SyncFailed):
            self._connection.abort()    # nobody knows what recovery will find: say nothing (DESIGN 5)
            return
        answer = done.result()
        self._connection.write(encode(answer.response))
        if answer.octets:
            self._connection.write(answer.octets)
        self._next()
