"""A message submitted by the owner of the data: from anyone, to anywhere, complete or not.

Whoever opens the control socket could write the database itself, so only mistakes are refused here: addresses that
nobody has, octets that no SMTP server would take.
"""

import asyncio
import re
from typing import Final

from msgspec import Struct

from posthouse.database.blobs.spool import BlobFiles, Spooled
from posthouse.database.errors import DatabaseError
from posthouse.delivery.arrival import Arrival, Destination, Entrance, Origin
from posthouse.delivery.delivery import Delivery
from posthouse.directory.resolution import Standing
from posthouse.doors.control.directory_answers import address_from
from posthouse.doors.control.requests import SubmitMessage
from posthouse.doors.control.responses import MessageSubmitted
from posthouse.message.address import NULL_REVERSE_PATH, ReversePath
from posthouse.message.envelope import BodyType
from posthouse.message.trace_fields import Transmission
from posthouse.runtime.chance import Chance
from posthouse.runtime.clock import Clock

STEP_OCTETS: Final = 64 << 10              # DESIGN 3: what a turn takes of a message

_BECAUSE: Final = "the owner of the data submits it"
_UNFIT_OCTETS: Final = re.compile(rb"\0|\r(?!\n)|(?<!\r)\n")
_FAULTS: Final = {
    Standing.UNKNOWN: "nobody here has this address: mend it, or add an account or alias",
    Standing.UNATTENDED: "its domain has no account yet: add one first",
    Standing.LOOPING: "its alias leads back to itself: mend it",
    Standing.TOO_DEEP: "its alias leads through too many others: mend it",
    Standing.TOO_WIDE: "its alias leads to too many addresses: mend it",
}


class SubmissionLimits(Struct, frozen=True):
    """How much a message may be; as at the SMTP doors, whose settings say it."""

    message_octets_max: int = 50 << 20
    recipients_max: int = 1_000


class MessageRefused(Exception):
    """The message cannot be taken as it is; the text says why. Nothing of it was kept."""


async def submit(
    request: SubmitMessage, octets: bytes, delivery: Delivery, limits: SubmissionLimits, clock: Clock, chance: Chance
) -> MessageSubmitted:
    """Accept a message for all its recipients or for none.

    Raises MessageRefused, AddressSyntaxError, HeaderTooLarge, TooManyHops, PlanOutdated, WorkersBusy, DatabaseError.
    """
    _require_fit(request, octets, limits)
    version = delivery.directory.version
    destinations = _destinations(request, delivery)
    reverse_path: ReversePath = address_from(request.reverse_path) if request.reverse_path else NULL_REVERSE_PATH
    spooled = await _spooled(delivery.blobs, octets)
    identifier = chance.identifier()
    arrival = Arrival(
        origin=Origin(
            Entrance.SUBMISSION, identifier, identifier, delivery.hostname, None, Transmission.LOCAL, originator=None
        ),
        reverse_path=reverse_path,
        body_type=BodyType.SEVEN_BIT if octets.isascii() else BodyType.EIGHT_BIT_MIME,
        destinations=destinations,
        directory_version=version,
        spooled=spooled,
        at=clock.now(),
    )
    accepted = await delivery.accept(arrival)
    return MessageSubmitted(
        identifier=accepted.identifier, delivered=len(accepted.delivered), queue_id=accepted.queue_id
    )


async def _spooled(blobs: BlobFiles, octets: bytes) -> Spooled:
    """The octets at rest; other sessions have their turns meanwhile. Raises DatabaseError."""
    spool = blobs.spool()
    try:
        for start in range(0, len(octets), STEP_OCTETS):
            spool.write(octets[start : start + STEP_OCTETS])
            await asyncio.sleep(0)
        spooled = spool.finish()
        return spooled if isinstance(spooled, Spooled) else await spooled
    except DatabaseError:
        spool.discard()
        raise


def _require_fit(request: SubmitMessage, octets: bytes, limits: SubmissionLimits) -> None:
    if not request.forward_paths:
        raise MessageRefused("the message has no recipients: name at least one")
    if len(request.forward_paths) > limits.recipients_max:
        raise MessageRefused(f"a message has at most {limits.recipients_max} recipients: send it in parts")
    if len(octets) > limits.message_octets_max:
        raise MessageRefused(
            f"a message of {len(octets):,} octets is over this server's limit of {limits.message_octets_max:,}:"
            " send less, or raise message_size_octets_max in the settings"
        )
    if _UNFIT_OCTETS.search(octets):
        raise MessageRefused("lines must end with CRLF, and no octet may be NUL (RFC 5321 2.3.8)")


def _destinations(request: SubmitMessage, delivery: Delivery) -> tuple[Destination, ...]:
    """Where each forward-path leads. Raises MessageRefused, with all that lead nowhere."""
    found: list[Destination] = []
    faults: list[str] = []
    for text in request.forward_paths:
        address = address_from(text)
        resolution = delivery.directory.resolve(address)
        fault = _FAULTS.get(resolution.standing)
        if fault is None:
            found.append(Destination(address, resolution, _BECAUSE))
        else:
            faults.append(f"{text}: {fault}")
    if faults:
        raise MessageRefused("; ".join(faults))
    return tuple(found)
