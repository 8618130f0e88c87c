"""CREATE, DELETE, RENAME, SUBSCRIBE, UNSUBSCRIBE, LIST, LSUB, STATUS, NAMESPACE (RFC 3501 6.3, RFC 2342, RFC 6154)."""

from collections.abc import Callable, Iterable
from typing import Final

from posthouse.database.identifiers import AccountId
from posthouse.database.transaction import Transaction
from posthouse.doors.imap.answers import no, ok
from posthouse.doors.imap.conversation import Answer, Conversation
from posthouse.doors.imap.selecting import EVERY_UID
from posthouse.message.dates import Instant
from posthouse.protocol.imap import codes, commands, responses
from posthouse.protocol.imap.commands import StatusItem
from posthouse.protocol.imap.list_pattern import compile_pattern
from posthouse.protocol.imap.mailbox_names import MailboxName
from posthouse.protocol.imap.responses import Completion, ListAttribute
from posthouse.store.counters import Status, status_of
from posthouse.store.folding import load_listing
from posthouse.store.mailboxes import (
    INBOX,
    INBOX_ID,
    SEPARATOR,
    Mailbox,
    Role,
    create_mailbox,
    delete_mailbox,
    get_mailbox,
    list_mailboxes,
    rename_mailbox,
    subscribe,
    subscriptions,
    unsubscribe,
)
from posthouse.store.messages import Where, move

_ROLES: Final = {
    Role.DRAFTS: ListAttribute.DRAFTS,
    Role.SENT: ListAttribute.SENT,
    Role.JUNK: ListAttribute.JUNK,
    Role.TRASH: ListAttribute.TRASH,
    Role.ARCHIVE: ListAttribute.ARCHIVE,
}


def create(conversation: Conversation, command: commands.Create) -> Answer:
    """A separator at the end says that mailboxes will be made below: it is no part of the name (RFC 3501 6.3.3)."""
    name = command.mailbox.removesuffix(SEPARATOR)
    if name == INBOX:
        return no("INBOX is there already", codes.ALREADYEXISTS)
    return _write(conversation, "CREATE", lambda tx, account_id, at: create_mailbox(tx, account_id, name, at))


def delete(conversation: Conversation, command: commands.Delete) -> Answer:
    name = command.mailbox
    return _write(conversation, "DELETE", lambda tx, account_id, at: delete_mailbox(tx, account_id, name, at))


def rename(conversation: Conversation, command: commands.Rename) -> Answer:
    """INBOX is special: its messages move to the new mailbox, and it stays (RFC 3501 6.3.5)."""
    name, new_name = command.mailbox, command.new_name.removesuffix(SEPARATOR)
    if name == INBOX:
        return _write(conversation, "RENAME", lambda tx, account_id, at: _move_inbox(tx, account_id, new_name, at))
    return _write(conversation, "RENAME", lambda tx, account_id, at: rename_mailbox(tx, account_id, name, new_name, at))


def _move_inbox(tx: Transaction, account_id: AccountId, new_name: str, at: Instant) -> None:
    made = create_mailbox(tx, account_id, new_name, at)
    inbox = load_listing(tx, account_id, INBOX_ID)
    move(tx, Where(account_id, INBOX_ID), inbox, EVERY_UID, made, at)


def subscribe_to(conversation: Conversation, command: commands.Subscribe) -> Answer:
    return _write(conversation, "SUBSCRIBE", lambda tx, account_id, at: subscribe(tx, account_id, command.mailbox))


def unsubscribe_from(conversation: Conversation, command: commands.Unsubscribe) -> Answer:
    return _write(conversation, "UNSUBSCRIBE", lambda tx, account_id, at: unsubscribe(tx, account_id, command.mailbox))


async def _write(
    conversation: Conversation, name: str, operation: Callable[[Transaction, AccountId, Instant], object]
) -> Completion:
    account_id, now = conversation.owner.account_id, conversation.services.clock.now()
    await conversation.services.database.write(lambda tx: operation(tx, account_id, now))
    return ok(f"{name} is done")


