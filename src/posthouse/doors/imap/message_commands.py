"""STORE, COPY, MOVE, EXPUNGE, CHECK (RFC 3501 6.4, RFC 4315, RFC 6851): changes by UID, decided in their turn."""

from typing import Final

from posthouse.database.transaction import Transaction
from posthouse.doors.imap.answers import bad, no, ok
from posthouse.doors.imap.conversation import Answer, Conversation
from posthouse.doors.imap.flag_names import system_bits
from posthouse.doors.imap.selected import Selected
from posthouse.doors.imap.selecting import EVERY_UID
from posthouse.protocol.imap import codes, commands, responses
from posthouse.protocol.imap.codes import Code
from posthouse.protocol.imap.commands import FlagChange, Numbering
from posthouse.protocol.imap.responses import Completion, Condition
from posthouse.protocol.imap.sequence_set import SequenceSet
from posthouse.store.changes import BitsChange, BitsOperation, UidRange
from posthouse.store.errors import NoSuchMailbox
from posthouse.store.keywords import keyword_bits
from posthouse.store.mailboxes import get_mailbox
from posthouse.store.messages import Copied, change_bits, copy, expunge, move

_OPERATIONS: Final = {
    FlagChange.REPLACE: BitsOperation.REPLACE,
    FlagChange.ADD: BitsOperation.ADD,
    FlagChange.REMOVE: BitsOperation.REMOVE,
}
READ_ONLY: Final = no("the mailbox is open to read only: SELECT it to change it", codes.NOPERM)
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
    with_uid = command.numbering is Numbering.UID
    conversation.tell_news(may_expunge=with_uid, with_uid=with_uid, expected=made)
    if not command.silent:
        for lines in selected.flags_lines(ranges, conversation.names, with_uid=with_uid):
            conversation.connection.write(lines)
            await conversation.connection.drained()
    return ok("STORE is done")


def copy_messages(conversation: Conversation, command: commands.Copy) -> Answer:
    ranges = ranges_of(conversation.mailbox, command.messages, command.numbering)
    return NO_SUCH_MESSAGE if ranges is None else _copy(conversation, command, ranges)


async def _copy(conversation: Conversation, command: commands.Copy, ranges: tuple[UidRange, ...]) -> Completion:
    selected, services = conversation.mailbox, conversation.services
    now = services.clock.now()

    def operation(tx: Transaction) -> Copied:
        to = get_mailbox(tx, selected.where.account_id, command.mailbox).mailbox_id
        return copy(tx, selected.where, selected.opened.listing, ranges, to, now)

    try:
        copied = await services.database.write(operation)
    except NoSuchMailbox as error:
        return no(str(error), codes.TRYCREATE)
    return ok("COPY is done", _copyuid(copied))


def move_messages(conversation: Conversation, command: commands.Move) -> Answer:
    selected = conversation.mailbox
    ranges = ranges_of(selected, command.messages, command.numbering)
    if ranges is None:
        return NO_SUCH_MESSAGE
    return READ_ONLY if selected.read_only else _move(conversation, command, ranges)


async def _move(conversation: Conversation, command: commands.Move, ranges: tuple[UidRange, ...]) -> Completion:
    selected, services = conversation.mailbox, conversation.services
    now = services.clock.now()

    def operation(tx: Transaction) -> Copied:
        to = get_mailbox(tx, selected.where.account_id, command.mailbox).mailbox_id
        return move(tx, selected.where, selected.opened.listing, ranges, to, now)

    try:
        copied = await services.database.write(operation)
    except NoSuchMailbox as error:
        return no(str(error), codes.TRYCREATE)
    code = _copyuid(copied)
    if code is not None:      # RFC 6851 4.3: told before the EXPUNGEs, in an untagged OK
        conversation.connection.write(responses.untagged(Condition.OK, "moved", code))
    return ok("MOVE is done")


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
