"""The server's side of a POP3 session: octets in, events out (RFC 1939, 2449, 2595, 5034).

``receive_data`` stores, ``next_event`` tells what follows from it, ``send`` and ``stream`` turn a door's answer into
octets. After each write the door asks ``is_closed``. A door that was told PAUSED stops reading, so what is stored here
is never more than one read.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from posthouse.protocol.pop3 import replies, transaction
from posthouse.protocol.pop3.answers import (
    Answer,
    LoginAccepted,
    LoginRefused,
    MailboxFailed,
    MailboxUpdated,
    MessageFollows,
    MessageRefused,
)
from posthouse.protocol.pop3.authorization import Authorization
from posthouse.protocol.pop3.capabilities import Channel, capabilities
from posthouse.protocol.pop3.commands import BeforeLogin, Capa, Command, Pass, Quit, Stls, parse_command
from posthouse.protocol.pop3.errors import CommandError, LocalProtocolError, NoSuchMessage, RemoteProtocolError
from posthouse.protocol.pop3.events import (
    NEED_DATA,
    PAUSED,
    CredentialsGiven,
    Event,
    ListingReady,
    MessageRequested,
    ReplyReady,
    Signal,
    UpdateRequested,
    UpgradeReady,
)
from posthouse.protocol.pop3.maildrop import Maildrop
from posthouse.protocol.pop3.states import ANSWERS, COMMANDS, WAITING, Phase
from posthouse.protocol.pop3.stuffing import first_lines, stuff


@dataclass(frozen=True, slots=True)
class SessionSettings:
    """What a listener lays down for its sessions."""

    stls_is_offered: bool = True    # RFC 2595 4; without meaning where TLS stands from the start
    command_octets_max: int = 255    # RFC 2449 4, the line's end included
    line_octets_max: int = 12_288    # RFC 4954 4: sufficient for the responses of deployed mechanisms
    mistakes_max: int = 20    # Dovecot's CLIENT_MAX_BAD_COMMANDS; refused logins count


class ServerSession:
    """One session, from the greeting to the last word."""

    __slots__ = (
        "_authorization", "_body_lines", "_buffer", "_channel", "_maildrop", "_mistakes", "_phase", "_settings",
    )  # fmt: skip

    def __init__(self, settings: SessionSettings, channel: Channel) -> None:
        self._settings = settings
        self._channel = channel
        self._phase = Phase.AUTHORIZATION
        self._authorization = Authorization(channel)
        self._maildrop = Maildrop(0, (), ())    # nobody's, until the login
        self._body_lines: int | None = None    # how much of the requested message is wanted
        self._mistakes = 0
        self._buffer = bytearray()

    @property
    def phase(self) -> Phase:
        return self._phase

    @property
    def is_closed(self) -> bool:
        """Whether the last word is said: write what is to be written, then close."""
        return self._phase is Phase.CLOSED

    def greet(self) -> bytes:
        """The greeting (RFC 1939 4)."""
        return replies.GREETING

    def receive_data(self, octets: bytes) -> None:
        """Store what the peer sent, for ``next_event`` to read."""
        self._buffer += octets

    def next_event(self) -> Event | Signal:
        """What follows from the octets received: one event a call, until NEED_DATA or PAUSED."""
        if self._phase in WAITING:
            return PAUSED
        try:
            line = self._take_line()
            return NEED_DATA if line is None else self._on_line(line)
        except NoSuchMessage:
            return ReplyReady(replies.NO_SUCH_MESSAGE)
        except CommandError as mistake:
            return ReplyReady(self._count_mistake(mistake.reply))
        except RemoteProtocolError as end:
            self._phase = Phase.CLOSED
            return ReplyReady(end.reply)

    def send(self, answer: Answer) -> bytes:
        """The octets of an answer. Raises LocalProtocolError when nothing of its kind was asked for."""
        if isinstance(answer, MessageFollows):
            return b"".join(self.stream(answer))
        self._advance(answer)
        match answer:
            case LoginAccepted(maildrop=maildrop):
                self._maildrop = maildrop
                return replies.logged_in(maildrop)
            case LoginRefused(why=why):
                self._authorization = Authorization(self._channel)
                return self._count_mistake(replies.LOGIN_REFUSALS[why])
            case MessageRefused(why=refusal):
                return replies.MESSAGE_REFUSALS[refusal]
            case MailboxUpdated():
                return replies.updated(len(self._maildrop.marked_uids()))
            case MailboxFailed():
                return replies.UPDATE_FAILED

    def stream(self, message: MessageFollows) -> Iterator[bytes]:
        """The octets of the requested message in pieces, each to be drawn when there is room to write it.

        The next command is read only after the last piece. Raises LocalProtocolError when no message was requested.
        """
        self._advance(message)
        return self._until_sent(_response(message, self._body_lines))

    def tls_established(self) -> None:
        """The handshake is done: what was said in the clear is forgotten (RFC 2595 4), what was held back is read.

        Raises LocalProtocolError when no handshake was under way.
        """
        if self._phase is not Phase.UPGRADING:
            raise LocalProtocolError("TLS was established without STLS")
        self._channel = Channel.TLS
        self._authorization = Authorization(self._channel)
        self._phase = Phase.AUTHORIZATION

    def _take_line(self) -> bytes | None:
        """The next line without its end, None until it is whole. Raises RemoteProtocolError.

        A missing CR is forgiven: people type by hand, and here no line's end divides one peer's words from another's.
        """
        end = self._buffer.find(b"\n", 0, self._settings.line_octets_max)
        if end < 0:
            if len(self._buffer) < self._settings.line_octets_max:
                return None
            raise RemoteProtocolError(replies.LINE_TOO_LONG)
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        return line.removesuffix(b"\r")

    def _on_line(self, line: bytes) -> Event:
        if self._phase is Phase.EXCHANGING:
            self._phase = Phase.AUTHORIZATION    # where it leads, should this be no response
            return self._follow(self._authorization.respond(line), Phase.EXCHANGING)
        # AUTH may be as long as its initial response.
        if len(line) + 2 > self._settings.command_octets_max and line[:5].upper() != b"AUTH ":
            raise CommandError(replies.COMMAND_TOO_LONG)
        command = parse_command(line)
        following = COMMANDS.get((self._phase, type(command)))
        if following is None:
            raise CommandError(_out_of_place(self._phase, command))
        return self._follow(self._carry_out(command), following)

    def _carry_out(self, command: Command) -> Event:
        """Do what a legal command asks. Raises NoSuchMessage, CommandError or RemoteProtocolError."""
        match command:
            case Capa():
                return ReplyReady(capabilities(self._channel, stls_is_possible=self._stls_is_possible()))
            case Quit():
                if self._phase is Phase.TRANSACTION:
                    return UpdateRequested(self._maildrop.marked_uids())
                return ReplyReady(replies.FAREWELL)
            case Stls():
                return self._begin_upgrade()
            case _ if isinstance(command, BeforeLogin):
                return self._authorization.carry_out(command)
            case _:
                return transaction.carry_out(command, self._maildrop)

    def _follow(self, event: Event, following: Phase) -> Event:
        """Pass to the phase that follows, and note what must be known there."""
        self._phase = following
        if isinstance(event, CredentialsGiven):
            self._phase = Phase.JUDGING    # AUTH with all that is needed in its initial response
        elif isinstance(event, MessageRequested):
            self._body_lines = event.body_lines
        elif isinstance(event, ListingReady):
            return ListingReady(self._until_sent(event.pages))
        return event

    def _stls_is_possible(self) -> bool:
        return (
            self._settings.stls_is_offered
            and self._channel is not Channel.TLS
            and self._phase in (Phase.AUTHORIZATION, Phase.NAMED)
        )

    def _begin_upgrade(self) -> Event:
        """Octets behind STLS in the clear may be an attacker's (CVE-2011-0411), so they end the session."""
        if not self._stls_is_possible():
            raise CommandError(replies.STLS_UNAVAILABLE)
        if self._buffer:
            raise RemoteProtocolError(replies.OCTETS_BEHIND_STLS)
        return UpgradeReady(replies.STLS_READY)

    def _advance(self, answer: Answer) -> None:
        following = ANSWERS.get((self._phase, type(answer)))
        if following is None:
            raise LocalProtocolError(f"{type(answer).__name__} is no answer in {self._phase.name}")
        self._phase = following

    def _count_mistake(self, reply: bytes) -> bytes:
        self._mistakes += 1
        if self._mistakes < self._settings.mistakes_max:
            return reply
        self._phase = Phase.CLOSED
        return replies.TOO_MANY_MISTAKES

    def _until_sent(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        yield from pieces
        self._phase = Phase.TRANSACTION


def _response(message: MessageFollows, body_lines: int | None) -> Iterator[bytes]:
    if body_lines is None:
        yield replies.message_follows(message.size_octets)
        yield from stuff(message.chunks)
    else:
        yield replies.TOP_FOLLOWS
        yield from stuff(first_lines(message.chunks, message.header_octets, body_lines))


def _out_of_place(phase: Phase, command: Command) -> bytes:
    if phase is Phase.TRANSACTION:
        return replies.LOGGED_IN_ALREADY
    return replies.USER_FIRST if isinstance(command, Pass) else replies.LOG_IN_FIRST
