"""What every session of a POP3 door works with."""

from dataclasses import dataclass, field

from posthouse.database.database import Database
from posthouse.login.login import Login
from posthouse.protocol.pop3.session import SessionSettings
from posthouse.runtime.clock import Clock
from posthouse.runtime.disk import Disk
from posthouse.store.opened import OpenMailboxes


@dataclass(frozen=True, slots=True)
class Pop3Settings:
    """`clear_login_is_allowed`: with --dev alone, where only loopback is served (RFC 8314 4.1 wants TLS)."""

    session: SessionSettings = field(default_factory=SessionSettings)
    clear_login_is_allowed: bool = False


@dataclass(frozen=True, slots=True)
class Pop3Services:
    """The rooms below, as the door uses them. `disk`: where message files lie."""

    settings: Pop3Settings
    database: Database
    mailboxes: OpenMailboxes
    disk: Disk
    login: Login
    clock: Clock
