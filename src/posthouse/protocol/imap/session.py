"""The server's side of one IMAP session, without I/O (RFC 3501; DESIGN 4).

``receive_data`` stores octets, ``next_event`` tells what they say, ``send`` and its fellows make the octets that go
back. After each command the session is paused until it is answered, so commands that were pipelined are answered in
order. What needs no decision (bad syntax, a wrong state, a limit) comes as an event with its answer ready.
"""

from binascii import b2a_base64
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from posthouse.protocol.imap import responses
from posthouse.protocol.imap.codes import Code
from posthouse.protocol.imap.commands import Authenticate, Command, Idle, StartTls
from posthouse.protocol.imap.errors import LocalProtocolError
from posthouse.protocol.imap.events import (
    NEED_DATA,
    PAUSED,
    AppendEnded,
    AppendRefused,
    AppendStarted,
    ChunkReceived,
    CommandReceived,
    CommandRefused,
    ContinuationLine,
    Event,
    IdleDone,
    LiteralAwaited,
    SessionEnded,
    Wait,
)
from posthouse.protocol.imap.framing import CommandReader, Fault, Progress
from posthouse.protocol.imap.intake import AppendTaken, Circumstances, Refused, Taken, bad, refuse_rest, take_command
from posthouse.protocol.imap.responses import Completion, Condition
from posthouse.protocol.imap.settings import (
    AUTHENTICATE_OCTETS_MAX,
    CHUNK_OCTETS_MAX,
    IDLE_OCTETS_MAX,
    SessionSettings,
)
from posthouse.protocol.imap.states import AFTER, Channel, Phase, State

_BEFORE_TLS: Final = "nothing may be sent behind STARTTLS before TLS is up (RFC 3501 6.2.1)"


