"""One POP3 session at a door: events from the core to the login and the store, answers back; owns nothing else.

A command that needs no waiting is answered in the turn that read it, RETR of a small message too. Pipelined commands
(RFC 2449 6.6) are answered as fast as the peer reads, and not faster. While the peer takes in one message the next one
is read, for nearly all retrieve them in order.
"""

from asyncio import Future, get_running_loop
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, Final

from posthouse.database.errors import DatabaseError, SyncFailed
from posthouse.database.identifiers import MessageId
from posthouse.doors.connection import Connection
from posthouse.doors.patience import Patience
from posthouse.doors.pop3.answers import FORESEEN, LAST_WORDS, Foreseen, login_refusal
from posthouse.doors.pop3.inbox import Inbox, delete, enter, why_unreadable
from posthouse.doors.pop3.retrieval import send_in_pages, whole
from posthouse.doors.pop3.services import Pop3Services
from posthouse.doors.session import Ending
from posthouse.login.errors import LoginError
from posthouse.protocol.pop3 import events, replies
from posthouse.protocol.pop3.answers import (
    LoginAccepted,
    LoginRefused,
    MailboxFailed,
    MailboxUpdated,
    MessageRefused,
)
from posthouse.protocol.pop3.capabilities import Channel
from posthouse.protocol.pop3.events import Signal
from posthouse.protocol.pop3.session import ServerSession
from posthouse.protocol.pop3.states import Phase
from posthouse.store.reading import StoredMessage, find_message

COMMAND_PATIENCE: Final = Patience(total_seconds=600)    # RFC 1939 3: at least 10 minutes
TURN_OCTETS_MAX: Final = 1 << 18    # of answers to pipelined commands, before other sessions have their turn
AHEAD_OCTETS_MAX: Final = 1 << 14    # of a message read ahead: 32 MiB for as many sessions as there may be


