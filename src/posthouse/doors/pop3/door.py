"""What a POP3 listening socket leads to."""

from posthouse.doors.connection import Connection
from posthouse.doors.pop3.answers import REFUSALS
from posthouse.doors.pop3.services import Pop3Services
from posthouse.doors.pop3.session import Pop3Session
from posthouse.doors.session import Session
from posthouse.runtime.counters import Admission


class Pop3Door:
    """Makes a session for each peer. `name`: pop3 or pop3s."""

    def __init__(self, name: str, services: Pop3Services) -> None:
        self.name = name
        self._services = services

    def open(self, connection: Connection) -> Session:
        return Pop3Session(connection, self._services)

    def refusal(self, admission: Admission) -> bytes:
        return REFUSALS[admission]
