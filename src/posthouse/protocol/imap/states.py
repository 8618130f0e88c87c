"""The law of a session: which command may be given when, and what its answer changes (RFC 3501 3).

A pair missing in LEGAL *is* the answer ``BAD``; a pair missing in AFTER changes nothing.
"""

from enum import Enum, auto
from typing import Final

from posthouse.protocol.imap import commands
from posthouse.protocol.imap.commands import Command
from posthouse.protocol.imap.responses import Condition


class State(Enum):
    """What the peer may ask for; the value says it in words."""

    NOT_AUTHENTICATED = "before login"
    AUTHENTICATED = "with no mailbox selected"
    SELECTED = "with a mailbox selected"
    LOGOUT = "after LOGOUT"

    __hash__ = object.__hash__    # members are single objects; Enum's own hash runs in Python, at every command


class Channel(Enum):
    """How the octets travel."""

    CLEAR = auto()
    TLS = auto()


class Phase(Enum):
    """What the session does with the octets that come."""

    COMMAND = auto()       # waits for a command, or for the rest of one
    ANSWERING = auto()     # a command was handed out; nothing is read until it is answered
    DECIDING = auto()      # an APPEND was announced; its message is read, or not, as we are told
    APPENDING = auto()     # its message streams
    APPENDED = auto()      # the message is complete, the end of its line is not
    CONTINUATION = auto()  # AUTHENTICATE waits for the answer to a challenge
    IDLING = auto()        # IDLE waits for DONE
    SWALLOWING = auto()    # the rest of a refused command is read and thrown away
    UPGRADING = auto()     # OK to STARTTLS was said; octets are held back until TLS is up
    CLOSED = auto()        # BYE was said; whatever comes is thrown away

    __hash__ = object.__hash__    # as above


_ANY: Final = frozenset({State.NOT_AUTHENTICATED, State.AUTHENTICATED, State.SELECTED})
_BEFORE_LOGIN: Final = frozenset({State.NOT_AUTHENTICATED})
_AFTER_LOGIN: Final = frozenset({State.AUTHENTICATED, State.SELECTED})
_SELECTED: Final = frozenset({State.SELECTED})

LEGAL: Final[dict[type[Command], frozenset[State]]] = {
    commands.Capability: _ANY,    # RFC 3501 6.1
    commands.Noop: _ANY,
    commands.Logout: _ANY,
    commands.StartTls: _BEFORE_LOGIN,    # 6.2
    commands.Authenticate: _BEFORE_LOGIN,
    commands.Login: _BEFORE_LOGIN,
    commands.Select: _AFTER_LOGIN,    # 6.3
    commands.Create: _AFTER_LOGIN,
    commands.Delete: _AFTER_LOGIN,
    commands.Rename: _AFTER_LOGIN,
    commands.Subscribe: _AFTER_LOGIN,
    commands.Unsubscribe: _AFTER_LOGIN,
    commands.List: _AFTER_LOGIN,
    commands.Lsub: _AFTER_LOGIN,
    commands.Status: _AFTER_LOGIN,
    commands.Append: _AFTER_LOGIN,
    commands.Namespace: _AFTER_LOGIN,    # RFC 2342 5
    commands.Idle: _AFTER_LOGIN,    # RFC 2177 3
    commands.Check: _SELECTED,    # 6.4
    commands.Close: _SELECTED,
    commands.Unselect: _SELECTED,    # RFC 3691 2
    commands.Expunge: _SELECTED,
    commands.Search: _SELECTED,
    commands.Fetch: _SELECTED,
    commands.Store: _SELECTED,
    commands.Copy: _SELECTED,
    commands.Move: _SELECTED,    # RFC 6851 3.1
}

AFTER: Final[dict[tuple[type[Command], Condition], State]] = {
    (commands.Login, Condition.OK): State.AUTHENTICATED,
    (commands.Authenticate, Condition.OK): State.AUTHENTICATED,
    (commands.Select, Condition.OK): State.SELECTED,
    (commands.Select, Condition.NO): State.AUTHENTICATED,    # 6.3.1: a SELECT that fails leaves none selected
    (commands.Close, Condition.OK): State.AUTHENTICATED,
    (commands.Unselect, Condition.OK): State.AUTHENTICATED,
    (commands.Logout, Condition.OK): State.LOGOUT,
}
