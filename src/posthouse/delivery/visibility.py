"""What of the stored fields nobody is to see, and what a submitted message lacks: as changes to the view."""

import re

from posthouse.delivery.arrival import Arrival
from posthouse.message.address import AddressSyntaxError, Domain
from posthouse.message.dates import ZonedInstant
from posthouse.message.headers import HeaderSection, unfold
from posthouse.message.parameters import without_comments
from posthouse.message.repair import RepairFacts, repair
from posthouse.message.view import Range, View, read

RETURN_PATH = b"return-path"
AUTHENTICATION_RESULTS = b"authentication-results"
HIDDEN = frozenset({RETURN_PATH, AUTHENTICATION_RESULTS})

_IDENTIFIER = re.compile(rb'\s*+(?:"((?:[^"\\]++|\\.)*+)"?|([^\s;"]++))', re.DOTALL)
_ESCAPED = re.compile(rb"\\(.)", re.DOTALL)


def without_fields(view: View, section: HeaderSection, hostname: str) -> View:
    """Leave out a Return-Path that came along (RFC 5321 4.4: ours is the one), and every Authentication-Results in our
    own name (RFC 8601 5: it is forged, for we have not written it yet)."""
    if not section.has_any(HIDDEN):
        return view
    ours = _host_key(hostname)
    hidden = [
        Range(start, end - start)
        for start, end, name, value in section.ranges(HIDDEN)
        if name == RETURN_PATH or _service_key(value) == ours
    ]
    return view.without_all(hidden)


def _service_key(value: bytes) -> str:
    """The authserv-id of an Authentication-Results field (RFC 8601 2.2) as it is compared: a token or a quoted string,
    behind any comments, before the version."""
    found = _IDENTIFIER.match(without_comments(unfold(value)))
    if found is None:
        return ""
    quoted, bare = found.groups()
    return _host_key((bare or _ESCAPED.sub(rb"\1", quoted)).decode("utf-8", "replace"))


def _host_key(name: str) -> str:
    """Host names compare as domains do, their last dot apart; an identifier need not be one (RFC 8601 2.5)."""
    try:
        return Domain(name.rstrip(".")).key
    except AddressSyntaxError:
        return name.lower()


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
