"""The least door that a POP3 session can stand behind: one account, its messages in memory."""

from posthouse.protocol.pop3.answers import (
    LoginAccepted,
    LoginRefusal,
    LoginRefused,
    MailboxUpdated,
    MessageFollows,
)
from posthouse.protocol.pop3.capabilities import Channel
from posthouse.protocol.pop3.events import (
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
from posthouse.protocol.pop3.session import ServerSession, SessionSettings
from posthouse.protocol.pop3.states import Phase

NAME, PASSWORD = "mrose", b"tanstaaf"


class ToyDoor:
    """Answers every event at once. ``messages`` shrinks when QUIT deletes, as a mailbox does."""

    def __init__(
        self,
        messages: tuple[bytes, ...] = (),
        channel: Channel = Channel.TLS,
        settings: SessionSettings | None = None,
    ) -> None:
        self.messages = dict(enumerate(messages, 101))    # by UID
        self.session = ServerSession(settings or SessionSettings(), channel)
        self.events: list[Event] = []

    def feed(self, octets: bytes) -> bytes:
        """Give octets from the peer; the octets that go back to it."""
        self.session.receive_data(octets)
        written = b""
        while not isinstance(event := self.session.next_event(), Signal):
            self.events.append(event)
            written += self._answer(event)
        return written

    def tls_established(self) -> bytes:
        self.session.tls_established()
        return self.feed(b"")

    def _answer(self, event: Event) -> bytes:
        match event:
            case ReplyReady(octets) | UpgradeReady(octets):
                return octets
            case ListingReady(pages):
                return b"".join(pages)
            case CredentialsGiven(credentials):
                if (credentials.name, credentials.password) != (NAME, PASSWORD):
                    return self.session.send(LoginRefused(LoginRefusal.WRONG))
                sizes = [len(message) for message in self.messages.values()]
                return self.session.send(LoginAccepted(Maildrop(7, list(self.messages), sizes)))
            case MessageRequested(uid=uid):
                message = self.messages[uid]
                header_octets = message.index(b"\r\n\r\n") + 4 if b"\r\n\r\n" in message else len(message)
                chunks = [message[at : at + 50] for at in range(0, len(message), 50)]
                return b"".join(self.session.stream(MessageFollows(len(message), header_octets, chunks)))
            case UpdateRequested(uids):
                self.messages = {uid: kept for uid, kept in self.messages.items() if uid not in uids}
                return self.session.send(MailboxUpdated())


def logged_in(messages: tuple[bytes, ...] = (), settings: SessionSettings | None = None) -> ToyDoor:
    """A door whose peer has just logged in."""
    door = ToyDoor(messages, settings=settings)
    door.feed(b"USER %b\r\nPASS %b\r\n" % (NAME.encode(), PASSWORD))
    assert door.session.phase is Phase.TRANSACTION
    door.events.clear()
    return door
