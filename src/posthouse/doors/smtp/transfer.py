"""One mail transaction in progress (RFC 5321 3.3): the envelope so far, and the message as it comes."""

from posthouse.database.blobs.spool import BlobFiles, Spool, Spooled
from posthouse.database.errors import DatabaseError
from posthouse.delivery.arrival import Arrival, Destination, Origin
from posthouse.directory.resolution import Resolution
from posthouse.directory.version import DirectoryVersion
from posthouse.message.address import ForwardPath, ReversePath
from posthouse.message.dates import Instant
from posthouse.message.envelope import BodyType
from posthouse.policy.verdicts import Accept


class Transfer:
    """Begun by MAIL, thrown away by RSET, EHLO or the end of the session, finished by the message's end."""

    __slots__ = ("_body_type", "_destinations", "_reverse_path", "_version", "fault", "spool")

    def __init__(self, reverse_path: ReversePath, body_type: BodyType) -> None:
        self._reverse_path = reverse_path
        self._body_type = body_type
        self._destinations: list[Destination] = []
        self._version: DirectoryVersion | None = None
        self.spool: Spool | None = None
        self.fault: DatabaseError | None = None    # why the message cannot be kept: it is read away, then refused

    def add(self, path: ForwardPath, resolution: Resolution, verdict: Accept, version: DirectoryVersion) -> None:
        """Note a recipient that was accepted, and as of which directory."""
        self._destinations.append(Destination(path, resolution, verdict.because))
        if self._version is None:
            self._version = version

    def begin_message(self, blobs: BlobFiles) -> None:
        """The message begins to arrive."""
        self.spool = blobs.spool()

    def take(self, chunk: bytes) -> None:
        """Keep the message's next octets; after a fault they are thrown away."""
        if self.fault is not None or self.spool is None:
            return
        try:
            self.spool.write(chunk)
        except DatabaseError as fault:
            self.fault = fault
            self.spool.discard()

    def discard(self) -> None:
        """Let go of what came."""
        if self.spool is not None:
            self.spool.discard()
            self.spool = None

    def arrival(self, spooled: Spooled, origin: Origin, at: Instant) -> Arrival:
        """The whole of it, as delivery takes it."""
        assert self._version is not None, "no message begins without a recipient"
        return Arrival(
            origin, self._reverse_path, self._body_type, tuple(self._destinations), self._version, spooled, at
        )
