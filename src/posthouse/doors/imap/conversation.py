"""What the answers to commands work on: whose session it is, which mailbox is selected, and what has been told."""

from asyncio import Future
from collections.abc import Callable, Coroutine
from contextlib import suppress

from posthouse.database.errors import DatabaseError
from posthouse.doors.connection import Connection
from posthouse.doors.imap.flag_names import FlagNames
from posthouse.doors.imap.selected import Selected
from posthouse.doors.imap.services import ImapServices
from posthouse.login.login import Authenticated
from posthouse.protocol.imap import codes, responses
from posthouse.protocol.imap.responses import Completion, Condition
from posthouse.store.changes import BitsChange
from posthouse.store.counters import claim_recent
from posthouse.store.errors import NoSuchMailbox

Answer = Completion | Coroutine[object, object, Completion]
"""How a command ends: at once, or after something was waited for."""


class Conversation:
    """One peer's session above the protocol: answers to commands read and change it, and write through it."""

    __slots__ = ("_told_names", "account", "connection", "selected", "services", "wake")

    def __init__(self, services: ImapServices, connection: Connection, wake: Callable[[], None]) -> None:
        """`wake` is called after each COMMIT that changed the selected mailbox."""
        self.services = services
        self.connection = connection
        self.wake = wake
        self.account: Authenticated | None = None
        self.selected: Selected | None = None
        self._told_names: FlagNames | None = None

    @property
    def owner(self) -> Authenticated:
        """The account; the core lets only commands through that need none before login."""
        assert self.account is not None
        return self.account

    @property
    def mailbox(self) -> Selected:
        """The selected mailbox; the core lets commands that need one through only when there is."""
        assert self.selected is not None
        return self.selected

    @property
    def names(self) -> FlagNames:
        """What the account's flags are called now. Raises DatabaseError."""
        return self.services.keywords.of(self.owner.account_id)

    def select(self, selected: Selected) -> None:
        """Go over to a mailbox."""
        self.deselect()
        self._told_names = self.names
        self.selected = selected
        self.services.mailboxes.watch(selected.opened, self.wake)

    def deselect(self) -> None:
        """Leave the mailbox, if one is selected."""
        selected, self.selected = self.selected, None
        if selected is not None:
            self._note_recent(selected)
            self.services.mailboxes.unwatch(selected.opened, self.wake)

    def _note_recent(self, selected: Selected) -> None:
        """Keep what was told as \\Recent in this process. Nobody waits for it, and losing it costs little."""
        up_to = selected.opened.recent_uid
        if up_to > selected.recent_from and not selected.opened.is_gone:
            noted = self.services.database.write(lambda tx: claim_recent(tx, *selected.where.key, up_to))
            noted.add_done_callback(_forget)

    @property
    def has_news(self) -> bool:
        """Whether there is anything to tell of the selected mailbox."""
        selected = self.selected
        return selected is not None and (selected.opened.is_gone or selected.has_news)

    def tell_news(self, *, may_expunge: bool, with_uid: bool = False, expected: BitsChange | None = None) -> None:
        """Say what has changed in the selected mailbox since the peer was last told, but for what it expects."""
        selected = self.selected
        if selected is not None and selected.opened.is_gone:
            self._open_again(selected)
        if selected is None or not selected.has_news:    # opened again, it may stand as it was told
            return
        try:
            names = self.names
        except DatabaseError:    # the news wait until they can be read
            return
        if names is not self._told_names:      # a keyword that the peer has not heard of (RFC 3501 7.2.6)
            self._told_names = names
            self.connection.write(flags_told(names, read_only=selected.read_only))
        news = selected.news(names, may_expunge=may_expunge, with_uid=with_uid, expected=expected)
        self.connection.write(news)

    def _open_again(self, selected: Selected) -> None:
        """A listing that could not be read once is no reason to hear no news for ever, as a deleted mailbox is."""
        mailboxes = self.services.mailboxes
        with suppress(NoSuchMailbox, DatabaseError):
            opened = mailboxes.get(*selected.where.key)
            opened.recent_uid = max(opened.recent_uid, selected.opened.recent_uid)
            mailboxes.unwatch(selected.opened, self.wake)
            mailboxes.watch(opened, self.wake)
            selected.opened = opened


def _forget(noted: "Future[None]") -> None:
    if not noted.cancelled():
        noted.exception()


def flags_told(names: FlagNames, *, read_only: bool) -> bytes:
    """FLAGS, and PERMANENTFLAGS with it (RFC 3501 7.2.6, 7.1): none is kept for one who only reads."""
    known = names.all()
    new = (codes.NEW_KEYWORDS,) if names.can_grow else ()
    permanent = codes.permanentflags(() if read_only else (*known, *new))
    return responses.flags(known) + responses.untagged(Condition.OK, "these flags are kept", permanent)
