"""The server's side of one SMTP session (RFC 5321), sans-IO: octets in, events out; replies in, octets out.

A door feeds ``receive_data`` and asks ``next_event`` until it says to wait. After each command the session is paused
until ``send`` answers it, so that replies keep the order of pipelined commands (RFC 2920 3.2).
The law stands in ``states``.
"""

from collections.abc import Callable, Mapping
from typing import Final

from posthouse.protocol.sasl.encoding import decode_base64
from posthouse.protocol.sasl.errors import SaslCancelled, SaslSyntaxError
from posthouse.protocol.smtp import commands, replies
from posthouse.protocol.smtp.data import TERMINATOR, ContentFault, ContentReader
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
from posthouse.protocol.smtp.settings import (
    CHUNK_OCTETS_MAX,
    COMMAND_OCTETS_MAX,
    LINE_OCTETS_MAX,
    BareNewline,
    ServerSettings,
)
from posthouse.protocol.smtp.states import (
    AUTHENTICATION,
    CLOSING,
    GREETING,
    MESSAGE_END,
    MOVES,
    NOTHING,
    STAYING,
    Move,
    Phase,
    Verb,
)

_DATA_REQUESTED: Final = DataRequested()
_PEER_LEFT: Final = PeerLeft()
# What was held back comes on top of a step, and making CRLF of bare newlines may double it.
_CONTENT_STEPS: Final = {
    BareNewline.REFUSE: CHUNK_OCTETS_MAX - len(TERMINATOR),
    BareNewline.NORMALIZE: CHUNK_OCTETS_MAX // 2 - len(TERMINATOR),
}


