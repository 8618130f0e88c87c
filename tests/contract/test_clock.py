"""What every clock promises (`runtime.clock.Clock`): one suite, run on each implementation."""

import time

import pytest

from posthouse.runtime.clock import Clock, SystemClock


@pytest.fixture(params=[SystemClock])
def clock(request: pytest.FixtureRequest) -> Clock:
    made: Clock = request.param()
    return made


def test_intervals_never_run_backwards(clock: Clock) -> None:
    """DESIGN 5: intervals are monotonic, so that a clock that jumps does not expire mail."""
    moments = [clock.monotonic() for _ in range(1_000)]
    assert moments == sorted(moments)


def test_the_time_of_day_is_in_whole_microseconds(clock: Clock) -> None:
    """DESIGN 5: UTC microseconds. Dates before 2020 or after 2100 would mean another unit."""
    now = clock.now()
    assert isinstance(now, int)
    assert 1_577_836_800_000_000 < now < 4_102_444_800_000_000


def test_the_system_clock_tells_the_time_of_this_machine() -> None:
    before = time.time_ns() // 1_000
    now = SystemClock().now()
    after = time.time_ns() // 1_000
    assert before <= now <= after
