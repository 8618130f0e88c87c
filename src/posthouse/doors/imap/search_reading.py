"""The keys of a search for which messages must be read: their ready-made fields, their header sections, or all of them.

A message that has no row any more (another session expunged it, and it was purged) holds nothing that could be found.
One whose octets cannot be read fails the search, for the answer might be wrong.
"""

from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

from posthouse.database.transaction import Transaction
from posthouse.delivery.rendition import USUAL_FIELDS
from posthouse.doors.imap.search_days import Days
from posthouse.doors.imap.search_text import Needle
from posthouse.doors.imap.searched_fields import SearchedFields
from posthouse.doors.imap.searched_message import SearchedMessage
from posthouse.message.dates import Instant, ZonedInstant, parse_date_time
from posthouse.message.headers import unfold
from posthouse.protocol.imap.search_keys import BodyContains, HeaderContains, SearchKey, Sent, TextContains
from posthouse.runtime.disk import Disk
from posthouse.store.placements import Placements
from posthouse.store.reading import MessageMissing, find_messages, wire_forms

# A page that is read in the loop holds it up for a few milliseconds at most: the fields of a message take up to 10 us,
# the text of one of 5 KB up to 100. A message that is longer than a page has one of its own, and is read on a thread;
# all that lie in files are (`database.blobs.spool`: INLINE_OCTETS_MAX is twice as much).
FIELDS_A_PAGE: Final = 250
MESSAGES_A_PAGE: Final = 50
OCTETS_A_PAGE: Final = 128 << 10

T = TypeVar("T")

Found = list[list[int]]
"""For each key of a reading, the messages of a page that it finds, by their indices in the chunk."""


@dataclass(frozen=True, slots=True)
class Page:
    """Messages of a chunk that are read together."""

    placements: Placements    # of the whole chunk
    indices: list[int]        # in it, ascending
    may_block: bool = False

    def read(self, rows_of: Callable[["array[int]"], list[T]]) -> list[tuple[int, T]]:
        """The rows of those messages that have one, each with the message's index."""
        message_ids = self.placements.message_ids
        try:
            rows = rows_of(array("q", [message_ids[index] for index in self.indices]))
        except MessageMissing:
            if len(self.indices) == 1:
                return []
            alone = [Page(self.placements, [index]) for index in self.indices]
            return [row for page in alone for row in page.read(rows_of)]
        return list(zip(self.indices, rows, strict=True))


class Reading(Protocol):
    """One way of reading messages, and the keys that it answers."""

    @property
    def keys(self) -> tuple[SearchKey, ...]:
        """The keys; not none."""

    def pages(self, placements: Placements, indices: list[int]) -> Iterator[Page]:
        """Cut messages of a chunk into pages."""

    def find(self, page: Page, tx: Transaction) -> Found:
        """Read a page. Raises DatabaseError."""


def readings(keys: frozenset[SearchKey], disk: Disk) -> tuple[Reading, ...]:
    """The readings that some keys need, the cheapest first."""
    fields = tuple(key for key in keys if isinstance(key, Sent) or _is_usual(key))
    header = tuple(key for key in keys if isinstance(key, HeaderContains) and not _is_usual(key))
    message = tuple(key for key in keys if isinstance(key, BodyContains | TextContains))
    needed: list[Reading] = []
    if fields:
        needed.append(FieldsReading(fields))
    if header:
        needed.append(HeaderReading(header, disk))
    if message:
        needed.append(MessageReading(message, disk))
    return tuple(needed)


class FieldsReading:
    """The fields that are kept ready (`delivery.rendition`): no message is read."""

    def __init__(self, keys: tuple[SearchKey, ...]) -> None:
        self.keys = keys
        self._tests = [_sent_test(key) if isinstance(key, Sent) else _field_test(key) for key in keys]

    def pages(self, placements: Placements, indices: list[int]) -> Iterator[Page]:
        for start in range(0, len(indices), FIELDS_A_PAGE):
            yield Page(placements, indices[start:start + FIELDS_A_PAGE])

    def find(self, page: Page, tx: Transaction) -> Found:
        rows = page.read(lambda message_ids: wire_forms(tx, message_ids, ("fields",)))
        fields = SearchedFields([fields for _, (fields,) in rows])
        indices = [index for index, _ in rows]
        return [[indices[number] for number in test(fields, page.placements, indices)] for test in self._tests]


