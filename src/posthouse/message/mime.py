"""The MIME structure of a message (RFC 2045, 2046) by offsets: which part stands where in the stored octets.

Promises: never raises; linear in the octets (each level of nesting searches its content once, within a budget);
bounded in depth and parts. A multipart that cannot be opened (no boundary, no delimiter found, beyond a limit) is a
text/plain leaf, so that its octets stay readable; an encapsulated message that cannot be is application/octet-stream.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from posthouse.message.delimiters import Delimiters
from posthouse.message.headers import HeaderSection, Octets
from posthouse.message.parameters import VALUE_OCTETS_MAX, Parameters, parse_parameters, without_comments


@dataclass(frozen=True, slots=True)
class MimeLimits:
    """Beyond these, content stays opaque."""

    depth_max: int = 100    # Postfix mime_nesting_limit; Dovecot has the same
    parts_max: int = 10_000    # Dovecot's MESSAGE_PARSER_DEFAULT_MAX_TOTAL_MIME_PARTS
    # All header sections but the first together: a digest of 1,000 messages has about 20,000 fields in 1 MB.
    fields_max: int = 100_000
    header_octets_max: int = 1024 * 1024


LIMITS: Final = MimeLimits()
# What is read and rendered within about 20 ms, however it was made; nearly all mail stays far below it.
QUICK_LIMITS: Final = MimeLimits(parts_max=100, fields_max=1_000, header_octets_max=16 * 1024)

# How often the octets may be searched for delimiters in all. Real mail nests two or three multiparts; the allowance
# lets small messages nest to the full depth.
_SEARCHES_MAX: Final = 8
_SEARCH_ALLOWANCE_OCTETS: Final = 64 * 1024 * 1024

_LINE_FEED: Final = 10
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9a-z{}-]+")    # RFC 2045 5.1, in lower case

_COPIED_AT_ONCE_OCTETS: Final = 1024 * 1024    # a mapping's lines are counted in copies of this size


@dataclass(frozen=True, slots=True)
class Disposition:
    """A Content-Disposition (RFC 2183), its kind in lower case."""

    kind: str
    parameters: Parameters


@dataclass(frozen=True, slots=True)
class Part:
    """One part. Offsets count from the start of the message's body, so that they hold in every view of the message.

    The root's header section lies before that: its offsets are ``-header.end`` to 0. ``header`` itself has the offsets
    of the stored octets. Names are in lower case.
    """

    header: HeaderSection
    media_type: str
    subtype: str
    parameters: Parameters
    encoding: str
    header_start: int
    body_start: int    # where the header ends too
    body_end: int
    lines: int    # of the body; a last line without an end counts
    parts: tuple["Part", ...] = ()

    @property
    def octets(self) -> int:
        """The size of the body."""
        return self.body_end - self.body_start

    @property
    def is_multipart(self) -> bool:
        return self.media_type == "multipart"

    @property
    def is_message(self) -> bool:
        """Whether the body is a message, the one part in ``parts`` (RFC 2046 5.2.1)."""
        return self.media_type == "message" and bool(self.parts)

    @property
    def disposition(self) -> Disposition | None:
        value = self.header.first(b"content-disposition")
        if value is None:
            return None
        kind, parameters = parse_parameters(value)
        return Disposition(kind, parameters) if kind else None

    @property
    def id(self) -> bytes | None:
        return self.header.first(b"content-id")

    @property
    def description(self) -> bytes | None:
        return self.header.first(b"content-description")

    @property
    def md5(self) -> bytes | None:
        return self.header.first(b"content-md5")

    @property
    def location(self) -> bytes | None:
        return self.header.first(b"content-location")

    @property
    def languages(self) -> tuple[bytes, ...]:
        """The tags of Content-Language (RFC 3282 2)."""
        value = self.header.first(b"content-language")
        if value is None:
            return ()
        return tuple(without_comments(value[:VALUE_OCTETS_MAX]).replace(b",", b" ").split())


def scan(octets: Octets, section: HeaderSection | None = None, limits: MimeLimits = LIMITS) -> Part:
    """Find the parts of a message. ``section`` is its header section where that was parsed before; never raises."""
    if section is None:
        section = HeaderSection.parse(octets)
    return _Scanner(octets, section.end, limits).part(section, len(octets), "text/plain", 0)


def scan_if_quick(octets: Octets, section: HeaderSection, limits: MimeLimits = QUICK_LIMITS) -> Part | None:
    """The same for a message that is soon read; None for one that reaches a limit and is to be scanned where it may
    take long."""
    scanner = _Scanner(octets, section.end, limits)
    root = scanner.part(section, len(octets), "text/plain", 0)
    return root if scanner.parts_left > 0 else None


class _Scanner:
    """One reading of one message, front to back."""

    __slots__ = (
        "base", "counted_to", "fields_left", "header_octets_left", "limits", "lines", "octets", "parts_left",
        "search_left",
    )  # fmt: skip

    def __init__(self, octets: Octets, base: int, limits: MimeLimits) -> None:
        self.octets = octets
        self.base = base    # where the message's body begins: offsets of parts count from here
        self.limits = limits
        self.parts_left = limits.parts_max - 1
        self.fields_left = limits.fields_max
        self.header_octets_left = limits.header_octets_max
        self.search_left = _SEARCHES_MAX * len(octets) + _SEARCH_ALLOWANCE_OCTETS
        self.counted_to = base
        self.lines = 0    # ends of lines between base and counted_to

    def part(self, header: HeaderSection, end: int, default_type: str, depth: int) -> Part:
        """The part whose header section was read and whose body ends at ``end``, with everything in it."""
        body = header.end
        media_type, subtype, parameters = _content_type(header, default_type)
        encoding = _encoding(header)
        lines_before = self.lines_to(body)
        parts: tuple[Part, ...] = ()
        if media_type == "multipart":
            parts = self.parts_within(body, end, parameters.get("boundary", ""), subtype, depth)
            if not parts:
                media_type, subtype, parameters = "text", "plain", _US_ASCII
        elif media_type == "message" and subtype == "rfc822":
            parts = self.message_within(body, end, encoding, depth)
            if not parts:
                media_type, subtype, parameters = "application", "octet-stream", {}
        lines = self.lines_to(end) - lines_before
        if end > body and self.octets[end - 1] != _LINE_FEED:
            lines += 1
        start, body, end = header.start - self.base, body - self.base, end - self.base
        return Part(header, media_type, subtype, parameters, encoding, start, body, end, lines, parts)

    def message_within(self, start: int, end: int, encoding: str, depth: int) -> tuple[Part, ...]:
        """The encapsulated message; none when it is encoded, which RFC 2046 5.2.1 forbids, or beyond a limit."""
        if encoding in _ENCODED or depth >= self.limits.depth_max or self.parts_left <= 0:
            return ()
        return (self.part(self.header_within(start, end), end, "text/plain", depth + 1),)

    def parts_within(self, start: int, end: int, boundary: str, subtype: str, depth: int) -> tuple[Part, ...]:
        """The parts of a multipart's body; none when it cannot be opened."""
        self.search_left -= end - start
        if not boundary or depth >= self.limits.depth_max or self.search_left < 0:
            return ()
        default_type = "message/rfc822" if subtype == "digest" else "text/plain"    # RFC 2046 5.1.5
        parts: list[Part] = []
        for part_start, part_end in self.between_delimiters(start, end, _boundary_octets(boundary)):
            parts.append(self.part(self.header_within(part_start, part_end), part_end, default_type, depth + 1))
        return tuple(parts)

    def between_delimiters(self, start: int, end: int, boundary: bytes) -> Iterator[tuple[int, int]]:
        """Where each part of a multipart's body begins and ends; the last to the end when nothing closes it."""
        delimiters = Delimiters(self.octets, boundary, end)
        # The line end before a body may be the first delimiter's, and one delimiter's the next one's (RFC 2046 5.1.1).
        found = delimiters.after(start - 1)
        while found is not None and not found.closes and self.parts_left > 0:
            part_start = found.end
            found = delimiters.after(part_start - 1) if self.parts_left > 1 else None
            yield part_start, end if found is None else max(part_start, found.start)

    def header_within(self, start: int, end: int) -> HeaderSection:
        """The header section of one more part; the part that goes over a limit is the last one that is read."""
        header = HeaderSection.parse(self.octets, start, end)
        self.fields_left -= header.pieces_count
        self.header_octets_left -= len(header.octets)
        self.parts_left = self.parts_left - 1 if self.fields_left > 0 and self.header_octets_left > 0 else 0
        return header

    def lines_to(self, position: int) -> int:
        """How many lines end between the body's start and a position. Positions never go back: all is read once."""
        if isinstance(self.octets, bytes):
            self.lines += self.octets.count(b"\n", self.counted_to, position)
        else:
            for start in range(self.counted_to, position, _COPIED_AT_ONCE_OCTETS):
                self.lines += self.octets[start : min(position, start + _COPIED_AT_ONCE_OCTETS)].count(b"\n")
        self.counted_to = max(position, self.counted_to)
        return self.lines


