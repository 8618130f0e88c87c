"""A message at the border: its bytes at rest, its envelope, and how it came."""

from enum import StrEnum

from msgspec import Struct

from posthouse.database.blobs.spool import Spooled
from posthouse.database.identifiers import AccountId
from posthouse.directory.resolution import Resolution
from posthouse.directory.version import DirectoryVersion
from posthouse.message.address import Address, ForwardPath, ReversePath
from posthouse.message.dates import Instant
from posthouse.message.envelope import BodyType
from posthouse.message.trace_fields import Transmission


class Entrance(StrEnum):
    """By which way a message came in."""

    RECEIVER = "receiver"        # port 25, from anyone
    SUBMISSION = "submission"    # from an account of ours, which makes it complete (RFC 6409 8)


class Originator(Struct, frozen=True):
    """The account that submits, and the address that it is known by."""

    account_id: AccountId
    address: Address


class Origin(Struct, frozen=True):
    """How a message came: the session's facts. `identifier` names the acceptance in replies, logs and trace fields."""

    entrance: Entrance
    session_id: str
    identifier: str
    ehlo_name: str
    peer_ip: str | None
    transmission: Transmission
    originator: Originator | None = None


class Destination(Struct, frozen=True):
    """One forward-path that was accepted, where it leads, and why we take it."""

    forward_path: ForwardPath
    resolution: Resolution
    because: str


class Arrival(Struct, frozen=True):
    """One message, whole, for which we are about to take responsibility."""

    origin: Origin
    reverse_path: ReversePath
    body_type: BodyType
    destinations: tuple[Destination, ...]
    directory_version: DirectoryVersion    # as of which the destinations were resolved
    spooled: Spooled
    at: Instant
