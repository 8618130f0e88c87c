"""What an IMAP listening socket leads to."""

from posthouse.doors.connection import Connection
from posthouse.doors.imap.answers import REFUSALS
from posthouse.doors.imap.services import ImapServices
from posthouse.doors.imap.session import ImapSession
from posthouse.doors.session import Session
from posthouse.runtime.counters import Admission


class ImapDoor:
    """Makes a session for each peer. `name`: imap or imaps."""

    def __init__(self, name: str, services: ImapServices) -> None:
        self.name = name
        self._services = services

    def open(self, connection: Connection) -> Session:
        return ImapSession(connection, self._services)

    def refusal(self, admission: Admission) -> bytes:
        return REFUSALS[admission]
