"""How many sessions each peer network holds, so that one of them cannot take every place.

Counts are exact: every admission is matched by one leaving. One worker counts in its own memory; more will share it.
"""

import ipaddress
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from posthouse.policy.networks import NetworkKey


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """How many sessions may be open at once, over all doors."""

    sessions_max: int = 2_000              # half of the descriptors that Linux usually grants a service (4,096)
    sessions_per_network_max: int = 100    # twice what Postfix allows one client: an office may be behind one address
    loopback_is_limited: bool = True       # false with --dev: whoever tries Posthouse out comes from one address
    local_sessions_max: int = 100          # at local sockets, beside those: an owner's commands work amid a flood


class Admission(Enum):
    """Whether one more session may begin."""

    ADMITTED = "admitted"
    TOO_MANY_FROM_NETWORK = "too many sessions from one network"
    TOO_MANY_IN_ALL = "too many sessions in all"


class SessionCounts:
    """The open sessions of one process, in all and by network."""

    __slots__ = ("_by_network", "_limits", "_local", "_total")

    def __init__(self, limits: SessionLimits) -> None:
        self._limits = limits
        self._total = 0
        self._local = 0
        self._by_network: dict[NetworkKey, int] = {}

    @property
    def total(self) -> int:
        """Sessions of peers that have an address."""
        return self._total

    def from_network(self, peer_ip: str) -> int:
        """How many sessions the network of a peer holds; 0 for a peer that is not limited by it."""
        network = self._limited_network(peer_ip) if peer_ip else None
        return self._by_network.get(network, 0) if network is not None else 0

    def admit(self, peer_ip: str) -> Admission:
        """Count one more session, or say why it may not begin (then nothing is counted).

        A peer at a local socket has no address: its `peer_ip` is empty.
        """
        if not peer_ip:
            return self._admit_local()
        if self._total >= self._limits.sessions_max:
            return Admission.TOO_MANY_IN_ALL
        network = self._limited_network(peer_ip)
        if network is not None:
            count = self._by_network.get(network, 0)
            if count >= self._limits.sessions_per_network_max:
                return Admission.TOO_MANY_FROM_NETWORK
            self._by_network[network] = count + 1
        self._total += 1
        return Admission.ADMITTED

    def leave(self, peer_ip: str) -> None:
        """Count one admitted session less."""
        if not peer_ip:
            self._local -= 1
            return
        self._total -= 1
        network = self._limited_network(peer_ip)
        if network is None:
            return
        count = self._by_network[network] - 1
        if count:
            self._by_network[network] = count
        else:
            del self._by_network[network]    # or every peer that ever came would be remembered

    def _admit_local(self) -> Admission:
        if self._local >= self._limits.local_sessions_max:
            return Admission.TOO_MANY_IN_ALL
        self._local += 1
        return Admission.ADMITTED

    def _limited_network(self, peer_ip: str) -> NetworkKey | None:
        place = _place_of(peer_ip)
        return None if place.is_loopback and not self._limits.loopback_is_limited else place.network


@dataclass(frozen=True, slots=True)
class _Place:
    """What a peer's address says for the limits."""

    network: NetworkKey
    is_loopback: bool


@lru_cache(maxsize=4_096)    # twice the sessions that may be open: each is looked up when it comes and when it goes
def _place_of(peer_ip: str) -> _Place:
    return _Place(NetworkKey.of(peer_ip), ipaddress.ip_address(peer_ip).is_loopback)
