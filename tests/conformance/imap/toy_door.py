"""The least door that an IMAP session can stand behind: it says yes to everything, and holds what was appended."""

from posthouse.protocol.imap import responses
from posthouse.protocol.imap.commands import Authenticate, Capability, Command, Idle, List, Login, Logout, StartTls
from posthouse.protocol.imap.events import (
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
from posthouse.protocol.imap.responses import Completion, Condition
from posthouse.protocol.imap.session import ServerSession
from posthouse.protocol.imap.settings import SessionSettings
from posthouse.protocol.imap.states import Channel

DONE = Completion(Condition.OK, "done")
LOGIN_FAILED = Completion(Condition.NO, "wrong name or password")


class ToyDoor:
    """Answers every event at once. Tests compare what is noted, so chunks that follow one another are joined."""

    def __init__(self, settings: SessionSettings | None = None, channel: Channel = Channel.CLEAR) -> None:
        self.session = ServerSession(settings or SessionSettings(), channel)
        self.events: list[Event] = []
        self.appended: list[bytes] = []
        self._message = b""

    def feed(self, octets: bytes) -> bytes:
        """Give octets from the peer; the octets that go back to it."""
        self.session.receive_data(octets)
        written = b""
        while not isinstance(event := self.session.next_event(), Wait):
            self._note(event)
            written += self._answer(event)
        return written

    def commands(self) -> list[Command]:
        """The commands that were handed out, in order."""
        return [event.command for event in self.events if isinstance(event, CommandReceived)]

    def _note(self, event: Event) -> None:
        last = self.events[-1] if self.events else None
        if isinstance(event, AppendRefused) and isinstance(last, ChunkReceived):
            self.events.pop()    # how much had come is chance
        if isinstance(event, ChunkReceived) and isinstance(last, ChunkReceived):
            self.events[-1] = ChunkReceived(last.octets + event.octets)
        else:
            self.events.append(event)

    def _answer(self, event: Event) -> bytes:
        match event:
            case LiteralAwaited(octets) | CommandRefused(octets) | SessionEnded(octets):
                return octets
            case AppendRefused(octets):
                self._message = b""
                return octets
            case AppendStarted():
                return self.session.accept_append()
            case ChunkReceived(octets):
                self._message += octets
                return b""
            case AppendEnded():
                self.appended.append(self._message)
                self._message = b""
                return self.session.send(DONE)
            case ContinuationLine(octets):
                return self.session.send(LOGIN_FAILED if octets == b"*" else DONE)
            case IdleDone():
                return self.session.send(DONE)
            case CommandReceived(command=command):
                return self._carry_out(command)

    def _carry_out(self, command: Command) -> bytes:
        match command:
            case Idle():
                return self.session.start_idle() + responses.exists(3)
            case Authenticate(initial=None):
                return self.session.challenge(b"")
            case Login(password=b"wrong"):
                return self.session.send(LOGIN_FAILED)
            case Logout():
                return responses.bye("come again") + self.session.send(DONE)
            case Capability():
                names = responses.capabilities_before_login((), tls_is_offered=True)
                return responses.capability(names) + self.session.send(DONE)
            case List(pattern=""):
                return responses.HIERARCHY + self.session.send(DONE)
            case StartTls():
                return self.session.send(Completion(Condition.OK, "begin TLS"))
            case _:
                return self.session.send(DONE)


def logged_in(settings: SessionSettings | None = None) -> ToyDoor:
    """A door whose peer has just logged in."""
    door = ToyDoor(settings)
    door.feed(b"x LOGIN al secret\r\n")
    door.events.clear()
    return door


def selected(settings: SessionSettings | None = None) -> ToyDoor:
    """A door whose peer has just selected INBOX."""
    door = logged_in(settings)
    door.feed(b"x SELECT INBOX\r\n")
    door.events.clear()
    return door
