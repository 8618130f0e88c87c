"""Mailbox names: modified UTF-7 on the wire (RFC 3501 5.1.3), text within.

One name has one spelling on the wire: what does not encode again to the octets that were given is refused, so that no
mailbox can be reached, or made to look the same, under two names.
"""

import binascii
import re
from typing import Final, NewType

from posthouse.protocol.imap.errors import CommandSyntaxError

MailboxName = NewType("MailboxName", str)
"""A mailbox's full name as text; INBOX, and INBOX as the first component, is always in capitals."""

INBOX: Final = MailboxName("INBOX")
HIERARCHY_SEPARATOR: Final = "/"

# Bounds the work of LIST (name times pattern). Real names are far shorter: file-based stores hold 255 octets a level.
NAME_OCTETS_MAX: Final = 1000

_PLAIN: Final = re.compile(rb"[ -%'-~]*")    # nearly every name: printable ASCII without "&" stands for itself
_SHIFTED: Final = re.compile(rb"&([A-Za-z0-9+,]*)-")
_TO_SHIFT: Final = re.compile(r"&|[^ -~]+")
# Control characters and line separators (RFC 5198 2) would let a name imitate another, or a line of a log.
_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def decode_mailbox_name(octets: bytes) -> MailboxName:
    """Read a mailbox name; any spelling of INBOX becomes INBOX (RFC 3501 5.1).

    Raises CommandSyntaxError when it is empty, too long, not modified UTF-7, or holds control characters.
    """
    text = decode_mailbox_text(octets)
    if not text:
        raise CommandSyntaxError("a mailbox name is needed, but it is empty")
    first, separator, rest = text.partition(HIERARCHY_SEPARATOR)
    is_inbox = first.isascii() and first.upper() == INBOX    # a dotless i has "I" as its capital too
    return MailboxName(INBOX + separator + rest if is_inbox else text)


def decode_mailbox_text(octets: bytes) -> str:
    """Read modified UTF-7 that may be no whole name: a LIST reference or pattern. Raises CommandSyntaxError."""
    if len(octets) > NAME_OCTETS_MAX:
        raise CommandSyntaxError(f"a mailbox name has at most {NAME_OCTETS_MAX} octets")
    if _PLAIN.fullmatch(octets):
        return octets.decode("ascii")
    try:
        text = _SHIFTED.sub(_unshift, octets).decode("utf-8")
    except ValueError:
        raise _not_utf7() from None
    if _encode_text(text) != octets:    # a stray "&", raw 8-bit octets, letters in base64, padding that is not zero
        raise _not_utf7()
    if _CONTROL.search(text):
        raise CommandSyntaxError("a mailbox name cannot hold control characters")
    return text


def encode_mailbox_name(name: MailboxName) -> bytes:
    """Write a name in modified UTF-7, not yet quoted."""
    return _encode_text(name)


def _encode_text(text: str) -> bytes:
    if text.isascii() and text.isprintable() and "&" not in text:    # nearly every name
        return text.encode("ascii")
    return _TO_SHIFT.sub(_shift, text).encode("ascii")


def _shift(run: re.Match[str]) -> str:
    if run[0] == "&":
        return "&-"
    base64 = binascii.b2a_base64(run[0].encode("utf-16-be"), newline=False).decode("ascii")
    return f"&{base64.rstrip('=').replace('/', ',')}-"


def _unshift(run: re.Match[bytes]) -> bytes:
    base64 = run[1].replace(b",", b"/")
    if not base64:
        return b"&"
    return binascii.a2b_base64(base64 + b"=" * (-len(base64) % 4)).decode("utf-16-be").encode("utf-8")


def _not_utf7() -> CommandSyntaxError:
    return CommandSyntaxError("a mailbox name is written in modified UTF-7 (RFC 3501 5.1.3)")
