"""A whole message that is searched: decoded only where its octets do not show already what its text holds."""

import re
from binascii import a2b_qp
from collections.abc import Iterator
from typing import Final

from posthouse.doors.imap.search_text import Needle, fold
from posthouse.message.headers import FIELD_LINES_MAX, HeaderSection
from posthouse.message.mime import scan
from posthouse.message.text import searchable_header, searchable_text

# The fields that say how text is written, in lower case; and what begins both.
_CODING_FIELD: Final = re.compile(rb"content-t(?:ype|ransfer-encoding)[ \t]*+:([^\n]*+(?:\n[ \t][^\n]*+)*+)")
_CODING_START: Final = b"content-t"

# A charset that leaves ASCII as it is, spelled so that nobody reads another one out of it. What follows the name may
# make another name of it ("utf-8-sig"), but none whose ASCII is otherwise.
_CHARSET: Final = re.compile(rb'charset(="?(?:us-ascii|utf-8|iso-8859-\d\d?|windows-125\d)(?![a-z0-9]))?')


class SearchedMessage:
    """A message as its account sees it. Its text is decoded when something asks for it, and once."""

    __slots__ = ("_body", "_header", "_header_octets", "_octets", "_plain", "_section")

    def __init__(self, octets: bytes, header_octets: int) -> None:
        """`header_octets`: how many of them are the header section, the empty line included."""
        self._octets = octets
        self._header_octets = header_octets
        self._plain = plain_forms(octets)
        self._section: HeaderSection | None = None
        self._header: str | None = None
        self._body: str | None = None

    def body_contains(self, needle: Needle) -> bool:
        """Whether the text of the body holds a string."""
        return self._may_hold(needle) and needle.text in self.body

    def text_contains(self, needle: Needle) -> bool:
        """Whether the text of the header section or that of the body holds a string."""
        return self._may_hold(needle) and (needle.text in self.header or needle.text in self.body)

    @property
    def header(self) -> str:
        """The text of the header section, folded."""
        if self._header is None:
            self._header = fold(searchable_header(self._parsed()))
        return self._header

    @property
    def body(self) -> str:
        """The text of the body, folded."""
        if self._body is None:
            root = scan(self._octets, self._parsed())
            self._body = fold(searchable_text(self._octets, root))
        return self._body

    def _parsed(self) -> HeaderSection:
        if self._section is None:
            self._section = HeaderSection.parse(self._octets, 0, self._header_octets)
        return self._section

    def _may_hold(self, needle: Needle) -> bool:
        if self._plain is None:
            return True
        return needle.is_ascii and any(all(run in form for run in needle.runs) for form in self._plain)


def plain_forms(octets: bytes) -> tuple[bytes, ...] | None:
    """A message's octets in lower case, and with quoted-printable undone as well where there is any.

    When the message's text holds an ASCII string, one of these holds each of the string's runs (`search_text.Needle`);
    any other string it does not hold. So it is while all octets are ASCII, in charsets that leave ASCII as it is,
    without encoded words or base64: then text is octets, of which line ends of folded fields and white space before
    colons alone are left out. To undo quoted-printable everywhere serves, for nothing that it reads as one reaches over
    the end of a line, where parts begin and end.

    None when the message is not so, or has more lines than are sure to be read as fields one by one.
    """
    if not octets.isascii() or (b"?" in octets and b"=?" in octets):    # one octet is found ten times as fast as two
        return None
    if len(octets) > FIELD_LINES_MAX and octets.count(b"\n") > FIELD_LINES_MAX:
        return None
    lower = octets.lower()
    codings = b"\n".join(_coding_fields(lower))
    if b"base64" in codings or b"" in _CHARSET.findall(codings):
        return None
    if b"quoted-printable" not in codings:
        return (lower,)
    decoded = a2b_qp(octets)
    return (lower, decoded.lower()) if decoded.isascii() else None


def _coding_fields(lower: bytes) -> Iterator[bytes]:
    """The values of all that may be a field which says how text is written, in whichever part it stands."""
    at = lower.find(_CODING_START)
    while at >= 0:
        if found := _CODING_FIELD.match(lower, at):
            yield found[1]
        at = lower.find(_CODING_START, at + len(_CODING_START))