class ServerSession:
    """One session, from behind the greeting to its end. No octets make it raise; LocalProtocolError is our own bug."""

    __slots__ = (
        "_bad_commands", "_command", "_literal_synchronises", "_message_left", "_now", "_phase", "_reader", "_tag",
    )  # fmt: skip

    def __init__(self, settings: SessionSettings, channel: Channel) -> None:
        self._now = Circumstances(State.NOT_AUTHENTICATED, channel, settings)
        self._phase = Phase.COMMAND
        self._reader = CommandReader()
        self._command: Command | None = None    # the one in hand, or the last
        self._tag = responses.NO_TAG    # its tag
        self._bad_commands = 0    # in a row
        self._message_left = 0    # octets of APPEND's message that were not handed out
        self._literal_synchronises = False    # whether the peer waits for leave to send that message

    @property
    def state(self) -> State:
        """What the peer may ask for now."""
        return self._now.state

    @property
    def phase(self) -> Phase:
        """What becomes of octets now; UPGRADING asks for TLS, CLOSED for closing."""
        return self._phase

    @property
    def channel(self) -> Channel:
        """How the octets travel."""
        return self._now.channel

    @property
    def unread_octets(self) -> int:
        """How many octets wait to be read: when they are many, stop receiving."""
        return self._reader.unread_octets

    def receive_data(self, octets: bytes) -> None:
        """Take octets as they come; then ask ``next_event`` until it is NEED_DATA or PAUSED."""
        if self._phase is not Phase.CLOSED:
            self._reader.feed(octets)

    def next_event(self) -> Event | Wait:
        """Say what has been received, or why nothing can be said."""
        step = _STEPS.get(self._phase)
        return step(self) if step else PAUSED

    def send(self, completion: Completion) -> bytes:
        """Answer the command in hand, which ends it; its untagged responses must have been written.

        OK to STARTTLS brings the phase UPGRADING, or CLOSED when octets came behind it in the clear: then the answer
        is another one, and no TLS may be started.
        """
        command = self._in_hand(Phase.ANSWERING)
        state = AFTER.get((type(command), completion.condition))
        if state:
            self._now = replace(self._now, state=state)
        self._phase = Phase.COMMAND
        if isinstance(command, StartTls) and completion.condition is Condition.OK:
            return self._begin_upgrade(completion)
        if state is State.LOGOUT:
            self._shut()
        return completion.encode(self._tag)

    def challenge(self, octets: bytes) -> bytes:
        """Ask AUTHENTICATE's peer on (RFC 3501 6.2.2): its ContinuationLine comes next."""
        self._in_hand(Phase.ANSWERING, kind=Authenticate)
        self._phase = Phase.CONTINUATION
        return responses.continuation(b2a_base64(octets, newline=False))

    def start_idle(self) -> bytes:
        """Grant IDLE (RFC 2177 3): untagged responses may be written until IdleDone comes."""
        self._in_hand(Phase.ANSWERING, kind=Idle)
        self._phase = Phase.IDLING
        return responses.IDLE_STARTED

    def accept_append(self) -> bytes:
        """Have APPEND's message sent; the octets may be none."""
        self._in_hand(Phase.DECIDING)
        self._phase = Phase.APPENDING
        return responses.LITERAL_WANTED if self._literal_synchronises else b""

    def refuse_append(self, completion: Completion) -> bytes:
        """Answer APPEND before it ends: the peer does not send its message, or the rest is thrown away (RFC 7888 4)."""
        self._in_hand(Phase.DECIDING, Phase.APPENDING, Phase.APPENDED)
        if self._phase is Phase.DECIDING and self._literal_synchronises:
            self._phase = Phase.COMMAND
        else:
            self._swallow_message()
        return completion.encode(self._tag)

    def tls_established(self) -> None:
        """Go on in TLS, with nothing remembered of what was said before it (RFC 3501 6.2.1)."""
        self._in_hand(Phase.UPGRADING)
        self._now = replace(self._now, channel=Channel.TLS)
        self._phase = Phase.COMMAND
        self._bad_commands = 0

    def close(self, text: str, code: Code | None = None) -> bytes:
        """Say BYE, whatever goes on; nothing is read any more."""
        self._shut()
        return responses.bye(text, code)

    def _in_hand(self, *phases: Phase, kind: type[Command] | None = None) -> Command:
        """The command in hand, which must be in one of these phases and of this kind."""
        command = self._command
        if self._phase not in phases or command is None or (kind and not isinstance(command, kind)):
            raise LocalProtocolError(f"not allowed while {self._phase.name} of {command!r}")
        return command

    # What each phase makes of the octets.

    def _read_command(self) -> Event | Wait:
        while self._reader.unread_octets:
            found = take_command(self._reader, self._now)
            if found is None:
                return NEED_DATA
            if isinstance(found, Taken):
                return self._hand_out(found)
            if isinstance(found, AppendTaken):
                return self._announce_append(found)
            if isinstance(found, Refused):
                return self._refuse(found)
            if found.announced.is_synchronising:
                return LiteralAwaited(responses.LITERAL_WANTED)
        return NEED_DATA

    def _read_chunk(self) -> Event | Wait:
        if not self._message_left:
            self._phase = Phase.APPENDED
            return self._read_append_end()
        octets = self._reader.take(min(self._message_left, CHUNK_OCTETS_MAX))
        if not octets:
            return NEED_DATA
        self._message_left -= len(octets)
        if b"\0" in octets:    # RFC 3501 4.3: NUL has no place in a literal; BINARY (RFC 3516) is not offered
            return self._break_append("a message cannot hold NUL")
        return ChunkReceived(octets)

    def _read_append_end(self) -> Event | Wait:
        rest = self._reader.read_line(len(b"\r"))
        if rest is None:
            return NEED_DATA
        if isinstance(rest, Fault):
            return self._break_append("APPEND ends with its message; nothing may follow but CRLF")
        self._phase = Phase.ANSWERING
        return AppendEnded()

    def _read_continuation(self) -> Event | Wait:
        line = self._reader.read_line(AUTHENTICATE_OCTETS_MAX)
        if isinstance(line, bytes):
            self._phase = Phase.ANSWERING
            return ContinuationLine(line)
        return self._refuse_line(line) if line else NEED_DATA

    def _read_idle(self) -> Event | Wait:
        line = self._reader.read_line(IDLE_OCTETS_MAX)
        if not isinstance(line, bytes):
            return self._refuse_line(line) if line else NEED_DATA
        if line.upper() == b"DONE":
            self._phase = Phase.ANSWERING
            return IdleDone()
        return self._refuse(Refused(self._tag, bad("DONE was expected, to end IDLE (RFC 2177 3)"), Progress.DONE))

    def _swallow(self) -> Event | Wait:
        progress = self._reader.swallow(self._now.limits.swallowed_octets_max)
        if progress is Progress.MORE:
            return NEED_DATA
        if progress is Progress.TOO_MUCH:
            return self._end("a refused command goes on for too long")
        self._phase = Phase.COMMAND
        return self._read_command()

    # What comes of it.

    def _hand_out(self, taken: Taken) -> CommandReceived:
        self._bad_commands = 0
        self._tag = taken.tag
        self._command = taken.command
        self._phase = Phase.ANSWERING
        return CommandReceived(taken.tag, taken.command)

    def _announce_append(self, taken: AppendTaken) -> AppendStarted:
        self._bad_commands = 0
        self._tag = taken.tag
        self._command = taken.command
        self._phase = Phase.DECIDING
        self._message_left = taken.message.size_octets
        self._literal_synchronises = taken.message.is_synchronising
        return AppendStarted(taken.tag, taken.command, taken.message.size_octets)

    def _refuse(self, refused: Refused) -> CommandRefused | SessionEnded:
        """Tell the peer at once; what remains of its command is thrown away as it comes."""
        self._phase = Phase.SWALLOWING if refused.rest is Progress.MORE else Phase.COMMAND
        octets = refused.completion.encode(refused.tag)
        if refused.completion.condition is Condition.BAD:
            self._bad_commands += 1
            if self._bad_commands >= self._now.settings.bad_commands_max:
                return self._end("too many bad commands", octets)
        return CommandRefused(octets, refused.completion.text)

    def _refuse_line(self, fault: Fault) -> CommandRefused | SessionEnded:
        return self._refuse(refuse_rest(self._reader, self._tag, bad(fault.value)))

    def _break_append(self, text: str) -> AppendRefused:
        self._swallow_message()
        return AppendRefused(bad(text).encode(self._tag), text)

    def _swallow_message(self) -> None:
        self._reader.drop_command(self._message_left)
        self._phase = Phase.SWALLOWING

    def _begin_upgrade(self, completion: Completion) -> bytes:
        if self._reader.unread_octets:
            self._shut()
            return bad(_BEFORE_TLS).encode(self._tag) + responses.bye(_BEFORE_TLS)
        self._phase = Phase.UPGRADING
        return completion.encode(self._tag)

    def _end(self, text: str, octets: bytes = b"") -> SessionEnded:
        self._shut()
        return SessionEnded(octets + responses.bye(text), text)

    def _shut(self) -> None:
        self._phase = Phase.CLOSED
        self._reader.clear()


_STEPS: Final[dict[Phase, Callable[[ServerSession], Event | Wait]]] = {    # in the other phases it is paused
    Phase.COMMAND: ServerSession._read_command,
    Phase.APPENDING: ServerSession._read_chunk,
    Phase.APPENDED: ServerSession._read_append_end,
    Phase.CONTINUATION: ServerSession._read_continuation,
    Phase.IDLING: ServerSession._read_idle,
    Phase.SWALLOWING: ServerSession._swallow,
}
