"""What an SMTP listening socket leads to."""

from posthouse.doors.connection import Connection
from posthouse.doors.session import Session
from posthouse.doors.smtp.answers import REFUSALS
from posthouse.doors.smtp.services import SmtpServices
from posthouse.doors.smtp.session import SmtpSession
from posthouse.runtime.counters import Admission


class SmtpDoor:
    """Makes a session for each peer. `name`: smtp, submission or submissions."""

    def __init__(self, name: str, services: SmtpServices) -> None:
        self.name = name
        self._services = services

    def open(self, connection: Connection) -> Session:
        return SmtpSession(connection, self._services)

    def refusal(self, admission: Admission) -> bytes:
        return REFUSALS[admission]
