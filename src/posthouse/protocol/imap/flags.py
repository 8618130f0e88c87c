"""Flags as they stand on the wire (RFC 3501 2.3.2, 9): system flags in one spelling, keywords as given."""

from collections.abc import Iterable
from typing import Final, NewType

from posthouse.protocol.imap.errors import CommandSyntaxError

Flag = NewType("Flag", str)
"""A system flag such as ``\\Seen``, spelled as below, or a keyword, spelled as the client did; both are ASCII."""

ANSWERED: Final = Flag("\\Answered")
DELETED: Final = Flag("\\Deleted")
DRAFT: Final = Flag("\\Draft")
FLAGGED: Final = Flag("\\Flagged")
RECENT: Final = Flag("\\Recent")    # only ever told, never set by a client (RFC 3501 2.3.2)
SEEN: Final = Flag("\\Seen")

SYSTEM_FLAGS: Final = (ANSWERED, FLAGGED, DELETED, SEEN, DRAFT)
"""Those that a client may set, in the order in which SELECT tells them."""

# A keyword's greatest length: RFC 8621 4.1.1, so that JMAP can show every keyword as well.
KEYWORD_OCTETS_MAX: Final = 255

_SETTABLE: Final = {flag.upper().encode(): flag for flag in SYSTEM_FLAGS}


def settable_flag(octets: bytes) -> Flag:
    """Read one flag that a client may set: an atom, perhaps behind a backslash.

    Raises CommandSyntaxError for \\Recent, for a system flag that RFC 3501 does not name, and for a keyword too long.
    """
    if not octets.startswith(b"\\"):
        return keyword_flag(octets)
    flag = _SETTABLE.get(octets.upper())
    if flag is None:
        raise CommandSyntaxError("the flags to set are \\Answered \\Flagged \\Deleted \\Seen \\Draft and keywords")
    return flag


def keyword_flag(octets: bytes) -> Flag:
    """Read a keyword, which is an atom. Raises CommandSyntaxError when it is too long."""
    if len(octets) > KEYWORD_OCTETS_MAX:
        raise CommandSyntaxError(f"a keyword has at most {KEYWORD_OCTETS_MAX} octets")
    return Flag(octets.decode("ascii"))


def encode_flags(flags: Iterable[Flag]) -> bytes:
    """Write a flag list, parentheses included (RFC 3501 9)."""
    return b"(%s)" % " ".join(flags).encode("ascii")
