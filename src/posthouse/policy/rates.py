"""How often a password may be guessed: pure arithmetic on failures (NIST SP 800-63B 5.2.2, OWASP ASVS 2.2.1).

The first failures slow the peer down; then the account is shut to that network, and to that network only, for a while:
so nobody can shut another out of his own account from elsewhere. What happens during a shut-out does not prolong it.
"""

import math
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Failures:
    """Wrong passwords counted so far, and the seconds since the last of them."""

    count: int
    seconds_since_last: float


NO_FAILURES: Final = Failures(0, math.inf)


@dataclass(frozen=True, slots=True)
class AttemptFacts:
    """What must be known before a password is looked at."""

    network: Failures    # from this network, against any account
    account_from_network: Failures    # from this network, against this account


@dataclass(frozen=True, slots=True)
class ThrottleLimits:
    """Ten wrong passwords, then four an hour from one network: OWASP ASVS 2.2.1 allows a hundred an hour."""

    delay_first_seconds: float = 2.0    # Dovecot's auth_failure_delay: a person does not mind, a guesser does
    delay_max_seconds: float = 15.0    # Dovecot's longest penalty; mail programs wait for a reply 30 s and more
    failures_max: int = 10    # a tenth of NIST's 100: several devices of one household mistype it twice
    shut_out_seconds: float = 900.0    # NIST: "30 seconds up to an hour"
    forget_after_seconds: float = 3600.0    # over the shut-out, so that a single failure after it shuts again

    def __post_init__(self) -> None:
        if not 0 <= self.delay_first_seconds <= self.delay_max_seconds:
            raise ValueError("the first delay is negative, or longer than the longest")
        if self.failures_max < 1:
            raise ValueError("an account that is shut before the first failure could never be used")
        if not 0 < self.shut_out_seconds < self.forget_after_seconds:
            raise ValueError("failures must be remembered longer than they shut out")


DEFAULT_THROTTLE: Final = ThrottleLimits()


@dataclass(frozen=True, slots=True)
class Attempt:
    """The password may be looked at. When it is wrong, the peer hears so only after ``delay_seconds``."""

    delay_seconds: float


@dataclass(frozen=True, slots=True)
class ShutOut:
    """The password is not looked at, right or wrong, for ``retry_after_seconds`` more."""

    retry_after_seconds: float


def judge_attempt(facts: AttemptFacts, limits: ThrottleLimits = DEFAULT_THROTTLE) -> Attempt | ShutOut:
    """Say whether a login may be tried, and how long the reply to a wrong password is held back.

    A right password is never delayed: the neighbour's mistakes behind one address must not slow it.
    """
    recent = counted(facts.account_from_network, limits)
    remaining = limits.shut_out_seconds - facts.account_from_network.seconds_since_last
    if recent >= limits.failures_max and remaining > 0:
        return ShutOut(remaining)
    return Attempt(_delay_seconds(counted(facts.network, limits), limits))


def counted(failures: Failures, limits: ThrottleLimits = DEFAULT_THROTTLE) -> int:
    """The failures that still count: none after ``forget_after_seconds`` without a new one."""
    return failures.count if failures.seconds_since_last < limits.forget_after_seconds else 0


def _delay_seconds(earlier: int, limits: ThrottleLimits) -> float:
    """Doubles with each earlier failure, up to the longest (ldexp cannot overflow below 2**64)."""
    return min(math.ldexp(limits.delay_first_seconds, min(earlier, 64)), limits.delay_max_seconds)
