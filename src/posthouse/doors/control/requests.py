"""What can be asked of a running server, as typed JSON: the border between the command line and everything else.

Texts are as people type them; `answering` parses them, so that every command hears the same words for the same mistake.
A listing is asked for page by page: `after` is the `next_after` of the page before, empty or 0 for the first.
"""

import msgspec


def kebab(class_name: str) -> str:
    """How a class is called on the wire: `AddDomain` is "add-domain"."""
    return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in class_name).lstrip("-")


class Request(msgspec.Struct, frozen=True, kw_only=True, tag_field="request", tag=kebab, forbid_unknown_fields=True):
    """One request. `octets`: how many octets follow its line, raw."""

    octets: int = 0

    def __repr__(self) -> str:
        """The name alone: fields can hold passwords."""
        return f"{type(self).__name__}(...)"


class AddDomain(Request, frozen=True):
    name: str


class RemoveDomain(Request, frozen=True):
    name: str


class ShowDomain(Request, frozen=True):
    name: str


class ListDomains(Request, frozen=True):
    after: int = 0


class AddAccount(Request, frozen=True):
    """Make an account with its mailboxes. Without a password only application passwords log in."""

    address: str
    password: str | None


class RemoveAccount(Request, frozen=True):
    address: str


class ShowAccount(Request, frozen=True):
    address: str


class ListAccounts(Request, frozen=True):
    """`domain`: only the accounts of this one; empty: of all."""

    domain: str = ""
    after: int = 0


class SetPassword(Request, frozen=True):
    address: str
    password: str


class AddApplicationPassword(Request, frozen=True):
    """Make a password for one program; the response shows it this once."""

    address: str
    label: str


class RemoveApplicationPassword(Request, frozen=True):
    address: str
    label: str


class AddAlias(Request, frozen=True):
    address: str
    targets: tuple[str, ...]


class RemoveAlias(Request, frozen=True):
    address: str


class ShowAlias(Request, frozen=True):
    address: str


class ListAliases(Request, frozen=True):
    """`domain`: only the aliases of this one; empty: of all."""

    domain: str = ""
    after: str = ""


class ListQueue(Request, frozen=True):
    after: int = 0


class ShowQueueEntry(Request, frozen=True):
    queue_id: int


class SubmitMessage(Request, frozen=True):
    """Submit the message whose octets follow, as the owner of the data: any reverse-path, anywhere.

    `reverse_path` empty: the null reverse-path.
    """

    reverse_path: str
    forward_paths: tuple[str, ...]


class FetchMessages(Request, frozen=True):
    """The next page of a mailbox's messages, whole, as octets behind the response: those after `after_uid`.

    `last`: only the newest message, whatever `after_uid` says.
    """

    address: str
    mailbox: str = "INBOX"
    after_uid: int = 0
    last: bool = False


DirectoryQuestion = ShowDomain | ListDomains | ShowAccount | ListAccounts | ShowAlias | ListAliases
DirectoryChange = AddDomain | RemoveDomain | RemoveAccount | RemoveApplicationPassword | AddAlias | RemoveAlias
SecretChange = AddAccount | SetPassword | AddApplicationPassword
QueueQuestion = ListQueue | ShowQueueEntry
MessageRequest = SubmitMessage | FetchMessages
AnyRequest = DirectoryQuestion | DirectoryChange | SecretChange | QueueQuestion | MessageRequest
