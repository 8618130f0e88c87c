"""The commands, one frozen value each (RFC 3501 6 and the extensions that ``__init__`` names)."""

from dataclasses import dataclass, field
from enum import Enum, auto

from msgspec import Struct

from posthouse.message.dates import ZonedInstant
from posthouse.protocol.imap.fetch_items import FetchItem
from posthouse.protocol.imap.flags import Flag
from posthouse.protocol.imap.mailbox_names import MailboxName
from posthouse.protocol.imap.search_keys import SearchKey
from posthouse.protocol.imap.sequence_set import SequenceSet


class Numbering(Enum):
    """What the numbers of a command and of its answer are (RFC 3501 6.4.8)."""

    SEQUENCE = auto()
    UID = auto()


class StatusItem(Enum):
    """What STATUS may ask for (RFC 3501 6.3.10); the value is its name on the wire."""

    MESSAGES = b"MESSAGES"
    RECENT = b"RECENT"
    UIDNEXT = b"UIDNEXT"
    UIDVALIDITY = b"UIDVALIDITY"
    UNSEEN = b"UNSEEN"


class FlagChange(Enum):
    """What STORE does with its flags (RFC 3501 6.4.6)."""

    REPLACE = auto()
    ADD = auto()
    REMOVE = auto()


@dataclass(frozen=True, slots=True)
class Capability:
    """CAPABILITY (6.1.1)."""


@dataclass(frozen=True, slots=True)
class Noop:
    """NOOP (6.1.2)."""


@dataclass(frozen=True, slots=True)
class Logout:
    """LOGOUT (6.1.3): answered by an untagged BYE and then OK."""


@dataclass(frozen=True, slots=True)
class StartTls:
    """STARTTLS (6.2.1)."""


@dataclass(frozen=True, slots=True)
class Authenticate:
    """AUTHENTICATE (6.2.2); ``initial`` is the initial response as sent, base64 still, empty for "=" (RFC 4959 3)."""

    mechanism: str    # in capitals
    initial: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Login:
    """LOGIN (6.2.3)."""

    name: str
    password: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Select:
    """SELECT (6.3.1), or EXAMINE (6.3.2) when read-only."""

    mailbox: MailboxName
    read_only: bool


@dataclass(frozen=True, slots=True)
class Create:
    """CREATE (6.3.3)."""

    mailbox: MailboxName


@dataclass(frozen=True, slots=True)
class Delete:
    """DELETE (6.3.4)."""

    mailbox: MailboxName


@dataclass(frozen=True, slots=True)
class Rename:
    """RENAME (6.3.5)."""

    mailbox: MailboxName
    new_name: MailboxName


@dataclass(frozen=True, slots=True)
class Subscribe:
    """SUBSCRIBE (6.3.6)."""

    mailbox: MailboxName


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    """UNSUBSCRIBE (6.3.7)."""

    mailbox: MailboxName


@dataclass(frozen=True, slots=True)
class List:
    """LIST (6.3.8); an empty pattern asks for the hierarchy separator.

    ``only_special_use`` is RFC 6154 3's selection option. Its return option needs no word here, nor does RFC 5258's
    CHILDREN: those attributes are always told.
    """

    reference: str
    pattern: str
    only_special_use: bool


@dataclass(frozen=True, slots=True)
class Lsub:
    """LSUB (6.3.9)."""

    reference: str
    pattern: str


@dataclass(frozen=True, slots=True)
class Status:
    """STATUS (6.3.10)."""

    mailbox: MailboxName
    items: tuple[StatusItem, ...]


@dataclass(frozen=True, slots=True)
class Append:
    """APPEND (6.3.11), all but the message."""

    mailbox: MailboxName
    flags: tuple[Flag, ...]
    internal_date: ZonedInstant | None


@dataclass(frozen=True, slots=True)
class Namespace:
    """NAMESPACE (RFC 2342)."""


@dataclass(frozen=True, slots=True)
class Idle:
    """IDLE (RFC 2177)."""


@dataclass(frozen=True, slots=True)
class Check:
    """CHECK (6.4.1)."""


@dataclass(frozen=True, slots=True)
class Close:
    """CLOSE (6.4.2)."""


@dataclass(frozen=True, slots=True)
class Unselect:
    """UNSELECT (RFC 3691): CLOSE that expunges nothing."""


@dataclass(frozen=True, slots=True)
class Expunge:
    """EXPUNGE (6.4.3), or UID EXPUNGE of ``uids`` alone (RFC 4315 2.1)."""

    uids: SequenceSet | None


@dataclass(frozen=True, slots=True)
class Search:
    """SEARCH (6.4.4)."""

    key: SearchKey
    numbering: Numbering


class Fetch(Struct, frozen=True):
    """FETCH (6.4.5)."""

    messages: SequenceSet
    items: tuple[FetchItem, ...]
    numbering: Numbering


@dataclass(frozen=True, slots=True)
class Store:
    """STORE (6.4.6); ``silent`` asks for no FETCH response."""

    messages: SequenceSet
    change: FlagChange
    flags: tuple[Flag, ...]
    silent: bool
    numbering: Numbering


@dataclass(frozen=True, slots=True)
class Copy:
    """COPY (6.4.7)."""

    messages: SequenceSet
    mailbox: MailboxName
    numbering: Numbering


@dataclass(frozen=True, slots=True)
class Move:
    """MOVE (RFC 6851)."""

    messages: SequenceSet
    mailbox: MailboxName
    numbering: Numbering


Command = (
    Capability | Noop | Logout | StartTls | Authenticate | Login | Select | Create | Delete | Rename | Subscribe
    | Unsubscribe | List | Lsub | Status | Append | Namespace | Idle | Check | Close | Unselect | Expunge | Search
    | Fetch | Store | Copy | Move
)  # fmt: skip
