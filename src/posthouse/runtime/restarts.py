"""Whether, and how soon, a worker that has died is started again: a decision on its deaths so far."""

from collections import deque
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RestartLimits:
    """When a worker that has died is started again, and how long one may take to stop."""

    at_once_seconds: float = 1.0          # dead before it was ready, or so soon after it, is dead at once
    deaths_at_once_max: int = 10          # so many of them in a row within ...
    deaths_within_seconds: float = 60.0   # ... this time: it will not get better by itself
    pause_seconds_min: float = 0.1        # before the third start in a row; then doubled each time
    pause_seconds_max: float = 5.0
    stop_seconds_max: float = 15.0        # 10 for what is in flight, the rest for closing; then SIGKILL


@dataclass(frozen=True, slots=True)
class StartAgain:
    """Start a worker after a pause."""

    in_seconds: float


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Do not start it any more."""

    deaths: int


class Restarts:
    """The deaths of workers in a row. Times are monotonic seconds."""

    __slots__ = ("_at_once", "_limits")

    def __init__(self, limits: RestartLimits) -> None:
        self._limits = limits
        self._at_once: deque[float] = deque(maxlen=limits.deaths_at_once_max)

    def judge_death(self, at: float, ready_at: float | None) -> StartAgain | GiveUp:
        """Say what follows from a worker's death; `ready_at` is None when it never served.

        The first restart is immediate: after a failed sync the process starts again on what recovery finds, and mail
        programs should hardly notice.
        """
        if ready_at is not None and at - ready_at >= self._limits.at_once_seconds:
            self._at_once.clear()
            return StartAgain(0.0)
        self._at_once.append(at)
        while self._at_once[0] <= at - self._limits.deaths_within_seconds:
            self._at_once.popleft()
        deaths = len(self._at_once)
        if deaths >= self._limits.deaths_at_once_max:
            return GiveUp(deaths)
        if deaths == 1:
            return StartAgain(0.0)
        return StartAgain(min(self._limits.pause_seconds_min * 2 ** (deaths - 2), self._limits.pause_seconds_max))
