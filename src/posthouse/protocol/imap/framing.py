"""Cutting octets into commands: lines, and the literals announced at their ends (RFC 3501 2.2, 4.3; RFC 7888).

Nothing here knows a command. A command in the making stays in the one buffer, its literals in place; each octet is
looked at once, however it arrives; memory is bounded by what the caller allows.
"""

import re
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from posthouse.protocol.imap.settings import TAG_OCTETS_MAX

_ANNOUNCEMENT: Final = re.compile(rb"\{(\d{1,40})(\+?)\}\r?\n\Z")
# How much of a line's end shows whether it announces a literal: 40 digits, five more octets.
_ANNOUNCEMENT_OCTETS_MAX: Final = 45
_CLOSING_BRACE: Final = b"}"[0]
_CR: Final = b"\r"[0]


class Fault(Enum):
    """Why a line cannot be taken; the value tells the peer."""

    TOO_LONG = "the line is too long for this server"
    BARE_LINE_FEED = "lines end with CRLF (RFC 3501 2.2)"


@dataclass(frozen=True, slots=True)
class Announcement:
    """A line that ends by announcing a literal."""

    size_octets: int
    is_synchronising: bool    # the peer waits for leave; without (RFC 7888) it sends on at once


class Progress(Enum):
    """How far swallowing went."""

    MORE = auto()    # the command goes on in octets that have not come
    DONE = auto()    # the next octet begins a new command
    TOO_MUCH = auto()    # more than may be swallowed


class CommandReader:
    """The octets received and not yet handed out."""

    __slots__ = ("_buffer", "_line_start", "_literal_octets", "_scanned", "_skipping", "_swallowed")

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._line_start = 0        # where the present line of the command begins: behind its last literal
        self._scanned = 0           # up to here there is no line feed
        self._literal_octets = 0    # of the command's literals so far
        self._skipping = 0          # octets of a literal to be swallowed
        self._swallowed = 0         # of the present refused command

    @property
    def unread_octets(self) -> int:
        """How many octets wait here."""
        return len(self._buffer)

    @property
    def literal_octets(self) -> int:
        """How many octets the literals taken into the present command have."""
        return self._literal_octets

    def feed(self, octets: bytes) -> None:
        """Take octets as they come."""
        self._buffer += octets

    def clear(self) -> None:
        """Forget all."""
        self._buffer.clear()
        self._begin_command()

    def read_command(self, line_octets_max: int) -> bytes | Announcement | Fault | None:
        """Cut off one whole command, without its final CRLF; None when there is none yet.

        An Announcement is made once for each literal: then ``take_literal`` makes it part of the command, or
        ``drop_command`` ends the command. A Fault leaves all in place: ``drop_command``, then ``swallow``.
        """
        end = self._line_end(line_octets_max)
        if not isinstance(end, int):
            return end
        if end > 1 and self._buffer[end - 2] == _CLOSING_BRACE and (announced := self._announcement(end)):
            self._line_start = self._scanned = end + 1
            return announced
        return self._cut(end)

    def read_line(self, octets_max: int) -> bytes | Fault | None:
        """Cut off one line that is no command, without its CRLF; None when there is none yet. A Fault is as above."""
        end = self._line_end(octets_max)
        return self._cut(end) if isinstance(end, int) else end

    def take(self, octets_max: int) -> bytes:
        """Cut off what there is, at most so much."""
        with memoryview(self._buffer) as view:
            octets = bytes(view[:octets_max])
        del self._buffer[: len(octets)]
        return octets

    def command_so_far(self, octets_max: int | None = None) -> bytes:
        """The command up to the brace of the literal just announced, or its first octets."""
        brace = self._buffer.rindex(b"{", 0, self._line_start)
        return bytes(self._buffer[: brace if octets_max is None else min(brace, octets_max)])

    def command_start(self) -> bytes:
        """The first octets of the command, enough to find its tag."""
        return bytes(self._buffer[: TAG_OCTETS_MAX + 1])

    def take_literal(self, size_octets: int) -> None:
        """Make the literal just announced part of the command."""
        self._line_start += size_octets
        self._scanned = self._line_start
        self._literal_octets += size_octets

    def drop_command(self, literal_octets: int = 0) -> None:
        """End the command where it stands; so many octets of a literal that nobody wants are still to come."""
        del self._buffer[: self._line_start]
        self._begin_command()
        self._skipping = literal_octets

    def swallow(self, octets_max: int) -> Progress:
        """Throw away what remains of a dropped command: its line, and the literals that come without leave.

        A literal that waits for leave ends it: the peer was told already that the command is over. Text of a literal
        is never taken for a command.
        """
        while self._swallowed + self._skipping <= octets_max:
            self._drop(min(self._skipping, len(self._buffer)))
            if self._skipping:
                return Progress.MORE
            end = self._find_line_feed()
            if self._swallowed + (len(self._buffer) if end < 0 else end + 1) > octets_max:
                break
            if end < 0:
                self._drop_all_but_end()
                return Progress.MORE
            announced = self._announcement(end)
            self._drop(end + 1)
            if announced is None or announced.is_synchronising:
                self._begin_command()
                return Progress.DONE
            self._skipping = announced.size_octets
        return Progress.TOO_MUCH

    def _line_end(self, octets_max: int) -> int | Fault | None:
        """Where the present line's line feed stands, CR before it; ``octets_max`` is for all lines of the command."""
        end = self._find_line_feed()
        if (len(self._buffer) if end < 0 else end) - self._literal_octets > octets_max:
            return Fault.TOO_LONG
        if end < 0:
            return None
        if end == self._line_start or self._buffer[end - 1] != _CR:
            return Fault.BARE_LINE_FEED
        return end

    def _find_line_feed(self) -> int:
        end = self._buffer.find(b"\n", self._scanned)
        if end < 0:
            self._scanned = max(self._scanned, len(self._buffer))
        return end

    def _announcement(self, end: int) -> Announcement | None:
        """The literal announced by the line that ends at this line feed."""
        start = max(self._line_start, end - _ANNOUNCEMENT_OCTETS_MAX)
        found = _ANNOUNCEMENT.search(bytes(self._buffer[start : end + 1]))
        return Announcement(int(found[1]), is_synchronising=not found[2]) if found else None

    def _cut(self, end: int) -> bytes:
        with memoryview(self._buffer) as view:
            octets = bytes(view[: end - 1])
        del self._buffer[: end + 1]
        self._begin_command()
        return octets

    def _drop(self, octets: int) -> None:
        """Swallow so many octets from the front."""
        del self._buffer[:octets]
        self._swallowed += octets
        self._skipping = max(0, self._skipping - octets)
        self._scanned = 0

    def _drop_all_but_end(self) -> None:
        """Keep of a line without end only what may announce a literal."""
        self._drop(max(0, len(self._buffer) - _ANNOUNCEMENT_OCTETS_MAX))
        self._scanned = len(self._buffer)

    def _begin_command(self) -> None:
        self._line_start = self._scanned = self._literal_octets = self._skipping = self._swallowed = 0
