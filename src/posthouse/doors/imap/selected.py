"""The mailbox that a session has selected: its own numbering over the shared listing, and what it says of it."""

from array import array
from collections.abc import Iterator
from itertools import chain

from posthouse.database.identifiers import Uid
from posthouse.doors.imap.flag_names import FlagNames
from posthouse.doors.imap.numbering import keeping_the_gone, news_between
from posthouse.protocol.imap import responses
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
        old, new = self.known, self.opened.listing
        if new is old:
            return b""
        if not may_expunge:
            new = keeping_the_gone(old, new)
        news = news_between(old, new, expected)
        self.known = new
        told = [responses.expunge(news.gone)]
        told.extend(self.flags_line(number, uid, names, with_uid=with_uid) for number, uid in news.changed)
        if news.grown:
            self._claim_recent()
            told.append(responses.exists(len(new)))
            told.append(responses.recent(self.recent_count()))
        return b"".join(told)

    def flags_line(self, number: int, uid: int, names: FlagNames, *, with_uid: bool) -> bytes:
        """A FETCH response that tells the flags of one message."""
        text = names.text(self.known.at(number).bits, uid >= self.recent_from)
        if with_uid:
            return b"* %d FETCH (UID %d FLAGS %b)\r\n" % (number, uid, text)
        return b"* %d FETCH (FLAGS %b)\r\n" % (number, text)

    def flags_lines(self, ranges: tuple[UidRange, ...], names: FlagNames, *, with_uid: bool) -> Iterator[bytes]:
        """FETCH responses that tell the flags of all messages of some UID ranges, a chunk at a time."""
        line = b"* %d FETCH (UID %d FLAGS %b)\r\n" if with_uid else b"* %d FETCH (FLAGS %b)\r\n"
        for chunk, first, past, number in self.known.spans(ranges):
            uids = chunk.placements.uids[first:past]
            texts = self.flag_texts(uids, chunk.placements.bits[first:past], names)
            numbers = range(number, number + past - first)
            rows = zip(numbers, uids, texts, strict=True) if with_uid else zip(numbers, texts, strict=True)
            yield line * len(uids) % tuple(chain.from_iterable(rows))

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