class ServerSession:
    """One connection's protocol state. ``tls_is_on`` at first is for doors where TLS comes before the greeting."""

    def __init__(self, settings: ServerSettings, *, tls_is_on: bool = False) -> None:
        self.phase = Phase.OPENED
        self.tls_is_on = tls_is_on
        self.peer_is_authenticated = False
        self._settings = settings
        self._unread = Unread(settings.bare_newline)
        self._peer_has_left = False
        self._move: Move | None = GREETING    # where replies lead; None while nothing awaits one
        self._content_step = _CONTENT_STEPS[settings.bare_newline]
        self._content = ContentReader(settings.message_size_octets_max, settings.bare_newline)
        self._recipients_judged = 0    # in this transaction, whatever the verdicts
        self._bad_commands = 0    # since the last message; failed logins are some
        self._idle_commands = 0    # commands since the last message, RCPT apart

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
            octets = self._unread.peek(self._content_step)
            if not octets:
                return _PEER_LEFT if self._peer_has_left else Wait.NEED_DATA
            chunk, used = content.read(octets)
            self._unread.skip(used)
            if chunk:
                return ChunkReceived(chunk)
            if content.fault is ContentFault.FAR_TOO_LARGE:
                break
        self._move = MESSAGE_END
        fault = content.fault
        if fault is None:
            return MessageEnded(content.size_octets)
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
            return self._refuse(_OUT_OF_SEQUENCE.get(self.phase, replies.OUT_OF_SEQUENCE))
        self._move = move
        return _READERS[verb](self, argument.strip(b" \t"))

    def _on_unknown(self, word: bytes) -> Event:
        if word in commands.HTTP_METHODS:
            return self._close(replies.NOT_SMTP)
        return self._refuse(replies.NOT_OFFERED if word in commands.UNOFFERED else replies.UNRECOGNIZED)

    def _on_line_fault(self, fault: LineFault) -> Event:
        if fault is LineFault.ENDLESS:
            return self._close(replies.LINE_ENDLESS)
        return self._refuse(replies.LINE_TOO_LONG if fault is LineFault.TOO_LONG else replies.LINE_END_WRONG)

    def _on_ehlo(self, argument: bytes) -> Event:
        ehlo_name = commands.read_hello(argument)
        if ehlo_name is None:
            return self._refuse(replies.HELLO_WRONG)
        return Hello(ehlo_name, True, replies.hello(self._settings.hostname, self._extensions()))

    def _on_helo(self, argument: bytes) -> Event:
        ehlo_name = commands.read_hello(argument)
        if ehlo_name is None:
            return self._refuse(replies.HELLO_WRONG)
        return Hello(ehlo_name, False, replies.hello(self._settings.hostname))

    def _on_mail(self, argument: bytes) -> Event:
        settings = self._settings
        if settings.require_authentication and not self.peer_is_authenticated:
            needs_tls = self._login_needs_tls and settings.starttls_is_available
            return self._refuse(replies.TLS_FIRST if needs_tls else replies.LOGIN_FIRST)
        found = commands.read_mail(argument, settings)
        if isinstance(found, Reply):
            return self._refuse(found)
        self._recipients_judged = 0
        return found

    def _on_rcpt(self, argument: bytes) -> Event:
        found = commands.read_rcpt(argument)
        if isinstance(found, Reply):
            return self._refuse(found)
        if self._recipients_judged >= self._settings.recipients_max:
            return ReplyReady(replies.TOO_MANY_RECIPIENTS)
        self._recipients_judged += 1
        return found

    def _on_data(self, argument: bytes) -> Event:
        return self._refuse(replies.NO_ARGUMENT_ALLOWED) if argument else _DATA_REQUESTED

    def _on_rset(self, argument: bytes) -> Event:
        return self._refuse(replies.NO_ARGUMENT_ALLOWED) if argument else ResetReceived(replies.DONE)

    def _on_quit(self, argument: bytes) -> Event:
        return self._refuse(replies.NO_ARGUMENT_ALLOWED) if argument else ReplyReady(replies.FAREWELL)

    def _on_noop(self, argument: bytes) -> Event:
        return self._on_text(argument, replies.DONE)

    def _on_help(self, argument: bytes) -> Event:
        return self._on_text(argument, replies.HELP)

    def _on_verify(self, argument: bytes) -> Event:
        # One answer for all, so that strangers learn nothing about who lives here (RFC 5321 7.3).
        return self._on_text(argument, replies.NOT_VERIFIED) if argument else self._refuse(replies.ARGUMENT_MISSING)

    def _on_text(self, argument: bytes, reply: Reply) -> Event:
        if argument and not commands.is_printable(argument):
            return self._refuse(replies.ARGUMENT_WRONG)
        return ReplyReady(reply)

    # --- TLS and login ----------------------------------------------------------------------------------------------
    @property
    def _login_needs_tls(self) -> bool:
        return self._settings.require_tls_for_authentication and not self.tls_is_on

    def _extensions(self) -> tuple[str, ...]:
        """What EHLO announces now: nothing that would be refused (RFC 5321 4.1.1.1)."""
        settings = self._settings
        extensions = ["PIPELINING", f"SIZE {settings.message_size_octets_max}", "8BITMIME", "ENHANCEDSTATUSCODES"]
        if settings.starttls_is_available and not self.tls_is_on:
            extensions.append("STARTTLS")
        if settings.mechanisms and not self._login_needs_tls and not self.peer_is_authenticated:
            extensions.append(" ".join(("AUTH", *settings.mechanisms)))
        return tuple(extensions)

    def _on_starttls(self, argument: bytes) -> Event:
        if argument:
            return self._refuse(replies.NO_ARGUMENT_ALLOWED)
        if self.tls_is_on:
            return self._refuse(replies.TLS_ALREADY_ON)
        if not self._settings.starttls_is_available:
            return self._refuse(replies.NOT_OFFERED)
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
        self.tls_is_on = True
        self.peer_is_authenticated = False
        self._move = None

    def _on_auth(self, argument: bytes) -> Event:
        if not self._settings.mechanisms:
            return self._refuse(replies.NOT_OFFERED)
        if self.peer_is_authenticated:
            return self._refuse(replies.LOGGED_IN_ALREADY)
        if self._login_needs_tls:
            return self._refuse(replies.LOGIN_NEEDS_TLS)
        found = commands.read_auth(argument, self._settings.mechanisms)
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
            self.peer_is_authenticated = kind == 2
            self._bad_commands += kind == 5
        elif move is MESSAGE_END and kind == 2:
            self._bad_commands = self._idle_commands = 0
        if after is Phase.UPGRADING and self._unread.octets:    # they came while the door made up its mind
            after, reply = Phase.CLOSED, replies.OCTETS_BEHIND_STARTTLS
        if after is not self.phase:
            self._enter(after)
        return reply.encode()

    def _enter(self, phase: Phase) -> None:
        self.phase = phase
        if phase is Phase.RECEIVING:
            self._content = ContentReader(self._settings.message_size_octets_max, self._settings.bare_newline)
        elif phase is Phase.UPGRADING:
            self._move = NOTHING
        elif phase is Phase.CLOSED:
            self._move = NOTHING
            self._unread.clear()


_OUT_OF_SEQUENCE: Final[Mapping[Phase, Reply]] = {    # what to do about a pair that is not LEGAL, where that is clear
    Phase.REFUSED: replies.QUIT_ONLY,
    Phase.CONNECTED: replies.HELLO_FIRST,
    Phase.SENDER: replies.RECIPIENT_FIRST,
}

_READERS: Final[Mapping[Verb, Callable[[ServerSession, bytes], Event]]] = {
    Verb.HELO: ServerSession._on_helo,
    Verb.EHLO: ServerSession._on_ehlo,
    Verb.MAIL: ServerSession._on_mail,
    Verb.RCPT: ServerSession._on_rcpt,
    Verb.DATA: ServerSession._on_data,
    Verb.RSET: ServerSession._on_rset,
    Verb.NOOP: ServerSession._on_noop,
    Verb.HELP: ServerSession._on_help,
    Verb.VRFY: ServerSession._on_verify,
    Verb.EXPN: ServerSession._on_verify,
    Verb.QUIT: ServerSession._on_quit,
    Verb.AUTH: ServerSession._on_auth,
    Verb.STARTTLS: ServerSession._on_starttls,
}
