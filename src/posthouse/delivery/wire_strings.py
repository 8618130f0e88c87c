"""IMAP strings (RFC 3501 4.3): octets ready to be sent, as NIL, quoted or as a literal."""

import re
from typing import Final

from posthouse.message.headers import unfold

NIL: Final = b"NIL"

# What is sent of one text (a subject, a description); Postfix's header_size_limit is about the same.
_TEXT_OCTETS_MAX: Final = 100_000

# What may stand in quotes as it is, and what may with backslashes. Octets outside ASCII and line ends need a literal.
_PLAIN: Final = re.compile(rb'[\x20\x21\x23-\x5b\x5d-\x7e]*')
_QUOTABLE: Final = re.compile(rb"[\x20-\x7e]*")
# Clients read lines with a limit of their own; a longer string goes as a literal, which they read by its length.
_QUOTED_OCTETS_MAX: Final = 4096


def string(octets: bytes) -> bytes:
    """A quoted string where that is allowed, else a literal."""
    if len(octets) <= _QUOTED_OCTETS_MAX and _PLAIN.fullmatch(octets):
        return b'"%b"' % octets
    if len(octets) <= _QUOTED_OCTETS_MAX and _QUOTABLE.fullmatch(octets):
        return b'"%b"' % octets.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
    return b"{%d}\r\n%b" % (len(octets), octets)


def is_plain(octets: bytes) -> bool:
    """Whether quotes around octets, or around any run of them, make a quoted string as it is."""
    return len(octets) <= _QUOTED_OCTETS_MAX and _PLAIN.fullmatch(octets) is not None


def text(value: bytes | None) -> bytes:
    """A field's value as a string, unfolded (RFC 5322 2.2.3) and of bounded length; NIL for None."""
    if value is None:
        return NIL
    if is_plain(value):    # as nearly all are: in one line, and short
        return b'"%b"' % value
    return string(unfold(value[:_TEXT_OCTETS_MAX]))
