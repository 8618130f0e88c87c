import json
import re
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime, parsedate_to_datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.message.dates import Instant, ZonedInstant, format_date_time, format_zone, parse_date_time

CASES = Path(__file__).parents[4] / "shared/vectors/mime/mail-parser/date.json"
SECOND = 1_000_000


def instant_of(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


zones = st.integers(-23 * 60 - 59, 23 * 60 + 59)
moments = st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29)).map(lambda moment: moment.replace(microsecond=0))


@given(moments, zones)
def test_formatting_agrees_with_the_standard_library(local: datetime, zone_minutes: int) -> None:
    """RFC 5322 3.3 date-time; email.utils is the other implementation."""
    aware = local.replace(tzinfo=timezone(timedelta(minutes=zone_minutes)))
    ours = format_date_time(ZonedInstant(Instant(instant_of(aware)), zone_minutes))
    assert ours == format_datetime(aware)


@given(st.datetimes(datetime(1000, 1, 3), datetime(9999, 12, 29)), zones)
def test_what_is_formatted_is_parsed_to_the_same_second_and_zone(local: datetime, zone_minutes: int) -> None:
    aware = local.replace(microsecond=0, tzinfo=timezone(timedelta(minutes=zone_minutes)))
    moment = ZonedInstant(Instant(instant_of(aware)), zone_minutes)
    assert parse_date_time(format_date_time(moment).encode()) == moment


@pytest.mark.parametrize(
    ("text", "standard"),
    [
        (b"Fri, 21 Nov 1997 09:55:06 -0600", "Fri, 21 Nov 1997 09:55:06 -0600"),    # RFC 5322 A.1.1
        (b"Tue, 1 Jul 2003 10:52:37 +0200", "Tue, 01 Jul 2003 10:52:37 +0200"),    # A.1.2
        (b"Thu, 13 Feb 1969 23:32:54 -0330", "Thu, 13 Feb 1969 23:32:54 -0330"),    # A.3
        (b"Thu,\r\n      13\r\n        Feb\r\n          1969\r\n      23:32\r\n   -0330 (Newfoundland Time)",
         "Thu, 13 Feb 1969 23:32:00 -0330"),    # A.5: folded, no seconds, a comment
        (b"21 Nov 97 09:55:06 GMT", "Fri, 21 Nov 1997 09:55:06 +0000"),    # A.6.2: two digits, a named zone
        (b"Fri, 21 Nov 1997 09(comment):   55  :  06 -0600", "Fri, 21 Nov 1997 09:55:06 -0600"),    # A.6.3
        (b"21 Nov 49 09:55 UT", "Sun, 21 Nov 2049 09:55:00 +0000"),
        (b"21 Nov 50 09:55 EST", "Tue, 21 Nov 1950 09:55:00 -0500"),
        (b"21 Nov 101 09:55 PDT", "Wed, 21 Nov 2001 09:55:00 -0700"),    # three digits count from 1900
        (b"21 Nov 1997 09:55 A", "Fri, 21 Nov 1997 09:55:00 +0000"),    # a military zone is -0000
        (b"21 Nov 1997 09:55 NZDT", "Fri, 21 Nov 1997 09:55:00 +0000"),    # so is an unknown one
        (b"21 Nov 1997 09:55:06", "Fri, 21 Nov 1997 09:55:06 +0000"),
        (b"21-Nov-1997 09:55:06 +0100", "Fri, 21 Nov 1997 09:55:06 +0100"),
        (b"Monday, 21 November 1997 09:55:06 +01:00", "Fri, 21 Nov 1997 09:55:06 +0100"),    # a wrong weekday
        (b"Mon Jan  2 15:04:05 2006", "Mon, 02 Jan 2006 15:04:05 +0000"),    # asctime()
        (b"Mon Jan  2 15:04:05 PST 2006", "Mon, 02 Jan 2006 15:04:05 -0800"),
        (b"Mon, 2 Jan 2006 15:04:05 GMT+0100", "Mon, 02 Jan 2006 15:04:05 +0100"),
        (b"Mon, 31 Dec 2016 23:59:60 +0000", "Sun, 01 Jan 2017 00:00:00 +0000"),    # a leap second
        (b"Mon, 2 Jan 2006 15:04:05 +0199", "Mon, 02 Jan 2006 15:04:05 +0000"),    # no such zone
    ],
)
def test_obsolete_and_common_forms_are_read(text: bytes, standard: str) -> None:
    """RFC 5322 3.3, 4.3 and appendix A, and what mail programs write besides."""
    moment = parse_date_time(text)
    assert moment is not None
    assert format_date_time(moment) == standard


