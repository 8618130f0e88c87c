"""Dates (RFC 3501 9: date, date-time), with imaplib as the other party."""

import imaplib
import re
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.message.dates import Instant, ZonedInstant
from posthouse.protocol.imap.dates import format_internal_date, parse_date, parse_date_time
from posthouse.protocol.imap.errors import CommandSyntaxError

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MOMENTS = st.datetimes(datetime(1000, 1, 1), datetime(9999, 12, 29)).map(lambda moment: moment.replace(microsecond=0))
ZONES = st.integers(-23 * 60 - 59, 23 * 60 + 59)


@given(MOMENTS, ZONES)
def test_what_a_program_writes_is_read_as_that_instant(moment: datetime, zone_minutes: int) -> None:
    zoned = moment.replace(tzinfo=timezone(timedelta(minutes=zone_minutes)))
    octets = imaplib.Time2Internaldate(zoned).strip('"').encode()
    microseconds = (zoned - EPOCH) // timedelta(microseconds=1)
    assert parse_date_time(octets) == ZonedInstant(Instant(microseconds), zone_minutes)


@given(MOMENTS, ZONES)
def test_what_is_written_is_read_back(moment: datetime, zone_minutes: int) -> None:
    local = moment.replace(tzinfo=timezone(timedelta(minutes=zone_minutes)))
    zoned = ZonedInstant(Instant((local - EPOCH) // timedelta(microseconds=1)), zone_minutes)
    written = format_internal_date(zoned)
    assert written.decode() == re.sub('^"0', '" ', imaplib.Time2Internaldate(local))    # imaplib writes 01 for " 1"
    assert parse_date_time(written.strip(b'"')) == zoned


def test_a_day_below_ten_is_written_with_a_space() -> None:
    """RFC 3501 9: date-day-fixed is two characters; the standard's own date has no such day."""
    assert format_internal_date(ZonedInstant(Instant(0))) == b'" 1-Jan-1970 00:00:00 +0000"'
    assert parse_date_time(b"01-Jan-1970 00:00:00 +0000") == ZonedInstant(Instant(0))


def test_a_leap_second_is_the_next_minutes_first() -> None:
    assert parse_date_time(b"31-Dec-1998 23:59:60 +0000") == parse_date_time(b" 1-Jan-1999 00:00:00 +0000")


@pytest.mark.parametrize("octets", [
    b"", b"1-Jan-1970 00:00:00 +0000", b" 1-Jan-1970 00:00:00", b"31-Feb-2020 00:00:00 +0000",
    b" 0-Jan-1970 00:00:00 +0000",
    b" 1-Foo-1970 00:00:00 +0000", b" 1-Jan-0000 00:00:00 +0000", b" 1-Jan-1970 24:00:00 +0000",
    b" 1-Jan-1970 00:60:00 +0000", b" 1-Jan-1970 00:00:61 +0000", b" 1-Jan-1970 00:00:00 +2400",
    b" 1-Jan-1970 00:00:00 +0060", b" 1-Jan-1970 00:00:00 0000", b" 1-Jan-1970 00:00:00 +00000",
    b"31-Dec-9999 23:59:60 +0000", b" 1-Jan-70 00:00:00 +0000", b"1\xd9\xa1-Jan-1970 00:00:00 +0000",
])  # fmt: skip
def test_what_is_no_date_time_is_refused(octets: bytes) -> None:
    with pytest.raises(CommandSyntaxError):
        parse_date_time(octets)


@pytest.mark.parametrize(("octets", "day"), [
    (b"1-Feb-1994", date(1994, 2, 1)), (b"01-FEB-1994", date(1994, 2, 1)), (b"29-feb-2024", date(2024, 2, 29)),
    (b"31-Dec-9999", date(9999, 12, 31)),
])  # fmt: skip
def test_a_search_date_is_read(octets: bytes, day: date) -> None:
    assert parse_date(octets) == day


@pytest.mark.parametrize("octets", [
    b"", b"1-Feb-94", b"001-Feb-1994", b"29-Feb-2023", b"0-Jan-2020", b"32-Jan-2020", b"1-Jan-0000", b"1 Jan 2020",
    b" 1-Jan-2020", b"1-Jan-2020 ", b"1-1-2020", b"2020-01-01",
])  # fmt: skip
def test_what_is_no_search_date_is_refused(octets: bytes) -> None:
    with pytest.raises(CommandSyntaxError):
        parse_date(octets)
