"""Points in time as mail writes them (RFC 5322 3.3, 4.3): format strictly, parse what real mail contains."""

import re
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Final, NewType

from msgspec import Struct

Instant = NewType("Instant", int)
"""Microseconds since 1970-01-01 00:00 UTC."""

# A date-time is about 40 octets; with a generous comment it still fits one line (RFC 5322 2.1.1).
_OCTETS_MAX: Final = 998
# RFC 5322 3.3 writes a zone as four digits, so no offset reaches 100 hours; the minutes of a zone stay below 60.
_ZONE_MINUTES_END: Final = 100 * 60

_EPOCH: Final = datetime(1970, 1, 1)
_EPOCH_DAY: Final = _EPOCH.toordinal()
_DAY_SECONDS: Final = 86_400
_CALENDAR_MIN: Final = (1 - _EPOCH_DAY) * _DAY_SECONDS * 1_000_000    # 0001-01-01 00:00, in microseconds as Instant
_CALENDAR_END: Final = (datetime.max.toordinal() + 1 - _EPOCH_DAY) * _DAY_SECONDS * 1_000_000
_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTH_NUMBER: Final = {name.lower().encode(): number for number, name in enumerate(_MONTHS, 1)}

# RFC 5322 4.3. All other letters, the military zones but Z included, mean "-0000": their senders disagreed on the sign.
_ZONES: Final = {
    b"edt": -240, b"est": -300, b"cdt": -300, b"cst": -360, b"mdt": -360, b"mst": -420, b"pdt": -420, b"pst": -480,
}  # fmt: skip

_CLOCK: Final = rb"(?P<hour>\d{1,2})\s*[:.]\s*(?P<minute>\d{1,2})(?:\s*[:.]\s*(?P<second>\d{1,2})(?:[.,]\d{1,9})?)?"
_OFFSET: Final = rb"(?:gmt|utc?)?\s*(?P<sign>[+-])(?P<zone_hours>\d\d):?(?P<zone_minutes>\d\d)"
_ZONE: Final = rb"(?:\s*(?:" + _OFFSET + rb"|(?P<zone>[a-z]{1,5})))?"
_RFC5322: Final = re.compile(
    rb"\s*(?:[a-z]{2,9}\.?\s*,?\s*)?(?P<day>\d{1,2})[\s-]*(?P<month>[a-z]{3})[a-z]{0,6}[.,]?[\s-]*"
    rb"(?P<year>\d{2,4})[\s,]\s*" + _CLOCK + _ZONE
)  # fmt: skip
# What nearly all mail says, exactly: a third of the general form's cost.
_USUAL: Final = re.compile(
    rb"\s*(?:[a-z]{3}, +)?(?P<day>\d\d?) (?P<month>[a-z]{3}) (?P<year>\d{4}) (?P<hour>\d\d):(?P<minute>\d\d)"
    rb":(?P<second>\d\d) (?P<sign>[+-])(?P<zone_hours>\d\d)(?P<zone_minutes>\d\d)(?P<zone>)"
)
# The C library's asctime(), which old gateways and Unix mail put into Date: "Mon Jan  2 15:04:05 [EST] 2006".
_ASCTIME: Final = re.compile(
    rb"\s*(?:[a-z]{3,9}\s*,?\s+)?(?P<month>[a-z]{3})[a-z]{0,6}\s+(?P<day>\d{1,2}),?\s+" + _CLOCK + _ZONE
    + rb"\s+(?P<year>\d{4})(?!\d)"
)  # fmt: skip
_COMMENT: Final = re.compile(rb"\((?:[^()\\]|\\.)*\)", re.DOTALL)
_COMMENT_DEPTH_MAX: Final = 10    # comments nest (RFC 5322 3.2.2); real ones do so once


