"""What CAPA announces (RFC 2449 5, 6): only what is honoured, and logins only where they are possible now."""

from enum import Enum, auto
from typing import Final

from posthouse.protocol.pop3 import replies
from posthouse.protocol.pop3.stuffing import END


class Channel(Enum):
    """How the octets come, and so what may be said over them."""

    CLEAR = auto()    # no password before STLS (RFC 8314 4.1: never in the clear)
    CLEAR_TRUSTED = auto()    # in the clear, but it never leaves this machine: passwords allowed
    TLS = auto()    # after STLS, or from the start (995)


ALWAYS: Final[tuple[bytes, ...]] = (
    b"TOP",
    b"UIDL",
    b"RESP-CODES",    # RFC 2449 6.4
    b"AUTH-RESP-CODE",    # RFC 3206 6
    b"PIPELINING",    # RFC 2449 6.6
    b"EXPIRE NEVER",    # RFC 2449 6.7: we delete nothing but what the client deletes
    b"IMPLEMENTATION Posthouse",    # RFC 2449 6.9; without a version, which helps attackers alone
)
LOGINS: Final[tuple[bytes, ...]] = (b"USER", b"SASL PLAIN")    # RFC 2449 6.2, 6.3


def may_log_in(channel: Channel) -> bool:
    """Whether a password may be said over this channel (RFC 2595 2.2)."""
    return channel is not Channel.CLEAR


def capabilities(channel: Channel, *, stls_is_possible: bool) -> bytes:
    """The whole response to CAPA. USER and SASL stay announced after the login (RFC 2449 6: in both states)."""
    lines = ALWAYS
    if may_log_in(channel):
        lines += LOGINS
    if stls_is_possible:
        lines += (b"STLS",)    # RFC 2595 4: only where it may be said
    return replies.CAPABILITIES_FOLLOW + b"".join([line + b"\r\n" for line in lines]) + END
