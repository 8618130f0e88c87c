"""The least door that an SMTP session can stand behind, with a judge whose verdicts are fixed.

``example.org`` is ours, ``unknown`` and ``full`` apart; ``refused.example`` may not send; alice's password is secret; a
message that says WORM is refused.
"""

from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import Final

from posthouse.message.address import Address, ForwardPath, ReversePath
from posthouse.message.status import Status
from posthouse.protocol.sasl.errors import SaslSyntaxError
from posthouse.protocol.sasl.mechanisms import MECHANISMS, Challenge, Credentials, Mechanism
from posthouse.protocol.smtp import replies
from posthouse.protocol.smtp.events import (
    AuthAnswered,
    AuthRequested,
    ChunkReceived,
    DataRequested,
    Event,
    Hello,
    MailReceived,
    MessageEnded,
    MessageRefused,
    PeerLeft,
    RcptReceived,
    ReplyReady,
    ResetReceived,
    StartTlsRequested,
    Wait,
)
from posthouse.protocol.smtp.replies import Reply
from posthouse.protocol.smtp.session import ServerSession
from posthouse.protocol.smtp.settings import BareNewline, ServerSettings

HOSTNAME: Final = "mx.example.org"
RECEIVER: Final = ServerSettings(HOSTNAME, starttls_is_available=True, message_size_octets_max=100_000)
SUBMISSION: Final = ServerSettings(
    HOSTNAME, mechanisms=("PLAIN", "LOGIN"), require_authentication=True, starttls_is_available=True
)
LOOPBACK: Final = ServerSettings(
    HOSTNAME, mechanisms=("PLAIN", "LOGIN"), require_authentication=True, require_tls_for_authentication=False
)
PLAIN_RECEIVER: Final = ServerSettings(HOSTNAME)
LENIENT: Final = ServerSettings(HOSTNAME, bare_newline=BareNewline.NORMALIZE)


class ToyDoor:
    """Answers every event at once, and keeps what it heard: ``events``, and each accepted message in ``messages``."""

    def __init__(self, settings: ServerSettings = RECEIVER, *, tls_is_on: bool = False) -> None:
        self.session = ServerSession(settings, tls_is_on=tls_is_on)
        self.events: list[Event] = []
        self.said: list[Reply] = []
        self.messages: list[tuple[ReversePath, tuple[ForwardPath, ...], bytes]] = []
        self._mechanism: Mechanism = MECHANISMS["PLAIN"]()
        self._reverse_path: ReversePath | None = None
        self._forward_paths: list[ForwardPath] = []
        self._content = bytearray()

    def greet(self) -> bytes:
        return self._say(replies.greeting(HOSTNAME))

    def feed(self, *pieces: bytes) -> bytes:
        """Give octets from the peer, piece by piece; the octets that go back to it."""
        written = b""
        for octets in pieces:
            self.session.receive_data(octets)
            written += self._run()
        return written

    def end(self) -> bytes:
        """The peer closes its side."""
        self.session.receive_eof()
        return self._run()

    def secured(self) -> bytes:
        """TLS stands."""
        self.session.tls_established()
        return self._run()

    def _run(self) -> bytes:
        written = b""
        while not isinstance(event := self.session.next_event(), Wait):
            self.events.append(event)
            if isinstance(event, PeerLeft):
                break
            if isinstance(event, ChunkReceived):
                self._content += event.octets
            else:
                written += self._say(self._answer(event))
        return written

    def _say(self, reply: Reply) -> bytes:
        self.said.append(reply)
        return self.session.send(reply)

    def _answer(self, event: Event) -> Reply:
        match event:
            case (
                ReplyReady(reply=reply) | ResetReceived(reply=reply) | Hello(reply=reply)
                | StartTlsRequested(reply=reply) | MessageRefused(reply=reply)
            ):
                return reply
            case MailReceived(reverse_path=path):
                return self._judge_mail(path)
            case RcptReceived(forward_path=path):
                return self._judge_recipient(path)
            case DataRequested():
                self._content.clear()
                return replies.SEND_MESSAGE
            case MessageEnded():
                return self._judge_message()
            case AuthRequested(mechanism=name, initial=initial):
                self._mechanism = MECHANISMS[name]()
                return self._log_in(lambda: self._mechanism.start(initial))
            case AuthAnswered(octets=octets):
                return self._log_in(lambda: self._mechanism.answer(octets))
        raise AssertionError(event)

    def _judge_mail(self, path: ReversePath) -> Reply:
        if isinstance(path, Address) and path.domain.key == "refused.example":
            return replies.refusal(Status("5.7.1"), "mail from there is not taken")
        self._reverse_path, self._forward_paths = path, []
        return replies.SENDER_ACCEPTED

    def _judge_recipient(self, path: ForwardPath) -> Reply:
        if isinstance(path, Address):
            if path.domain.key != "example.org" and not self.session.peer_is_authenticated:
                return replies.refusal(Status("5.7.1"), "we do not relay for strangers")
            if path.local_part == "unknown":
                return replies.refusal(Status("5.1.1"), "no such mailbox here")
            if path.local_part == "full":
                return replies.refusal(Status("4.2.2"), "mailbox full")
        self._forward_paths.append(path)
        return replies.RECIPIENT_ACCEPTED

    def _judge_message(self) -> Reply:
        if b"WORM" in self._content:
            return replies.refusal(Status("5.7.1"), "message refused")
        assert self._reverse_path is not None
        self.messages.append((self._reverse_path, tuple(self._forward_paths), bytes(self._content)))
        return replies.MESSAGE_ACCEPTED

    def _log_in(self, step: Callable[[], Challenge | Credentials]) -> Reply:
        try:
            found = step()
        except SaslSyntaxError:
            return replies.LOGIN_MALFORMED
        if isinstance(found, Challenge):
            return replies.challenge(found.octets)
        return replies.LOGGED_IN if found == Credentials("", "alice", b"secret") else replies.LOGIN_FAILED


def greeted(settings: ServerSettings = RECEIVER, *, tls_is_on: bool = False) -> ToyDoor:
    """A door whose peer has heard the greeting and said EHLO."""
    door = ToyDoor(settings, tls_is_on=tls_is_on)
    door.greet()
    door.feed(b"EHLO client.example\r\n")
    return door


def receiving(settings: ServerSettings = RECEIVER) -> ToyDoor:
    """A door that has said 354 to a mail from a@client.example to b@example.org."""
    door = greeted(settings)
    door.feed(b"MAIL FROM:<a@client.example>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n")
    assert door.said[-1] is replies.SEND_MESSAGE
    return door


def split_at(octets: bytes, borders: Iterable[int]) -> list[bytes]:
    """Cut octets at these offsets, in any order, those beyond the end ignored."""
    cuts = [0, *sorted({border for border in borders if 0 < border < len(octets)}), len(octets)]
    return [octets[start:end] for start, end in pairwise(cuts)]
