"""Strings as the server writes them (RFC 3501 4.3, 9): an atom or quoted where that is allowed, else a literal."""

import re
from typing import Final

from posthouse.protocol.imap.mailbox_names import MailboxName, encode_mailbox_name

NIL: Final = b"NIL"

# Quoted strings are for short text: clients read lines into buffers of fixed size (RFC 2683 3.2.1.5: 1,000 octets).
_QUOTED_OCTETS_MAX: Final = 1000
_QUOTABLE: Final = re.compile(rb"[ -~]*")
_ATOM: Final = re.compile(rb"[^\x00-\x20(){%*\"\\\x7f-\xff]+")
_SPECIAL: Final = re.compile(rb'["\\]')


def encode_string(octets: bytes) -> bytes:
    """Write a string: quoted when it is short and printable ASCII, else a literal."""
    if len(octets) > _QUOTED_OCTETS_MAX or not _QUOTABLE.fullmatch(octets):
        return b"{%d}\r\n%b" % (len(octets), octets)
    if b'"' in octets or b"\\" in octets:
        octets = _SPECIAL.sub(rb"\\\g<0>", octets)
    return b'"%b"' % octets


def encode_nstring(octets: bytes | None) -> bytes:
    """Write a string, or NIL for what is not there."""
    return NIL if octets is None else encode_string(octets)


def encode_astring(octets: bytes) -> bytes:
    """Write a string as an atom where it can be one; NIL in any case would be taken for what is not there."""
    if _ATOM.fullmatch(octets) and octets.upper() != NIL:
        return octets
    return encode_string(octets)


def encode_mailbox(name: MailboxName) -> bytes:
    """Write a mailbox name as LIST, LSUB and STATUS responses have it (RFC 3501 9: mailbox)."""
    return encode_astring(encode_mailbox_name(name))
