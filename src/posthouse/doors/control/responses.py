"""What a running server answers on the control socket, as typed JSON. Rows of listings are what `--json` prints."""

import msgspec

from posthouse.doors.control.requests import kebab


class Response(msgspec.Struct, frozen=True, kw_only=True, tag_field="response", tag=kebab):
    """One response. `octets`: how many octets follow its line, raw."""

    octets: int = 0


class Done(Response, frozen=True):
    """It is done, and on disk."""


class Refused(Response, frozen=True):
    """It cannot be done as it was asked: `reason` says why and what to do about it. Nothing was changed."""

    reason: str


class Failed(Response, frozen=True):
    """It could not be done now, through no fault of whoever asked: try again. Nothing was changed."""

    reason: str


class DomainRow(msgspec.Struct, frozen=True):
    name: str
    created_at: str    # RFC 3339, UTC


class DomainsListed(Response, frozen=True):
    """One page; `next_after` is 0 on the last."""

    domains: tuple[DomainRow, ...]
    next_after: int = 0


class ApplicationPasswordRow(msgspec.Struct, frozen=True):
    label: str
    created_at: str


class AccountRow(msgspec.Struct, frozen=True):
    address: str
    role: str
    has_password: bool
    created_at: str


class AccountsListed(Response, frozen=True):
    """One page; `next_after` is 0 on the last."""

    accounts: tuple[AccountRow, ...]
    next_after: int = 0


class AccountDetails(AccountRow, frozen=True):
    application_passwords: tuple[ApplicationPasswordRow, ...]


class AccountShown(Response, frozen=True):
    account: AccountDetails


class ApplicationPasswordMade(Response, frozen=True):
    """Kept nowhere: this is the only time that it can be read."""

    password: str

    def __repr__(self) -> str:
        return f"{type(self).__name__}(...)"


class AliasRow(msgspec.Struct, frozen=True):
    address: str
    targets: tuple[str, ...]


class AliasesListed(Response, frozen=True):
    """One page; `next_after` is empty on the last."""

    aliases: tuple[AliasRow, ...]
    next_after: str = ""


class QueueRecipientRow(msgspec.Struct, frozen=True):
    forward_path: str
    state: str
    attempts: int
    due_at: str
    last_status: str | None    # None before the first attempt
    last_text: str | None


class QueueEntryRow(msgspec.Struct, frozen=True):
    queue_id: int
    reverse_path: str          # empty: the null reverse-path
    arrived_at: str
    expires_at: str
    size_octets: int
    recipients: tuple[QueueRecipientRow, ...]


class QueueListed(Response, frozen=True):
    """One page; `next_after` is 0 on the last."""

    entries: tuple[QueueEntryRow, ...]
    next_after: int = 0


class MessageSubmitted(Response, frozen=True):
    """It is accepted and on disk."""

    identifier: str          # of the acceptance, as its Received field and decision record name it
    delivered: int           # so many accounts have it in their INBOX
    queue_id: int | None     # where it waits for those who are elsewhere


class FetchedMessage(msgspec.Struct, frozen=True):
    """One message of a page: its octets follow those of the one before."""

    uid: int
    octets: int


class MessagesFetched(Response, frozen=True):
    """One page; `is_last` when nothing stands after it."""

    messages: tuple[FetchedMessage, ...]
    is_last: bool


AnyResponse = (
    Done | Refused | Failed | DomainsListed | AccountsListed | AccountShown | ApplicationPasswordMade | AliasesListed
    | QueueListed | MessageSubmitted | MessagesFetched
)  # fmt: skip
