"""The AUTHORIZATION state: how a peer says who it is (RFC 1939 7 USER and PASS; RFC 5034 AUTH; RFC 2595 2.2)."""

from posthouse.protocol.pop3 import replies
from posthouse.protocol.pop3.capabilities import Channel, may_log_in
from posthouse.protocol.pop3.commands import Apop, Auth, Pass, User
from posthouse.protocol.pop3.errors import CommandError
from posthouse.protocol.pop3.events import CredentialsGiven, Event, ReplyReady
from posthouse.protocol.sasl.encoding import decode_base64, decode_initial_response, encode_base64
from posthouse.protocol.sasl.errors import SaslCancelled, SaslSyntaxError
from posthouse.protocol.sasl.mechanisms import Challenge, Credentials, PlainServer


class Authorization:
    """What the peer has said of itself so far. STLS throws it away (RFC 2595 4), and so does a refused login."""

    __slots__ = ("_channel", "_exchange", "_name")

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._name = ""
        self._exchange = PlainServer()

    def carry_out(self, command: User | Pass | Auth | Apop) -> Event:
        """Answer a command. Raises CommandError."""
        if isinstance(command, Apop):
            raise CommandError(replies.APOP_REFUSED)
        if not may_log_in(self._channel):
            raise CommandError(replies.TLS_NEEDED)
        match command:
            case User(name=name):
                self._name = name
                return ReplyReady(replies.NAME_TAKEN_NOTE_OF)
            case Pass(password=password):
                return CredentialsGiven(Credentials("", self._name, password))
            case Auth(mechanism=mechanism, initial_response=initial_response):
                return self._begin(mechanism, initial_response)

    def respond(self, line: bytes) -> Event:
        """Take the peer's response to a challenge. Raises CommandError, and then the exchange is over."""
        try:
            return _event_of(self._exchange.answer(decode_base64(line)))
        except SaslCancelled:
            raise CommandError(replies.LOGIN_CANCELLED) from None
        except SaslSyntaxError:
            raise CommandError(replies.RESPONSE_UNREADABLE) from None

    def _begin(self, mechanism: bytes, initial_response: bytes | None) -> Event:
        if mechanism != b"PLAIN":
            raise CommandError(replies.MECHANISM_UNKNOWN)
        self._exchange = PlainServer()
        try:
            initial = None if initial_response is None else decode_initial_response(initial_response)
            return _event_of(self._exchange.start(initial))
        except SaslSyntaxError:
            raise CommandError(replies.RESPONSE_UNREADABLE) from None


def _event_of(step: Challenge | Credentials) -> Event:
    if isinstance(step, Credentials):
        return CredentialsGiven(step)
    return ReplyReady(replies.challenge(encode_base64(step.octets)))
