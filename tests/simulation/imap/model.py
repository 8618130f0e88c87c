"""What IMAP4rev1 says becomes of an account's mailboxes, as plain lists and dicts, and of each command that is given.

Independent of the store and the door: messages are copied, renumbered and dropped as the RFC tells it, one by one.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

DELETED, SEEN, RECENT = "\\Deleted", "\\Seen", "\\Recent"
OK, NO, BAD = "OK", "NO", "BAD"
INBOX = "INBOX"


@dataclass
class Message:
    """A message in a mailbox. `text` says which one it is: all copies of it have the same."""

    text: int
    flags: frozenset[str]


@dataclass
class Mailbox:
    """Messages by UID, ascending. Its identity is that of the mailbox, whatever it is called."""

    uidnext: int = 1
    messages: dict[int, Message] = field(default_factory=dict)
    texts: dict[int, int] = field(default_factory=dict)     # of all UIDs ever given
    uidvalidity: int | None = None                          # as the server has told it
    is_deleted: bool = False

    def add(self, text: int, flags: frozenset[str]) -> int:
        uid = self.uidnext
        self.uidnext += 1
        self.messages[uid] = Message(text, flags - {RECENT})
        self.texts[uid] = text
        return uid


@dataclass
class Account:
    mailboxes: dict[str, Mailbox]


@dataclass
class Place:
    """Where a session is: the mailbox that it has selected, if any."""

    mailbox: Mailbox | None = None
    is_read_only: bool = False


@dataclass
class Outcome:
    """How a command may end, and with which response code: None for any."""

    conditions: tuple[str, ...]
    code: str | None = None
    pairs: tuple[tuple[int, int], ...] = ()    # COPYUID's UIDs, or APPENDUID's twice


def numbers_in(text: str, largest: int) -> set[int]:
    """What a sequence set means (RFC 3501 9), by counting. Numbers beyond the largest are in it, too."""
    found: set[int] = set()
    for element in text.split(","):
        ends = [largest if end == "*" else int(end) for end in element.split(":")]
        found.update(range(min(ends), max(ends) + 1))
    return found


def changed(flags: frozenset[str], sign: str, named: frozenset[str]) -> frozenset[str]:
    """What STORE makes of flags (RFC 3501 6.4.6)."""
    return {"": named, "+": flags | named, "-": flags - named}[sign]


def nothing(account: Account, place: Place) -> Outcome:
    return Outcome((OK,), "")


def nonsense(account: Account, place: Place) -> Outcome:
    return Outcome((BAD,), "")


# ---- commands about messages. `uids` are those that were meant when the command was given ----------------------------


def store(
    account: Account, place: Place, uids: list[int], sign: str, named: frozenset[str], *, by_number: bool, silent: bool
) -> Outcome:
    mailbox = place.mailbox
    assert mailbox is not None
    if place.is_read_only or mailbox.is_deleted:
        return Outcome((NO,))
    gone = False
    for uid in uids:
        if uid in mailbox.messages:
            message = mailbox.messages[uid]
            message.flags = changed(message.flags, sign, named)
        else:
            gone = True
    return Outcome((NO,), "EXPUNGEISSUED") if gone and by_number and not silent else Outcome((OK,), "")


def expunge(account: Account, place: Place, uids: list[int] | None) -> Outcome:
    mailbox = place.mailbox
    assert mailbox is not None
    if place.is_read_only or mailbox.is_deleted:
        return Outcome((NO,))
    _drop(mailbox, [uid for uid in mailbox.messages if uids is None or uid in uids])
    return Outcome((OK,), "")


def _drop(mailbox: Mailbox, uids: Iterable[int]) -> None:
    for uid in uids:
        if DELETED in mailbox.messages[uid].flags:
            del mailbox.messages[uid]


def copy(account: Account, place: Place, uids: list[int], name: str, *, by_number: bool, moves: bool) -> Outcome:
    mailbox = place.mailbox
    assert mailbox is not None
    if moves and place.is_read_only:
        return Outcome((NO,), "NOPERM")
    to = account.mailboxes.get(name)
    if to is None:
        return Outcome((NO,), "TRYCREATE")
    if mailbox.is_deleted:
        return Outcome((NO,), "NONEXISTENT")
    standing = [uid for uid in uids if uid in mailbox.messages]
    if by_number and len(standing) < len(uids):
        return Outcome((NO,), "EXPUNGEISSUED")
    pairs = [(uid, to.add(mailbox.messages[uid].text, mailbox.messages[uid].flags)) for uid in standing]
    for uid in standing if moves else ():
        del mailbox.messages[uid]
    return Outcome((OK,), None, tuple(pairs))


def fetch(account: Account, place: Place, uids: list[int], *, reads: bool) -> Outcome:
    mailbox = place.mailbox
    assert mailbox is not None
    for uid in uids:
        if reads and not place.is_read_only and not mailbox.is_deleted and uid in mailbox.messages:
            mailbox.messages[uid].flags |= {SEEN}
    return Outcome((OK,), "")


def append(account: Account, place: Place, name: str, text: int, flags: frozenset[str]) -> Outcome:
    to = account.mailboxes.get(name)
    if to is None:
        return Outcome((NO,), "TRYCREATE")
    uid = to.add(text, flags)
    return Outcome((OK,), None, ((uid, uid),))


# ---- commands about mailboxes ----------------------------------------------------------------------------------------


def select(account: Account, place: Place, name: str, *, read_only: bool) -> Outcome:
    place.mailbox, place.is_read_only = account.mailboxes.get(name), read_only
    if place.mailbox is None:
        return Outcome((NO,), "NONEXISTENT")
    return Outcome((OK,), "READ-ONLY" if read_only else "READ-WRITE")


def close(account: Account, place: Place, *, expunges: bool) -> Outcome:
    mailbox = place.mailbox
    assert mailbox is not None
    if expunges and not place.is_read_only and not mailbox.is_deleted:
        _drop(mailbox, list(mailbox.messages))
    place.mailbox = None
    return Outcome((OK,), "")


def create(account: Account, place: Place, name: str) -> Outcome:
    if name in account.mailboxes:
        return Outcome((NO,), "ALREADYEXISTS")
    levels = name.split("/")
    for depth in range(1, len(levels) + 1):
        account.mailboxes.setdefault("/".join(levels[:depth]), Mailbox())
    return Outcome((OK,), "")


def delete(account: Account, place: Place, name: str) -> Outcome:
    if name not in account.mailboxes:
        return Outcome((NO,), "NONEXISTENT")
    if name == INBOX:
        return Outcome((NO,), "CANNOT")
    if any(other.startswith(name + "/") for other in account.mailboxes):
        return Outcome((NO,), "HASCHILDREN")
    account.mailboxes.pop(name).is_deleted = True
    return Outcome((OK,), "")


def rename(account: Account, place: Place, name: str, new_name: str) -> Outcome:
    if name == INBOX:
        return _empty_inbox(account, place, new_name)
    if name not in account.mailboxes:
        return Outcome((NO,), "NONEXISTENT")
    if new_name.startswith(name + "/"):
        return Outcome((NO,), "CANNOT")
    if new_name in account.mailboxes:
        return Outcome((NO,), "ALREADYEXISTS")
    moved = {other: mailbox for other, mailbox in account.mailboxes.items() if (other + "/").startswith(name + "/")}
    for other in moved:
        del account.mailboxes[other]
    create(account, place, new_name)
    account.mailboxes.update({new_name + other[len(name):]: mailbox for other, mailbox in moved.items()})
    return Outcome((OK,), "")


def _empty_inbox(account: Account, place: Place, new_name: str) -> Outcome:
    """RFC 3501 6.3.5: the messages of INBOX move, INBOX stays."""
    if new_name in account.mailboxes:
        return Outcome((NO,), "ALREADYEXISTS")
    create(account, place, new_name)
    inbox, to = account.mailboxes[INBOX], account.mailboxes[new_name]
    for message in inbox.messages.values():
        to.add(message.text, message.flags)
    inbox.messages.clear()
    return Outcome((OK,), "")


Effect = Callable[[Account, Place], Outcome]
"""What a command does, wherever among others it comes to its turn."""
