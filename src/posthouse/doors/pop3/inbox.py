"""An account's INBOX as it stood when its owner logged in: what the maildrop is made of (RFC 1939 4).

A listing never changes, so holding one holds the session's view of the mailbox for nothing, whatever other sessions
do meanwhile.
"""

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass

from posthouse.database.errors import DatabaseError
from posthouse.database.identifiers import AccountId, MessageId
from posthouse.doors.pop3.services import Pop3Services
from posthouse.login.login import Authenticated
from posthouse.protocol.pop3.answers import MessageRefusal
from posthouse.protocol.pop3.maildrop import Maildrop
from posthouse.protocol.sasl.mechanisms import Credentials
from posthouse.store.changes import UidRange
from posthouse.store.counters import Status, status_of
from posthouse.store.errors import NoSuchMailbox
from posthouse.store.listing import Listing, joined
from posthouse.store.mailboxes import INBOX_ID
from posthouse.store.messages import Where, remove
from posthouse.store.opened import LONG_LISTING_MESSAGES


@dataclass(frozen=True, slots=True)
class Inbox:
    """The mailbox as of the login. `message_ids` are in the order of the maildrop's numbers."""

    where: Where
    listing: Listing
    message_ids: Sequence[int]
    maildrop: Maildrop

    @classmethod
    def of(cls, where: Where, uid_validity: int, listing: Listing) -> "Inbox":
        """The maildrop of a listing; its sizes are those of the views, which is what RETR sends (RFC 1939 11)."""
        found = joined([chunk.placements for chunk in listing.chunks])
        return cls(where, listing, found.message_ids, Maildrop(uid_validity, found.uids, found.sizes))

    def message_id(self, number: int) -> MessageId:
        """The stored message behind a number of the maildrop."""
        return MessageId(self.message_ids[number - 1])


def enter(services: Pop3Services, credentials: Credentials, peer_ip: str) -> Inbox | Coroutine[object, object, Inbox]:
    """Log in and take the maildrop, at once or after a coroutine that is to be awaited.

    Either raises LoginError, DatabaseError or NoSuchMailbox.
    """
    known = services.login.authenticate(credentials, peer_ip)
    if not isinstance(known, Authenticated):
        return _enter_later(services, known)
    where = Where(known.account_id, INBOX_ID)
    status = _status(services, known.account_id)
    if status.messages > LONG_LISTING_MESSAGES:
        return _open_aside(services, where)
    return Inbox.of(where, status.uidvalidity, services.mailboxes.get(*where.key).listing)


async def _enter_later(services: Pop3Services, known: Coroutine[object, object, Authenticated]) -> Inbox:
    authenticated = await known
    return await _open_aside(services, Where(authenticated.account_id, INBOX_ID))


async def _open_aside(services: Pop3Services, where: Where) -> Inbox:
    opened = await services.mailboxes.get_aside(*where.key)
    return Inbox.of(where, _status(services, where.account_id).uidvalidity, opened.listing)


def _status(services: Pop3Services, account_id: AccountId) -> Status:
    return services.database.read(lambda tx: status_of(tx, account_id, INBOX_ID))


def why_unreadable(services: Pop3Services, inbox: Inbox, uid: int) -> MessageRefusal:
    """Why a message of the maildrop cannot be read: another session expunged it, or the fault is ours."""
    try:
        listing = services.mailboxes.get(*inbox.where.key).listing
    except NoSuchMailbox:    # the account was removed
        return MessageRefusal.GONE
    except DatabaseError:
        return MessageRefusal.FAILED
    return MessageRefusal.FAILED if listing.find(uid) else MessageRefusal.GONE


def delete(services: Pop3Services, inbox: Inbox, uids: tuple[int, ...]) -> "asyncio.Future[int]":
    """Delete messages in one transaction; the future says how many were still there, once that is on disk.

    Its exception: DatabaseError, NoSuchMailbox.
    """
    ranges = uid_ranges(uids)
    at = services.clock.now()
    return services.database.write(lambda tx: remove(tx, inbox.where, inbox.listing, ranges, at))


def uid_ranges(uids: Sequence[int]) -> tuple[UidRange, ...]:
    """Ascending UIDs as ranges."""
    ranges: list[UidRange] = []
    for uid in uids:
        if ranges and ranges[-1][1] == uid - 1:
            ranges[-1] = ranges[-1][0], uid
        else:
            ranges.append((uid, uid))
    return tuple(ranges)
