"""Mailboxes: made, renamed, deleted, listed, subscribed (RFC 3501 6.3). Levels are parted by "/"."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from posthouse.database.identifiers import AccountId, MailboxId
from posthouse.database.transaction import Transaction
from posthouse.message.dates import Instant
from posthouse.store.changes import Kind, write_change
from posthouse.store.counters import Delta, move_sums, next_modseq
from posthouse.store.errors import (
    MailboxExists,
    MailboxHasChildren,
    MailboxNameRefused,
    MailboxProtected,
    NoSuchMailbox,
    TooManyMailboxes,
    TooManySubscriptions,
)

INBOX: Final = "INBOX"
INBOX_ID: Final = MailboxId(1)       # made with the account and never another's: RENAME INBOX moves its messages away
SEPARATOR: Final = "/"
NAME_OCTETS_MAX: Final = 1000        # what common mail programs still show
LEVELS_MAX: Final = 50
MAILBOXES_MAX: Final = 10_000        # LIST answers them all at once
SUBSCRIPTIONS_MAX: Final = 20_000    # LSUB too; twice as many, for they outlive their mailboxes

_UNFIT: Final = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")    # a lone surrogate cannot be stored as UTF-8


class Role(StrEnum):
    """What a mailbox is for (RFC 6154 2)."""

    INBOX = "inbox"
    DRAFTS = "drafts"
    SENT = "sent"
    JUNK = "junk"
    TRASH = "trash"
    ARCHIVE = "archive"


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A mailbox that stands."""

    mailbox_id: MailboxId
    name: str
    role: Role | None
    uidvalidity: int


def make_mailboxes(tx: Transaction, account_id: AccountId, at: Instant) -> None:
    """Give a new account its counter and the mailboxes that every account has."""
    tx.execute("INSERT INTO counter VALUES (?, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0)", (account_id,))
    for role in Role:
        name = INBOX if role is Role.INBOX else role.value.title()
        create_mailbox(tx, account_id, name, at, role)
        subscribe(tx, account_id, name)


def create_mailbox(
    tx: Transaction, account_id: AccountId, name: str, at: Instant, role: Role | None = None
) -> MailboxId:
    """Make a mailbox, and those above it that are missing (RFC 3501 6.3.3).

    Raises MailboxExists, MailboxNameRefused, TooManyMailboxes.
    """
    name = canonical_name(name)
    if find_mailbox(tx, account_id, name) is not None:
        raise MailboxExists(f"there is a mailbox {name} already")
    above = name.rpartition(SEPARATOR)[0]
    if above and find_mailbox(tx, account_id, above) is None:
        create_mailbox(tx, account_id, above, at)
    return _make(tx, account_id, name, at, role)


