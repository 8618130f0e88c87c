"""A message on its way to the peer: at once when it is small, else a page at a time, read on a thread.

What lies in a file is longer than a page; it is read as fast as the peer takes it and never further ahead.
"""

from collections.abc import Iterator
from itertools import chain
from typing import Final, TypeVar

from posthouse.database.database import Database
from posthouse.doors.connection import Connection
from posthouse.protocol.pop3.answers import MessageFollows
from posthouse.protocol.pop3.session import ServerSession
from posthouse.runtime.disk import Disk
from posthouse.store.reading import StoredMessage

T = TypeVar("T")

PAGE_OCTETS_MAX: Final = 1 << 18    # as much as a message that lies in a row, and is sent at once, may have


def whole(message: StoredMessage, disk: Disk) -> MessageFollows:
    """A message in one chunk; blocks when it lies in a file. Raises DatabaseError."""
    view = message.view
    return MessageFollows(view.size_octets, view.header_octets, (message.read(disk),))


async def send_in_pages(
    message: StoredMessage, disk: Disk, *, core: ServerSession, connection: Connection, database: Database
) -> None:
    """Send a message that lies in a file.

    Raises DatabaseError when it cannot be read: before anything was sent, or amid it (the core is then in SENDING).
    """
    view, pages = message.view, _pages(message, disk)
    first = await _drawn(pages, database)
    chunks = pages if first is None else chain((first,), pages)
    pieces = core.stream(MessageFollows(view.size_octets, view.header_octets, chunks))
    while (piece := await _drawn(pieces, database)) is not None:
        connection.write(piece)
        await connection.drained()


def _pages(message: StoredMessage, disk: Disk) -> Iterator[bytes]:
    for first in range(0, message.view.size_octets, PAGE_OCTETS_MAX):
        yield message.read(disk, first, PAGE_OCTETS_MAX)


async def _drawn(pieces: Iterator[T], database: Database) -> T | None:
    """The next piece, drawn on a thread, for drawing it may read a file; None at the end."""
    return await database.read_aside(lambda _: next(pieces, None))
