"""Listening sockets: bound once, exclusively, before anything else starts.

Two servers never share a port by accident: we bind without SO_REUSEPORT, and then a port on which anybody listens, with
that option or without, is refused to us, and ours to anybody else. (Sharing one port between worker slots needs the
option on purpose, and this bind before it as the probe.)
"""

import contextlib
import errno
import socket
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

BACKLOG: Final = 1_024    # connections that wait while a worker restarts; Linux caps it at somaxconn (4,096)

_PORT_ANY: Final = 0


class PortUnavailable(Exception):
    """A port cannot be bound: the text names it and says what to do."""


class IfTaken(Enum):
    """What to do about a port that somebody else listens on."""

    REFUSE = auto()
    TAKE_A_FREE_ONE = auto()    # --dev: it must always start


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where to listen: an IPv4 or IPv6 address of this machine, and a port (0: any free one)."""

    ip: str
    port: int


@dataclass(frozen=True, slots=True)
class Listening:
    """A socket that listens, and where."""

    socket: socket.socket
    wanted: Endpoint
    bound: Endpoint

    @property
    def is_elsewhere(self) -> bool:
        """Whether the port that was asked for was taken, so that people must be told."""
        return self.wanted.port not in {_PORT_ANY, self.bound.port}


def listen_on(endpoints: Mapping[str, Endpoint], if_taken: IfTaken) -> dict[str, Listening]:
    """Listen on every endpoint, by name. Raises PortUnavailable, and then on none of them."""
    with ExitStack() as undo:
        listening: dict[str, Listening] = {}
        for name, endpoint in endpoints.items():
            listening[name] = _listen(name, endpoint, if_taken)
            undo.callback(listening[name].socket.close)
        undo.pop_all()
    return listening


def refuse_more(listening: Iterable[socket.socket]) -> None:
    """Have the kernel refuse connections from now on, whoever else holds the sockets. For good: a port that was
    given to us as a free one would be another if we listened again."""
    for one in listening:
        with contextlib.suppress(OSError):    # a system that cannot: they wait until the last holder has closed it
            one.shutdown(socket.SHUT_RDWR)


def _listen(name: str, wanted: Endpoint, if_taken: IfTaken) -> Listening:
    try:
        bound = _bind(wanted)
    except OSError as error:
        if error.errno != errno.EADDRINUSE or if_taken is IfTaken.REFUSE:
            raise PortUnavailable(_explain(name, wanted, error)) from error
        bound = _bind(Endpoint(wanted.ip, _PORT_ANY))
    ip, port = bound.getsockname()[:2]
    return Listening(bound, wanted, Endpoint(ip, port))


def _bind(endpoint: Endpoint) -> socket.socket:
    """A listening socket, left to the event loop (it does not block). Raises OSError."""
    family = socket.AF_INET6 if ":" in endpoint.ip else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)    # not kept waiting by connections of the past
        if family == socket.AF_INET6:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)    # so that 0.0.0.0 may stand beside ::
        bound.bind((endpoint.ip, endpoint.port))
        bound.listen(BACKLOG)    # only now is it ours alone: two may bind with SO_REUSEADDR, one may listen
        bound.setblocking(False)
    except OSError:
        bound.close()
        raise
    return bound


def _explain(name: str, endpoint: Endpoint, error: OSError) -> str:
    where = f"cannot listen for {name} on {endpoint.ip} port {endpoint.port}"
    match error.errno:
        case errno.EADDRINUSE:
            return (
                f"{where}: another program listens there; `ss -ltnp 'sport = :{endpoint.port}'` names it. "
                "Stop it, or give this listener another port"
            )
        case errno.EACCES:
            return (
                f"{where}: ports below 1024 are for root, who is dropped after binding. "
                "Start as root or with CAP_NET_BIND_SERVICE, or give this listener a higher port"
            )
        case errno.EADDRNOTAVAIL:
            return f"{where}: this machine has no such address; `ip addr` lists those it has"
        case _:
            return f"{where}: {error.strerror}"
