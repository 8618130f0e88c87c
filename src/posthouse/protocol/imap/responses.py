"""Responses as octets (RFC 3501 7): status responses, mailbox data, continuation requests, greetings.

A FETCH response's values are the door's; its strings, flags and dates are written by ``strings``, ``flags``, ``dates``.
"""

from collections.abc import Iterable
from enum import Enum
from functools import lru_cache
from typing import Final

from msgspec import Struct

from posthouse.protocol.imap.codes import Code
from posthouse.protocol.imap.commands import StatusItem
from posthouse.protocol.imap.flags import Flag, encode_flags
from posthouse.protocol.imap.mailbox_names import HIERARCHY_SEPARATOR, MailboxName
from posthouse.protocol.imap.strings import encode_mailbox


class Condition(Enum):
    """How a command ended (RFC 3501 7.1); the value is the word on the wire."""

    OK = b"OK"
    NO = b"NO"
    BAD = b"BAD"

    __hash__ = object.__hash__    # members are single objects; Enum's own hash runs in Python, at every command


class ListAttribute(Enum):
    """What LIST and LSUB tell of a mailbox (RFC 3501 7.2.2, 3348 3, 6154 2)."""

    NOINFERIORS = b"\\Noinferiors"
    NOSELECT = b"\\Noselect"
    HAS_CHILDREN = b"\\HasChildren"
    HAS_NO_CHILDREN = b"\\HasNoChildren"
    ALL = b"\\All"
    ARCHIVE = b"\\Archive"
    DRAFTS = b"\\Drafts"
    FLAGGED = b"\\Flagged"
    JUNK = b"\\Junk"
    SENT = b"\\Sent"
    TRASH = b"\\Trash"


class Completion(Struct, frozen=True):
    """How a command ended, with words for a person; the tag is put before it when it is sent."""

    condition: Condition
    text: str
    code: Code | None = None

    def encode(self, tag: bytes) -> bytes:
        """Write the tagged status response."""
        return b"%b %b" % (tag, _status(self.condition.value, self.text, self.code))


# RFC 3501 9: text is ASCII without CR and LF. What a text quotes may be anything, so no control character is let by.
_PRINTABLE: Final = bytes([octet if 32 <= octet < 127 else b"?"[0] for octet in range(256)])

_MEMORY_CHARACTERS_MAX: Final = 100    # longer texts are written anew each time

NO_TAG: Final = b"*"
"""Stands where a tag would in an untagged status response."""

LITERAL_WANTED: Final = b"+ go on with the literal\r\n"
IDLE_STARTED: Final = b"+ idling\r\n"    # RFC 2177 3
NAMESPACES: Final = b'* NAMESPACE (("" "%b")) NIL NIL\r\n' % HIERARCHY_SEPARATOR.encode("ascii")    # RFC 2342 5

CAPABILITIES: Final = (
    b"IMAP4rev1", b"LITERAL+", b"IDLE", b"NAMESPACE", b"UNSELECT", b"UIDPLUS", b"MOVE", b"SPECIAL-USE",
)  # fmt: skip
"""What is spoken whoever the peer is."""


def capabilities_before_login(mechanisms: Iterable[str], *, tls_is_offered: bool) -> tuple[bytes, ...]:
    """Name what a peer may use that has not logged in.

    ``mechanisms`` are those that it may use on this channel; where there are none, LOGIN is refused too, and this is
    said (RFC 3501 6.2.3, 7.2.1).
    """
    names = [*CAPABILITIES, b"SASL-IR"]
    if tls_is_offered:
        names.append(b"STARTTLS")
    logins = [b"AUTH=" + mechanism.encode("ascii") for mechanism in mechanisms]
    return (*names, *(logins or [b"LOGINDISABLED"]))


def capability(names: Iterable[bytes]) -> bytes:
    """The CAPABILITY response (RFC 3501 7.2.1)."""
    return b"* CAPABILITY %b\r\n" % b" ".join(names)


def untagged(condition: Condition, text: str, code: Code | None = None) -> bytes:
    """A status response of no command: a greeting, a warning, or a code that SELECT tells (RFC 3501 7.1)."""
    return b"* " + _status(condition.value, text, code)


def bye(text: str, code: Code | None = None) -> bytes:
    """The last that is said (RFC 3501 7.1.5)."""
    return b"* " + _status(b"BYE", text, code)


def continuation(text: bytes) -> bytes:
    """A continuation request (RFC 3501 7.5); ``text`` is a challenge in base64, perhaps empty."""
    return b"+ %b\r\n" % text


def exists(messages: int) -> bytes:
    """How many messages the mailbox has (RFC 3501 7.3.1)."""
    return b"* %d EXISTS\r\n" % messages


def recent(messages: int) -> bytes:
    """How many messages are recent (RFC 3501 7.3.2)."""
    return b"* %d RECENT\r\n" % messages


def expunge(sequence_numbers: Iterable[int]) -> bytes:
    """That messages are gone, each number as it is when it is told (RFC 3501 7.4.1)."""
    return b"".join([b"* %d EXPUNGE\r\n" % number for number in sequence_numbers])


def flags(names: Iterable[Flag]) -> bytes:
    """Which flags the mailbox knows (RFC 3501 7.2.6)."""
    return b"* FLAGS %b\r\n" % encode_flags(names)


def listed(attributes: Iterable[ListAttribute], name: MailboxName) -> bytes:
    """One mailbox of LIST (RFC 3501 7.2.2)."""
    return _list_line(b"LIST", attributes, name)


def subscribed(attributes: Iterable[ListAttribute], name: MailboxName) -> bytes:
    """One mailbox of LSUB (RFC 3501 7.2.3)."""
    return _list_line(b"LSUB", attributes, name)


HIERARCHY: Final = b'* LIST (\\Noselect) "%b" ""\r\n' % HIERARCHY_SEPARATOR.encode("ascii")
"""The answer to LIST with an empty pattern (RFC 3501 6.3.8)."""


def status(name: MailboxName, values: Iterable[tuple[StatusItem, int]]) -> bytes:
    """What STATUS asked for (RFC 3501 7.2.4)."""
    words = b" ".join([b"%b %d" % (item.value, value) for item, value in values])
    return b"* STATUS %b (%b)\r\n" % (encode_mailbox(name), words)


def search(numbers: Iterable[int]) -> bytes:
    """What SEARCH found, perhaps nothing (RFC 3501 7.2.5)."""
    return " ".join(["* SEARCH", *map(str, numbers)]).encode("ascii") + b"\r\n"


def _status(word: bytes, text: str, code: Code | None) -> bytes:
    if code is None and len(text) <= _MEMORY_CHARACTERS_MAX:
        return _remembered_status(word, text)
    return _written_status(word, text, code)


@lru_cache(maxsize=256)    # the same few are said for ever
def _remembered_status(word: bytes, text: str) -> bytes:
    return _written_status(word, text, None)


def _written_status(word: bytes, text: str, code: Code | None) -> bytes:
    words = text.encode("ascii", "replace").translate(_PRINTABLE)
    if words.endswith(b"}"):    # "{5}" at a line's end announces a literal (RFC 3501 4.3), whatever the text quotes
        words += b"."
    if code is None:
        return b"%b %b\r\n" % (word, words)
    return b"%b [%b] %b\r\n" % (word, code, words)


def _list_line(word: bytes, attributes: Iterable[ListAttribute], name: MailboxName) -> bytes:
    names = b" ".join([attribute.value for attribute in attributes])
    return b'* %b (%b) "%b" %b\r\n' % (word, names, HIERARCHY_SEPARATOR.encode("ascii"), encode_mailbox(name))
