"""The transport under a connection: what is sent and when, pausing in both directions, and every way to end.

Knows no session and no TLS handshake; `connection.Connection` builds on it. All of it runs on the loop.
"""

import asyncio
import math
from enum import Enum, auto
from typing import Final

from posthouse.doors.events import Reason
from posthouse.runtime.peers import has_spoken

HEARING_OUT_SECONDS: Final = 2.0           # as long as a peer's last octets may be under way (nginx: 5)
CLOSING_SECONDS_MAX: Final = 30.0          # for what is still to be sent, and TLS's close_notify
HELD_OCTETS_MAX: Final = 65_536            # commands that wait; the read that passes it brings 256 KiB at most (uvloop)
TURN_OCTETS_MAX: Final = 65_536            # what one turn gathers before it is sent: as much as a transport buffers
WRITE_BUFFER_OCTETS_MAX: Final = 65_536    # the loops' own limit without TLS; with TLS theirs is 512 KiB


class State(Enum):
    """Where a connection stands. Only OPEN takes octets from the session or gives it any."""

    OPENING = auto()      # accepted; on an implicit TLS port the handshake is under way
    OPEN = auto()
    UPGRADING = auto()    # agreed to STARTTLS; octets are held back until the encrypted transport is in our hands
    PARTING = auto()      # last words said; what still comes is thrown away, so that no reset destroys them
    CLOSING = auto()      # nothing more is read or written
    CLOSED = auto()


OPEN: Final = State.OPEN    # looked at in every turn: a member of an Enum costs 0.1 us to name (Python 3.11)


class Wire(asyncio.Protocol):
    """Octets to and from one peer. `time` of the last sweep is given by the caller, never asked of a clock."""

    __slots__ = (
        "_corked", "_corked_octets", "_deadline", "_drained", "_eof_heard", "_held", "_held_octets", "_octets_received",
        "_octets_sent", "_reading", "_reason", "_stalled_since", "_state", "_transport",
    )  # fmt: skip

    _transport: asyncio.Transport    # from connection_made on

    def __init__(self) -> None:
        self._state = State.OPENING
        self._reason: Reason | None = None          # why it ends, once that is known
        self._corked: list[bytes] | None = None     # what the turn under way has written; None between turns
        self._corked_octets = 0
        self._held: list[bytes] = []                # octets that came while the session could not take them
        self._held_octets = 0
        self._stalled_since: float | None = None    # since when the peer has not read what we wrote
        self._drained: asyncio.Future[None] | None = None
        self._reading = True
        self._eof_heard = False
        self._octets_received = self._octets_sent = 0
        self._deadline = math.inf                   # of ending, once it has begun

    @property
    def is_open(self) -> bool:
        """Whether what is written now can still reach the peer."""
        return self._state is OPEN

    @property
    def is_at_work(self) -> bool:
        """Whether a server that stops still waits for this session."""
        return self._state is OPEN or self._state is State.UPGRADING

    @property
    def is_congested(self) -> bool:
        """Whether the peer reads more slowly than we write: wait for `drained` before the next page."""
        return self._stalled_since is not None

    @property
    def peer_has_spoken(self) -> bool:
        """Whether octets wait untaken. True in `opened`: the peer did not wait for our greeting (RFC 5321 3.1)."""
        return bool(self._held) or has_spoken(self._transport)

    def write(self, octets: bytes) -> None:
        """Send octets: at the turn's end inside a turn, else at once. What is written after the end is dropped."""
        if self._state is not OPEN:
            return
        if self._corked is None:
            self._send(octets)
            return
        self._corked.append(octets)
        self._corked_octets += len(octets)
        if self._corked_octets >= TURN_OCTETS_MAX:
            self._send_corked()

    def drained(self) -> asyncio.Future[None]:
        """A future that is done when the peer has read enough; cancelled when the connection is gone."""
        self._send_corked()
        if self._drained is None or self._drained.done():
            self._drained = asyncio.get_running_loop().create_future()
            if self._stalled_since is None:
                self._drained.set_result(None)
        return self._drained

    def _send(self, octets: bytes) -> None:
        self._octets_sent += len(octets)
        self._transport.write(octets)

    def _send_corked(self) -> None:
        """Send what the turn under way has written so far, in one piece."""
        if self._corked:
            octets = self._corked[0] if len(self._corked) == 1 else b"".join(self._corked)
            self._corked.clear()
            self._corked_octets = 0
            self._send(octets)

    # ---- pausing -----------------------------------------------------------------------------------------------------

    def _hold(self, octets: bytes) -> None:
        self._held.append(octets)
        self._held_octets += len(octets)
        self._adjust_reading()

    def _take_held(self) -> bytes:
        octets = b"".join(self._held)
        self._held.clear()
        self._held_octets = 0
        return octets

    def _adjust_reading(self) -> None:
        """Read from an open connection unless the peer does not read itself, or too much is held back already."""
        if self._state is not OPEN or self._eof_heard:
            return
        reading = self._stalled_since is None and self._held_octets < HELD_OCTETS_MAX
        if reading and not self._reading:
            self._transport.resume_reading()
        elif self._reading and not reading:
            self._transport.pause_reading()
        self._reading = reading

    def _congested(self, time: float) -> None:
        self._stalled_since = time
        self._adjust_reading()

    def _relieved(self) -> None:
        self._stalled_since = None
        self._adjust_reading()
        if self._drained is not None and not self._drained.done():
            self._drained.set_result(None)

    # ---- ending ------------------------------------------------------------------------------------------------------

    def _end(self, reason: Reason, time: float) -> None:
        """Say no more and close when all is sent."""
        self._send_corked()
        self._reason = self._reason or reason
        self._state = State.CLOSING
        self._deadline = time + CLOSING_SECONDS_MAX
        self._transport.close()

    def _hear_out(self, reason: Reason, time: float) -> None:
        """Say no more, but throw away what still comes for a while before closing.

        A socket that is closed with octets unread answers with a reset, and a reset makes the peer's system throw away
        what it has not read yet: our last words (RFC 1122 4.2.2.13).
        """
        if self._eof_heard or not self._transport.can_write_eof():    # uvloop's TLS hears out itself
            self._end(reason, time)
            return
        self._send_corked()
        try:
            self._transport.write_eof()
        except OSError:    # it has gone already
            self._end(reason, time)
            return
        self._reason = self._reason or reason
        self._state = State.PARTING
        self._deadline = time + HEARING_OUT_SECONDS
        self._take_held()
        self._transport.resume_reading()

    def _cut(self, reason: Reason) -> None:
        """End at once and without a word, not even what the turn under way has written."""
        if self._state is not State.CLOSED:
            self._reason = self._reason or reason
            self._state = State.CLOSING
            self._corked = None
            self._transport.abort()
