"""Days without regard to time and zone (RFC 3501 6.4.4)."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.doors.imap.search_days import MINUTE_MICROSECONDS, ZONE_MINUTES_MAX, Days
from posthouse.message.dates import Instant, ZonedInstant
from posthouse.protocol.imap.search_keys import When

EPOCH = datetime(1970, 1, 1)
MOMENTS = st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29))
ZONES = st.integers(-ZONE_MINUTES_MAX, ZONE_MINUTES_MAX)


def written(local: datetime, zone: int) -> ZonedInstant:
    """A moment that a clock in a zone shows."""
    return ZonedInstant(Instant((local - EPOCH) // timedelta(microseconds=1) - zone * MINUTE_MICROSECONDS), zone)


@given(local=MOMENTS, zone=ZONES, shift=st.integers(-2, 2))
def test_the_day_is_the_one_that_is_written(local: datetime, zone: int, shift: int) -> None:
    day = local.date() + timedelta(days=shift)
    moment = written(local, zone)
    assert Days.of(When.BEFORE, day).hold_sent(moment) == (local.date() < day)
    assert Days.of(When.ON, day).hold_sent(moment) == (local.date() == day)
    assert Days.of(When.SINCE, day).hold_sent(moment) == (local.date() >= day)


@pytest.mark.parametrize("zone", [ZONE_MINUTES_MAX + 1, -ZONE_MINUTES_MAX - 1, 99 * 60 + 59, -99 * 60 - 59])
def test_a_zone_that_is_nowhere_counts_as_utc(zone: int) -> None:
    """The columns have the instant alone, and must know how far from it the day can be."""
    moment = written(datetime(2026, 3, 10, 12), zone)
    day = (EPOCH + timedelta(microseconds=moment.at)).date()
    assert Days.of(When.ON, day).hold_sent(moment)


@pytest.mark.parametrize("day", [date.min, date.max])
def test_the_calendar_ends_are_days_as_any(day: date) -> None:
    """A client may name any day of four-digit years."""
    now = written(datetime(2026, 3, 10), 0)
    assert Days.of(When.SINCE, day).hold_sent(now) == (day == date.min)
    assert Days.of(When.BEFORE, day).hold_sent(now) == (day == date.max)
    assert not Days.of(When.ON, day).hold_sent(now)
