"""FETCH (RFC 3501 6.4.5): what was asked for, a page of messages at a time.

A page is read in one step and written by one formatting operation. A step says whether it may block, so that the
session runs it in the loop or on a thread; the peer's pace decides when the next one is taken. A message that is
longer than a page is streamed.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache, partial
from itertools import chain
from typing import Any, Final

from msgspec import Struct

from posthouse.database.blobs.spool import INLINE_OCTETS_MAX
from posthouse.database.transaction import Transaction
from posthouse.delivery.rendition import body_of
from posthouse.doors.imap.conversation import Conversation
from posthouse.doors.imap.pages import PAGE_OCTETS_MAX, Page, pages
from posthouse.doors.imap.sections import FIELDS_KINDS, from_fields, from_message, needs_fields_alone, range_of
from posthouse.message.dates import Instant, ZonedInstant
from posthouse.protocol.imap.dates import format_internal_date
from posthouse.protocol.imap.fetch_items import MEMORY_OCTETS_MAX, Attribute, BodySection, FetchItem
from posthouse.runtime.disk import Disk
from posthouse.store.changes import UidRange
from posthouse.store.placements import Placements
from posthouse.store.reading import WIRE_COLUMNS, StoredMessage, find_message, find_messages, wire_forms

FORMS_PAGE_OCTETS_MAX: Final = 4 << 20     # of messages whose ready-made forms are read: far shorter, as a rule
FORMS_PAGE_MESSAGES_MAX: Final = 250       # some 100 KiB: the peer reads one page while the next is made

ENVELOPE, BODYSTRUCTURE, FIELD_INDEX, FIELDS, PARTS = WIRE_COLUMNS


class Step(Struct, frozen=True):
    """Something to read and send next. `may_block`: it reads message files, so it is run on a thread.

    `is_amid_response`: what it sends continues a response. When it fails nothing can be said any more, for whatever
    came next would be taken for a part of that response.
    """

    read: Callable[[Transaction], bytes]
    may_block: bool
    is_amid_response: bool = False


class Needs(Struct, frozen=True):
    """What some items need: the messages themselves, which of their ready-made forms, the names of their flags; or
    that \\Seen be set."""

    messages: bool
    forms: tuple[str, ...]
    names: bool
    sets_seen: bool


def needs_of(items: tuple[FetchItem, ...]) -> Needs:
    """Say what some items need. A mail program asks for the same few lists for ever: short ones are remembered."""
    octets = 0
    for item in items:
        if isinstance(item, BodySection):
            octets += len(item.label)
    return _remembered_needs(items) if octets <= MEMORY_OCTETS_MAX else _needs_of(items)


def _needs_of(items: tuple[FetchItem, ...]) -> Needs:
    sections = [item for item in items if isinstance(item, BodySection)]
    return Needs(
        not all(map(needs_fields_alone, sections)),
        tuple(dict.fromkeys(column for item in items for column in _columns_of(item))),
        Attribute.FLAGS in items,
        any(section.sets_seen for section in sections),
    )


_remembered_needs: Final = lru_cache(maxsize=256)(_needs_of)


class Read(Struct, frozen=True):
    """What was read for a page, column by column in the messages' order; a column that nobody needs is missing."""

    forms: dict[str, tuple[bytes, ...]]
    messages: list[StoredMessage]