@pytest.mark.parametrize(
    "text",
    [b"", b"yesterday", b"32 Jan 2006 10:00:00 +0000", b"29 Feb 2005 10:00 +0000", b"1 Foo 2006 10:00 +0000",
     b"1 Jan 2006 24:00 +0000", b"1 Jan 2006 10:60 +0000", b"1 Jan 2006 10:10:61 +0000", b"1 Jan 2006",
     b"1 Jan 0000 10:00 +0000", b"Fri, 21 Nov 1997 09:55:06 -0600" + b" " * 2000, b"(" * 900, b"((" * 200 + b"))" * 200,
     b"\xff\xfe", b"1 Jan 0001 00:00 +2359"],
)
def test_what_is_no_date_is_none(text: bytes) -> None:
    assert parse_date_time(text) is None


@given(st.binary(max_size=200) | st.text("0123456789JanFebMon,:+-() \r\n", max_size=80).map(str.encode))
def test_no_octets_are_an_error(octets: bytes) -> None:
    moment = parse_date_time(octets)
    if moment is not None:
        assert parse_date_time(format_date_time(moment).encode()) is not None


@pytest.mark.parametrize("zone_minutes", [100 * 60, -100 * 60])
def test_a_zone_that_four_digits_cannot_write_cannot_be_built(zone_minutes: int) -> None:
    with pytest.raises(ValueError, match="zone"):
        ZonedInstant(Instant(0), zone_minutes)


@pytest.mark.parametrize("at", [10**18, -(10**18)])
def test_an_instant_outside_the_calendar_cannot_be_built(at: int) -> None:
    with pytest.raises(ValueError, match="years"):
        ZonedInstant(Instant(at))


def test_the_calendar_holds_up_to_its_ends() -> None:
    first = instant_of(datetime(1, 1, 1, tzinfo=UTC))
    last = instant_of(datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC))
    assert format_date_time(ZonedInstant(Instant(first))) == "Mon, 01 Jan 0001 00:00:00 +0000"
    assert format_date_time(ZonedInstant(Instant(last))) == "Fri, 31 Dec 9999 23:59:59 +0000"
    with pytest.raises(ValueError, match="years"):
        ZonedInstant(Instant(first), -1)
    with pytest.raises(ValueError, match="years"):
        ZonedInstant(Instant(last), 1)


@pytest.mark.parametrize(("minutes", "text"), [(0, "+0000"), (-330, "-0530"), (765, "+1245"), (-1, "-0001")])
def test_zones_are_written_in_four_digits(minutes: int, text: str) -> None:
    assert format_zone(minutes) == text


@pytest.mark.skipif(not CASES.exists(), reason="../shared/vectors is not here")
def test_the_dates_that_another_parser_reads_are_read_alike() -> None:
    """mail-parser's cases; where it is stricter or looser than RFC 5322 4.3 the standard library decides."""
    for case in json.loads(CASES.read_text()):
        wanted, moment = case["expected"], parse_date_time(case["header"].encode())
        if wanted is None or not re.match(r"(?s)(\(.*\)|[A-Za-z]{3},)?\s*\d+\s+[A-Za-z]{3}", case["header"]):
            continue    # a month written as a number, or a whole Received field, is none of RFC 5322's forms
        assert moment is not None, case["header"]
        local = moment.local()
        assert (local.day, local.hour, local.minute, local.second) == (
            wanted["day"], wanted["hour"], wanted["minute"], wanted["second"]
        ), case["header"]  # fmt: skip


@given(moments.filter(lambda moment: moment.year >= 1900), zones)
def test_the_usual_form_is_read_as_the_standard_library_reads_it(local: datetime, zone_minutes: int) -> None:
    text = format_datetime(local.replace(tzinfo=timezone(timedelta(minutes=zone_minutes))))
    moment = parse_date_time(text.encode())
    assert moment is not None
    assert moment.at == instant_of(parsedate_to_datetime(text).astimezone(UTC)) // SECOND * SECOND