def list_names(conversation: Conversation, command: commands.List) -> Answer:
    """LIST, with SPECIAL-USE attributes always told (RFC 6154 2)."""
    if not command.pattern:
        conversation.connection.write(responses.HIERARCHY)
        return ok("LIST is done")
    account_id = conversation.owner.account_id
    standing = conversation.services.database.read(lambda tx: list_mailboxes(tx, account_id))
    pattern = compile_pattern(command.reference, command.pattern)
    parents = _above(mailbox.name for mailbox in standing)
    told = [
        responses.listed(_attributes(mailbox, parents), MailboxName(mailbox.name))
        for mailbox in standing
        if pattern.matches(mailbox.name) and (not command.only_special_use or mailbox.role in _ROLES)
    ]
    conversation.connection.write(b"".join(told))
    return ok("LIST is done")


def _attributes(mailbox: Mailbox, parents: set[str]) -> list[ListAttribute]:
    children = ListAttribute.HAS_CHILDREN if mailbox.name in parents else ListAttribute.HAS_NO_CHILDREN
    role = _ROLES.get(mailbox.role) if mailbox.role else None
    return [children, role] if role else [children]


def lsub(conversation: Conversation, command: commands.Lsub) -> Answer:
    """The names that are subscribed to; a level above one is told \\Noselect where "%" ends at it (RFC 3501 6.3.9)."""
    account_id = conversation.owner.account_id
    names = conversation.services.database.read(lambda tx: subscriptions(tx, account_id))
    pattern = compile_pattern(command.reference, command.pattern)
    told = [responses.subscribed((), MailboxName(name)) for name in names if pattern.matches(name)]
    if command.pattern.endswith("%"):
        above = [name for name in sorted(_above(names) - set(names)) if pattern.matches(name)]
        told.extend(responses.subscribed((ListAttribute.NOSELECT,), MailboxName(name)) for name in above)
    conversation.connection.write(b"".join(told))
    return ok("LSUB is done")


def _above(names: Iterable[str]) -> set[str]:
    """Every level that stands above one of the names."""
    found: set[str] = set()
    for name in names:
        parent = name.rpartition(SEPARATOR)[0]
        while parent and parent not in found:
            found.add(parent)
            parent = parent.rpartition(SEPARATOR)[0]
    return found


def status(conversation: Conversation, command: commands.Status) -> Answer:
    account_id = conversation.owner.account_id

    def operation(tx: Transaction) -> tuple[Mailbox, Status]:
        mailbox = get_mailbox(tx, account_id, command.mailbox)
        return mailbox, status_of(tx, account_id, mailbox.mailbox_id)

    mailbox, found = conversation.services.database.read(operation)
    values = {
        StatusItem.MESSAGES: found.messages,
        StatusItem.UIDNEXT: found.uidnext,
        StatusItem.UIDVALIDITY: found.uidvalidity,
        StatusItem.UNSEEN: found.unseen,
    }
    if StatusItem.RECENT in command.items:
        values[StatusItem.RECENT] = _recent(conversation, account_id, mailbox, found)
    told = [(item, values[item]) for item in command.items]
    conversation.connection.write(responses.status(command.mailbox, told))
    return ok("STATUS is done")


def _recent(conversation: Conversation, account_id: AccountId, mailbox: Mailbox, status: Status) -> int:
    """How many messages no session has been told of yet."""
    if status.recent_uid >= status.uidnext:
        return 0
    opened = conversation.services.mailboxes.get(account_id, mailbox.mailbox_id)
    return len(opened.listing) + 1 - opened.listing.number_at_or_after(max(status.recent_uid, opened.recent_uid))


def namespace(conversation: Conversation, command: commands.Namespace) -> Answer:
    conversation.connection.write(responses.NAMESPACES)
    return ok("NAMESPACE is done")
