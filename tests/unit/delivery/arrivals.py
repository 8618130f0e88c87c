"""Arrivals made by hand: a message at the border, with destinations that need no directory."""

import hashlib

from posthouse.database.blobs.spool import Spooled
from posthouse.database.identifiers import AccountId
from posthouse.delivery.arrival import Arrival, Destination, Entrance, Origin, Originator
from posthouse.delivery.examination import examine
from posthouse.delivery.plan import Plan, make_plan
from posthouse.directory.expansion import LocalTarget
from posthouse.directory.resolution import Resolution, Standing
from posthouse.directory.version import DirectoryVersion
from posthouse.message.address import POSTMASTER, ForwardPath, ReversePath, parse_address
from posthouse.message.dates import Instant
from posthouse.message.envelope import BodyType
from posthouse.message.trace_fields import Transmission
from posthouse.message.view import View, read

HOSTNAME = "mail.example.org"
NOON = Instant(1_790_000_000_000_000)    # Mon, 21 Sep 2026 14:13:20 +0000
ADA, BOB, CAROL = AccountId(1), AccountId(2), AccountId(3)
EVE = parse_address("eve@elsewhere.example")
FRIEND = "friend@elsewhere.example"
HELLO = b"From: eve@elsewhere.example\r\nSubject: hello\r\nMessage-ID: <1@x>\r\n\r\nGood day.\r\n"


def to(path: str, *accounts: AccountId, remote: tuple[str, ...] = ()) -> Destination:
    """A forward-path that leads to accounts and to addresses elsewhere; its own address where neither is given."""
    forward_path: ForwardPath = POSTMASTER if path == "Postmaster" else parse_address(path)
    delivered_to = parse_address("postmaster@example.org") if path == "Postmaster" else parse_address(path)
    if not accounts and not remote:
        remote = (path,)
    resolution = Resolution(
        Standing.DELIVERABLE if accounts else Standing.FOREIGN,
        tuple(LocalTarget(account, delivered_to) for account in accounts),
        tuple(map(parse_address, remote)),
    )
    return Destination(forward_path, resolution, "the recipient is ours")


TO_ADA = to("ada@example.org", ADA)


def arrival(
    message: bytes,
    *destinations: Destination,
    entrance: Entrance = Entrance.RECEIVER,
    originator: Originator | None = None,
    reverse_path: ReversePath = EVE,
) -> Arrival:
    """As an SMTP door would make one."""
    origin = Origin(
        entrance, "session", "session-1", "client.example", "192.0.2.1", Transmission.ESMTPS, originator
    )
    spooled = Spooled(message, hashlib.sha256(message).digest(), None)
    return Arrival(
        origin, reverse_path, BodyType.SEVEN_BIT, destinations or (TO_ADA,), DirectoryVersion(1), spooled, NOON
    )


def plan(message: bytes, *destinations: Destination, entrance: Entrance = Entrance.RECEIVER) -> Plan:
    """The plan for a message at one of the doors."""
    return make_plan(arrival(message, *destinations, entrance=entrance), examine(message), HOSTNAME)


def seen(view: View, message: bytes) -> bytes:
    """What a view shows of a message."""
    return read(view, 0, view.size_octets, lambda offset, length: message[offset : offset + length])