class Fetching:
    """One FETCH command on its way. Its steps raise DatabaseError when something cannot be read."""

    def __init__(self, conversation: Conversation, items: tuple[FetchItem, ...]) -> None:
        needs = needs_of(items)
        self._selected = conversation.mailbox
        self._items = items
        self._disk = conversation.services.blobs.disk
        self._reads_messages = needs.messages
        self._columns = needs.forms
        self._names = conversation.names if needs.names else None    # here in the loop: a page may be read on a thread

    def steps(self, ranges: tuple[UidRange, ...]) -> Iterator[Step]:
        """What to read and send for the messages of some UID ranges, in order."""
        return chain.from_iterable(map(self.steps_of_page, self._pages(ranges)))

    def steps_of_page(self, page: Page) -> Iterator[Step]:
        """The same for a page that is not too long to be read at once, but for a single message."""
        return self._streamed(page) if self._is_long(page) else iter((self._step(page),))

    def _step(self, page: Page) -> Step:
        may_block = self._reads_messages and _may_lie_in_files(page)
        return Step(partial(self._written, page), may_block)

    def _is_long(self, page: Page) -> bool:
        """Whether a page is one message that is too long to be read at once."""
        return self._reads_messages and page.placements.sizes[0] > PAGE_OCTETS_MAX

    def _pages(self, ranges: tuple[UidRange, ...]) -> Iterator[Page]:
        """The messages in pages of a bounded number, and of bounded octets where any are read."""
        if not self._reads_messages and not self._columns:
            yield from pages(self._selected.known, ranges)
            return
        for page in pages(self._selected.known, ranges, FORMS_PAGE_MESSAGES_MAX):
            yield from page.parts(PAGE_OCTETS_MAX if self._reads_messages else FORMS_PAGE_OCTETS_MAX)

    # ---- a page of messages ------------------------------------------------------------------------------------------

    def _written(self, page: Page, tx: Transaction) -> bytes:
        """A page as octets: one template, as often as there are messages, filled at once."""
        read = self._read(page, tx)
        written = [self._column(item, page, read) for item in self._items]
        template = b"* %d FETCH (" + b" ".join([text for text, _ in written]) + b")\r\n"
        if len(page) == 1:
            return template % (page.numbers[0], *[column[0] for _, columns in written for column in columns])
        rows = zip(page.numbers, *(column for _, columns in written for column in columns), strict=True)
        return template * len(page) % tuple(chain.from_iterable(rows))

    def _read(self, page: Page, tx: Transaction) -> Read:
        keys = page.placements.message_ids
        messages = find_messages(tx, keys) if self._reads_messages else []
        if not self._columns:
            return Read({}, messages)
        forms = zip(*wire_forms(tx, keys, self._columns), strict=True)
        return Read(dict(zip(self._columns, forms, strict=True)), messages)

    def _column(self, item: FetchItem, page: Page, read: Read) -> tuple[bytes, tuple[Sequence[Any], ...]]:
        """An item of all messages of a page: the text that it is told in, and the values that fill it."""
        if isinstance(item, BodySection):
            return _literals(item.label.replace(b"%", b"%%"), self._bodies(item, read))
        placements = page.placements
        match item:
            case Attribute.UID:
                return b"UID %d", (placements.uids,)
            case Attribute.FLAGS:
                assert self._names is not None
                texts = self._selected.flag_texts(placements.uids, placements.bits, self._names)
                return b"FLAGS %b", (texts,)
            case Attribute.RFC822_SIZE:
                return b"RFC822.SIZE %d", (placements.sizes,)
            case Attribute.INTERNALDATE:
                return b"INTERNALDATE %b", (_internal_dates(placements),)
            case Attribute.ENVELOPE:
                return b"ENVELOPE %b", (read.forms[ENVELOPE],)
            case Attribute.BODYSTRUCTURE:
                return b"BODYSTRUCTURE %b", (read.forms[BODYSTRUCTURE],)
            case Attribute.BODY:
                return b"BODY %b", ([body_of(form) for form in read.forms[BODYSTRUCTURE]],)

    def _bodies(self, item: BodySection, read: Read) -> Sequence[bytes | None]:
        if needs_fields_alone(item):
            return from_fields(item, read.forms[FIELD_INDEX], read.forms[FIELDS])
        if not item.section.path:
            return [from_message(item, b"", message, self._disk) for message in read.messages]
        found = zip(read.forms[PARTS], read.messages, strict=True)
        return [from_message(item, parts, message, self._disk) for parts, message in found]

    # ---- a message that is longer than a page ------------------------------------------------------------------------

    def _streamed(self, page: Page) -> Iterator[Step]:
        """The steps of one long message: each item, and of a long section a page's octets at a time."""
        before = b"* %d FETCH (" % page.numbers[0]
        for item in self._items:
            if isinstance(item, BodySection) and not needs_fields_alone(item) and item.section.kind not in FIELDS_KINDS:
                yield from _Stream(item, page, before, self._disk).steps()
            else:
                read = partial(self._one_item, item, page, before)
                yield Step(read, may_block=True, is_amid_response=before == _BETWEEN)
            before = _BETWEEN
        yield Step(lambda tx: b")\r\n", may_block=False, is_amid_response=True)

    def _one_item(self, item: FetchItem, page: Page, before: bytes, tx: Transaction) -> bytes:
        text, columns = self._column(item, page, self._read(page, tx))
        return before + text % tuple(column[0] for column in columns)


_BETWEEN: Final = b" "    # stands before every item of a response but the first


class _Stream:
    """One section of one message, read and sent piece by piece; only its first step needs the database."""

    def __init__(self, item: BodySection, page: Page, before: bytes, disk: Disk) -> None:
        self._item = item
        self._page = page
        self._before = before
        self._disk = disk
        self._message: StoredMessage | None = None
        self._offset = 0
        self._left = 0

    def steps(self) -> Iterator[Step]:
        """The label and the first piece, then one piece after another: steps are taken only after the last was run."""
        yield Step(self._begin, may_block=True, is_amid_response=self._before == _BETWEEN)
        while self._left:
            yield Step(self._piece, may_block=True, is_amid_response=True)

    def _begin(self, tx: Transaction) -> bytes:
        keys = self._page.placements.message_ids
        self._message = find_message(tx, self._page.placements.at(0).message_id)
        found = range_of(self._item, wire_forms(tx, keys, (PARTS,))[0][0], self._message)
        if found is None:
            return self._before + self._item.label + b" NIL"
        self._offset, self._left = found
        return self._before + self._item.label + b" {%d}\r\n" % found.length + self._piece(tx)

    def _piece(self, tx: Transaction) -> bytes:
        assert self._message is not None
        octets = self._message.read(self._disk, self._offset, min(self._left, PAGE_OCTETS_MAX))
        self._offset += len(octets)
        self._left -= len(octets)
        return octets


def _may_lie_in_files(page: Page) -> bool:
    return max(page.placements.sizes) > INLINE_OCTETS_MAX


def _columns_of(item: FetchItem) -> tuple[str, ...]:
    """Which ready-made forms an item needs."""
    if isinstance(item, BodySection):
        if needs_fields_alone(item):
            return FIELD_INDEX, FIELDS
        return (PARTS,) if item.section.path else ()
    if item is Attribute.ENVELOPE:
        return (ENVELOPE,)
    return (BODYSTRUCTURE,) if item in (Attribute.BODY, Attribute.BODYSTRUCTURE) else ()


def _literals(label: bytes, bodies: Sequence[bytes | None]) -> tuple[bytes, tuple[Sequence[Any], ...]]:
    """Sections as literals; NIL for one that is not there."""
    if None not in bodies:
        return label + b" {%d}\r\n%b", ([len(body) for body in bodies if body is not None], bodies)
    texts = [b"NIL" if body is None else b"{%d}\r\n%b" % (len(body), body) for body in bodies]
    return label + b" %b", (texts,)


def _internal_dates(placements: Placements) -> list[bytes]:
    dates = zip(placements.internal_dates, placements.zones, strict=True)
    return [format_internal_date(ZonedInstant(Instant(at), zone)) for at, zone in dates]
