"""How a request finds its answer: through the running server's control socket, or, when none runs, without it.

Whoever holds the data directory's lock is the one writer. A command first knocks at the socket; when nobody is there it
takes the lock itself, and answers the request with the server's own code on the server's own files.
"""

import socket
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final, Protocol, TypeVar

from posthouse.cli.errors import CommandFailed
from posthouse.database.errors import DatabaseError
from posthouse.doors.control.requests import AnyRequest
from posthouse.doors.control.responses import AnyResponse, Failed, Refused, Response
from posthouse.doors.control.wire import ControlSyntaxError, encode, read_response
from posthouse.runtime.data_directory import DataDirectory, DataDirectoryError, DataDirectoryInUse, find_data_directory

R = TypeVar("R", bound=Response)

SERVER_STARTS_SECONDS: Final = 5.0     # the lock is taken before the socket stands: so long may lie between
ANSWER_SECONDS_MAX: Final = 600.0      # as long as any client waits for us (RFC 5321 4.5.3.2.6)
_RETRY_SECONDS: Final = 0.05


class RequestRefused(CommandFailed):
    """It cannot be done as it was asked."""


class RequestFailed(CommandFailed):
    """It could not be done now; the same may do later."""


class Line(Protocol):
    """A way to whoever answers."""

    def ask(self, request: AnyRequest, octets: bytes) -> tuple[AnyResponse, bytes]:
        """Ask, wait, and return the response with the octets that follow it. Raises RequestFailed."""


class Asker(AbstractContextManager["Asker"]):
    """Asks one request after another, all of the same one who answers. Entering raises CommandFailed."""

    def __init__(self, place: Path, starts_seconds: float = SERVER_STARTS_SECONDS) -> None:
        """`starts_seconds`: how long a server that holds the lock may take to listen."""
        self._place = place
        self._starts_seconds = starts_seconds

    def __enter__(self) -> "Asker":
        try:
            self._reached = _reach(find_data_directory(self._place), self._starts_seconds)
            self._line = self._reached.__enter__()
        except DataDirectoryError as error:
            raise RequestFailed(error.reason, error.mend) from error
        except DatabaseError as error:
            raise RequestFailed(
                f"the database cannot be opened: {error}", "see that the disk has room and who owns the files"
            ) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._reached.__exit__(kind, value, trace)

    def ask(self, request: AnyRequest, wanted: type[R], octets: bytes = b"") -> R:
        """The response, which must be of the wanted kind. Raises RequestRefused, RequestFailed."""
        return self.ask_for_octets(request, wanted, octets)[0]

    def ask_for_octets(self, request: AnyRequest, wanted: type[R], octets: bytes = b"") -> tuple[R, bytes]:
        """The same, with the octets that follow the response."""
        try:
            encode(request)    # an argument's octets that are no UTF-8 come as surrogates, which nothing can store
        except UnicodeEncodeError as error:
            raise RequestRefused("what you gave is not UTF-8", "write it again in a terminal that is") from error
        response, followed = self._line.ask(request, octets)
        if isinstance(response, Refused):
            raise RequestRefused(response.reason)
        if isinstance(response, Failed):
            raise RequestFailed(response.reason)
        if not isinstance(response, wanted):
            raise RequestFailed(
                f"the server answered {type(response).__name__}", "it is of another release: restart it"
            )
        return response, followed


class SocketLine:
    """The control socket of a running server."""

    def __init__(self, connection: socket.socket, file: BinaryIO) -> None:
        self._connection = connection
        self._file = file

    def ask(self, request: AnyRequest, octets: bytes) -> tuple[AnyResponse, bytes]:
        try:
            self._connection.sendall(encode(request) + octets)
            return read_response(self._file)
        except (EOFError, OSError) as error:
            raise RequestFailed(
                "the server ended the conversation before it answered", "look whether it did it, before you try again"
            ) from error
        except ControlSyntaxError as error:
            raise RequestFailed(str(error), "restart the server") from error


@contextmanager
def _reach(directory: DataDirectory, starts_seconds: float) -> Iterator[Line]:
    """Find who answers. Raises DataDirectoryError, RequestFailed."""
    ends_at = time.monotonic() + starts_seconds
    while True:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            if _connects(connection, directory.control_socket):
                with connection.makefile("rb") as file:
                    yield SocketLine(connection, file)
                return
        try:
            lock = directory.lock()
        except DataDirectoryInUse as error:
            if time.monotonic() < ends_at:
                time.sleep(_RETRY_SECONDS)
                continue
            raise RequestFailed(
                f"{error.reason}, but nobody answers at {directory.control_socket}",
                "if it is a server that hangs, stop it and start it again; if it is another command, wait for it",
            ) from error
        with lock:
            from posthouse.cli.alone import answer_alone  # noqa: PLC0415 it loads every room

            with answer_alone(directory) as line:
                yield line
        return


def _connects(connection: socket.socket, path: Path) -> bool:
    connection.settimeout(ANSWER_SECONDS_MAX)
    try:
        connection.connect(str(path))
    except (FileNotFoundError, ConnectionRefusedError):
        return False
    except OSError as error:
        raise RequestFailed(f"{path} cannot be opened ({error.strerror})", "become the data's owner") from error
    return True
