"""STORE, COPY, MOVE, EXPUNGE, CHECK (RFC 3501 6.4, RFC 4315, RFC 6851): changes by UID, decided in their turn."""

from collections.abc import Callable
from typing import Final

from posthouse.database.identifiers import MailboxId
from posthouse.database.transaction import Transaction
from posthouse.doors.imap.answers import bad, no, ok
from posthouse.doors.imap.conversation import Answer, Conversation
from posthouse.doors.imap.flag_names import system_bits
from posthouse.doors.imap.selected import Selected
from posthouse.doors.imap.selecting import EVERY_UID
from posthouse.message.dates import Instant
from posthouse.protocol.imap import codes, commands, responses
from posthouse.protocol.imap.codes import Code
from posthouse.protocol.imap.commands import FlagChange, Numbering
from posthouse.protocol.imap.responses import Completion, Condition
from posthouse.protocol.imap.sequence_set import SequenceSet
from posthouse.store.changes import BitsChange, BitsOperation, UidRange
from posthouse.store.errors import MessagesGone, NoSuchDestination
from posthouse.store.keywords import keyword_bits
from posthouse.store.listing import Listing
from posthouse.store.mailboxes import find_mailbox
from posthouse.store.messages import Copied, Where, change_bits, copy, expunge, move

Place = Callable[[Transaction, Where, Listing, tuple[UidRange, ...], MailboxId, Instant], Copied]
"""`copy` or `move`."""

_OPERATIONS: Final = {
    FlagChange.REPLACE: BitsOperation.REPLACE,
    FlagChange.ADD: BitsOperation.ADD,
    FlagChange.REMOVE: BitsOperation.REMOVE,
}
READ_ONLY: Final = no("the mailbox is open to read only: SELECT it to change it", codes.NOPERM)
SOME_ARE_GONE: Final = no("some of the messages are gone, the others are changed", codes.EXPUNGEISSUED)
NO_SUCH_MESSAGE: Final = bad("the mailbox has not so many messages (RFC 3501 9: seq-number)")


def ranges_of(selected: Selected, messages: SequenceSet, numbering: Numbering) -> tuple[UidRange, ...] | None:
    """The UID ranges that a command means; None when it names a sequence number that is not there."""
    if numbering is Numbering.UID:
        return messages.resolve(selected.known.largest_uid())
    if messages.exceeds(len(selected.known)):
        return None
    return selected.uid_ranges(messages.resolve(len(selected.known)))


def check(conversation: Conversation, command: commands.Check) -> Answer:
    return ok("CHECK is done")    # whatever was answered is on disk already


def store(conversation: Conversation, command: commands.Store) -> Answer:
    selected = conversation.mailbox
    ranges = ranges_of(selected, command.messages, command.numbering)
    if ranges is None:
        return NO_SUCH_MESSAGE
    return READ_ONLY if selected.read_only else _store(conversation, command, ranges)


async def _store(conversation: Conversation, command: commands.Store, ranges: tuple[UidRange, ...]) -> Completion:
    selected, services = conversation.mailbox, conversation.services
    bits, keywords = system_bits(command.flags)
    operation = _OPERATIONS[command.change]
    now = services.clock.now()

    def change(tx: Transaction) -> BitsChange:
        may_create = operation is not BitsOperation.REMOVE
        mask = bits | keyword_bits(tx, selected.where.account_id, keywords, create=may_create)
        wanted = BitsChange(operation, mask, ranges)
        change_bits(tx, selected.where, selected.opened.listing, wanted, now)
        return wanted

    made = await services.database.write(change)
    by_uid = command.numbering is Numbering.UID
    conversation.tell_news(may_expunge=by_uid, with_uid=by_uid, expected=made)
    return ok("STORE is done") if command.silent else await _tell_flags(conversation, ranges, command.numbering)


async def _tell_flags(
    conversation: Conversation, ranges: tuple[UidRange, ...], numbering: Numbering
) -> Completion:
    """The flags of all messages that STORE named. That some are gone is told instead of theirs (RFC 2180 4.2)."""
    selected, connection = conversation.mailbox, conversation.connection
    standing = selected.standing(ranges)
    for lines in selected.flags_lines(standing, conversation.names, with_uid=numbering is Numbering.UID):
        connection.write(lines)
        await connection.drained()
    return ok("STORE is done") if standing is ranges else SOME_ARE_GONE


def copy_messages(conversation: Conversation, command: commands.Copy) -> Answer:
    ranges = ranges_of(conversation.mailbox, command.messages, command.numbering)
    return NO_SUCH_MESSAGE if ranges is None else _copy(conversation, command, ranges)


async def _copy(conversation: Conversation, command: commands.Copy, ranges: tuple[UidRange, ...]) -> Completion:
    copied = await _place_elsewhere(conversation, command, ranges, copy)
    return ok("COPY is done", _copyuid(copied))


def move_messages(conversation: Conversation, command: commands.Move) -> Answer:
    selected = conversation.mailbox
    ranges = ranges_of(selected, command.messages, command.numbering)
    if ranges is None:
        return NO_SUCH_MESSAGE
    return READ_ONLY if selected.read_only else _move(conversation, command, ranges)


async def _move(conversation: Conversation, command: commands.Move, ranges: tuple[UidRange, ...]) -> Completion:
    code = _copyuid(await _place_elsewhere(conversation, command, ranges, move))
    if code is not None:      # RFC 6851 4.3: told before the EXPUNGEs, in an untagged OK
        conversation.connection.write(responses.untagged(Condition.OK, "moved", code))
    return ok("MOVE is done")


async def _place_elsewhere(
    conversation: Conversation, command: commands.Copy | commands.Move, ranges: tuple[UidRange, ...], place: Place
) -> Copied:
    """Copy or move. Raises NoSuchDestination, NoSuchMailbox, DatabaseError, and MessagesGone when a message that was
    named by its number is gone: all of them are placed or none (RFC 3501 6.4.7, RFC 2180 4.4.1)."""
    selected, services = conversation.mailbox, conversation.services
    now = services.clock.now()
    wanted = selected.known.count(ranges) if command.numbering is Numbering.SEQUENCE else 0

    def operation(tx: Transaction) -> Copied:
        to = find_mailbox(tx, selected.where.account_id, command.mailbox)
        if to is None:
            raise NoSuchDestination(f"there is no mailbox {command.mailbox}")
        copied = place(tx, selected.where, selected.opened.listing, ranges, to.mailbox_id, now)
        if len(copied.uids) < wanted:
            raise MessagesGone("some of the messages are gone, nothing was done")
        return copied

    return await services.database.write(operation)


def _copyuid(copied: Copied) -> Code | None:
    """COPYUID (RFC 4315 3), unless nothing was copied."""
    if not copied.uids:
        return None
    return codes.copyuid(
        copied.uidvalidity, copied.uids, range(copied.first_new_uid, copied.first_new_uid + len(copied.uids))
    )


def expunge_messages(conversation: Conversation, command: commands.Expunge) -> Answer:
    selected = conversation.mailbox
    if selected.read_only:
        return READ_ONLY
    ranges = EVERY_UID if command.uids is None else command.uids.resolve(selected.known.largest_uid())
    return _expunge(conversation, ranges)


async def _expunge(conversation: Conversation, ranges: tuple[UidRange, ...]) -> Completion:
    selected, services = conversation.mailbox, conversation.services
    now = services.clock.now()
    await services.database.write(lambda tx: expunge(tx, selected.where, selected.opened.listing, ranges, now))
    return ok("EXPUNGE is done")
