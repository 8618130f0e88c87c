"""What SEARCH must find, worked out the naive way: every key asked of every message, decoded by the standard library.

Text is compared as `posthouse.doors.imap.search_text` promises: NFKC, case-folded, a substring. Days are those that are
written: of the internal date in its own zone, of the Date field as it stands there.
"""

import email
import email.header
import email.utils
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from email.message import Message
from functools import cached_property
from unicodedata import normalize

from posthouse.protocol.imap.flags import RECENT, Flag
from posthouse.protocol.imap.search_keys import (
    And,
    BodyContains,
    Everything,
    HasFlag,
    HeaderContains,
    InSequence,
    InUids,
    Larger,
    Not,
    Or,
    Received,
    SearchKey,
    Sent,
    Smaller,
    TextContains,
    When,
)
from posthouse.protocol.imap.sequence_set import STAR, SequenceSet

PYTHON_CHARSETS = {"ks_c_5601-1987": "cp949", "x-mac-roman": "mac-roman"}


@dataclass
class KnownMessage:
    """A message and its place in the mailbox; `flags` without \\Recent."""

    octets: bytes
    number: int
    uid: int
    flags: frozenset[Flag]
    is_recent: bool
    internal_at: int
    internal_zone: int

    @cached_property
    def parsed(self) -> Message:
        return email.message_from_bytes(self.octets)

    @cached_property
    def fields(self) -> list[tuple[bytes, str]]:
        """Each field's lower-case name and its folded text."""
        return [(name.lower().encode(), folded(text.strip())) for name, text in fields_of(self.parsed)]

    @cached_property
    def header_texts(self) -> list[str]:
        """Each field, folded."""
        return [folded(f"{name}: {text}") for name, text in fields_of(self.parsed)]

    @cached_property
    def body_texts(self) -> list[str]:
        """The text of each text part, and each field of the parts within; folded."""
        texts = []
        for part in self.parsed.walk():
            if part is not self.parsed:
                texts += [f"{name}: {text}" for name, text in fields_of(part)]
            if part.get_content_maintype() == "text" and not part.is_multipart():
                payload = part.get_payload(decode=True)
                assert isinstance(payload, bytes)
                charset = str(part.get_content_charset("utf-8"))
                texts.append(read_as(payload, PYTHON_CHARSETS.get(charset, charset)))
        return [folded(text) for text in texts]

    @property
    def texts(self) -> list[str]:
        return self.header_texts + self.body_texts

    @property
    def received_day(self) -> date:
        at = datetime.fromtimestamp(self.internal_at / 1e6, timezone(timedelta(minutes=self.internal_zone)))
        return at.date()

    @property
    def sent_day(self) -> date:
        found = email.utils.parsedate_tz(str(self.parsed["date"])) if "date" in self.parsed else None
        return self.received_day if found is None else date(*found[:3])


def read_as(octets: bytes, charset: str) -> str:
    """Octets in a charset; an unknown one, and what is not UTF-8, as most mail programs show it."""
    try:
        return octets.decode("utf-8" if charset == "us-ascii" else charset)
    except (LookupError, UnicodeDecodeError):
        return octets.decode("cp1252", "replace")


def fields_of(part: Message) -> list[tuple[str, str]]:
    return [(name, field_text(str(raw))) for name, raw in part.raw_items()]


def field_text(raw: str) -> str:
    """A field's value, unfolded and decoded."""
    octets = raw.replace("\r\n", "").replace("\n", "").encode("ascii", "surrogateescape")
    text = read_as(octets, "utf-8")
    if "=?" not in text:
        return text
    return "".join(piece_text(*piece) for piece in email.header.decode_header(text))


def piece_text(piece: str | bytes, charset: str | None) -> str:
    """A piece of a field; a charset may name a language as well (RFC 2231 5)."""
    if isinstance(piece, str):
        return piece
    return piece.decode("raw-unicode-escape") if charset is None else read_as(piece, charset.partition("*")[0])


def folded(text: str) -> str:
    return normalize("NFKC", normalize("NFKC", text).casefold())


def contains(texts: list[str], needle: str) -> bool:
    wanted = folded(needle)
    return any(wanted in text for text in texts)


def within(numbers: SequenceSet, number: int, largest: int) -> bool:
    """RFC 3501 9: `*` is the largest number in use, and a range's ends may stand in any order."""
    ranges = [[largest if end == STAR else end for end in ends] for ends in numbers.ranges]
    return any(min(ends) <= number <= max(ends) for ends in ranges)


def stands(when: When, day: date, named: date) -> bool:
    return {When.BEFORE: day < named, When.ON: day == named, When.SINCE: day >= named}[when]


def finds(key: SearchKey, message: KnownMessage, messages: int, largest_uid: int) -> bool:
    """Whether a key finds a message of a mailbox of so many messages."""
    match key:
        case Everything():
            return True
        case And(keys):
            return all(finds(one, message, messages, largest_uid) for one in keys)
        case Or(one, other):
            return finds(one, message, messages, largest_uid) or finds(other, message, messages, largest_uid)
        case Not(inner):
            return not finds(inner, message, messages, largest_uid)
        case InSequence(numbers):
            return within(numbers, message.number, messages)
        case InUids(uids):
            return within(uids, message.uid, largest_uid)
        case HasFlag(flag):
            return message.is_recent if flag == RECENT else flag.lower() in {one.lower() for one in message.flags}
        case HeaderContains(field, text):
            return contains([value for name, value in message.fields if name == field], text)
        case BodyContains(text):
            return contains(message.body_texts, text)
        case TextContains(text):
            return contains(message.texts, text)
        case Received(when, day):
            return stands(when, message.received_day, day)
        case Sent(when, day):
            return stands(when, message.sent_day, day)
        case Larger(octets):
            return len(message.octets) > octets
        case Smaller(octets):
            return len(message.octets) < octets
