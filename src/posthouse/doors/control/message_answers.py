"""Messages in and out by the control socket: submitted as the owner of the data, fetched page by page."""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from posthouse.database.database import Database
from posthouse.database.identifiers import AccountId, MailboxId
from posthouse.database.transaction import Transaction
from posthouse.delivery.delivery import Delivery
from posthouse.directory.accounts import show_account
from posthouse.doors.control.directory_answers import address_from
from posthouse.doors.control.requests import FetchMessages, MessageRequest, SubmitMessage
from posthouse.doors.control.responses import AnyResponse, FetchedMessage, MessagesFetched
from posthouse.doors.control.submitting import SubmissionLimits, submit
from posthouse.runtime.chance import Chance
from posthouse.runtime.clock import Clock
from posthouse.store.listing import Listing
from posthouse.store.mailboxes import get_mailbox
from posthouse.store.opened import OpenMailboxes
from posthouse.store.placements import Placement
from posthouse.store.reading import find_messages

PAGE_OCTETS: Final = 1 << 20      # DESIGN 5: pages of at most 1 MiB or 1,000 rows; one message may be longer
PAGE_MESSAGES: Final = 1_000


@dataclass(frozen=True, slots=True)
class Answer:
    """A response, and the octets that follow it."""

    response: AnyResponse
    octets: bytes = b""


class MessageAnswers:
    """Answers the requests that carry whole messages."""

    def __init__(
        self,
        database: Database,
        delivery: Delivery,
        opened: OpenMailboxes,
        limits: SubmissionLimits,
        *,
        clock: Clock,
        chance: Chance,
    ) -> None:
        self._database = database
        self._delivery = delivery
        self._opened = opened
        self._limits = limits
        self._disk = delivery.blobs.disk
        self._clock = clock
        self._chance = chance

    async def answer(self, request: MessageRequest, octets: bytes) -> Answer:
        """Take or give messages. Raises what `submitting` does, DirectoryError, StoreError."""
        if isinstance(request, SubmitMessage):
            return Answer(await submit(request, octets, self._delivery, self._limits, self._clock, self._chance))
        return await self._fetch(request)

    async def _fetch(self, request: FetchMessages) -> Answer:
        """The next page of a mailbox. Raises AddressSyntaxError, DirectoryError, StoreError, DatabaseError."""
        place = self._database.read(partial(_find_mailbox, request=request))
        listing = (await self._opened.get_aside(*place)).listing
        page = [listing.at(len(listing))] if request.last and len(listing) else _page(listing, request.after_uid)
        octets = await self._database.read_aside(partial(self._read, page=page)) if page else []
        is_last = not page or page[-1].uid == listing.largest_uid()
        messages = tuple(
            FetchedMessage(placement.uid, len(message)) for placement, message in zip(page, octets, strict=True)
        )
        joined = b"".join(octets)
        return Answer(MessagesFetched(messages=messages, is_last=is_last, octets=len(joined)), joined)

    def _read(self, tx: Transaction, page: Sequence[Placement]) -> list[bytes]:
        found = find_messages(tx, array("q", [placement.message_id for placement in page]))
        return [message.read(self._disk) for message in found]


def _find_mailbox(tx: Transaction, request: FetchMessages) -> tuple[AccountId, MailboxId]:
    account = show_account(tx, address_from(request.address))
    return account.account_id, get_mailbox(tx, account.account_id, request.mailbox).mailbox_id


def _page(listing: Listing, after_uid: int) -> list[Placement]:
    """The messages after a UID, as many as make a page, at least one if there is one."""
    page: list[Placement] = []
    octets = 0
    for number in range(listing.number_at_or_after(after_uid + 1), len(listing) + 1):
        placement = listing.at(number)
        octets += placement.size_octets
        if page and (octets > PAGE_OCTETS or len(page) == PAGE_MESSAGES):
            break
        page.append(placement)
    return page
