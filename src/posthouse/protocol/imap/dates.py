"""Dates in commands and INTERNALDATE (RFC 3501 9: date, date-time)."""

import re
from datetime import date
from functools import lru_cache
from typing import Final

from posthouse.message.dates import Instant, ZonedInstant, format_zone
from posthouse.protocol.imap.errors import CommandSyntaxError

_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTH_NUMBER: Final = {name.upper().encode(): number for number, name in enumerate(_MONTHS, 1)}
_EPOCH_DAY: Final = date(1970, 1, 1).toordinal()

_DATE: Final = re.compile(rb"(\d\d?)-([A-Za-z]{3})-(\d{4})")
_DATE_TIME: Final = re.compile(
    rb"((?: |\d)\d)-([A-Za-z]{3})-(\d{4}) ([01]\d|2[0-3]):([0-5]\d):([0-5]\d|60) ([+-])([01]\d|2[0-3])([0-5]\d)"
)


def parse_date(octets: bytes) -> date:
    """Read a SEARCH date such as ``1-Feb-1994``, already unquoted. Raises CommandSyntaxError."""
    found = _DATE.fullmatch(octets)
    if found is None:
        raise CommandSyntaxError("a date is written as 1-Feb-1994")
    return _calendar_date(*found.groups())


def parse_date_time(octets: bytes) -> ZonedInstant:
    """Read APPEND's date-time, such as `` 7-Feb-1994 21:52:25 -0800``, already unquoted. Raises CommandSyntaxError."""
    found = _DATE_TIME.fullmatch(octets)
    if found is None:
        raise CommandSyntaxError('a date and time is written as "17-Jul-1996 02:44:25 -0700"')
    day, month, year, hour, minute, second, sign, zone_hours, zone_minutes = found.groups()
    days = _calendar_date(day, month, year).toordinal() - _EPOCH_DAY
    zone = (int(zone_hours) * 60 + int(zone_minutes)) * (-1 if sign == b"-" else 1)
    # A leap second (:60) is the next minute's first: Instant has no sixtieth second.
    seconds = days * 86_400 + int(hour) * 3600 + (int(minute) - zone) * 60 + int(second)
    try:
        return ZonedInstant(Instant(seconds * 1_000_000), zone)
    except ValueError:    # the leap second after the year 9999
        raise CommandSyntaxError("that date and time lies outside the calendar") from None


def format_internal_date(moment: ZonedInstant) -> bytes:
    """Write an INTERNALDATE with its quotes, such as ``"17-Jul-1996 02:44:25 -0700"`` (RFC 3501 9: date-time)."""
    days, second_of_day = divmod(moment.at // 1_000_000 + moment.zone_minutes * 60, 86_400)
    minute_of_day, second = divmod(second_of_day, 60)
    hour, minute = divmod(minute_of_day, 60)
    return b'"%b %02d:%02d:%02d %b"' % (_day_text(days), hour, minute, second, _zone_text(moment.zone_minutes))


@lru_cache(maxsize=4096)    # a mailbox has far fewer days than messages
def _day_text(days: int) -> bytes:
    day = date.fromordinal(_EPOCH_DAY + days)
    return f"{day.day:2}-{_MONTHS[day.month - 1]}-{day.year:04}".encode("ascii")


@lru_cache(maxsize=256)
def _zone_text(minutes: int) -> bytes:
    return format_zone(minutes).encode("ascii")


def _calendar_date(day: bytes, month: bytes, year: bytes) -> date:
    try:
        return date(int(year), _MONTH_NUMBER[month.upper()], int(day))
    except (KeyError, ValueError):
        raise CommandSyntaxError("there is no such day in the calendar") from None
