"""Who gave wrong passwords lately: what `policy.rates` judges by. In memory, bounded, losable (DESIGN 5).

A wrong password that is given again is no further guess: a telephone with an old password, which tries for ever, is
slowed down but does not shut its owner out.
"""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

from posthouse.policy.networks import NetworkKey
from posthouse.policy.rates import NO_FAILURES, Attempt, AttemptFacts, Failures, ShutOut, ThrottleLimits, judge_attempt

K = TypeVar("K")

ORIGINS_MAX: Final = 50_000    # about 20 MB; whoever has more networks than that pushes out his own failures first


@dataclass(frozen=True, slots=True)
class Origin:
    """Which account is knocked for, and from where. Names that nobody has are counted like accounts."""

    account_key: str
    network: NetworkKey


@dataclass(slots=True)
class _Tally:
    """Counts one origin's or network's failures; changes in place, for it is looked up by every login."""

    count: int = 0
    last_at: float = 0.0
    wrong: set[bytes] = field(default_factory=set)    # digests of the passwords counted; no more than failures_max


class _Tallies(Generic[K]):
    """The tallies last added to, so many at most."""

    __slots__ = ("_limits", "_tallies", "_tallies_max")

    def __init__(self, limits: ThrottleLimits, tallies_max: int) -> None:
        self._limits = limits
        self._tallies: OrderedDict[K, _Tally] = OrderedDict()
        self._tallies_max = tallies_max

    def failures(self, key: K, now: float) -> Failures:
        tally = self._tallies.get(key)
        return NO_FAILURES if tally is None else Failures(tally.count, now - tally.last_at)

    def has(self, key: K, digest: bytes) -> bool:
        tally = self._tallies.get(key)
        return tally is not None and digest in tally.wrong

    def add(self, key: K, now: float) -> _Tally:
        """Count one failure more; what `policy.rates` forgets is begun anew."""
        tally = self._tallies.get(key)
        if tally is None or now - tally.last_at >= self._limits.forget_after_seconds:
            tally = self._tallies[key] = _Tally()
        tally.count += 1
        tally.last_at = now
        self._tallies.move_to_end(key)
        if len(self._tallies) > self._tallies_max:
            self._tallies.popitem(last=False)
        return tally

    def forget(self, key: K) -> None:
        self._tallies.pop(key, None)


class FailureBook:
    """The failures of every origin and of every network. Times are seconds of a monotonic clock."""

    __slots__ = ("_limits", "_networks", "_origins")

    def __init__(self, limits: ThrottleLimits, origins_max: int = ORIGINS_MAX) -> None:
        self._limits = limits
        self._origins: _Tallies[Origin] = _Tallies(limits, origins_max)
        self._networks: _Tallies[NetworkKey] = _Tallies(limits, origins_max)

    def judge(self, origin: Origin, now: float) -> Attempt | ShutOut:
        """Whether a password from there may be looked at."""
        facts = AttemptFacts(
            network=self._networks.failures(origin.network, now),
            account_from_network=self._origins.failures(origin, now),
        )
        return judge_attempt(facts, self._limits)

    def is_known_wrong(self, origin: Origin, digest: bytes) -> bool:
        """Whether this very password came from there before and was wrong."""
        return self._origins.has(origin, digest)

    def note(self, origin: Origin, digest: bytes, now: float) -> None:
        """Count a wrong password, known by its digest."""
        tally = self._origins.add(origin, now)
        if len(tally.wrong) < self._limits.failures_max:
            tally.wrong.add(digest)
        self._networks.add(origin.network, now)

    def forgive(self, origin: Origin) -> None:
        """The right password was typed: earlier mistakes are its owner's (NIST SP 800-63B 5.2.2).

        Those of the network stay, or an account of his own would clear a guesser's name. For the same reason a login
        that was verified before forgives nothing: a mail program that looks every minute would clear its neighbour's.
        """
        self._origins.forget(origin)
