"""One IMAP session at a door: commands from the core to those who answer them, completions back; owns nothing else.

A command that needs no waiting is answered in the turn that read it. What changed in the mailbox is told before the
tagged response, where the protocol allows it, and at once during IDLE.
"""

from asyncio import Future, get_running_loop
from collections.abc import Callable
from typing import Any, Final

from posthouse.database.errors import SyncFailed
from posthouse.doors.connection import Connection
from posthouse.doors.imap.answering import ANSWERS, is_by_uid, may_tell_expunge
from posthouse.doors.imap.answers import FORESEEN, LAST_WORDS, bad, completion_of, no, ok
from posthouse.doors.imap.appending import Appending, refusal
from posthouse.doors.imap.conversation import Answer, Conversation
from posthouse.doors.imap.entering import LOGIN_NEEDS_TLS, capabilities, enter, may_log_in
from posthouse.doors.imap.services import ImapServices
from posthouse.doors.patience import Patience
from posthouse.doors.session import Ending
from posthouse.login.errors import LoginError
from posthouse.protocol.imap import codes, commands, events, responses
from posthouse.protocol.imap.events import Wait
from posthouse.protocol.imap.responses import Completion, Condition
from posthouse.protocol.imap.session import ServerSession
from posthouse.protocol.imap.states import Channel, Phase
from posthouse.protocol.sasl.encoding import decode_base64
from posthouse.protocol.sasl.errors import SaslCancelled, SaslSyntaxError
from posthouse.protocol.sasl.mechanisms import MECHANISMS, Challenge, Credentials, Mechanism

PATIENCE: Final = Patience(total_seconds=1860)    # RFC 3501 5.4: an autologout timer is of at least 30 minutes
LOGIN_PATIENCE: Final = Patience(total_seconds=180)    # from greeting or TLS to login: a stranger is not owed as much
LITERAL_PATIENCE: Final = Patience(silence_seconds=300, octets_per_second_min=100)
SPOKE_TOO_EARLY: Final = responses.bye("you spoke before the greeting, wait for it (RFC 3501 3), closing")
OCTETS_BEHIND_STARTTLS: Final = responses.bye("nothing may follow STARTTLS in the clear, closing (RFC 3501 6.2.1)")


