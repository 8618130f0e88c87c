"""One SMTP session at a door: events from the core to the judge, verdicts back as replies; owns nothing else.

The hot path makes no task and no future of its own: only the commit is waited for, through the connection.
"""

from asyncio import Future
from collections.abc import Callable
from typing import Any, Final

from posthouse.database.blobs.spool import Spooled
from posthouse.database.errors import SyncFailed
from posthouse.delivery.acceptance import Accepted
from posthouse.delivery.arrival import Origin, Originator
from posthouse.doors.connection import Connection
from posthouse.doors.patience import COMMAND_PATIENCE, Patience
from posthouse.doors.session import Ending
from posthouse.doors.smtp.answers import FORESEEN, LAST_WORDS, Foreseen, reply_to_error, reply_to_verdict
from posthouse.doors.smtp.services import SmtpServices
from posthouse.doors.smtp.transfer import Transfer
from posthouse.login.errors import LoginError
from posthouse.login.login import Authenticated
from posthouse.message.trace_fields import Transmission
from posthouse.policy.verdicts import Accept
from posthouse.protocol.sasl.errors import SaslSyntaxError
from posthouse.protocol.sasl.mechanisms import MECHANISMS, Challenge, Credentials, Mechanism
from posthouse.protocol.smtp import events, replies
from posthouse.protocol.smtp.events import Wait
from posthouse.protocol.smtp.replies import Reply
from posthouse.protocol.smtp.session import ServerSession
from posthouse.protocol.smtp.states import Phase

MESSAGE_PATIENCE: Final = Patience(silence_seconds=180, octets_per_second_min=100)    # RFC 5321 4.5.3.2.5