class HeaderReading:
    """Header sections, as the account sees them: for fields that are not kept ready."""

    def __init__(self, keys: tuple[SearchKey, ...], disk: Disk) -> None:
        self.keys = keys
        self._tests = [_field_test(key) for key in keys]
        self._disk = disk

    def pages(self, placements: Placements, indices: list[int]) -> Iterator[Page]:
        return _pages_by_octets(placements, indices)

    def find(self, page: Page, tx: Transaction) -> Found:
        rows = page.read(lambda message_ids: find_messages(tx, message_ids))
        headers = SearchedFields([stored.read(self._disk, 0, stored.view.header_octets) for _, stored in rows])
        indices = [index for index, _ in rows]
        return [[indices[number] for number in test(headers, page.placements, indices)] for test in self._tests]


class MessageReading:
    """Whole messages, as the account sees them."""

    def __init__(self, keys: tuple[BodyContains | TextContains, ...], disk: Disk) -> None:
        self.keys: tuple[SearchKey, ...] = keys
        self._tests = [_message_test(key) for key in keys]
        self._disk = disk

    def pages(self, placements: Placements, indices: list[int]) -> Iterator[Page]:
        return _pages_by_octets(placements, indices)

    def find(self, page: Page, tx: Transaction) -> Found:
        found: Found = [[] for _ in self.keys]
        for index, stored in page.read(lambda message_ids: find_messages(tx, message_ids)):
            message = SearchedMessage(stored.read(self._disk), stored.view.header_octets)
            for indices, test in zip(found, self._tests, strict=True):
                if test(message):
                    indices.append(index)
        return found


def _is_usual(key: SearchKey) -> bool:
    return isinstance(key, HeaderContains) and key.field in USUAL_FIELDS


def _pages_by_octets(placements: Placements, indices: list[int]) -> Iterator[Page]:
    """At least one message a page, else no more than a page has."""
    sizes = placements.sizes
    page: list[int] = []
    octets = 0
    for index in indices:
        if page and (octets + sizes[index] > OCTETS_A_PAGE or len(page) == MESSAGES_A_PAGE):
            yield Page(placements, page, sizes[page[0]] > OCTETS_A_PAGE)
            page, octets = [], 0
        page.append(index)
        octets += sizes[index]
    if page:
        yield Page(placements, page, sizes[page[0]] > OCTETS_A_PAGE)


# ---- what a key asks of what was read --------------------------------------------------------------------------------

FieldsTest = Callable[[SearchedFields, Placements, list[int]], list[int]]
"""Which messages a key finds, given their fields, and the columns with the index of each in them."""


def _field_test(key: SearchKey) -> FieldsTest:
    assert isinstance(key, HeaderContains)
    name, needle = key.field, Needle.of(key.text)
    return lambda fields, placements, indices: fields.containing(name, needle)


def _sent_test(key: Sent) -> FieldsTest:
    days = Days.of(key.when, key.day)

    def test(fields: SearchedFields, placements: Placements, indices: list[int]) -> list[int]:
        moments = [_sent(fields.first(number, b"date"), placements, index) for number, index in enumerate(indices)]
        return [number for number, moment in enumerate(moments) if days.hold_sent(moment)]

    return test


def _sent(date: bytes | None, placements: Placements, index: int) -> ZonedInstant:
    """When a message says that it was sent; its internal date where it does not (RFC 5256 2.2)."""
    moment = None if date is None else parse_date_time(unfold(date))
    return moment or ZonedInstant(Instant(placements.internal_dates[index]), placements.zones[index])


def _message_test(key: BodyContains | TextContains) -> Callable[[SearchedMessage], bool]:
    needle = Needle.of(key.text)
    if isinstance(key, BodyContains):
        return lambda message: message.body_contains(needle)
    return lambda message: message.text_contains(needle)