class ImapSession:
    """One peer at the door."""

    __slots__ = ("_appending", "_command", "_connection", "_conversation", "_core", "_drained", "_mechanism")

    def __init__(self, connection: Connection, services: ImapServices) -> None:
        channel = Channel.CLEAR if connection.tls is None else Channel.TLS
        self._connection = connection
        self._core = ServerSession(services.settings.session, channel)
        self._conversation = Conversation(services, connection, self._mailbox_changed)
        self._command: commands.Command | None = None     # the one that is being answered
        self._mechanism: Mechanism | None = None
        self._appending: Appending | None = None
        self._drained: Future[None] | None = None         # what news waits for during IDLE

    # ---- what the connection calls -----------------------------------------------------------------------------------

    @property
    def is_between_commands(self) -> bool:
        return self._core.phase in (Phase.COMMAND, Phase.IDLING, Phase.CLOSED)

    def opened(self) -> None:
        if self._connection.tls is None and self._connection.peer_has_spoken:
            self._connection.write(SPOKE_TOO_EARLY)
            self._connection.close_when_heard_out()
            return
        code = codes.capability(capabilities(self._conversation))
        self._connection.write(responses.untagged(Condition.OK, "Posthouse is ready", code))
        self._connection.expect(LOGIN_PATIENCE)

    def receive(self, octets: bytes) -> None:
        core = self._core
        core.receive_data(octets)
        while not self._connection.is_congested:
            event = core.next_event()
            if isinstance(event, Wait):
                return
            _HANDLERS[type(event)](self, event)
        # A line of a few octets can ask for megabytes: what was pipelined waits until those before it were read.
        self._connection.await_answer(self._connection.drained(), self._relieved)

    def _relieved(self, drained: "Future[None]") -> None:
        self.receive(b"")

    def secured(self) -> None:
        self._core.tls_established()
        self._connection.expect(LOGIN_PATIENCE)

    def last_words(self, ending: Ending) -> bytes:
        return LAST_WORDS[ending]

    def closed(self) -> None:
        self._conversation.deselect()
        if self._appending is not None:
            self._appending.discard()
            self._appending = None

    # ---- commands ----------------------------------------------------------------------------------------------------

    def _on_command(self, event: events.CommandReceived) -> None:
        command = self._command = event.command
        answer = ANSWERS.get(type(command))
        if answer is None:
            _OWN[type(command)](self, command)
        else:
            self._answer(answer, self._conversation, command)

    def _answer(self, answer: Callable[..., Answer], *arguments: Any) -> None:
        """Have a command answered, at once or when something has been waited for."""
        try:
            outcome = answer(*arguments)
        except FORESEEN as error:
            self._failed(error)
            return
        if isinstance(outcome, Completion):
            self._complete(outcome)
        else:
            self._connection.run(outcome, self._answered)

    def _answered(self, future: "Future[Completion]") -> None:
        error = future.exception()
        if error is None:
            self._complete(future.result())
        elif isinstance(error, FORESEEN):
            self._failed(error)
        else:
            raise error
        self.receive(b"")    # the commands that came meanwhile

    def _failed(self, error: Exception) -> None:
        """What was foreseen ends the command; after a failed sync nothing may be said."""
        if isinstance(error, SyncFailed):
            self._connection.abort()
            return
        if isinstance(error, LoginError):
            self._connection.note_failed_login(error.reason)
        self._complete(completion_of(error))

    def _complete(self, completion: Completion) -> None:
        """Tell the news, then the tagged response, and go on as it says."""
        core, command = self._core, self._command
        assert command is not None
        if self._conversation.has_news:
            self._conversation.tell_news(may_expunge=may_tell_expunge(command), with_uid=is_by_uid(command))
        self._connection.write(core.send(completion))
        if core.phase is Phase.CLOSED:
            self._connection.close_when_sent()
        elif self._conversation.account:    # before login no command renews the time
            self._connection.expect(PATIENCE)

    def _on_octets(self, event: events.LiteralAwaited | events.CommandRefused) -> None:
        self._connection.write(event.octets)

    def _on_end(self, event: events.SessionEnded) -> None:
        self._connection.write(event.octets)
        self._connection.close_when_heard_out()

    # ---- STARTTLS and AUTHENTICATE -----------------------------------------------------------------------------------

    def _on_start_tls(self, command: commands.StartTls) -> None:
        if self._core.channel is Channel.TLS:
            self._complete(bad("TLS is on already"))
            return
        if not self._conversation.services.settings.starttls_is_available:
            self._complete(no("TLS is not available here"))
            return
        agreed = self._core.send(ok("begin TLS now"))
        if self._core.phase is Phase.UPGRADING:
            self._connection.start_tls(agreed, OCTETS_BEHIND_STARTTLS)
        else:
            self._connection.write(agreed)
            self._connection.close_when_heard_out()

    def _on_authenticate(self, command: commands.Authenticate) -> None:
        mechanism = MECHANISMS.get(command.mechanism)
        if mechanism is None:
            self._complete(no("that mechanism is not offered here"))
        elif not may_log_in(self._conversation):
            self._complete(LOGIN_NEEDS_TLS)
        else:
            self._mechanism = mechanism()
            self._exchange(self._mechanism.start, command.initial)

    def _on_continuation(self, event: events.ContinuationLine) -> None:
        assert self._mechanism is not None
        self._exchange(self._mechanism.answer, event.octets)

    def _exchange(self, step: Callable[[Any], Challenge | Credentials], line: bytes | None) -> None:
        """One step of a SASL exchange; lines are base64 (RFC 3501 6.2.2)."""
        try:
            found = step(None if line is None else decode_base64(line))
        except SaslCancelled:
            self._complete(bad("AUTHENTICATE is cancelled"))
        except SaslSyntaxError:
            self._complete(bad("that does not follow the mechanism"))
        else:
            if isinstance(found, Challenge):
                self._connection.write(self._core.challenge(found.octets))
            else:
                self._mechanism = None
                self._answer(enter, self._conversation, found)

    # ---- IDLE --------------------------------------------------------------------------------------------------------

    def _on_idle(self, command: commands.Idle) -> None:
        self._connection.write(self._core.start_idle())
        self._conversation.tell_news(may_expunge=True)
        self._connection.expect(PATIENCE)

    def _mailbox_changed(self) -> None:
        """Tell it in the loop's next turn, when everybody who listens to COMMITs has heard of this one."""
        if self._core.phase is Phase.IDLING:
            get_running_loop().call_soon(self._connection.call, self._tell_now)

    def _tell_now(self) -> None:
        """Tell the news; a peer that does not read is told how things stand once it does."""
        if self._core.phase is not Phase.IDLING:
            return
        if not self._connection.is_congested:
            self._conversation.tell_news(may_expunge=True)
            return
        drained = self._connection.drained()
        if drained is not self._drained:
            self._drained = drained
            drained.add_done_callback(self._tell_later)

    def _tell_later(self, drained: "Future[None]") -> None:
        if not drained.cancelled():
            self._connection.call(self._tell_now)

    def _on_idle_done(self, event: events.IdleDone) -> None:
        self._complete(ok("IDLE is done"))

    # ---- APPEND ------------------------------------------------------------------------------------------------------

    def _on_append(self, event: events.AppendStarted) -> None:
        self._command = event.command
        try:
            refused = refusal(self._conversation, event.command, event.size_octets)
        except FORESEEN as error:
            refused = completion_of(error)
        if refused is not None:
            self._conversation.tell_news(may_expunge=True)
            self._connection.write(self._core.refuse_append(refused))
            return
        self._appending = Appending(self._conversation, event.command)
        self._connection.write(self._core.accept_append())
        self._connection.expect(LITERAL_PATIENCE)

    def _on_chunk(self, event: events.ChunkReceived) -> None:
        assert self._appending is not None
        self._appending.take(event.octets)

    def _on_append_ended(self, event: events.AppendEnded) -> None:
        appending, self._appending = self._appending, None
        assert appending is not None
        self._answer(appending.finish)

    def _on_append_refused(self, event: events.AppendRefused) -> None:
        if self._appending is not None:
            self._appending.discard()
            self._appending = None
        self._connection.write(event.octets)
        self._connection.expect(PATIENCE)    # no longer that of a message on its way


_OWN: Final[dict[type[commands.Command], Callable[[ImapSession, Any], None]]] = {
    commands.StartTls: ImapSession._on_start_tls,
    commands.Authenticate: ImapSession._on_authenticate,
    commands.Idle: ImapSession._on_idle,
}

_HANDLERS: Final[dict[type[Any], Callable[[ImapSession, Any], None]]] = {
    events.CommandReceived: ImapSession._on_command,
    events.LiteralAwaited: ImapSession._on_octets,
    events.CommandRefused: ImapSession._on_octets,
    events.SessionEnded: ImapSession._on_end,
    events.ContinuationLine: ImapSession._on_continuation,
    events.IdleDone: ImapSession._on_idle_done,
    events.AppendStarted: ImapSession._on_append,
    events.ChunkReceived: ImapSession._on_chunk,
    events.AppendEnded: ImapSession._on_append_ended,
    events.AppendRefused: ImapSession._on_append_refused,
}
