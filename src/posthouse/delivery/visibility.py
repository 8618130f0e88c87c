"""What of the stored fields nobody is to see, and what a submitted message lacks: as changes to the view."""

from posthouse.delivery.arrival import Arrival
from posthouse.message.address import Domain
from posthouse.message.dates import ZonedInstant
from posthouse.message.headers import HeaderSection
from posthouse.message.repair import RepairFacts, repair
from posthouse.message.view import Range, View, read

RETURN_PATH = b"return-path"
AUTHENTICATION_RESULTS = b"authentication-results"
HIDDEN = frozenset({RETURN_PATH, AUTHENTICATION_RESULTS})


def without_fields(view: View, section: HeaderSection, hostname: str) -> View:
    """Leave out a Return-Path that came along (RFC 5321 4.4: ours is the one), and every Authentication-Results in our
    own name (RFC 8601 5: it is forged, for we have not written it yet)."""
    if not section.names() & HIDDEN:
        return view
    ours = hostname.lower().encode()
    hidden = [
        Range(start, end - start)
        for start, end, name, value in section.ranges(HIDDEN)
        if name == RETURN_PATH or _service_identifier(value) == ours
    ]
    return view.without_all(hidden)


def _service_identifier(value: bytes) -> bytes:
    """The authserv-id of an Authentication-Results field (RFC 8601 2.2), lower-case, without comments before it."""
    value = value.strip()
    while value.startswith(b"(") and b")" in value:
        value = value[value.index(b")") + 1:].lstrip()
    words = value.partition(b";")[0].split(None, 1)
    return words[0].strip(b'"').lower() if words else b""


def made_complete(
    view: View, section: HeaderSection, arrival: Arrival, hostname: str
) -> tuple[View, HeaderSection]:
    """Add Date and Message-ID when they are missing, leave out Bcc (RFC 6409 8); the section as it then reads."""
    mended = repair(section, RepairFacts(ZonedInstant(arrival.at), arrival.origin.identifier, Domain(hostname)))
    if not mended.added and not mended.omitted:
        return view, section
    view = view.without_all(mended.omitted).with_prefix(mended.added)
    octets = arrival.spooled.octets
    header = read(view, 0, view.header_octets, lambda offset, length: octets[offset:offset + length])
    return view, HeaderSection.parse(header)
