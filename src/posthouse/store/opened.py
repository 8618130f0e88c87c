"""The listings in memory: one a mailbox and process, shared by its sessions, read forward after each COMMIT.

Nothing changes here before COMMIT has returned; then the listing is carried over the new records, and whoever
watches the mailbox is woken. Listings that nobody watches stay while there is room: the least recently used leaves.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Final

from posthouse.database.database import Database
from posthouse.database.identifiers import AccountId, MailboxId
from posthouse.database.transaction import Transaction
from posthouse.store.changes import Change, Kind, changes_after
from posthouse.store.folding import load_listing
from posthouse.store.listing import Listing, carried_forward

MESSAGE_OCTETS: Final = 58         # of memory a message in a listing: the columns, its modseq, a pointer to its bits
LONG_LISTING_MESSAGES: Final = 64 * 4096    # STORE: loads over 64 chunks run on a thread

Place = tuple[AccountId, MailboxId]
Wake = Callable[[], None]


class OpenMailbox:
    """One mailbox's newest committed listing, and those who want to hear when it changes."""

    __slots__ = ("is_gone", "listing", "place", "watchers")

    def __init__(self, place: Place, listing: Listing) -> None:
        self.place = place
        self.listing = listing
        self.is_gone = False        # deleted, here or by another session
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
        self._opened: OrderedDict[Place, OpenMailbox] = OrderedDict()
        self._octets = 0
        database.listen(self._committed)

    def get(self, account_id: AccountId, mailbox_id: MailboxId) -> OpenMailbox:
        """The mailbox, loaded if it was not. Raises NoSuchMailbox, DatabaseError."""
        place = (account_id, mailbox_id)
        opened = self._opened.get(place)
        if opened is None:
            opened = self._add(place, self._database.read(lambda tx: load_listing(tx, *place)))
        self._opened.move_to_end(place)
        return opened

    async def get_aside(self, account_id: AccountId, mailbox_id: MailboxId) -> OpenMailbox:
        """The same for a mailbox that may be long: it is loaded on a thread. Raises NoSuchMailbox, DatabaseError."""
        place = (account_id, mailbox_id)
        if place not in self._opened:
            listing = await self._database.read_aside(lambda tx: load_listing(tx, *place))
            if place not in self._opened:
                self._read_forward([self._add(place, listing)])     # over what was committed while the thread read
        return self.get(account_id, mailbox_id)

    def watch(self, opened: OpenMailbox, wake: Wake) -> None:
        """Have `wake()` called, in the loop, after each COMMIT that changed the mailbox."""
        opened.watchers.add(wake)

    def unwatch(self, opened: OpenMailbox, wake: Wake) -> None:
        """Stop that; a listing that nobody watches may leave when memory is wanted."""
        opened.watchers.discard(wake)
        self._make_room()

    def _add(self, place: Place, listing: Listing) -> OpenMailbox:
        opened = self._opened[place] = OpenMailbox(place, listing)
        self._octets += len(listing) * MESSAGE_OCTETS
        self._make_room()
        return opened

    def _committed(self, topics: set[Hashable]) -> None:
        changed = [self._opened[place] for place in self._opened.keys() & topics]
        if changed:
            self._read_forward(changed)

    def _read_forward(self, opened: list[OpenMailbox]) -> None:

        def changes(tx: Transaction) -> list[list[Change]]:
            return [changes_after(tx, *mailbox.place, mailbox.listing.modseq) for mailbox in opened]

        for mailbox, came in zip(opened, self._database.read(changes), strict=True):
            listing = carried_forward(mailbox.listing, came)
            self._octets += (len(listing) - len(mailbox.listing)) * MESSAGE_OCTETS
            mailbox.listing = listing
            if any(change.kind is Kind.DELETED for change in came):
                mailbox.is_gone = True
                self._forget(mailbox)
            for wake in tuple(mailbox.watchers):
                wake()

    def _make_room(self) -> None:
        if self._octets <= self._settings.octets_max:
            return
        for place in [place for place, mailbox in self._opened.items() if not mailbox.watchers]:
            if self._octets <= self._settings.octets_max:
                return
            self._forget(self._opened[place])

    def _forget(self, mailbox: OpenMailbox) -> None:
        if self._opened.pop(mailbox.place, None) is not None:
            self._octets -= len(mailbox.listing) * MESSAGE_OCTETS
