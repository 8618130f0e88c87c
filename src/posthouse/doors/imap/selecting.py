"""SELECT, EXAMINE, CLOSE, UNSELECT (RFC 3501 6.3.1, 6.3.2, 6.4.2; RFC 3691)."""

from contextlib import suppress
from typing import Final

from posthouse.database.transaction import Transaction
from posthouse.doors.imap.answers import ok
from posthouse.doors.imap.conversation import Answer, Conversation, flags_told
from posthouse.doors.imap.selected import Selected
from posthouse.protocol.imap import codes, commands, responses
from posthouse.protocol.imap.responses import Completion, Condition
from posthouse.store.counters import Status, status_of
from posthouse.store.errors import NoSuchMailbox
from posthouse.store.mailboxes import Mailbox, get_mailbox
from posthouse.store.messages import Where, expunge
from posthouse.store.opened import LONG_LISTING_MESSAGES
from posthouse.store.placements import SEEN

EVERY_UID: Final = ((1, (1 << 32) - 1),)


def select(conversation: Conversation, command: commands.Select) -> Answer:
    """Open a mailbox and say what is in it. A SELECT that fails leaves none selected (RFC 3501 6.3.1)."""
    conversation.deselect()
    account_id = conversation.owner.account_id

    def operation(tx: Transaction) -> tuple[Mailbox, Status]:
        mailbox = get_mailbox(tx, account_id, command.mailbox)
        return mailbox, status_of(tx, account_id, mailbox.mailbox_id)

    mailbox, status = conversation.services.database.read(operation)
    if status.messages > LONG_LISTING_MESSAGES:
        return _select_long(conversation, command, mailbox, status)
    return _selected(conversation, command, mailbox, status)


async def _select_long(
    conversation: Conversation, command: commands.Select, mailbox: Mailbox, status: Status
) -> Completion:
    await conversation.services.mailboxes.get_aside(conversation.owner.account_id, mailbox.mailbox_id)
    return _selected(conversation, command, mailbox, status)


def _selected(conversation: Conversation, command: commands.Select, mailbox: Mailbox, status: Status) -> Completion:
    where = Where(conversation.owner.account_id, mailbox.mailbox_id)
    opened = conversation.services.mailboxes.get(*where.key)
    recent_from = max(status.recent_uid, opened.recent_uid)
    selected = Selected(where, mailbox, opened, read_only=command.read_only, recent_from=recent_from)
    conversation.select(selected)
    conversation.connection.write(_told(conversation, selected, status))
    if command.read_only:
        return ok("the mailbox is open to read", codes.READ_ONLY)
    return ok("the mailbox is open", codes.READ_WRITE)


def _told(conversation: Conversation, selected: Selected, status: Status) -> bytes:
    """What SELECT says (RFC 3501 6.3.1)."""
    listing = selected.known
    told = [
        flags_told(conversation.names, read_only=selected.read_only),
        responses.exists(len(listing)),
        responses.recent(selected.recent_count()),
    ]
    first_unseen = _first_unseen(selected) if status.unseen else None
    if first_unseen is not None:
        told.append(responses.untagged(Condition.OK, "the first unseen message", codes.unseen(first_unseen)))
    uidnext = max(status.uidnext, listing.largest_uid() + 1)
    told.append(responses.untagged(Condition.OK, "UIDs are valid", codes.uidvalidity(selected.mailbox.uidvalidity)))
    told.append(responses.untagged(Condition.OK, "the next UID", codes.uidnext(uidnext)))
    return b"".join(told)


def _first_unseen(selected: Selected) -> int | None:
    before = 0
    for chunk in selected.known.chunks:
        for index, bits in enumerate(chunk.placements.bits):
            if not bits & SEEN:
                return before + index + 1
        before += len(chunk)
    return None


def close(conversation: Conversation, command: commands.Close) -> Answer:
    """Leave the mailbox; what bears \\Deleted goes, without a word about it (RFC 3501 6.4.2)."""
    if conversation.mailbox.read_only:
        conversation.deselect()
        return ok("CLOSE is done")
    return _close(conversation, conversation.mailbox)


async def _close(conversation: Conversation, selected: Selected) -> Completion:
    """Expunge first: when that fails the mailbox is still selected, for the peer as for us."""
    now = conversation.services.clock.now()
    with suppress(NoSuchMailbox):    # another session deleted it: nothing is left to expunge
        await conversation.services.database.write(
            lambda tx: expunge(tx, selected.where, selected.opened.listing, EVERY_UID, now)
        )
    conversation.deselect()
    return ok("CLOSE is done")


def unselect(conversation: Conversation, command: commands.Unselect) -> Answer:
    conversation.deselect()
    return ok("UNSELECT is done")