class ZonedInstant(Struct, frozen=True):
    """An instant with the zone it was written in, in minutes east of UTC.

    Raises ValueError when its date, local or in UTC, would leave the years 1 to 9999, or the zone cannot be written in
    four digits.
    """

    at: Instant
    zone_minutes: int = 0

    def __post_init__(self) -> None:
        if not -_ZONE_MINUTES_END < self.zone_minutes < _ZONE_MINUTES_END:
            raise ValueError(f"a zone {self.zone_minutes} minutes east of UTC cannot be written (RFC 5322 3.3)")
        local = self.at + self.zone_minutes * 60_000_000
        if not (_CALENDAR_MIN <= self.at < _CALENDAR_END and _CALENDAR_MIN <= local < _CALENDAR_END):
            raise ValueError(f"instant {self.at} lies outside the years 1 to 9999")

    def local(self) -> datetime:
        """The local date and time, naive: what a calendar and a clock in that zone show."""
        return _EPOCH + timedelta(microseconds=self.at, minutes=self.zone_minutes)


def format_zone(zone_minutes: int) -> str:
    """Write a zone in minutes east of UTC as ``+0200`` (RFC 5322 3.3; RFC 3501 date-time has the same form)."""
    hours, minutes = divmod(abs(zone_minutes), 60)
    return f"{'-' if zone_minutes < 0 else '+'}{hours:02}{minutes:02}"


def format_date_time(moment: ZonedInstant) -> str:
    """Write a moment as RFC 5322 3.3 date-time: ``Fri, 21 Nov 1997 09:55:06 -0600``."""
    return _format_second(moment.at // 1_000_000, moment.zone_minutes)


@lru_cache(maxsize=64)    # a busy server writes the same second into hundreds of trace fields
def _format_second(seconds: int, zone_minutes: int) -> str:
    local = _EPOCH + timedelta(seconds=seconds, minutes=zone_minutes)
    return (
        f"{_DAYS[local.weekday()]}, {local.day:02} {_MONTHS[local.month - 1]} {local.year:04} "
        f"{local.hour:02}:{local.minute:02}:{local.second:02} {format_zone(zone_minutes)}"
    )


def parse_date_time(octets: bytes) -> ZonedInstant | None:
    """Read a date-time of RFC 5322 3.3, its obsolete forms (4.3) and asctime()'s; None when it is none. Never raises.

    Missing seconds and zones count as zero; two-digit years below 50 lie in 2000, other two- and three-digit years are
    counted from 1900 (4.3); a wrong day of the week is passed over.
    """
    if len(octets) > _OCTETS_MAX:
        return None
    text = octets.lower()
    found = _USUAL.match(text) or _match_general(text)
    if found is None or (month := _MONTH_NUMBER.get(found["month"])) is None:
        return None
    zone_minutes = _zone_minutes(found)
    try:
        day = date(_full_year(found["year"]), month, int(found["day"])).toordinal() - _EPOCH_DAY
        # A leap second is the next minute's first: Instant has no sixtieth second.
        minutes = day * 1440 + _below(found["hour"], 24) * 60 + _below(found["minute"], 60) - zone_minutes
        seconds = minutes * 60 + _below(found["second"] or b"0", 61)
        return ZonedInstant(Instant(seconds * 1_000_000), zone_minutes)
    except ValueError:
        return None


def _match_general(text: bytes) -> re.Match[bytes] | None:
    without_comments = _without_comments(text)
    return _RFC5322.match(without_comments) or _ASCTIME.match(without_comments)


def _without_comments(octets: bytes) -> bytes:
    """Replace each comment by a space, from the inside out."""
    for _ in range(_COMMENT_DEPTH_MAX):
        if b"(" not in octets:
            break
        octets = _COMMENT.sub(b" ", octets)
    return octets


def _full_year(digits: bytes) -> int:
    """Complete a year (RFC 5322 4.3)."""
    year = int(digits)
    if len(digits) == 2:
        return year + (2000 if year < 50 else 1900)
    return year + 1900 if len(digits) == 3 else year


def _below(digits: bytes, end: int) -> int:
    number = int(digits)
    if number >= end:
        raise ValueError(f"{number} is not below {end}")
    return number


def _zone_minutes(found: re.Match[bytes]) -> int:
    """The zone in minutes east of UTC; an unknown one is UTC, as "-0000" is (RFC 5322 4.3)."""
    if found["sign"] is None:
        return _ZONES.get(found["zone"] or b"", 0)
    hours, minutes = int(found["zone_hours"]), int(found["zone_minutes"])
    if minutes > 59:
        return 0
    return (hours * 60 + minutes) * (-1 if found["sign"] == b"-" else 1)
