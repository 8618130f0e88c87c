"""The plan of one acceptance: who gets the message, what each sees of it, and why. Facts in, a value out.

The stored bytes are never changed. Each account's view begins with its own Return-Path and Delivered-To, then our
Received; the relay's view has the Received alone. Left out of every view: a Return-Path that came along (RFC 5321
4.4), an Authentication-Results in our own name (RFC 8601 5), what a submitted message must not show (Bcc).
"""

from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from posthouse.database.identifiers import AccountId
from posthouse.delivery.arrival import Arrival, Destination, Entrance
from posthouse.delivery.errors import HeaderTooLarge, TooManyHops
from posthouse.delivery.examination import Examined
from posthouse.delivery.rendition import render, sent_date
from posthouse.delivery.visibility import made_complete, without_fields
from posthouse.history.daily import Sums
from posthouse.history.decisions import DecisionRecord, RecipientDecision
from posthouse.message.address import Address
from posthouse.message.dates import Instant, ZonedInstant
from posthouse.message.headers import FIELD_LINES_MAX, HeaderSection
from posthouse.message.trace_fields import (
    ReceivedFacts,
    Transmission,
    delivered_to_field,
    received_field,
    return_path_field,
)
from posthouse.message.view import View
from posthouse.store.messages import Wire

# Exim's header_maxsize. Fields beyond FIELD_LINES_MAX are not read one by one, and what must not show could hide there.
HEADER_OCTETS_MAX: Final = 1 << 20
RECEIVED_FIELDS_MAX: Final = 100    # RFC 5321 6.3: a large rejection threshold, normally at least 100
MESSAGE_ID_OCTETS_MAX: Final = 998    # RFC 5322 2.1.1: a line


class LocalDelivery(Struct, frozen=True):
    """One account that gets the message in its INBOX, and what it sees."""

    account_id: AccountId
    view: View


class Plan(Struct, frozen=True):
    """All that one acceptance will write."""

    arrival: Arrival
    deliveries: tuple[LocalDelivery, ...]    # by account: so their rows are locked (DESIGN 5)
    elsewhere: tuple[Address, ...]
    relay_view: View
    wire: Wire
    sent_date: Instant
    decision: DecisionRecord

    @property
    def sums(self) -> Sums:
        """What the acceptance adds to the day's sums."""
        delivered, queued = len(self.deliveries), len(self.elsewhere)
        return Sums(accepted=delivered + queued, delivered=delivered, queued=queued)

    @property
    def blob_uses(self) -> int:
        """How many rows will name the bytes."""
        return len(self.deliveries) + bool(self.elsewhere)


def make_plan(arrival: Arrival, examined: Examined, hostname: str) -> Plan:
    """Say what is to become of a message. Raises HeaderTooLarge, TooManyHops."""
    section = examined.section
    _require_readable(section)
    octets = arrival.spooled.octets
    seen = without_fields(View.separated(section, len(octets)), section, hostname)
    if arrival.origin.entrance is Entrance.SUBMISSION:
        seen, section = made_complete(seen, section, arrival, hostname)
    relay_view = seen.with_prefix(_received(arrival, hostname))
    sent = sent_date(section)
    return Plan(
        arrival,
        tuple(sorted(_deliveries(arrival, relay_view), key=lambda delivery: delivery.account_id)),
        _elsewhere(arrival),
        relay_view,
        render(section, examined.root),
        arrival.at if sent is None else sent,
        _decision(arrival, section),
    )


def _require_readable(section: HeaderSection) -> None:
    """Raises HeaderTooLarge, TooManyHops."""
    octets, lines = len(section.octets), section.octets.count(b"\n")
    if octets > HEADER_OCTETS_MAX or lines >= FIELD_LINES_MAX:    # a section that was cut has so many lines at least
        raise HeaderTooLarge(f"a header section of {lines} lines and {octets} octets")
    if section.count(b"received") > RECEIVED_FIELDS_MAX:
        raise TooManyHops(f"{section.count(b'received')} Received fields")


def _received(arrival: Arrival, hostname: str) -> bytes:
    origin = arrival.origin
    sole = arrival.destinations[0].forward_path if len(arrival.destinations) == 1 else None
    return received_field(
        ReceivedFacts(
            origin.ehlo_name,
            origin.peer_ip,
            hostname,
            origin.transmission,
            origin.identifier,
            ZonedInstant(arrival.at),
            sole,
        )
    )


def _deliveries(arrival: Arrival, relay_view: View) -> Iterator[LocalDelivery]:
    """One for each account, whatever number of forward-paths and aliases lead to it; in the order of the recipients."""
    return_path = return_path_field(arrival.reverse_path)
    served: set[AccountId] = set()
    for destination in arrival.destinations:
        for target in destination.resolution.local:
            if target.account_id not in served:
                served.add(target.account_id)
                own = return_path + delivered_to_field(target.delivered_to)
                yield LocalDelivery(target.account_id, relay_view.with_prefix(own))


def _elsewhere(arrival: Arrival) -> tuple[Address, ...]:
    """The addresses that others serve, each once, as it was first given."""
    found: dict[tuple[str, str], Address] = {}
    for destination in arrival.destinations:
        for address in destination.resolution.remote:
            found.setdefault((address.local_part, address.domain.key), address)
    return tuple(found.values())


def _decision(arrival: Arrival, section: HeaderSection) -> DecisionRecord:
    origin = arrival.origin
    message_id = section.first(b"message-id")
    return DecisionRecord(
        session=origin.session_id,
        door=origin.entrance,
        peer_ip=origin.peer_ip or "",
        ehlo_name=origin.ehlo_name,
        tls=origin.transmission in (Transmission.ESMTPS, Transmission.ESMTPSA),
        reverse_path=str(arrival.reverse_path),
        size_octets=arrival.spooled.length,
        recipients=tuple(map(_recipient_decision, arrival.destinations)),
        originator=str(origin.originator.address) if origin.originator else None,
        message_id=message_id[:MESSAGE_ID_OCTETS_MAX].decode("utf-8", "replace") if message_id else None,
    )


def _recipient_decision(destination: Destination) -> RecipientDecision:
    resolution = destination.resolution
    return RecipientDecision(
        str(destination.forward_path),
        destination.because,
        tuple(target.account_id for target in resolution.local),
        tuple(map(str, resolution.remote)),
    )
