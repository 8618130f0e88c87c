"""What the peer sent and nobody has read yet; command lines are cut from it (RFC 5321 2.3.8, 4.5.3.1.4)."""

from enum import Enum, auto
from typing import Final

from posthouse.protocol.smtp.errors import LocalProtocolError
from posthouse.protocol.smtp.settings import AUTH_OCTETS_MAX, SKIPPED_OCTETS_MAX, UNREAD_OCTETS_MAX, BareNewline

_LINE_OCTETS_MAX: Final = AUTH_OCTETS_MAX    # the longest of all commands; shorter limits are the reader's


class LineFault(Enum):
    """Why the octets up to the next line feed are no command line. They are consumed."""

    TOO_LONG = auto()
    ENDLESS = auto()    # so long that it is no mistake any more; what follows is not read
    BARE_NEWLINE = auto()


class Unread:
    """Octets in the order of their arrival, copied only when a line spans two arrivals."""

    __slots__ = ("_accepts_bare_newline", "_arrived", "_buffer", "_position", "_skipped", "_waiting")

    def __init__(self, bare_newline: BareNewline) -> None:
        self._accepts_bare_newline = bare_newline is BareNewline.NORMALIZE
        self._buffer = b""
        self._position = 0    # what of the buffer is read already
        self._arrived: list[bytes] = []    # what came after the buffer
        self._waiting = 0    # octets in _arrived
        self._skipped = 0    # octets of an overlong line that are thrown away already

    @property
    def octets(self) -> int:
        """How much waits to be read."""
        return len(self._buffer) - self._position + self._waiting

    def append(self, octets: bytes) -> None:
        """Add what was received. Raises LocalProtocolError when the door does not stop reading while it should."""
        if self._position == len(self._buffer) and not self._arrived:    # the usual case: all was read before
            self._buffer, self._position = octets, 0
            return
        self._arrived.append(octets)
        self._waiting += len(octets)
        if self._waiting > UNREAD_OCTETS_MAX:
            raise LocalProtocolError(f"more than {UNREAD_OCTETS_MAX} octets unread: stop receiving while paused")

    def clear(self) -> None:
        """Forget everything that was not read."""
        self._buffer, self._position, self._waiting, self._skipped = b"", 0, 0, 0
        self._arrived.clear()

    def take_line(self) -> bytes | LineFault | None:
        """The next line without its CRLF, what is wrong with it, or None when it has not wholly come."""
        start = self._position
        end = self._buffer.find(b"\n", start)
        if end < 0:
            if not self._arrived:
                return self._without_end()
            self._gather()
            return self.take_line()
        self._position = end + 1
        if self._skipped or end - start >= _LINE_OCTETS_MAX:
            length, self._skipped = self._skipped + end - start, 0
            return LineFault.TOO_LONG if length <= SKIPPED_OCTETS_MAX else LineFault.ENDLESS
        line = self._buffer[start:end]
        if line.endswith(b"\r"):
            return line[:-1]
        return line if self._accepts_bare_newline else LineFault.BARE_NEWLINE

    def peek(self, octets_max: int) -> bytes:
        """The next octets, empty when there are none; ``skip`` those that were used."""
        if self._position == len(self._buffer) and self._arrived:
            self._gather()
        if self._position == 0 and len(self._buffer) <= octets_max:
            return self._buffer
        return self._buffer[self._position : self._position + octets_max]

    def skip(self, count: int) -> None:
        """Count octets that were peeked at as read."""
        self._position += count

    def _gather(self) -> None:
        rest = self._buffer[self._position :]
        self._buffer = b"".join((rest, *self._arrived)) if rest or len(self._arrived) > 1 else self._arrived[0]
        self._position = 0
        self._waiting = 0
        self._arrived.clear()

    def _without_end(self) -> LineFault | None:
        """Throw away what has come of a line that is too long already, so that it never piles up."""
        length = len(self._buffer) - self._position
        if not length:
            self._buffer, self._position = b"", 0    # an idle session holds nothing
        elif self._skipped or length >= _LINE_OCTETS_MAX:
            self._skipped += length
            self._position = len(self._buffer)
            if self._skipped > SKIPPED_OCTETS_MAX:
                self.clear()
                return LineFault.ENDLESS
        return None