class Pop3Session:
    """One peer at the door."""

    __slots__ = (
        "_ahead", "_ahead_number", "_connection", "_core", "_inbox", "_requested_uid", "_services", "_turn_octets",
    )  # fmt: skip

    def __init__(self, connection: Connection, services: Pop3Services) -> None:
        self._connection = connection
        self._services = services
        self._core = ServerSession(services.settings.session, _channel(connection, services))
        self._inbox: Inbox | None = None    # nobody's, until the login
        self._requested_uid = 0
        self._ahead: StoredMessage | None = None
        self._ahead_number = 0              # of the message that is about to be read ahead
        self._turn_octets = 0

    # ---- what the connection calls -----------------------------------------------------------------------------------

    @property
    def is_between_commands(self) -> bool:
        return self._core.phase is not Phase.SENDING

    def opened(self) -> None:
        if self._connection.tls is None and self._connection.peer_has_spoken:
            self._connection.write(replies.SPOKE_TOO_EARLY)
            self._connection.close_when_heard_out()
            return
        self._write(self._core.greet())

    def receive(self, octets: bytes) -> None:
        self._core.receive_data(octets)
        self._go_on()

    def secured(self) -> None:
        self._core.tls_established()
        self._connection.expect(COMMAND_PATIENCE)

    def last_words(self, ending: Ending) -> bytes:
        """Nothing amid a message, which the words would become a part of."""
        return b"" if self._core.phase is Phase.SENDING else LAST_WORDS[ending]

    def closed(self) -> None:
        """RFC 1939 6: without QUIT nothing is deleted; the marks go with the session."""
        self._inbox = self._ahead = None

    # ---- turns -------------------------------------------------------------------------------------------------------

    def _go_on(self) -> None:
        """Take up the commands that wait, as long as the peer reads the answers and the turn is not too long."""
        core = self._core
        self._turn_octets = 0
        while self._has_room():
            event = core.next_event()
            if isinstance(event, Signal):
                return
            _HANDLERS[type(event)](self, event)
        self._connection.await_answer(self._connection.drained(), lambda _: self._go_on())

    def _has_room(self) -> bool:
        return self._turn_octets < TURN_OCTETS_MAX and not self._connection.is_congested

    def _write(self, octets: bytes) -> None:
        connection = self._connection
        self._turn_octets += len(octets)
        connection.write(octets)
        if self._core.is_closed:
            connection.close_when_heard_out()
        else:
            connection.expect(COMMAND_PATIENCE)

    # ---- AUTHORIZATION -----------------------------------------------------------------------------------------------

    def _on_ready(self, event: events.ReplyReady) -> None:
        if event.octets is replies.FAREWELL:
            self._take_leave(event.octets)
        else:
            self._write(event.octets)

    def _on_upgrade(self, event: events.UpgradeReady) -> None:
        self._connection.start_tls(event.octets, replies.OCTETS_BEHIND_STLS)

    def _on_credentials(self, event: events.CredentialsGiven) -> None:
        try:
            inbox = enter(self._services, event.credentials, self._connection.peer.ip)
        except FORESEEN as error:
            self._refuse_login(error)
            return
        if isinstance(inbox, Inbox):
            self._let_in(inbox)
        else:
            self._connection.run(inbox, self._login_ended)

    def _login_ended(self, future: "Future[Inbox]") -> None:
        error = future.exception()
        if error is None:
            self._let_in(future.result())
        elif isinstance(error, FORESEEN):
            self._refuse_login(error)
        else:
            raise error
        self._go_on()

    def _let_in(self, inbox: Inbox) -> None:
        self._inbox = inbox
        self._connection.account_id = inbox.where.account_id
        self._write(self._core.send(LoginAccepted(inbox.maildrop)))

    def _refuse_login(self, error: Foreseen) -> None:
        if isinstance(error, LoginError):
            self._connection.note_failed_login(error.reason)
        self._write(self._core.send(LoginRefused(login_refusal(error))))

    # ---- TRANSACTION -------------------------------------------------------------------------------------------------

    def _on_listing(self, event: events.ListingReady) -> None:
        self._write_pages(event.pages)

    def _write_pages(self, pages: Iterator[bytes]) -> None:
        for page in pages:
            self._write(page)
            if not self._has_room():
                self._connection.await_answer(self._connection.drained(), lambda _: self._go_on_with(pages))
                return

    def _go_on_with(self, pages: Iterator[bytes]) -> None:
        self._turn_octets = 0
        self._write_pages(pages)
        self._go_on()

    def _on_message(self, event: events.MessageRequested) -> None:
        assert self._inbox is not None    # the core asks for messages only behind a login
        services = self._services
        self._requested_uid = event.uid
        try:
            message = self._found(self._inbox.message_id(event.number))
        except DatabaseError:
            self._refuse_message()
            return
        if message.lies_in_a_file:
            sending = send_in_pages(
                message, services.disk, core=self._core, connection=self._connection, database=services.database
            )
            self._connection.run(sending, self._message_ended)
        else:
            self._write(self._core.send(whole(message, services.disk)))
            self._book_ahead(event.number + 1)

    def _found(self, message_id: MessageId) -> StoredMessage:
        """Raises DatabaseError."""
        ahead, self._ahead = self._ahead, None
        if ahead is not None and ahead.message_id == message_id:
            return ahead
        return self._services.database.read(lambda tx: find_message(tx, message_id))

    def _book_ahead(self, number: int) -> None:
        """Read a message when the turn has ended: one, however many commands were pipelined."""
        if not self._ahead_number:
            get_running_loop().call_soon(self._connection.call, self._read_ahead)
        self._ahead_number = number

    def _read_ahead(self) -> None:
        """Have a message ready before it is asked for. When that fails, whoever asks for it will hear of it."""
        inbox, number, self._ahead_number = self._inbox, self._ahead_number, 0
        if inbox is None or not inbox.maildrop.has(number) or inbox.maildrop.size_octets(number) > AHEAD_OCTETS_MAX:
            return
        with suppress(DatabaseError):
            found = self._found(inbox.message_id(number))
            self._ahead = found if found.blob.length <= AHEAD_OCTETS_MAX else None

    def _message_ended(self, future: "Future[None]") -> None:
        error = future.exception()
        if error is not None and not isinstance(error, DatabaseError):
            raise error
        if error is None:
            self._connection.expect(COMMAND_PATIENCE)
            self._go_on()
        elif self._core.phase is Phase.SENDING:    # part of it is sent: only the end of the connection can say so
            self._connection.abort()
        else:
            self._refuse_message()
            self._go_on()

    def _refuse_message(self) -> None:
        assert self._inbox is not None
        why = why_unreadable(self._services, self._inbox, self._requested_uid)
        self._write(self._core.send(MessageRefused(why)))

    # ---- UPDATE ------------------------------------------------------------------------------------------------------

    def _on_update(self, event: events.UpdateRequested) -> None:
        assert self._inbox is not None
        if event.uids:
            self._connection.await_answer(delete(self._services, self._inbox, event.uids), self._update_ended)
        else:
            self._take_leave(self._core.send(MailboxUpdated()))

    def _update_ended(self, future: "Future[int]") -> None:
        error = future.exception()
        if error is None:
            self._take_leave(self._core.send(MailboxUpdated()))
        elif isinstance(error, SyncFailed):    # what failed may still be found after a crash (DESIGN 5)
            self._connection.abort()
        elif isinstance(error, FORESEEN):
            self._take_leave(self._core.send(MailboxFailed()))
        else:
            raise error

    def _take_leave(self, farewell: bytes) -> None:
        self._connection.write(farewell)
        self._connection.close_when_sent()


def _channel(connection: Connection, services: Pop3Services) -> Channel:
    if connection.tls is not None:
        return Channel.TLS
    return Channel.CLEAR_TRUSTED if services.settings.clear_login_is_allowed else Channel.CLEAR


_HANDLERS: Final[dict[type[Any], Callable[[Pop3Session, Any], None]]] = {
    events.ReplyReady: Pop3Session._on_ready,
    events.ListingReady: Pop3Session._on_listing,
    events.CredentialsGiven: Pop3Session._on_credentials,
    events.UpgradeReady: Pop3Session._on_upgrade,
    events.MessageRequested: Pop3Session._on_message,
    events.UpdateRequested: Pop3Session._on_update,
}
