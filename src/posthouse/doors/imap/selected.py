"""The mailbox that a session has selected: its own numbering over the shared listing, and what it says of it."""

from array import array
from collections.abc import Iterator
from itertools import chain

from posthouse.database.identifiers import Uid
from posthouse.doors.imap.flag_names import FlagNames
from posthouse.doors.imap.numbering import keeping_the_gone, news_between
from posthouse.doors.imap.pages import pages
from posthouse.protocol.imap import responses
from posthouse.protocol.imap.sequence_set import ranges_of
from posthouse.store.changes import BitsChange, UidRange
from posthouse.store.listing import Listing
from posthouse.store.mailboxes import Mailbox
from posthouse.store.messages import Where
from posthouse.store.opened import OpenMailbox


class Selected:
    """One session's view of one mailbox. `known` is what the peer has been told of; its numbers are the session's."""

    __slots__ = ("known", "mailbox", "opened", "read_only", "recent_from", "where")

    def __init__(
        self, where: Where, mailbox: Mailbox, opened: OpenMailbox, *, read_only: bool, recent_from: Uid
    ) -> None:
        self.where = where
        self.mailbox = mailbox
        self.opened = opened
        self.read_only = read_only
        self.recent_from = recent_from       # messages from this UID on are \Recent to this session
        self.known: Listing = opened.listing
        self._claim_recent()

    @property
    def has_news(self) -> bool:
        """Whether the mailbox has changed since the peer was last told."""
        return self.opened.listing is not self.known

    def _claim_recent(self) -> None:
        """What this session has been told of is \\Recent to none that selects later (RFC 3501 2.3.2)."""
        if not self.read_only:
            self.opened.recent_uid = max(self.opened.recent_uid, Uid(self.known.largest_uid() + 1))

    def recent_count(self) -> int:
        """How many messages are \\Recent to this session."""
        return len(self.known) + 1 - self.known.number_at_or_after(self.recent_from)

    def news(
        self, names: FlagNames, *, may_expunge: bool, with_uid: bool = False, expected: BitsChange | None = None
    ) -> bytes:
        """Go over to the mailbox's newest listing and say what changed: EXPUNGE, FETCH FLAGS, EXISTS and RECENT.

        Flags that changed as `expected` are not told: the peer's own STORE. Where EXPUNGE may not be said, what is gone
        keeps its numbers until it may.
        """
        news = news_between(self.known, self.opened.listing, expected)
        keeps_gone = bool(news.gone) and not may_expunge
        self.known = keeping_the_gone(self.known, self.opened.listing) if keeps_gone else self.opened.listing
        told = [] if keeps_gone else [responses.expunge(news.gone)]
        told.extend(self.flags_lines(ranges_of(news.changed), names, with_uid=with_uid))
        if news.grown:
            self._claim_recent()
            told.append(responses.exists(len(self.known)))
            told.append(responses.recent(self.recent_count()))
        return b"".join(told)

    def standing(self, ranges: tuple[UidRange, ...]) -> tuple[UidRange, ...]:
        """Those UID ranges without the messages that are gone, though their numbers are kept."""
        if self.opened.listing.count(ranges) == self.known.count(ranges):
            return ranges
        return ranges_of(self.opened.listing.select(ranges).uids)

    def flags_lines(self, ranges: tuple[UidRange, ...], names: FlagNames, *, with_uid: bool) -> Iterator[bytes]:
        """FETCH responses that tell the flags of all messages of some UID ranges, a page at a time."""
        line = b"* %d FETCH (UID %d FLAGS %b)\r\n" if with_uid else b"* %d FETCH (FLAGS %b)\r\n"
        for page in pages(self.known, ranges):
            uids = page.placements.uids
            texts = self.flag_texts(uids, page.placements.bits, names)
            rows = zip(page.numbers, uids, texts, strict=True) if with_uid else zip(page.numbers, texts, strict=True)
            yield line * len(page) % tuple(chain.from_iterable(rows))

    def flag_texts(self, uids: "array[int]", bits: list[int], names: FlagNames) -> list[bytes]:
        """The flags of a run of messages, as FETCH tells them."""
        if not len(uids) or uids[-1] < self.recent_from:
            known = {one: names.text(one, False) for one in set(bits)}
            return [known[one] for one in bits]
        recent_from = self.recent_from
        return [names.text(one, uid >= recent_from) for uid, one in zip(uids, bits, strict=True)]

    def uid_ranges(self, numbers: tuple[tuple[int, int], ...]) -> tuple[UidRange, ...]:
        """Turn ranges of this session's sequence numbers into ranges of UIDs."""
        return self.known.uid_ranges(numbers)
