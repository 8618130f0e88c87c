"""The FETCH command: its pages, at the peer's pace, and the \\Seen that reading a body sets (RFC 3501 6.4.5)."""

from asyncio import Future, sleep
from collections.abc import Iterator
from typing import Final

from posthouse.database.errors import DatabaseError, SyncFailed
from posthouse.doors.imap.answers import ok
from posthouse.doors.imap.conversation import Answer, Conversation
from posthouse.doors.imap.fetching import Fetching, Step, needs_of
from posthouse.doors.imap.message_commands import NO_SUCH_MESSAGE, ranges_of
from posthouse.doors.imap.pages import page_of_one
from posthouse.protocol.imap import commands
from posthouse.protocol.imap.commands import Numbering
from posthouse.protocol.imap.fetch_items import Attribute, FetchItem
from posthouse.protocol.imap.responses import Completion
from posthouse.store.changes import BitsChange, BitsOperation, UidRange
from posthouse.store.errors import NoSuchMailbox
from posthouse.store.listing import Listing
from posthouse.store.messages import change_bits
from posthouse.store.placements import SEEN

FETCHED: Final = ok("FETCH is done")


def fetch(conversation: Conversation, command: commands.Fetch) -> Answer:
    """One page that is at hand is answered at once; more are sent as fast as the peer reads."""
    selected = conversation.mailbox
    fetching = Fetching(conversation, _with_uid(command))
    page = page_of_one(selected.known, command.messages, command.numbering)
    if page is not None:
        uid = page.placements.uids[0]
        return _answer(conversation, fetching.steps_of_page(page), _mark_seen(conversation, command, ((uid, uid),)))
    ranges = ranges_of(selected, command.messages, command.numbering)
    if ranges is None:
        return NO_SUCH_MESSAGE
    return _answer(conversation, fetching.steps(ranges), _mark_seen(conversation, command, ranges))


def _answer(conversation: Conversation, steps: Iterator[Step], seen: "Future[None] | None") -> Answer:
    first = next(steps, None)
    if first is None:
        return _end(seen)
    if first.may_block:
        return _send(conversation, first, steps, seen)
    conversation.connection.write(conversation.services.database.read(first.read))
    second = next(steps, None)
    return _end(seen) if second is None else _send(conversation, second, steps, seen)


def _with_uid(command: commands.Fetch) -> tuple[FetchItem, ...]:
    """UID FETCH tells the UID whether or not it was asked for (RFC 3501 6.4.8)."""
    if command.numbering is Numbering.UID and Attribute.UID not in command.items:
        return (Attribute.UID, *command.items)
    return command.items


def _mark_seen(
    conversation: Conversation, command: commands.Fetch, ranges: tuple[UidRange, ...]
) -> "Future[None] | None":
    """Set \\Seen on what is about to be read, when that is wanted and not yet so; the bodies need not wait for it."""
    if not needs_of(command.items).sets_seen:
        return None
    selected = conversation.mailbox
    if selected.read_only or not _some_are_unseen(selected.opened.listing, ranges):
        return None
    change = BitsChange(BitsOperation.ADD, SEEN, ranges)
    now = conversation.services.clock.now()
    return conversation.services.database.write(
        lambda tx: change_bits(tx, selected.where, selected.opened.listing, change, now)
    )


def _some_are_unseen(listing: Listing, ranges: tuple[UidRange, ...]) -> bool:
    """Whether a message is unseen as of now, whatever the peer was told."""
    return any(
        not bits & SEEN
        for chunk, first, past, _ in listing.spans(ranges)
        for bits in chunk.placements.bits[first:past]
    )


def _end(seen: "Future[None] | None") -> Answer:
    return FETCHED if seen is None else _when_seen(seen)


async def _when_seen(seen: "Future[None]") -> Completion:
    """A full disk or a mailbox that is gone keeps nobody from reading: what was asked for has been sent.

    Raises SyncFailed.
    """
    try:
        await seen
    except SyncFailed:
        raise
    except (DatabaseError, NoSuchMailbox):
        return ok("FETCH is done, but \\Seen could not be kept")
    return FETCHED


async def _send(
    conversation: Conversation, step: Step | None, steps: Iterator[Step], seen: "Future[None] | None"
) -> Completion:
    database, connection = conversation.services.database, conversation.connection
    while step is not None:
        try:
            if step.may_block:
                octets = await database.read_aside(step.read)
            else:
                await sleep(0)       # the other sessions' turn
                octets = database.read(step.read)
        except DatabaseError:
            if step.is_amid_response:
                connection.abort()
            raise
        connection.write(octets)
        await connection.drained()
        step = next(steps, None)
    return FETCHED if seen is None else await _when_seen(seen)
