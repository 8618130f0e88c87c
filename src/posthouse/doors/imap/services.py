"""What every session of the IMAP door works with."""

from dataclasses import dataclass, field

from posthouse.database.blobs.spool import BlobFiles
from posthouse.database.database import Database
from posthouse.doors.imap.flag_names import Keywords
from posthouse.login.login import Login
from posthouse.protocol.imap.settings import SessionSettings
from posthouse.runtime.clock import Clock
from posthouse.runtime.workers import Workers
from posthouse.store.opened import OpenMailboxes


@dataclass(frozen=True, slots=True)
class ImapSettings:
    """`clear_login_is_allowed`: with --dev alone, where only loopback is served (RFC 3501 11.1 wants TLS)."""

    session: SessionSettings = field(default_factory=SessionSettings)
    starttls_is_available: bool = True
    clear_login_is_allowed: bool = False


@dataclass(frozen=True, slots=True)
class ImapServices:
    """The rooms below, as the door uses them."""

    settings: ImapSettings
    database: Database
    mailboxes: OpenMailboxes
    keywords: Keywords
    blobs: BlobFiles
    workers: Workers
    login: Login
    clock: Clock
