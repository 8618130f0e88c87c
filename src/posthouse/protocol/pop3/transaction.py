"""The TRANSACTION state: what each command on the maildrop comes to (RFC 1939 5, 7)."""

from collections.abc import Iterator

from posthouse.protocol.pop3 import replies
from posthouse.protocol.pop3.commands import Dele, List, ListAll, Noop, OnMaildrop, Retr, Rset, Stat, Top, Uidl, UidlAll
from posthouse.protocol.pop3.errors import NoSuchMessage
from posthouse.protocol.pop3.events import Event, ListingReady, MessageRequested, ReplyReady
from posthouse.protocol.pop3.maildrop import Maildrop
from posthouse.protocol.pop3.stuffing import END


def carry_out(command: OnMaildrop, maildrop: Maildrop) -> Event:
    """Answer a command, or ask for what only the door can bring. Raises NoSuchMessage."""
    if isinstance(command, Retr | Top | Dele | List | Uidl):
        if not maildrop.has(command.number):
            raise NoSuchMessage
        return _on_message(command, maildrop)
    return _on_all(command, maildrop)


def _on_message(command: Retr | Top | Dele | List | Uidl, maildrop: Maildrop) -> Event:
    """Answer a command on a message that is there."""
    number = command.number
    match command:
        case Retr():
            return MessageRequested(number, maildrop.uid(number), body_lines=None)
        case Top(body_lines=body_lines):
            return MessageRequested(number, maildrop.uid(number), body_lines)
        case Dele():
            maildrop.mark(number)
            return ReplyReady(replies.MARKED)
        case List():
            return ReplyReady(replies.scan_listing(number, maildrop.size_octets(number)))
        case Uidl():
            return ReplyReady(replies.unique_id(number, maildrop.unique_id(number)))


def _on_all(command: Stat | ListAll | UidlAll | Rset | Noop, maildrop: Maildrop) -> Event:
    match command:
        case Stat():
            return ReplyReady(replies.statistics(maildrop))
        case ListAll():
            return ListingReady(_framed(replies.scan_listing_follows(maildrop), maildrop.scan_listings()))
        case UidlAll():
            return ListingReady(_framed(replies.UNIQUE_IDS_FOLLOW, maildrop.unique_id_listings()))
        case Rset():
            maildrop.unmark_all()
            return ReplyReady(replies.scan_listing_follows(maildrop))
        case Noop():
            return ReplyReady(replies.NOTHING_DONE)


def _framed(first_line: bytes, pages: Iterator[bytes]) -> Iterator[bytes]:
    """A multi-line response (RFC 1939 3). A listing's line begins with a digit, so none needs stuffing."""
    yield first_line
    yield from pages
    yield END