def _make(tx: Transaction, account_id: AccountId, name: str, at: Instant, role: Role | None) -> MailboxId:
    modseq = next_modseq(tx, account_id)
    # UIDVALIDITY is never given twice, whatever the clock does (STORE: layout).
    found = tx.row(
        "UPDATE counter SET uidnext = uidnext + 1, messages = messages + 1,"
        " uidvalidity = CASE WHEN uidvalidity < ? THEN ? ELSE uidvalidity + 1 END"
        " WHERE account_id = ? AND mailbox_id = 0 RETURNING uidnext - 1, uidvalidity, messages",
        (at // 1_000_000, at // 1_000_000, account_id),
    )
    assert found is not None      # next_modseq has just moved that row
    mailbox_id, uidvalidity, standing = MailboxId(found[0]), found[1], found[2]
    if standing > MAILBOXES_MAX:
        raise TooManyMailboxes(f"an account has {MAILBOXES_MAX} mailboxes at most")
    tx.execute(
        "INSERT INTO mailbox VALUES (?, ?, ?, ?, ?, ?, NULL, NULL)",
        (account_id, mailbox_id, name, role, uidvalidity, modseq),
    )
    tx.execute(
        "INSERT INTO counter VALUES (?, ?, ?, 1, ?, ?, ?, 1, 0, 0, 0)",
        (account_id, mailbox_id, modseq, uidvalidity, modseq, modseq),
    )
    write_change(tx, (account_id, mailbox_id), modseq, Kind.MADE, name.encode(), at)
    return mailbox_id


def delete_mailbox(tx: Transaction, account_id: AccountId, name: str, at: Instant) -> MailboxId:
    """Delete a mailbox with its messages; a tombstone stays (STORE: layout).

    Raises NoSuchMailbox, MailboxProtected for INBOX, MailboxHasChildren.
    """
    mailbox = get_mailbox(tx, account_id, name)
    if mailbox.mailbox_id == INBOX_ID:
        raise MailboxProtected("INBOX cannot be deleted")
    if _below(tx, account_id, mailbox.name):
        raise MailboxHasChildren(f"{mailbox.name} holds other mailboxes: delete those first")
    modseq = next_modseq(tx, account_id)
    place = (account_id, mailbox.mailbox_id)
    tx.execute(
        "UPDATE mailbox SET deleted_modseq = ?, deleted_at = ? WHERE account_id = ? AND mailbox_id = ?",
        (modseq, at, *place),
    )
    # Its counter goes out of every operation's sight, and stays for the purge: under the negative key.
    tx.execute("UPDATE counter SET mailbox_id = -mailbox_id WHERE account_id = ? AND mailbox_id = ?", place)
    tx.execute("UPDATE counter SET messages = messages - 1 WHERE account_id = ? AND mailbox_id = 0", (account_id,))
    write_change(tx, place, modseq, Kind.DELETED, mailbox.name.encode(), at)
    return mailbox.mailbox_id


def rename_mailbox(tx: Transaction, account_id: AccountId, name: str, new_name: str, at: Instant) -> None:
    """Rename a mailbox and those below it; key, UIDs and UIDVALIDITY stay.

    INBOX is not for this function: its messages are moved (RFC 3501 6.3.5). Raises NoSuchMailbox, MailboxExists,
    MailboxNameRefused, MailboxProtected.
    """
    mailbox = get_mailbox(tx, account_id, name)
    target = canonical_name(new_name)
    if mailbox.mailbox_id == INBOX_ID:
        raise MailboxProtected("INBOX keeps its name")
    if target.startswith(mailbox.name + SEPARATOR):
        raise MailboxNameRefused("a mailbox cannot move into itself")
    below = _below(tx, account_id, mailbox.name)
    if find_mailbox(tx, account_id, target) is not None:
        raise MailboxExists(f"there is a mailbox {target} already")
    above = target.rpartition(SEPARATOR)[0]
    if above and find_mailbox(tx, account_id, above) is None:
        create_mailbox(tx, account_id, above, at)
    for moved in (mailbox, *below):
        moved_name = canonical_name(target + moved.name[len(mailbox.name):])
        if moved is not mailbox and find_mailbox(tx, account_id, moved_name) is not None:
            raise MailboxExists(f"there is a mailbox {moved_name} already")
        modseq = next_modseq(tx, account_id)
        place = (account_id, moved.mailbox_id)
        tx.execute("UPDATE mailbox SET name = ? WHERE account_id = ? AND mailbox_id = ?", (moved_name, *place))
        move_sums(tx, *place, modseq, Delta())
        write_change(tx, place, modseq, Kind.RENAMED, moved_name.encode(), at)


def find_mailbox(tx: Transaction, account_id: AccountId, name: str) -> Mailbox | None:
    """The mailbox of a name, or None."""
    found = tx.row(
        "SELECT mailbox_id, name, role, uidvalidity FROM mailbox"
        " WHERE account_id = ? AND name = ? AND deleted_modseq IS NULL",
        (account_id, canonical_inbox(name)),
    )
    return _mailbox(*found) if found else None


def get_mailbox(tx: Transaction, account_id: AccountId, name: str) -> Mailbox:
    """The mailbox of a name. Raises NoSuchMailbox."""
    found = find_mailbox(tx, account_id, name)
    if found is None:
        raise NoSuchMailbox(f"there is no mailbox {name}")
    return found


def list_mailboxes(tx: Transaction, account_id: AccountId) -> list[Mailbox]:
    """All mailboxes that stand, by name."""
    rows = tx.rows(
        "SELECT mailbox_id, name, role, uidvalidity FROM mailbox"
        " WHERE account_id = ? AND deleted_modseq IS NULL ORDER BY name",
        (account_id,),
    )
    return [_mailbox(*row) for row in rows]


def subscribe(tx: Transaction, account_id: AccountId, name: str) -> None:
    """Note that the user wants to see a name, whether or not a mailbox has it (RFC 3501 6.3.6).

    Raises MailboxNameRefused, TooManySubscriptions.
    """
    name = canonical_name(name)
    others = tx.row("SELECT count(*) FROM subscription WHERE account_id = ? AND name <> ?", (account_id, name))
    if others is not None and others[0] >= SUBSCRIPTIONS_MAX:
        raise TooManySubscriptions(f"an account is subscribed to {SUBSCRIPTIONS_MAX} names at most")
    tx.execute("INSERT INTO subscription VALUES (?, ?) ON CONFLICT DO NOTHING", (account_id, name))


def unsubscribe(tx: Transaction, account_id: AccountId, name: str) -> None:
    """Forget a subscription; one that is not there is no error."""
    tx.execute("DELETE FROM subscription WHERE account_id = ? AND name = ?", (account_id, canonical_inbox(name)))


def subscriptions(tx: Transaction, account_id: AccountId) -> list[str]:
    """The names that the user is subscribed to, in order."""
    rows = tx.rows("SELECT name FROM subscription WHERE account_id = ? ORDER BY name", (account_id,))
    return [name for (name,) in rows]


def canonical_inbox(name: str) -> str:
    """A name with INBOX, at its first level, in capitals (RFC 3501 5.1: it is case-insensitive)."""
    first, separator, rest = name.partition(SEPARATOR)
    is_inbox = first.isascii() and first.upper() == INBOX      # the capital of a dotless i is "I" too
    return INBOX + separator + rest if is_inbox else name


def canonical_name(name: str) -> str:
    """A name as it is kept. Raises MailboxNameRefused."""
    name = canonical_inbox(name)
    if not name or name.startswith(SEPARATOR) or name.endswith(SEPARATOR) or SEPARATOR * 2 in name:
        raise MailboxNameRefused('a level of a mailbox name cannot be empty')
    if _UNFIT.search(name):
        raise MailboxNameRefused("a mailbox name cannot hold control characters or halves of characters")
    if len(name.encode()) > NAME_OCTETS_MAX or name.count(SEPARATOR) >= LEVELS_MAX:
        raise MailboxNameRefused(f"a mailbox name has {NAME_OCTETS_MAX} octets and {LEVELS_MAX} levels at most")
    return name


def _below(tx: Transaction, account_id: AccountId, name: str) -> list[Mailbox]:
    """The mailboxes under a name."""
    start = name + SEPARATOR
    rows = tx.rows(
        "SELECT mailbox_id, name, role, uidvalidity FROM mailbox WHERE account_id = ? AND deleted_modseq IS NULL"
        " AND substr(name, 1, ?) = ? ORDER BY name",
        (account_id, len(start), start),
    )
    return [_mailbox(*row) for row in rows]


def _mailbox(mailbox_id: int, name: str, role: str | None, uidvalidity: int) -> Mailbox:
    return Mailbox(MailboxId(mailbox_id), name, Role(role) if role else None, uidvalidity)
