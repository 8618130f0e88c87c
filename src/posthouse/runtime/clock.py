"""Time, as a port: what the simulator replaces first."""

import time
from typing import Protocol

from posthouse.message.dates import Instant


class Clock(Protocol):
    """Tells the time of day, which may jump, and measures intervals, which may not."""

    def now(self) -> Instant:
        """The time of day, in microseconds UTC: for dates that are stored or shown, never for intervals."""

    def monotonic(self) -> float:
        """Seconds since some fixed moment; never runs backwards, whatever an administrator does to the clock."""


class SystemClock:
    """The machine's own clocks."""

    __slots__ = ()

    def now(self) -> Instant:
        return Instant(time.time_ns() // 1000)

    def monotonic(self) -> float:
        return time.monotonic()
