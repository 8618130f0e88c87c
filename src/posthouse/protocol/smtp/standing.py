"""What a door offers a peer and demands of it, given how far TLS and login have come (RFC 3207, RFC 4954, RFC 6409)."""

from dataclasses import dataclass

from posthouse.protocol.smtp import replies
from posthouse.protocol.smtp.replies import Reply
from posthouse.protocol.smtp.settings import ServerSettings
from posthouse.protocol.smtp.states import Phase, Verb


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a peer has come, beside the phase. The refusals are None where there is none."""

    settings: ServerSettings
    tls_is_on: bool
    peer_is_authenticated: bool = False

    @property
    def login_needs_tls(self) -> bool:
        return self.settings.require_tls_for_authentication and not self.tls_is_on

    def extensions(self) -> tuple[str, ...]:
        """What EHLO announces now: nothing that would be refused (RFC 5321 4.1.1.1)."""
        settings = self.settings
        extensions = ["PIPELINING", f"SIZE {settings.message_size_octets_max}", "8BITMIME", "ENHANCEDSTATUSCODES"]
        if settings.starttls_is_available and not self.tls_is_on:
            extensions.append("STARTTLS")
        if self.refusal_of_login() is None:
            extensions.append(" ".join(("AUTH", *settings.mechanisms)))
        return tuple(extensions)

    def refusal_of_mail(self) -> Reply | None:
        """Whether MAIL must wait for a login (RFC 6409 4.3)."""
        if not self.settings.require_authentication or self.peer_is_authenticated:
            return None
        needs_tls = self.login_needs_tls and self.settings.starttls_is_available
        return replies.TLS_FIRST if needs_tls else replies.LOGIN_FIRST

    def refusal_of_login(self) -> Reply | None:
        """Whether AUTH is taken: once, and where a password would be safe (RFC 4954 4 and 9)."""
        if not self.settings.mechanisms:
            return replies.NOT_OFFERED
        if self.peer_is_authenticated:
            return replies.LOGGED_IN_ALREADY
        return replies.LOGIN_NEEDS_TLS if self.login_needs_tls else None

    def refusal_of_tls(self) -> Reply | None:
        """Whether STARTTLS is taken (RFC 3207 4.2: once)."""
        if self.tls_is_on:
            return replies.TLS_ALREADY_ON
        return None if self.settings.starttls_is_available else replies.NOT_OFFERED


def refusal_of_sequence(phase: Phase, verb: Verb) -> Reply:
    """The 503 for a pair that is not LEGAL, with what to do about it where that is clear."""
    if phase is Phase.REFUSED:
        return replies.QUIT_ONLY
    if phase is Phase.CONNECTED:
        return replies.HELLO_FIRST
    return replies.RECIPIENT_FIRST if (phase, verb) == (Phase.SENDER, Verb.DATA) else replies.OUT_OF_SEQUENCE
