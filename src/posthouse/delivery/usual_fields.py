"""The header fields that mail programs ask for when they list a mailbox: kept ready beside each message.

With them is kept which they are and where each ends, so that HEADER.FIELDS is answered by cutting: no header section
is read again. Many messages have the same fields in the same order; what to cut is worked out once for each order.
"""

import struct
from collections.abc import Iterable
from functools import lru_cache
from itertools import accumulate
from typing import Final

from posthouse.message.headers import HeaderSection, close_fields

# Thunderbird, mutt, Apple Mail, K-9, Outlook, Roundcube, aerc, mbsync. None is one that we write ourselves (trace
# fields, authentication results), so that one rendition serves every view of a message. A field's place here is its
# number in what is stored: change the order, raise RENDITION_VERSION.
_NAMES: Final = (
    b"date", b"subject", b"from", b"sender", b"reply-to", b"to", b"cc", b"bcc", b"message-id", b"in-reply-to",
    b"references", b"resent-date", b"resent-from", b"resent-to", b"resent-cc", b"resent-message-id", b"mime-version",
    b"content-type", b"content-transfer-encoding", b"content-disposition", b"content-description", b"content-class",
    b"priority", b"x-priority", b"x-msmail-priority", b"importance", b"lines", b"newsgroups", b"followup-to",
    b"mail-followup-to", b"mail-reply-to", b"list-id", b"list-post", b"list-unsubscribe", b"list-unsubscribe-post",
    b"list-subscribe", b"list-archive", b"disposition-notification-to", b"auto-submitted", b"precedence", b"x-mailer",
    b"user-agent", b"x-label", b"keywords", b"comments", b"organization", b"thread-topic", b"thread-index",
    b"x-uniform-type-identifier", b"x-universally-unique-identifier", b"chat-version",
)  # fmt: skip
_NUMBERS: Final = {name: number for number, name in enumerate(_NAMES)}
USUAL_FIELDS: Final = frozenset(_NAMES)

_INDEXED_OCTETS: Final = 5       # of the index, a field: its number, and where it ends
_REMEMBERED_FIELDS_MAX: Final = 64    # no mail program writes so many; a hostile one's order takes much memory


def keep_fields(section: HeaderSection) -> tuple[bytes, bytes]:
    """The index and the octets of all USUAL_FIELDS of a header section, raw and in order, without the empty line.

    Index: the number of each field, an octet each; then where each ends, four octets each, the lowest first.
    """
    fields = section.select(_NUMBERS)
    numbers = bytes([_NUMBERS[lower] for lower, _ in fields])
    octets = [field for _, field in fields]
    return numbers + _ends(len(fields)).pack(*accumulate(map(len, octets))), b"".join(octets)


def choose_fields(names: frozenset[bytes], kept: Iterable[tuple[bytes, bytes]]) -> list[bytes]:
    """What BODY[HEADER.FIELDS (names)] asks of many messages (RFC 3501 6.4.5): the names are in lower case and usual.

    `kept`: what `keep_fields` gave for each. The empty line that ends a header section is always there.
    """
    wanted = frozenset(_NUMBERS[name] for name in names)
    known: dict[bytes, list[tuple[int, int]]] = {}
    chosen = []
    for index, fields in kept:
        count = len(index) // _INDEXED_OCTETS
        numbers = index[:count]
        runs = known.get(numbers)
        if runs is None:
            runs = _runs(numbers, wanted)
            if count <= _REMEMBERED_FIELDS_MAX:
                known[numbers] = runs
        ends = (0, *_ends(count).unpack_from(index, count))
        chosen.append(close_fields(b"".join([fields[ends[first]:ends[past]] for first, past in runs])))
    return chosen


def _runs(numbers: bytes, wanted: frozenset[int]) -> list[tuple[int, int]]:
    """Where fields that are wanted stand side by side: the first of them, and the first behind."""
    runs: list[tuple[int, int]] = []
    for place, number in enumerate(numbers):
        if number in wanted:
            first = runs.pop()[0] if runs and runs[-1][1] == place else place
            runs.append((first, place + 1))
    return runs


@lru_cache(maxsize=64)
def _ends(count: int) -> struct.Struct:
    return struct.Struct(f"<{count}I")
