"""Text as SEARCH compares it (RFC 3501 6.4.4: a substring, without regard to case), and messages that are searched.

Text is compared in NFKC and case-folded. Compatibility forms are the same text, as in i;unicode-casemap (RFC 5051 2):
HTML mail writes its spaces as U+00A0, Japanese mail has half-width letters. Letters stay composed, which that collation
does not keep: whoever looks for ``resume`` is not shown ``résumé``.

Most messages need not be decoded to see that they do not hold a string: see `_plain_forms`.
"""

import re
from binascii import a2b_qp
from dataclasses import dataclass
from typing import Final
from unicodedata import normalize

from posthouse.message.headers import FIELD_LINES_MAX, HeaderSection
from posthouse.message.mime import scan
from posthouse.message.text import searchable_header, searchable_text
from posthouse.message.words import decode_words

# Long text is folded in pieces, so that other threads have their turns meanwhile.
_FOLDED_AT_ONCE: Final = 1 << 16
_ASCII: Final = re.compile(r"[\x00-\x7f]")

# What stands in text as it stands in the octets: no white space, at which lines may have been folded or joined, and no
# colon, before which a header field may have white space (RFC 5322 4.5).
_RUN: Final = re.compile(rb"[!-9;-~]+")

# A charset whose ASCII octets are themselves, spelled so that nobody reads another one out of it. What follows the name
# may lengthen it ("utf-8-sig"), but to no codec that would read ASCII otherwise.
_PLAIN_CHARSET: Final = re.compile(rb'charset="?(?:us-ascii|utf-8|iso-8859-\d\d?|windows-125\d)(?![a-z0-9])')


def fold(text: str) -> str:
    """Text as it is compared."""
    if text.isascii():
        return text.lower()
    if len(text) <= _FOLDED_AT_ONCE:
        return normalize("NFKC", normalize("NFKC", text).casefold())
    pieces = []
    start = 0
    while start < len(text):
        # Nothing combines with what stands before an ASCII character: there text may be cut.
        cut = _ASCII.search(text, start + _FOLDED_AT_ONCE)
        end = cut.start() if cut else len(text)
        pieces.append(normalize("NFKC", normalize("NFKC", text[start:end]).casefold()))
        start = end
    return "".join(pieces)


@dataclass(frozen=True, slots=True)
class Needle:
    """A string to look for."""

    text: str                    # folded
    runs: tuple[bytes, ...]      # pieces of it that stand in the octets of plain text wherever it stands in the text

    @staticmethod
    def of(text: str) -> "Needle":
        """The string that a client has sent."""
        folded = fold(text)
        return Needle(folded, tuple(_RUN.findall(folded.encode())))

    def may_be_in(self, forms: tuple[bytes, ...] | None) -> bool:
        """Whether the text that some plain forms stand for may hold this; yes when there are none to tell."""
        if forms is None:
            return True
        return self.text.isascii() and any(all(run in form for run in self.runs) for form in forms)


class SearchedHeader:
    """A header section, or some fields of one. What is worked out for one key serves the others."""

    __slots__ = ("_octets", "_plain", "_section", "_values")

    def __init__(self, octets: bytes) -> None:
        self._octets = octets
        is_plain = octets.isascii() and b"=?" not in octets
        self._plain = (octets.lower(),) if is_plain else None
        self._section: HeaderSection | None = None
        self._values: dict[bytes, list[str]] = {}

    @property
    def section(self) -> HeaderSection:
        """The fields."""
        if self._section is None:
            self._section = HeaderSection.parse(self._octets)
        return self._section

    def field_contains(self, lower_name: bytes, needle: Needle) -> bool:
        """Whether a field of that name is there and its text holds the string."""
        if not lower_name or not needle.may_be_in(self._plain):
            return False
        return any(needle.text in value for value in self._folded(lower_name))

    def _folded(self, lower_name: bytes) -> list[str]:
        values = self._values.get(lower_name)
        if values is None:
            found = self.section.values(lower_name)
            values = self._values[lower_name] = [fold(decode_words(value)) for value in found]
        return values


class SearchedMessage:
    """A whole message; its text is decoded when something asks for it, and once."""

    __slots__ = ("_body", "_header", "_header_octets", "_octets", "_plain", "_section")

    def __init__(self, octets: bytes, header_octets: int) -> None:
        self._octets = octets
        self._header_octets = header_octets
        self._plain = _plain_forms(octets)
        self._section: HeaderSection | None = None
        self._header: str | None = None
        self._body: str | None = None

    def body_contains(self, needle: Needle) -> bool:
        """Whether the text of the body holds the string."""
        return needle.may_be_in(self._plain) and needle.text in self.body

    def text_contains(self, needle: Needle) -> bool:
        """Whether the text of the header section or that of the body holds the string."""
        return needle.may_be_in(self._plain) and (needle.text in self.header or needle.text in self.body)

    @property
    def header(self) -> str:
        """The header section's fields as text, folded."""
        if self._header is None:
            self._header = fold(searchable_header(self._parsed()))
        return self._header

    @property
    def body(self) -> str:
        """The body's text, folded."""
        if self._body is None:
            root = scan(self._octets, self._parsed())
            self._body = fold(searchable_text(self._octets, root))
        return self._body

    def _parsed(self) -> HeaderSection:
        if self._section is None:
            self._section = HeaderSection.parse(self._octets, 0, self._header_octets)
        return self._section


def _plain_forms(octets: bytes) -> tuple[bytes, ...] | None:
    """A message in lower case, and with quoted-printable undone: what its text holds, one of these holds.

    More exactly: each run of a needle (`_RUN`) that its text holds stands in one of them, and all of a needle in the
    same. So it is while all is ASCII in charsets that leave ASCII as it is, without encoded words or base64. Undoing
    quoted-printable everywhere serves: nothing that it reads as one reaches over the end of a line, where parts begin.
    None when the message is not so, or has more fields than are read one by one.
    """
    if not octets.isascii() or b"=?" in octets or octets.count(b"\n") > FIELD_LINES_MAX:
        return None
    lower = octets.lower()
    if b"base64" in lower or lower.count(b"charset") != len(_PLAIN_CHARSET.findall(lower)):
        return None
    if b"quoted-printable" not in lower:
        return (lower,)
    decoded = a2b_qp(octets)
    return (lower, decoded.lower()) if decoded.isascii() else None
