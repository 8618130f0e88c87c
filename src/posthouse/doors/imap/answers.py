"""What went wrong, and what the peer hears of it: the one table of the IMAP door (response codes: RFC 5530)."""

from typing import Final

from posthouse.database.errors import DatabaseError, DiskFull
from posthouse.doors.session import Ending
from posthouse.login.errors import LoginBusy, LoginError, LoginRefused, LoginShutOut
from posthouse.protocol.imap import codes
from posthouse.protocol.imap.codes import Code
from posthouse.protocol.imap.responses import Completion, Condition, bye
from posthouse.runtime.counters import Admission
from posthouse.runtime.workers import WorkersBusy
from posthouse.store.errors import (
    MailboxExists,
    MailboxHasChildren,
    MailboxNameRefused,
    MailboxProtected,
    MessagesGone,
    NoSuchDestination,
    NoSuchMailbox,
    StoreError,
    TooManyKeywords,
    TooManyMailboxes,
    TooManySubscriptions,
)

FORESEEN: Final = (StoreError, DatabaseError, LoginError, WorkersBusy)

_CODES: Final[tuple[tuple[type[Exception], Code | None], ...]] = (
    (NoSuchDestination, codes.TRYCREATE),    # RFC 3501 6.3.11, 6.4.7
    (NoSuchMailbox, codes.NONEXISTENT),
    (MessagesGone, codes.EXPUNGEISSUED),
    (MailboxExists, codes.ALREADYEXISTS),
    (MailboxNameRefused, codes.CANNOT),
    (MailboxProtected, codes.CANNOT),
    (MailboxHasChildren, codes.HASCHILDREN),
    (TooManyKeywords, codes.LIMIT),
    (TooManyMailboxes, codes.LIMIT),
    (TooManySubscriptions, codes.LIMIT),
)
_TEXTS: Final[tuple[tuple[type[Exception], Code, str], ...]] = (     # ours: an internal error's text reaches nobody
    (DiskFull, codes.OVERQUOTA, "there is no room to keep that, try again later"),
    (DatabaseError, codes.UNAVAILABLE, "this server cannot do that at the moment, try again later"),
    (WorkersBusy, codes.UNAVAILABLE, "this server cannot do that at the moment, try again later"),
    (LoginRefused, codes.AUTHENTICATIONFAILED, "name or password is wrong"),
    (LoginShutOut, codes.AUTHENTICATIONFAILED, "too many failed logins, wait before you try again"),
    (LoginBusy, codes.UNAVAILABLE, "logins cannot be checked at the moment, try again later"),
)

LAST_WORDS: Final = {
    Ending.TIMED_OUT: bye("nothing heard from you for too long, closing"),
    Ending.BUG: bye("something went wrong here and is written down, try again later", codes.SERVERBUG),
    Ending.LOGGED_OUT: bye("your password was changed or taken back, log in again", codes.UNAVAILABLE),
    Ending.SHUTTING_DOWN: bye("this server is shutting down, try again in a minute", codes.UNAVAILABLE),
}

REFUSALS: Final = {
    Admission.TOO_MANY_FROM_NETWORK: bye("too many sessions from your network, close some first", codes.LIMIT),
    Admission.TOO_MANY_IN_ALL: bye("too many sessions here at the moment, try again later", codes.UNAVAILABLE),
}


def ok(text: str, code: Code | None = None) -> Completion:
    """It was done."""
    return Completion(Condition.OK, text, code)


def no(text: str, code: Code | None = None) -> Completion:
    """It cannot be done."""
    return Completion(Condition.NO, text, code)


def bad(text: str, code: Code | None = None) -> Completion:
    """It makes no sense."""
    return Completion(Condition.BAD, text, code)


def completion_of(error: Exception) -> Completion:
    """How a command ends on an error that was foreseen."""
    if isinstance(error, StoreError):
        return no(str(error), next((code for kind, code in _CODES if isinstance(error, kind)), None))
    for kind, code, text in _TEXTS:
        if isinstance(error, kind):
            return no(text, code)
    raise error
