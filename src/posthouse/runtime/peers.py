"""Who is at the other end of a socket: its address, and whether it has begun to speak.

The one place that looks below a transport of the event loop; the descriptor stays the transport's own.
"""

import asyncio
from dataclasses import dataclass
from fcntl import ioctl
from termios import FIONREAD
from typing import Final

_NO_OCTETS: Final = bytes(4)    # ioctl_tty(2), FIONREAD: an int, how many octets could be read at once
_MAPPED: Final = "::ffff:"    # RFC 4291 2.5.5.2: an IPv4 peer, seen through a socket for both families


@dataclass(frozen=True, slots=True)
class Peer:
    """The other end of a connection; `ip` is the usual text of an IPv4 or IPv6 address, without a zone index."""

    ip: str
    port: int


NOBODY: Final = Peer("", 0)
"""The peer at a local socket, or of a connection that was gone before anyone looked."""


def peer_at(address: object) -> Peer:
    """The peer that `getpeername` or `accept` names; NOBODY when it names none."""
    match address:
        case (str(ip), int(port), *_):
            return Peer(ip.removeprefix(_MAPPED) if "." in ip else ip.partition("%")[0], port)
        case _:
            return NOBODY


def has_spoken(transport: asyncio.BaseTransport) -> bool:
    """Whether octets wait, unread, in the socket of a plain transport.

    Looks without taking: the octets stay where they are. False when the peer is gone or has only closed.
    """
    wrapped = transport.get_extra_info("socket")
    if wrapped is None or wrapped.fileno() < 0:
        return False
    try:
        return ioctl(wrapped.fileno(), FIONREAD, _NO_OCTETS) != _NO_OCTETS
    except OSError:    # the descriptor has gone
        return False
