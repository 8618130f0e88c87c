"""What a door offers to its connection: the border between sockets and protocols.

A door is written against this file and `connection.Connection`. One turn is: octets come, `Session.receive` drives the
core and calls `Connection.write`; no task, future or timer is made. What a turn writes leaves in one piece at its end.
"""

from enum import Enum
from typing import TYPE_CHECKING, Final, Protocol

from posthouse.runtime.counters import Admission

if TYPE_CHECKING:
    from posthouse.doors.connection import Connection


class Ending(Enum):
    """Why a connection ends the session; each door has the words for it in its table of replies."""

    TIMED_OUT = "timed-out"            # the peer was silent, or too slow, for too long (421 4.4.2)
    BUG = "bug"                        # ours: the words must be those of a transient failure (421 4.3.0)
    SHUTTING_DOWN = "shutting-down"    # the server stops (421 4.3.2, BYE)
    LOGGED_OUT = "logged-out"          # the account's password was changed, or the account is gone (421 4.7.0, BYE)


class Session(Protocol):
    """One peer's conversation. Every method is called on the loop, as a turn in the bug boundary."""

    @property
    def is_between_commands(self) -> bool:
        """Whether a server that stops may end the session now; false while a message or literal is arriving."""

    def opened(self) -> None:
        """The connection stands (on an implicit TLS port: encrypted): greet."""

    def receive(self, octets: bytes) -> None:
        """The peer's next octets. Never called while an awaited answer is outstanding or TLS is being set up."""

    def secured(self) -> None:
        """TLS stands after `start_tls`; what was said in the clear is to be forgotten (RFC 3207 4.2)."""

    def last_words(self, ending: Ending) -> bytes:
        """What to tell the peer before its session is ended so; empty where nothing can be said (amid a literal)."""

    def closed(self) -> None:
        """The connection is gone, for whatever reason: let go of everything. Called exactly once, as the last."""


class Door(Protocol):
    """What a listening socket leads to: makes one session for each connection."""

    @property
    def name(self) -> str:
        """How the journal calls it: "smtp", "submission", "imap" ..."""

    def open(self, connection: "Connection") -> Session:
        """Make the session of a new connection; it speaks only when `opened` is called."""

    def refusal(self, admission: Admission) -> bytes:
        """What to tell a peer that is one too many (`421 4.7.0`, `* BYE`, `-ERR`)."""


class _NoSession:
    """Stands in before a session is made and after it is closed, so that the connection keeps no reference to it."""

    __slots__ = ()

    is_between_commands = True

    def opened(self) -> None:
        return

    def receive(self, octets: bytes) -> None:
        return

    def secured(self) -> None:
        return

    def last_words(self, ending: Ending) -> bytes:
        return b""

    def closed(self) -> None:
        return


NO_SESSION: Final[Session] = _NoSession()
