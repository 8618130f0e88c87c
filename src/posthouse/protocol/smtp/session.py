"""The server's side of one SMTP session (RFC 5321), sans-IO: octets in, events out; replies in, octets out.

A door feeds ``receive_data`` and asks ``next_event`` until it says to wait. After each command the session is paused
until ``send`` answers it, so that replies keep the order of pipelined commands (RFC 2920 3.2).
The law stands in ``states``.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from posthouse.protocol.sasl.encoding import decode_base64
from posthouse.protocol.sasl.errors import SaslCancelled, SaslSyntaxError
from posthouse.protocol.smtp import commands, replies
from posthouse.protocol.smtp.data import ContentFault, ContentReader
from posthouse.protocol.smtp.errors import LocalProtocolError
from posthouse.protocol.smtp.events import (
    AuthAnswered,
    ChunkReceived,
    DataRequested,
    Event,
    Hello,
    MessageEnded,
    MessageRefused,
    PeerLeft,
    ReplyReady,
    ResetReceived,
    StartTlsRequested,
    Wait,
)
from posthouse.protocol.smtp.lines import LineFault, Unread
from posthouse.protocol.smtp.replies import Reply
from posthouse.protocol.smtp.settings import COMMAND_OCTETS_MAX, LINE_OCTETS_MAX, ServerSettings
from posthouse.protocol.smtp.standing import Standing, refusal_of_sequence
from posthouse.protocol.smtp.states import (
    AUTHENTICATION,
    CLOSING,
    GREETING,
    MESSAGE_END,
    MESSAGE_REFUSAL,
    MOVES,
    NOTHING,
    STAYING,
    Move,
    Phase,
    Verb,
)

_PEER_LEFT: Final = PeerLeft()
_BEGINNING_SOMETHING: Final = frozenset((Phase.RECEIVING, Phase.UPGRADING, Phase.CLOSED))


class ServerSession:
    """One connection's protocol state. ``tls_is_on`` at first is for doors where TLS comes before the greeting."""

    def __init__(self, settings: ServerSettings, *, tls_is_on: bool = False) -> None:
        self.phase = Phase.OPENED
        self._settings = settings
        self._standing = Standing(settings, tls_is_on)
        self._unread = Unread(settings.bare_newline)
        self._peer_has_left = False
        self._move: Move | None = GREETING    # where replies lead; None while nothing awaits one
        self._content = ContentReader(settings.message_size_octets_max, settings.bare_newline)
        self._recipients_judged = 0    # in this transaction, whatever the verdicts
        self._bad_commands = 0    # since the last message; failed logins are some
        self._idle_commands = 0    # commands since the last message, RCPT apart

    @property
    def tls_is_on(self) -> bool:
        return self._standing.tls_is_on

    @property
    def peer_is_authenticated(self) -> bool:
        return self._standing.peer_is_authenticated

    # --- octets in --------------------------------------------------------------------------------------------------
    @property
    def unread_octets(self) -> int:
        """What was received and not yet read. Before the greeting it must be none (RFC 5321 4.3.1)."""
        return self._unread.octets

    def receive_data(self, octets: bytes) -> None:
        """Take what the peer sent, split anyhow. Raises LocalProtocolError when it piles up while paused."""
        if self.phase is not Phase.CLOSED:
            self._unread.append(octets)

    def receive_eof(self) -> None:
        """The peer will send nothing more; what it has sent is still answered."""
        self._peer_has_left = True

    # --- events out -------------------------------------------------------------------------------------------------
    def next_event(self) -> Event | Wait:
        """The next thing that the peer said, or why there is none."""
        if self._move is not None:
            return Wait.PAUSED
        if self.phase is Phase.RECEIVING:
            return self._next_of_content()
        line = self._unread.take_line()
        if line is None:
            return _PEER_LEFT if self._peer_has_left else Wait.NEED_DATA
        if self._bad_commands > self._settings.bad_commands_max:
            return self._close(replies.TOO_MANY_BAD_COMMANDS)
        if self.phase is Phase.AUTHENTICATING:
            return self._on_authentication_line(line)
        if isinstance(line, LineFault):
            return self._on_line_fault(line)
        return self._on_command(line)

    def _next_of_content(self) -> Event | Wait:
        content = self._content
        while not content.has_ended:
            octets = self._unread.peek(content.step_octets)
            if not octets:
                return _PEER_LEFT if self._peer_has_left else Wait.NEED_DATA
            chunk, used = content.read(octets)
            self._unread.skip(used)
            if chunk:
                return ChunkReceived(chunk)
            if content.fault is ContentFault.FAR_TOO_LARGE:
                break
        fault = content.fault
        if fault is None:
            self._move = MESSAGE_END
            return MessageEnded(content.size_octets)
        # What follows content that has not ended must never be read as commands, whatever the door says.
        self._move = MESSAGE_REFUSAL if content.has_ended else CLOSING
        limit = self._settings.message_size_octets_max
        return MessageRefused(fault, replies.content_refused(fault, content.size_octets, limit))

    def _on_command(self, line: bytes) -> Event:
        word, _, argument = line.partition(b" ")
        verb = commands.VERBS.get(word) or commands.VERBS.get(word.upper().rstrip(b"\t"))
        if verb is None:
            return self._on_unknown(word.upper())
        octets = len(line) + 2
        if octets > COMMAND_OCTETS_MAX and octets > LINE_OCTETS_MAX.get(verb, COMMAND_OCTETS_MAX):
            return self._refuse(replies.LINE_TOO_LONG)
        if verb is not Verb.RCPT:
            self._idle_commands += 1
            if self._idle_commands > self._settings.idle_commands_max:
                return self._close(replies.TOO_MANY_IDLE_COMMANDS)
        move = MOVES.get((self.phase, verb))
        if move is None:
            return self._refuse(refusal_of_sequence(self.phase, verb))
        self._move = move
        return self._on_argument(verb, argument.strip(b" \t"))

    def _on_argument(self, verb: Verb, argument: bytes) -> Event:
        reader = _READERS.get(verb)
        if reader is not None:
            return reader(self, argument)
        fault = commands.fault_of_argument(verb, argument)
        return _EVENTS[verb] if fault is None else self._refuse(fault)

    def _on_unknown(self, word: bytes) -> Event:
        if word in commands.HTTP_METHODS:
            return self._close(replies.NOT_SMTP)
        return self._refuse(replies.NOT_OFFERED if word in commands.UNOFFERED else replies.UNRECOGNIZED)

    def _on_line_fault(self, fault: LineFault) -> Event:
        if fault is LineFault.ENDLESS:
            return self._close(replies.LINE_ENDLESS)
        return self._refuse(replies.LINE_TOO_LONG if fault is LineFault.TOO_LONG else replies.LINE_END_WRONG)

    def _on_ehlo(self, argument: bytes) -> Event:
        return self._on_hello(argument, True, self._standing.extensions())

    def _on_helo(self, argument: bytes) -> Event:
        return self._on_hello(argument, False, ())

    def _on_hello(self, argument: bytes, is_extended: bool, extensions: tuple[str, ...]) -> Event:
        ehlo_name = commands.read_hello(argument)
        if ehlo_name is None:
            return self._refuse(replies.HELLO_WRONG)
        return Hello(ehlo_name, is_extended, replies.hello(self._settings.hostname, extensions))

    def _on_mail(self, argument: bytes) -> Event:
        found = self._standing.refusal_of_mail() or commands.read_mail(argument, self._settings)
        if isinstance(found, Reply):
            return self._refuse(found)
        self._recipients_judged = 0
        return found

    def _on_rcpt(self, argument: bytes) -> Event:
        if self._recipients_judged >= self._settings.recipients_max:    # before it is read: a flood costs us little
            return ReplyReady(replies.TOO_MANY_RECIPIENTS)
        found = commands.read_rcpt(argument)
        if isinstance(found, Reply):
            return self._refuse(found)
        self._recipients_judged += 1
        return found

    # --- TLS and login ----------------------------------------------------------------------------------------------
    def _on_starttls(self, argument: bytes) -> Event:
        refusal = commands.fault_of_argument(Verb.STARTTLS, argument) or self._standing.refusal_of_tls()
        if refusal is not None:
            return self._refuse(refusal)
        if self._unread.octets:
            return self._close(replies.OCTETS_BEHIND_STARTTLS)
        return StartTlsRequested(replies.READY_FOR_TLS)

    def tls_established(self) -> None:
        """The handshake is done: begin anew, forgetting all that was said before (RFC 3207 4.2).

        Octets received since the 220 are read now: a door must have made sure that they came through TLS.
        """
        if self.phase is not Phase.UPGRADING:
            raise LocalProtocolError(f"TLS cannot begin in the phase {self.phase.name}")
        self.phase = Phase.CONNECTED
        self._standing = Standing(self._settings, tls_is_on=True)
        self._move = None

    def _on_auth(self, argument: bytes) -> Event:
        found = self._standing.refusal_of_login() or commands.read_auth(argument, self._settings.mechanisms)
        return self._refuse(found) if isinstance(found, Reply) else found

    def _on_authentication_line(self, line: bytes | LineFault) -> Event:
        """An answer to our 334 (RFC 4954 4). Whatever is wrong with it ends the exchange."""
        self._move = AUTHENTICATION
        if line is LineFault.ENDLESS:
            return self._close(replies.LINE_ENDLESS)
        if isinstance(line, LineFault):
            is_long = line is LineFault.TOO_LONG
            return ReplyReady(replies.LOGIN_LINE_TOO_LONG if is_long else replies.LINE_END_WRONG)
        try:
            return AuthAnswered(decode_base64(line))
        except SaslCancelled:
            return ReplyReady(replies.LOGIN_CANCELLED)
        except SaslSyntaxError:
            return ReplyReady(replies.NOT_BASE64)

    # --- replies out ------------------------------------------------------------------------------------------------
    def _refuse(self, reply: Reply) -> Event:
        """Answer a mistake of the peer's: nothing changes but the count."""
        self._bad_commands += 1
        self._move = STAYING[self.phase]
        return ReplyReady(reply)

    def _close(self, reply: Reply) -> Event:
        self._move = CLOSING
        return ReplyReady(reply)

    def send(self, reply: Reply) -> bytes:
        """Answer what awaits an answer, and give the octets to write. 421 may be said at any time and is the last word.

        To STARTTLS the octets may be a refusal instead: look at ``phase`` before the handshake. A session that is
        CLOSED by its reply says no more: write the octets, then close the connection.
        Raises LocalProtocolError when nothing awaits a reply, or not one of this class.
        """
        move, kind = self._move, reply.code // 100
        if reply.code == 421 and move is not NOTHING:
            move = CLOSING
        after = None if move is None else move.get(kind)
        if after is None:
            raise LocalProtocolError(f"{reply.code} cannot be said in the phase {self.phase.name}")
        self._move = None
        if move is AUTHENTICATION:
            self._standing = replace(self._standing, peer_is_authenticated=kind == 2)
            self._bad_commands += kind == 5
        elif move is MESSAGE_END and kind == 2:
            self._bad_commands = self._idle_commands = 0
        if after in _BEGINNING_SOMETHING:
            return self._begin(after, reply).encode()
        self.phase = after
        return reply.encode()

    def _begin(self, phase: Phase, reply: Reply) -> Reply:
        """Enter a phase in which the octets mean something else, or nothing. Gives the reply that is still right."""
        if phase is Phase.UPGRADING and self._unread.octets:    # they came while the door made up its mind
            phase, reply = Phase.CLOSED, replies.OCTETS_BEHIND_STARTTLS
        self.phase = phase
        if phase is Phase.RECEIVING:
            self._content = ContentReader(self._settings.message_size_octets_max, self._settings.bare_newline)
        else:
            self._move = NOTHING
        if phase is Phase.CLOSED:
            self._unread.clear()
        return reply


_READERS: Final[Mapping[Verb, Callable[[ServerSession, bytes], Event]]] = {
    Verb.HELO: ServerSession._on_helo,
    Verb.EHLO: ServerSession._on_ehlo,
    Verb.MAIL: ServerSession._on_mail,
    Verb.RCPT: ServerSession._on_rcpt,
    Verb.AUTH: ServerSession._on_auth,
    Verb.STARTTLS: ServerSession._on_starttls,
}
_EVENTS: Final[Mapping[Verb, Event]] = {    # what the other commands always come to
    Verb.DATA: DataRequested(),
    Verb.RSET: ResetReceived(replies.DONE),
    Verb.NOOP: ReplyReady(replies.DONE),
    Verb.HELP: ReplyReady(replies.HELP),
    # One answer for all, so that strangers learn nothing about who lives here (RFC 5321 7.3).
    Verb.VRFY: ReplyReady(replies.NOT_VERIFIED),
    Verb.EXPN: ReplyReady(replies.NOT_VERIFIED),
    Verb.QUIT: ReplyReady(replies.FAREWELL),
}