_US_ASCII: Final[Parameters] = {"charset": "us-ascii"}    # RFC 2045 5.2
_ENCODED: Final = frozenset({"base64", "quoted-printable"})


def _content_type(header: HeaderSection, default_type: str) -> tuple[str, str, Parameters]:
    """Type, subtype and parameters. What is no type is text/plain in US-ASCII (RFC 2045 5.2)."""
    value = header.first(b"content-type")
    if value is None:
        media_type, _, subtype = default_type.partition("/")
        return media_type, subtype, _US_ASCII if media_type == "text" else {}
    name, parameters = parse_parameters(value)
    media_type, _, subtype = name.partition("/")
    if _TOKEN.fullmatch(media_type) and _TOKEN.fullmatch(subtype):
        return media_type, subtype, parameters
    return "text", "plain", {**_US_ASCII, **parameters}


def _encoding(header: HeaderSection) -> str:
    """The transfer encoding's name; 7bit when none is given (RFC 2045 6.1)."""
    value = header.first(b"content-transfer-encoding")
    if value is None:
        return "7bit"
    value = value[:VALUE_OCTETS_MAX]
    words = (without_comments(value) if b"(" in value else value).lower().split(None, 1)
    return words[0].rstrip(b";").decode("latin-1") if words else "7bit"


def _boundary_octets(boundary: str) -> bytes:
    """The boundary as its lines have it: white space at their ends does not count (RFC 2046 5.1.1)."""
    return boundary.rstrip().encode("utf-8", "replace")
