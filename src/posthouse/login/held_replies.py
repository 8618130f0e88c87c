"""Replies to wrong passwords that are held back, and how many may be at once.

A place is taken for the whole delay, whether or not the peer waits for its end: who hangs up and tries again gains
nothing. Who waits holds a session, so the limits of sessions bound the number in all.
"""

import heapq
from typing import Final

from posthouse.policy.networks import NetworkKey

HELD_PER_NETWORK_MAX: Final = 16    # at 15 seconds each about one guess a second from one network, over all accounts


class HeldReplies:
    """The replies held back now, by network. Times are seconds of a monotonic clock."""

    __slots__ = ("_by_network", "_ends", "_per_network_max")

    def __init__(self, per_network_max: int = HELD_PER_NETWORK_MAX) -> None:
        self._per_network_max = per_network_max
        self._by_network: dict[str, int] = {}
        self._ends: list[tuple[float, str]] = []    # a heap

    def is_full(self, network: NetworkKey, now: float) -> bool:
        """Whether a network has as many replies held back as it may have."""
        self._release(now)
        return self._by_network.get(network.text, 0) >= self._per_network_max

    def hold(self, network: NetworkKey, now: float, seconds: float) -> None:
        """Take a place for so long."""
        self._release(now)
        self._by_network[network.text] = self._by_network.get(network.text, 0) + 1
        heapq.heappush(self._ends, (now + seconds, network.text))

    def _release(self, now: float) -> None:
        while self._ends and self._ends[0][0] <= now:
            _, network = heapq.heappop(self._ends)
            self._by_network[network] -= 1
            if not self._by_network[network]:
                del self._by_network[network]
