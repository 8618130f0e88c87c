"""What every session of an SMTP door works with."""

from dataclasses import dataclass

from posthouse.database.blobs.spool import BlobFiles
from posthouse.delivery.delivery import Delivery
from posthouse.directory.reader import DirectoryReader
from posthouse.doors.smtp.judge import Judge
from posthouse.login.login import Login
from posthouse.protocol.smtp.settings import ServerSettings
from posthouse.runtime.clock import Clock


@dataclass(frozen=True, slots=True)
class SmtpServices:
    """The rooms below, as the door uses them; who decides there, and what it announces."""

    judge: Judge
    settings: ServerSettings
    directory: DirectoryReader
    delivery: Delivery
    blobs: BlobFiles
    login: Login
    clock: Clock
