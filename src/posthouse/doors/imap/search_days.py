"""Days as SEARCH compares them: those that the dates themselves name, without regard to time and zone (RFC 3501 6.4.4).

The internal date's day is that of its own zone. A message was sent on the day that its Date field names; where there
is none that can be read, on the day of its internal date (RFC 5256 2.2).
"""

from dataclasses import dataclass
from datetime import date
from typing import Final

from posthouse.message.dates import ZonedInstant
from posthouse.protocol.imap.search_keys import When

MINUTE_MICROSECONDS: Final = 60_000_000
_DAY_MICROSECONDS: Final = 86_400_000_000
_EPOCH_DAY: Final = date(1970, 1, 1).toordinal()
_EVER: Final = 1 << 62    # beyond the year 9999 both ways, with room to add a zone

# No place on earth is farther from UTC (Pacific/Kiritimati). A Date field that claims more counts in UTC, so that the
# instant alone decides for all messages but those of a day or so.
ZONE_MINUTES_MAX: Final = 14 * 60
ZONE_MICROSECONDS_MAX: Final = ZONE_MINUTES_MAX * MINUTE_MICROSECONDS


@dataclass(frozen=True, slots=True)
class Days:
    """A run of days, as microseconds of local time since 1970-01-01 00:00: the first, and the one behind the last."""

    first: int
    past: int

    @staticmethod
    def of(when: When, day: date) -> "Days":
        """The days that a key means."""
        start = (day.toordinal() - _EPOCH_DAY) * _DAY_MICROSECONDS
        match when:
            case When.BEFORE:
                return Days(-_EVER, start)
            case When.ON:
                return Days(start, start + _DAY_MICROSECONDS)
            case When.SINCE:
                return Days(start, _EVER)

    def hold_sent(self, moment: ZonedInstant) -> bool:
        """Whether a message that says it was sent then was sent on one of the days."""
        zone = moment.zone_minutes if abs(moment.zone_minutes) <= ZONE_MINUTES_MAX else 0
        return self.first <= moment.at + zone * MINUTE_MICROSECONDS < self.past