class SmtpSession:
    """One peer at the door."""

    __slots__ = (
        "_connection", "_core", "_ehlo", "_mechanism", "_messages", "_originator", "_services", "_transfer",
    )  # fmt: skip

    def __init__(self, connection: Connection, services: SmtpServices) -> None:
        self._connection = connection
        self._services = services
        self._core = ServerSession(services.settings, tls_is_on=connection.tls is not None)
        self._ehlo: events.Hello | None = None
        self._originator: Originator | None = None
        self._mechanism: Mechanism | None = None
        self._transfer: Transfer | None = None
        self._messages = 0

    # ---- what the connection calls -----------------------------------------------------------------------------------

    @property
    def is_between_commands(self) -> bool:
        return self._core.phase is not Phase.RECEIVING

    def opened(self) -> None:
        if self._connection.tls is None and self._connection.peer_has_spoken:
            self._connection.write(replies.SPOKE_TOO_EARLY.encode())
            self._connection.close_when_heard_out()
            return
        self._say(replies.greeting(self._services.settings.hostname))

    def receive(self, octets: bytes) -> None:
        core = self._core
        core.receive_data(octets)
        while True:
            event = core.next_event()
            if isinstance(event, Wait):
                return
            _HANDLERS[type(event)](self, event)

    def secured(self) -> None:
        self._core.tls_established()
        self._ehlo = self._originator = None
        self._drop_transfer()
        self._connection.expect(COMMAND_PATIENCE)

    def last_words(self, ending: Ending) -> bytes:
        return LAST_WORDS[ending]

    def closed(self) -> None:
        self._drop_transfer()

    # ---- commands ----------------------------------------------------------------------------------------------------

    def _on_ready(self, event: events.ReplyReady) -> None:
        self._say(event.reply)

    def _on_hello(self, event: events.Hello) -> None:
        self._ehlo = event
        self._drop_transfer()
        self._say(event.reply)

    def _on_mail(self, event: events.MailReceived) -> None:
        try:
            verdict = self._services.judge.judge_mail(event.reverse_path, self._originator)
        except FORESEEN as error:
            self._refuse_mail(error)
            return
        self._transfer = Transfer(event.reverse_path, event.body_type) if isinstance(verdict, Accept) else None
        self._say(reply_to_verdict(verdict, replies.SENDER_ACCEPTED))

    def _on_recipient(self, event: events.RcptReceived) -> None:
        assert self._transfer is not None    # the core lets RCPT through only behind an accepted MAIL
        directory = self._services.directory
        try:
            resolution = directory.resolve(event.forward_path)
        except FORESEEN as error:
            self._refuse_mail(error)
            return
        verdict = self._services.judge.judge_recipient(event.forward_path, resolution, self._originator)
        reply = reply_to_verdict(verdict, replies.RECIPIENT_ACCEPTED)
        if isinstance(verdict, Accept):
            self._transfer.add(event.forward_path, resolution, verdict, directory.version)
        else:
            self._connection.note_refused_mail(reply.encode(), str(event.forward_path))
        self._say(reply)

    def _on_reset(self, event: events.ResetReceived) -> None:
        self._drop_transfer()
        self._say(event.reply)

    def _on_start_tls(self, event: events.StartTlsRequested) -> None:
        agreed = self._core.send(event.reply)
        if self._core.phase is Phase.UPGRADING:
            self._connection.start_tls(agreed, replies.OCTETS_BEHIND_STARTTLS.encode())
        else:
            self._connection.write(agreed)
            self._connection.close_when_heard_out()

    def _on_left(self, event: events.PeerLeft) -> None:
        self._connection.close_when_sent()

    # ---- the message -------------------------------------------------------------------------------------------------

    def _on_data(self, event: events.DataRequested) -> None:
        assert self._transfer is not None
        self._transfer.begin_message(self._services.blobs)
        self._connection.write(self._core.send(replies.SEND_MESSAGE))
        self._connection.expect(MESSAGE_PATIENCE)

    def _on_chunk(self, event: events.ChunkReceived) -> None:
        assert self._transfer is not None
        self._transfer.take(event.octets)

    def _on_message_refused(self, event: events.MessageRefused) -> None:
        self._drop_transfer()
        self._connection.note_refused_mail(event.reply.encode())
        self._say(event.reply)

    def _on_message_ended(self, event: events.MessageEnded) -> None:
        transfer = self._transfer
        assert transfer is not None
        assert transfer.spool is not None
        if transfer.fault is not None:
            self._refuse_mail(transfer.fault)
            return
        at_rest = transfer.spool.finish()
        if isinstance(at_rest, Spooled):
            self._accept(transfer, at_rest)
        else:
            self._connection.await_answer(at_rest, self._spooled)

    def _spooled(self, future: "Future[Spooled]") -> None:
        assert self._transfer is not None
        error = future.exception()
        if error is None:
            self._accept(self._transfer, future.result())
        else:
            self._failed(error, self._refuse_mail)

    def _accept(self, transfer: Transfer, spooled: Spooled) -> None:
        self._transfer = None
        self._messages += 1
        arrival = transfer.arrival(spooled, self._origin(), self._services.clock.now())
        self._connection.await_answer(self._services.delivery.accept(arrival), self._accepted)

    def _accepted(self, future: "Future[Accepted]") -> None:
        error = future.exception()
        if error is None:
            self._say(replies.message_accepted(future.result().identifier))
            self._go_on()
        else:
            self._failed(error, self._refuse_mail)

    def _origin(self) -> Origin:
        connection, ehlo = self._connection, self._ehlo
        assert ehlo is not None    # MAIL needs it
        return Origin(
            self._services.judge.entrance,
            connection.session_id,
            f"{connection.session_id}-{self._messages}",
            ehlo.ehlo_name,
            connection.peer.ip,
            Transmission.of(
                is_extended=ehlo.is_extended,
                is_encrypted=connection.tls is not None,
                is_authenticated=self._originator is not None,
            ),
            self._originator,
        )

    # ---- login -------------------------------------------------------------------------------------------------------

    def _on_auth(self, event: events.AuthRequested) -> None:
        self._mechanism = MECHANISMS[event.mechanism]()
        self._exchange(self._mechanism.start, event.initial)

    def _on_auth_answer(self, event: events.AuthAnswered) -> None:
        assert self._mechanism is not None
        self._exchange(self._mechanism.answer, event.octets)

    def _exchange(self, step: Callable[[Any], Challenge | Credentials], octets: bytes | None) -> None:
        try:
            found = step(octets)
        except SaslSyntaxError:
            self._say(replies.LOGIN_MALFORMED)
            return
        if isinstance(found, Challenge):
            self._say(replies.challenge(found.octets))
            return
        self._mechanism = None
        try:
            known = self._services.login.authenticate(found, self._connection.peer.ip)
        except FORESEEN as error:
            self._refuse_login(error)
            return
        if isinstance(known, Authenticated):
            self._logged_in(known)
        else:
            self._connection.run(known, self._login_ended)

    def _login_ended(self, future: "Future[Authenticated]") -> None:
        error = future.exception()
        if error is None:
            self._logged_in(future.result())
            self._go_on()
        else:
            self._failed(error, self._refuse_login)

    def _logged_in(self, known: Authenticated) -> None:
        self._originator = Originator(known.account_id, known.address)
        self._connection.account_id = known.account_id
        self._say(replies.LOGGED_IN)

    # ---- saying ------------------------------------------------------------------------------------------------------

    def _say(self, reply: Reply) -> None:
        connection = self._connection
        connection.write(self._core.send(reply))
        if self._core.phase is Phase.CLOSED:
            if reply is replies.FAREWELL:
                connection.close_when_sent()
            else:
                connection.close_when_heard_out()
            return
        connection.expect(COMMAND_PATIENCE)

    def _failed(self, error: BaseException, refuse: Callable[[Foreseen], None]) -> None:
        """An awaited answer was an error: what was foreseen has its reply, a failed sync none, the rest is a bug."""
        if isinstance(error, SyncFailed):
            self._connection.abort()
        elif isinstance(error, FORESEEN):
            refuse(error)
            self._go_on()
        else:
            raise error

    def _refuse_login(self, error: Foreseen) -> None:
        if isinstance(error, LoginError):
            self._connection.note_failed_login(error.reason)
        self._say(reply_to_error(error))

    def _refuse_mail(self, error: Foreseen) -> None:
        reply = reply_to_error(error)
        self._connection.note_refused_mail(reply.encode())
        self._say(reply)

    def _go_on(self) -> None:
        """Take up the commands that came while an answer was awaited."""
        if self._core.unread_octets:
            self.receive(b"")

    def _drop_transfer(self) -> None:
        if self._transfer is not None:
            self._transfer.discard()
            self._transfer = None


_HANDLERS: Final[dict[type[Any], Callable[[SmtpSession, Any], None]]] = {
    events.ReplyReady: SmtpSession._on_ready,
    events.Hello: SmtpSession._on_hello,
    events.MailReceived: SmtpSession._on_mail,
    events.RcptReceived: SmtpSession._on_recipient,
    events.ResetReceived: SmtpSession._on_reset,
    events.DataRequested: SmtpSession._on_data,
    events.ChunkReceived: SmtpSession._on_chunk,
    events.MessageEnded: SmtpSession._on_message_ended,
    events.MessageRefused: SmtpSession._on_message_refused,
    events.AuthRequested: SmtpSession._on_auth,
    events.AuthAnswered: SmtpSession._on_auth_answer,
    events.StartTlsRequested: SmtpSession._on_start_tls,
    events.PeerLeft: SmtpSession._on_left,
}
