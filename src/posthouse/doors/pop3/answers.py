"""What went wrong, and what the peer hears of it: the one table of the POP3 doors.

What is a failure of ours is transient (``[SYS/TEMP]``, RFC 3206 4); an internal error's text never reaches a peer.
"""

from typing import Final

from posthouse.database.errors import DatabaseError
from posthouse.doors.session import Ending
from posthouse.login.errors import LoginError, LoginRefused, LoginShutOut
from posthouse.protocol.pop3 import replies
from posthouse.protocol.pop3.answers import LoginRefusal
from posthouse.runtime.counters import Admission
from posthouse.runtime.workers import WorkersBusy
from posthouse.store.errors import StoreError

Foreseen = LoginError | DatabaseError | WorkersBusy | StoreError
FORESEEN: Final = (LoginError, DatabaseError, WorkersBusy, StoreError)

_LOGIN_REFUSALS: Final[tuple[tuple[type[Exception], LoginRefusal], ...]] = (    # all else: we cannot look just now
    (LoginRefused, LoginRefusal.WRONG),
    (LoginShutOut, LoginRefusal.SHUT_OUT),
)

LAST_WORDS: Final = {
    Ending.TIMED_OUT: b"",    # RFC 1939 3: closed "without sending any response to the client"
    Ending.LOGGED_OUT: replies.LOGGED_OUT,
    Ending.BUG: replies.BUG,
    Ending.SHUTTING_DOWN: replies.STOPPING,
}

REFUSALS: Final = {
    Admission.TOO_MANY_FROM_NETWORK: replies.TOO_MANY_SESSIONS,
    Admission.TOO_MANY_IN_ALL: replies.TOO_MANY_SESSIONS,
}


def login_refusal(error: Foreseen) -> LoginRefusal:
    """Why nobody is let in, in the words of the protocol core."""
    return next((why for kind, why in _LOGIN_REFUSALS if isinstance(error, kind)), LoginRefusal.BUSY)
