"""The listings in memory: one a mailbox and process, shared by its sessions, read forward after each COMMIT.

Nothing changes here before COMMIT has returned; then the listing is carried over the new records, and whoever
watches the mailbox is woken. Listings that nobody watches stay while there is room: the least recently used leaves.
One that somebody still holds is read forward all the same, so that no session ever stands on an old one unawares.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Final, cast
from weakref import WeakValueDictionary

from posthouse.database.database import Database
from posthouse.database.errors import DatabaseError
from posthouse.database.identifiers import AccountId, MailboxId, Uid
from posthouse.database.transaction import Transaction
from posthouse.store.changes import Place
from posthouse.store.errors import NoSuchMailbox
from posthouse.store.folding import load_listing, read_forward
from posthouse.store.listing import Listing

MESSAGE_OCTETS: Final = 58         # of memory a message in a listing: the columns, its modseq, a pointer to its bits
LONG_LISTING_MESSAGES: Final = 64 * 4096    # STORE: loads over 64 chunks run on a thread

Wake = Callable[[], None]


class OpenMailbox:
    """One mailbox's newest committed listing, and those who want to hear when it changes."""

    __slots__ = ("__weakref__", "is_gone", "listing", "place", "recent_uid", "watchers")

    def __init__(self, place: Place, listing: Listing) -> None:
        self.place = place
        self.listing = listing
        self.is_gone = False        # deleted, here or by another session, or it cannot be read any more
        self.recent_uid = Uid(0)    # as in the counter and ahead of it: claimed here, noted when a session leaves
        self.watchers: set[Wake] = set()


@dataclass(frozen=True, slots=True)
class ListingSettings:
    """`octets_max`: memory for listings that nobody watches."""

    octets_max: int = 256 << 20


class OpenMailboxes:
    """All listings that this process holds."""

    def __init__(self, database: Database, settings: ListingSettings | None = None) -> None:
        self._database = database
        self._settings = settings or ListingSettings()
        self._opened: WeakValueDictionary[Place, OpenMailbox] = WeakValueDictionary()    # all that anybody holds
        self._kept: OrderedDict[Place, OpenMailbox] = OrderedDict()    # those that we hold, least recently used first
        self._kept_messages = 0
        database.listen(self._committed)

    def get(self, account_id: AccountId, mailbox_id: MailboxId) -> OpenMailbox:
        """The mailbox as of now, loaded if it was not. Raises NoSuchMailbox, DatabaseError.

        A COMMIT may have returned on its thread and not yet been told here, while other reads see it already.
        """
        place = (account_id, mailbox_id)
        opened = self._opened.get(place)
        if opened is not None:
            self._read_forward([opened])
        if opened is None or opened.is_gone:
            opened = OpenMailbox(place, self._database.read(lambda tx: load_listing(tx, *place)))
        self._keep(opened)
        return opened

    async def get_aside(self, account_id: AccountId, mailbox_id: MailboxId) -> OpenMailbox:
        """The same for a mailbox that may be long: it is loaded on a thread. Raises NoSuchMailbox, DatabaseError."""
        place = (account_id, mailbox_id)
        if place not in self._opened:
            loaded = OpenMailbox(place, await self._database.read_aside(lambda tx: load_listing(tx, *place)))
            if place not in self._opened:
                self._keep(loaded)    # `get` carries it over what was committed while the thread read
        return self.get(account_id, mailbox_id)

    def watch(self, opened: OpenMailbox, wake: Wake) -> None:
        """Have `wake()` called, in the loop, after each COMMIT that changed the mailbox."""
        opened.watchers.add(wake)
        if not opened.is_gone:
            self._keep(opened)

    def unwatch(self, opened: OpenMailbox, wake: Wake) -> None:
        """Stop that; a listing that nobody watches may leave when memory is wanted."""
        opened.watchers.discard(wake)
        self._make_room()

    def _committed(self, topics: set[Hashable]) -> None:
        found = [self._opened.get(cast(Place, topic)) for topic in topics]
        changed = [opened for opened in found if opened is not None]
        if changed:
            self._read_forward(changed)

    def _read_forward(self, opened: list[OpenMailbox]) -> None:
        try:
            listings = self._database.read(lambda tx: [_newest(tx, mailbox) for mailbox in opened])
        except DatabaseError:       # whoever opens one of them again hears of it
            listings = [None] * len(opened)
        for mailbox, listing in zip(opened, listings, strict=True):
            if listing is mailbox.listing:
                continue
            if listing is None:
                mailbox.is_gone = True
                self._forget(mailbox)
                self._opened.pop(mailbox.place, None)
            else:
                if mailbox.place in self._kept:
                    self._kept_messages += len(listing) - len(mailbox.listing)
                mailbox.listing = listing
            for wake in tuple(mailbox.watchers):
                wake()

    def _keep(self, opened: OpenMailbox) -> None:
        """Hold a listing as the most recently used."""
        if opened.place in self._kept:
            self._kept.move_to_end(opened.place)
            return
        self._opened[opened.place] = self._kept[opened.place] = opened
        self._kept_messages += len(opened.listing)
        self._make_room()

    def _make_room(self) -> None:
        messages_max = self._settings.octets_max // MESSAGE_OCTETS
        if self._kept_messages > messages_max:
            for opened in [opened for opened in self._kept.values() if not opened.watchers]:
                if self._kept_messages <= messages_max:
                    return
                self._forget(opened)

    def _forget(self, opened: OpenMailbox) -> None:
        if self._kept.pop(opened.place, None) is not None:
            self._kept_messages -= len(opened.listing)


def _newest(tx: Transaction, opened: OpenMailbox) -> Listing | None:
    """The listing as of now; None when the mailbox is gone or cannot be read."""
    try:
        return read_forward(tx, *opened.place, opened.listing)
    except (NoSuchMailbox, DatabaseError):
        return None
