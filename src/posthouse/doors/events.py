"""What the journal hears about connections, whatever the door."""

from enum import Enum

from posthouse.runtime.counters import Admission
from posthouse.runtime.journal import Event, Severity


class Reason(Enum):
    """What ended a session, as the journal tells it."""

    PEER_CLOSED = "the peer closed"
    SESSION_ENDED = "the session ended"                # QUIT, LOGOUT
    SESSION_REFUSED = "the session was refused"        # the door gave up on the peer
    NOT_ADMITTED = "too many sessions"
    TIMED_OUT = "timed out"
    STALLED = "the peer did not read"
    TLS_FAILED = "TLS failed"
    SHUTTING_DOWN = "the server stopped"
    BUG = "a bug of ours"
    LOGGED_OUT = "logged out"                          # its password was changed, or the account is gone
    ABORTED = "aborted"                                # a failed sync, or what was awaited was cancelled


class SessionOpened(Event, frozen=True):
    severity = Severity.DETAIL
    door: str
    peer_ip: str
    peer_port: int


class SessionSecured(Event, frozen=True):
    severity = Severity.DETAIL
    version: str
    cipher: str


class SessionClosed(Event, frozen=True):
    """The end of a session, with what passed through it."""

    door: str
    peer_ip: str
    octets_received: int
    octets_sent: int
    reason: Reason
    mail_refused: int = 0    # recipients and messages; the first REFUSALS_TOLD have a line each


class SessionsRefused(Event, frozen=True):
    """Peers that were one too many since this was last said, and the last of them by its address."""

    severity = Severity.WARNING
    admission: Admission
    refused: int
    peer_ip: str


class LoginFailed(Event, frozen=True):
    """A login that came to nothing. Whose name was given is not told: passwords are typed there, too."""

    severity = Severity.WARNING
    door: str
    peer_ip: str
    reason: str


class MailRefused(Event, frozen=True):
    """A recipient, or a whole message, that was not taken, and what the peer was told."""

    door: str
    peer_ip: str
    reply: str
    forward_path: str = ""


class TlsFailed(Event, frozen=True):
    """A handshake that came to nothing: usually a peer that does not trust our certificate, or a scanner."""

    door: str
    peer_ip: str
    reason: str


class AnswerOverdue(Event, frozen=True):
    """A session has waited too long for an answer of ours (a commit, a login) and was ended like a bug."""

    severity = Severity.FAULT
    door: str
    seconds: float


class AcceptFailed(Event, frozen=True):
    """No connection can be accepted just now: descriptors or memory are used up. It is tried again shortly."""

    severity = Severity.FAULT
    door: str
    reason: str


class BugFound(Event, frozen=True):
    """An exception that nobody foresaw; its session ended with a transient failure."""

    severity = Severity.FAULT
    door: str
    traceback: str
