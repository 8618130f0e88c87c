"""The keys of a search that need messages read: their ready-made fields, their header sections, or all of them."""

from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Protocol

from posthouse.database.blobs.spool import INLINE_OCTETS_MAX
from posthouse.database.transaction import Transaction
from posthouse.delivery.rendition import USUAL_FIELDS
from posthouse.doors.imap.search_days import Days
from posthouse.doors.imap.search_text import Needle, SearchedHeader, SearchedMessage
from posthouse.message.dates import Instant, ZonedInstant, parse_date_time
from posthouse.message.headers import unfold
from posthouse.protocol.imap.search_keys import BodyContains, HeaderContains, SearchKey, Sent, TextContains
from posthouse.runtime.disk import Disk
from posthouse.store.placements import Placements
from posthouse.store.reading import find_messages, wire_forms

# A page that is read in the loop holds it up for a few milliseconds at most: the fields of a message take about 10 us,
# the text of one of 5 KB about 100.
FIELDS_A_PAGE: Final = 250
MESSAGES_A_PAGE: Final = 50
OCTETS_A_PAGE: Final = INLINE_OCTETS_MAX    # what is longer, and lies in a file, has a page of its own


@dataclass(frozen=True, slots=True)
class Page:
    """Messages of a chunk that are read together, by their indices in it, ascending."""

    placements: Placements    # of the whole chunk
    indices: list[int]
    may_block: bool = False

    @property
    def message_ids(self) -> "array[int]":
        """Their keys."""
        message_ids = self.placements.message_ids
        return array("q", [message_ids[index] for index in self.indices])


class Reading(Protocol):
    """One way of reading messages, and the keys that it answers."""

    @property
    def keys(self) -> tuple[SearchKey, ...]:
        """The keys; not none."""

    def pages(self, placements: Placements, indices: list[int]) -> Iterator[Page]:
        """Cut messages of a chunk into pages."""

    def answers(self, page: Page, tx: Transaction) -> list[tuple[bool, ...]]:
        """What each key says to each message of a page. Raises DatabaseError."""


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

    __slots__ = ("_tests", "keys")

    def __init__(self, keys: tuple[SearchKey, ...]) -> None:
        self.keys = keys
        self._tests = [_fields_test(key) for key in keys]

    def pages(self, placements: Placements, indices: list[int]) -> Iterator[Page]:
        for start in range(0, len(indices), FIELDS_A_PAGE):
            yield Page(placements, indices[start:start + FIELDS_A_PAGE])

    def answers(self, page: Page, tx: Transaction) -> list[tuple[bool, ...]]:
        found = []
        dates, zones = page.placements.internal_dates, page.placements.zones
        for index, (fields,) in zip(page.indices, wire_forms(tx, page.message_ids, ("fields",)), strict=True):
            header, internal = SearchedHeader(fields), (dates[index], zones[index])
            found.append(tuple([test(header, internal) for test in self._tests]))
        return found


class HeaderReading:
    """Header sections, as the account sees them: for fields that are not kept ready."""

    __slots__ = ("_disk", "_tests", "keys")

    def __init__(self, keys: tuple[HeaderContains, ...], disk: Disk) -> None:
        self.keys: tuple[SearchKey, ...] = keys
        self._tests = [_field_test(key) for key in keys]
        self._disk = disk

    def pages(self, placements: Placements, indices: list[int]) -> Iterator[Page]:
        return _pages_by_octets(placements, indices)

    def answers(self, page: Page, tx: Transaction) -> list[tuple[bool, ...]]:
        found = []
        for message in find_messages(tx, page.message_ids):
            header = SearchedHeader(message.read(self._disk, 0, message.view.header_octets))
            found.append(tuple([test(header) for test in self._tests]))
        return found


class MessageReading:
    """Whole messages, as the account sees them."""

    __slots__ = ("_disk", "_tests", "keys")

    def __init__(self, keys: tuple[BodyContains | TextContains, ...], disk: Disk) -> None:
        self.keys: tuple[SearchKey, ...] = keys
        self._tests = [_message_test(key) for key in keys]
        self._disk = disk

    def pages(self, placements: Placements, indices: list[int]) -> Iterator[Page]:
        return _pages_by_octets(placements, indices)

    def answers(self, page: Page, tx: Transaction) -> list[tuple[bool, ...]]:
        found = []
        for stored in find_messages(tx, page.message_ids):
            message = SearchedMessage(stored.read(self._disk), stored.view.header_octets)
            found.append(tuple([test(message) for test in self._tests]))
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
            yield Page(placements, page, sizes[page[0]] > INLINE_OCTETS_MAX)
            page, octets = [], 0
        page.append(index)
        octets += sizes[index]
    if page:
        yield Page(placements, page, sizes[page[0]] > INLINE_OCTETS_MAX)


# ---- what a key asks of what was read --------------------------------------------------------------------------------

FieldsTest = Callable[[SearchedHeader, tuple[int, int]], bool]
"""Of a message's fields and its internal date (instant and zone in minutes): whether a key finds it."""


def _fields_test(key: SearchKey) -> FieldsTest:
    if isinstance(key, Sent):
        days = Days.of(key.when, key.day)
        return lambda header, internal: days.hold_sent(_sent(header, internal))
    assert isinstance(key, HeaderContains)
    test = _field_test(key)
    return lambda header, internal: test(header)


def _field_test(key: HeaderContains) -> Callable[[SearchedHeader], bool]:
    field, needle = key.field, Needle.of(key.text)
    return lambda header: header.field_contains(field, needle)


def _message_test(key: BodyContains | TextContains) -> Callable[[SearchedMessage], bool]:
    needle = Needle.of(key.text)
    if isinstance(key, BodyContains):
        return lambda message: message.body_contains(needle)
    return lambda message: message.text_contains(needle)


def _sent(header: SearchedHeader, internal: tuple[int, int]) -> ZonedInstant:
    """When a message says that it was sent; its internal date where it does not (RFC 5256 2.2)."""
    value = header.section.first(b"date")
    moment = parse_date_time(unfold(value)) if value is not None else None
    return moment or ZonedInstant(Instant(internal[0]), internal[1])
