"""What went wrong, and what the peer hears of it: the one table of the SMTP doors.

What is a failure of ours is transient (DESIGN 1.3); an internal error's text never reaches a peer.
"""

from typing import Final

from posthouse.database.errors import DatabaseError, DiskFull
from posthouse.delivery.errors import AuthorRefused, DeliveryError, HeaderTooLarge, PlanOutdated, TooManyHops
from posthouse.doors.session import Ending
from posthouse.login.errors import LoginBusy, LoginError, LoginRefused, LoginShutOut
from posthouse.policy.verdicts import Accept, Verdict
from posthouse.protocol.smtp import replies
from posthouse.protocol.smtp.replies import Reply
from posthouse.runtime.counters import Admission
from posthouse.runtime.workers import WorkersBusy

Foreseen = DeliveryError | DatabaseError | LoginError | WorkersBusy
FORESEEN: Final = (DeliveryError, DatabaseError, LoginError, WorkersBusy)

_REPLIES: Final[tuple[tuple[type[Exception], Reply], ...]] = (    # the first that fits
    (HeaderTooLarge, replies.HEADER_TOO_LARGE),
    (TooManyHops, replies.MAIL_LOOP),
    (PlanOutdated, replies.TRY_LATER),
    (DiskFull, replies.STORAGE_FULL),
    (DatabaseError, replies.TRY_LATER),
    (WorkersBusy, replies.TRY_LATER),
    (LoginRefused, replies.LOGIN_FAILED),
    (LoginShutOut, replies.LOGIN_SHUT_OUT),
    (LoginBusy, replies.LOGIN_UNAVAILABLE),
)

LAST_WORDS: Final = {
    Ending.TIMED_OUT: replies.IDLE_TOO_LONG.encode(),
    Ending.BUG: replies.INTERNAL_ERROR.encode(),
    Ending.SHUTTING_DOWN: replies.SHUTTING_DOWN.encode(),
    Ending.LOGGED_OUT: replies.LOGGED_OUT.encode(),
}

REFUSALS: Final = {
    Admission.TOO_MANY_FROM_NETWORK: replies.TOO_MANY_SESSIONS_OF_PEER.encode(),
    Admission.TOO_MANY_IN_ALL: replies.TOO_MANY_SESSIONS.encode(),
}


def reply_to_error(error: Foreseen) -> Reply:
    """The reply that an error which was foreseen is answered with."""
    if isinstance(error, AuthorRefused):
        return replies.refusal(error.status, error.text)
    return next((reply for kind, reply in _REPLIES if isinstance(error, kind)), replies.TRY_LATER)


def reply_to_verdict(verdict: Verdict, accepted: Reply) -> Reply:
    """The reply that says a verdict; `accepted` when it is one."""
    return accepted if isinstance(verdict, Accept) else replies.refusal(verdict.status, verdict.text)
