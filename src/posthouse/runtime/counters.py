"""How many sessions each peer network holds, so that one of them cannot take every place.

A network is what one customer usually gets: one IPv4 address, or one IPv6 /64 (RFC 6177 2; the usual grain of
reputation lists). Counts are exact: every admission is matched by one leaving.
"""

import socket
from dataclasses import dataclass
from enum import Enum

_MAPPED_PREFIX = bytes(10) + b"\xff\xff"    # RFC 4291 2.5.5.2: an IPv4 address seen through an IPv6 socket


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """How many sessions may be open at once, over all doors."""

    sessions_max: int = 2_000                   # half of the descriptors that Linux usually grants a service (4,096)
    sessions_per_network_max: int = 100         # twice what Postfix allows a client, for an office behind one address
    loopback_is_limited_as_network: bool = True # false with --dev: whoever tries Posthouse out comes from one address


class Admission(Enum):
    """Whether one more session may begin."""

    ADMITTED = "admitted"
    TOO_MANY_FROM_NETWORK = "too many sessions from one network"
    TOO_MANY_IN_ALL = "too many sessions in all"


def network_of(peer_ip: str) -> bytes | str:
    """The network that a peer counts for: an IPv4 address as it is, the first 64 bits of an IPv6 address.

    An address that is neither (a local socket has none) counts as itself.
    """
    if ":" not in peer_ip:
        return peer_ip
    try:
        packed = socket.inet_pton(socket.AF_INET6, peer_ip.partition("%")[0])
    except OSError:
        return peer_ip
    if packed.startswith(_MAPPED_PREFIX):
        return socket.inet_ntop(socket.AF_INET, packed[12:])
    return packed[:8]


class SessionCounts:
    """The open sessions of one process, in all and by network."""

    __slots__ = ("_by_network", "_limits", "_total")

    def __init__(self, limits: SessionLimits) -> None:
        self._limits = limits
        self._total = 0
        self._by_network: dict[bytes | str, int] = {}

    @property
    def total(self) -> int:
        return self._total

    def admit(self, peer_ip: str) -> Admission:
        """Count one more session, or say why it may not begin (then nothing is counted)."""
        if self._total >= self._limits.sessions_max:
            return Admission.TOO_MANY_IN_ALL
        network = network_of(peer_ip)
        count = self._by_network.get(network, 0)
        if count >= self._limits.sessions_per_network_max and self._is_limited(peer_ip):
            return Admission.TOO_MANY_FROM_NETWORK
        self._by_network[network] = count + 1
        self._total += 1
        return Admission.ADMITTED

    def leave(self, peer_ip: str) -> None:
        """Count one admitted session less."""
        network = network_of(peer_ip)
        count = self._by_network[network] - 1
        if count:
            self._by_network[network] = count
        else:
            del self._by_network[network]    # or every peer that ever came would be remembered
        self._total -= 1

    def _is_limited(self, peer_ip: str) -> bool:
        return self._limits.loopback_is_limited_as_network or not is_loopback(peer_ip)


def is_loopback(peer_ip: str) -> bool:
    """Whether a peer is this machine itself (RFC 1122 3.2.1.3 g; RFC 4291 2.5.3)."""
    network_end = peer_ip.rpartition(":")[2] if peer_ip.lower().startswith("::ffff:") else peer_ip
    return network_end.startswith("127.") or peer_ip == "::1"
