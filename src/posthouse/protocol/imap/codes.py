"""Response codes: what stands in brackets in a status response (RFC 3501 7.1, 4315, 4469, 5530)."""

from collections.abc import Iterable
from typing import Final, NewType

from posthouse.protocol.imap.flags import Flag
from posthouse.protocol.imap.sequence_set import encode_numbers

Code = NewType("Code", bytes)
"""The octets between the brackets, such as ``TRYCREATE`` or ``UIDNEXT 5``."""

ALERT: Final = Code(b"ALERT")    # RFC 3501 7.1: the client must show the text to the user
READ_ONLY: Final = Code(b"READ-ONLY")
READ_WRITE: Final = Code(b"READ-WRITE")
TRYCREATE: Final = Code(b"TRYCREATE")

TOOBIG: Final = Code(b"TOOBIG")    # RFC 4469 4.2, kept by RFC 7889 4

ALREADYEXISTS: Final = Code(b"ALREADYEXISTS")    # this and those below: RFC 5530 3
AUTHENTICATIONFAILED: Final = Code(b"AUTHENTICATIONFAILED")
CANNOT: Final = Code(b"CANNOT")
CLIENTBUG: Final = Code(b"CLIENTBUG")
EXPUNGEISSUED: Final = Code(b"EXPUNGEISSUED")
HASCHILDREN: Final = Code(b"HASCHILDREN")    # RFC 9051 7.1, known to clients of RFC 3501 too
INUSE: Final = Code(b"INUSE")
LIMIT: Final = Code(b"LIMIT")
NONEXISTENT: Final = Code(b"NONEXISTENT")
NOPERM: Final = Code(b"NOPERM")
OVERQUOTA: Final = Code(b"OVERQUOTA")
PRIVACYREQUIRED: Final = Code(b"PRIVACYREQUIRED")
SERVERBUG: Final = Code(b"SERVERBUG")
UNAVAILABLE: Final = Code(b"UNAVAILABLE")

NEW_KEYWORDS: Final = Flag("\\*")
"""Stands in PERMANENTFLAGS alone: keywords never seen before are kept as well (RFC 3501 7.1)."""


def uidnext(uid: int) -> Code:
    """The UID that the next message will have (RFC 3501 7.1)."""
    return Code(b"UIDNEXT %d" % uid)


def uidvalidity(value: int) -> Code:
    """The mailbox's UIDVALIDITY (RFC 3501 7.1)."""
    return Code(b"UIDVALIDITY %d" % value)


def unseen(sequence_number: int) -> Code:
    """The first message without \\Seen, by sequence number (RFC 3501 7.1)."""
    return Code(b"UNSEEN %d" % sequence_number)


def permanentflags(flags: Iterable[Flag]) -> Code:
    """Which flags are kept for good (RFC 3501 7.1); NEW_KEYWORDS may be among them."""
    return Code(b"PERMANENTFLAGS (%s)" % " ".join(flags).encode("ascii"))


def appenduid(validity: int, uid: int) -> Code:
    """Where an appended message stands (RFC 4315 3)."""
    return Code(b"APPENDUID %d %d" % (validity, uid))


def copyuid(validity: int, sources: Iterable[int], copies: Iterable[int]) -> Code:
    """Where copied messages stand (RFC 4315 3): two lists of ascending UIDs of equal length, paired in order."""
    return Code(b"COPYUID %d %s %s" % (validity, encode_numbers(sources), encode_numbers(copies)))


def badcharset(names: Iterable[bytes]) -> Code:
    """Which charsets SEARCH reads (RFC 3501 6.4.4)."""
    return Code(b"BADCHARSET (%s)" % b" ".join(names))


def capability(names: Iterable[bytes]) -> Code:
    """The capabilities, told unasked in a greeting or after login (RFC 3501 7.1)."""
    return Code(b"CAPABILITY " + b" ".join(names))
