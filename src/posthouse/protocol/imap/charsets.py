"""Charsets that SEARCH strings may be written in (RFC 3501 6.4.4: US-ASCII must be read, others may be)."""

from typing import Final

from posthouse.protocol.imap.codes import Code, badcharset
from posthouse.protocol.imap.errors import CommandSyntaxError, UnknownCharsetError

# Names as IANA registers them. Python knows each under the same name; no codec that is not text, or that needs NUL
# (UTF-16, UTF-32), which a string cannot hold.
_NAMES: Final = (
    "UTF-8", "US-ASCII", *(f"ISO-8859-{part}" for part in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 16)),
    *(f"WINDOWS-{page}" for page in range(1250, 1259)), "KOI8-R", "KOI8-U", "BIG5", "GB2312", "GBK", "GB18030",
    "EUC-JP", "EUC-KR", "ISO-2022-JP", "ISO-2022-KR", "SHIFT_JIS", "IBM850", "IBM852", "IBM866", "TIS-620",
)  # fmt: skip
_KNOWN: Final = frozenset(name.encode("ascii") for name in _NAMES)

BADCHARSET: Final[Code] = badcharset([name.encode("ascii") for name in _NAMES])

UNNAMED: Final = "utf-8"
"""How strings are read when no charset is named: of US-ASCII it is a superset, and programs send it unannounced."""


def charset(name: bytes) -> str:
    """Find the codec for a charset's name in any case. Raises UnknownCharsetError."""
    if name.upper() not in _KNOWN:
        raise UnknownCharsetError
    return name.decode("ascii")


def decode(octets: bytes, codec: str) -> str:
    """Decode one string. Raises CommandSyntaxError when its octets are not of that charset."""
    try:
        return octets.decode(codec)
    except ValueError:
        raise CommandSyntaxError(f"a string to search for is not valid {codec.upper()}") from None
