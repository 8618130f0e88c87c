"""Sequence sets (RFC 3501 9): which messages a command means, by sequence number or by UID.

A set is kept as the ranges that were written, never as their members, so ``1:4294967295`` costs no more than ``1``.
"""

from collections.abc import Iterable, Sequence
from typing import Final, Self

from msgspec import Struct

from posthouse.protocol.imap.errors import CommandSyntaxError

STAR: Final = 1 << 32
"""``*``, the largest number in use: it sorts above every nz-number (RFC 3501 9: those are below 4,294,967,296)."""

# A client that names messages one by one needs an element each; beyond this it can send ranges, or a second command.
# RFC 7162 4 asks clients for lines of at most 8,192 octets, which hold about 1,500 elements.
ELEMENTS_MAX: Final = 10_000

Ranges = tuple[tuple[int, int], ...]
"""Both ends belong to a range."""


class SequenceSet(Struct, frozen=True):
    """One set as it was written: each range's low end first, ``*`` still STAR, overlaps and order kept."""

    ranges: Ranges

    @classmethod
    def parse(cls, octets: bytes) -> Self:
        """Read a sequence-set. Raises CommandSyntaxError when it is none, or has more than ELEMENTS_MAX elements."""
        if octets.count(b",") >= ELEMENTS_MAX:
            raise CommandSyntaxError(f"a sequence set has at most {ELEMENTS_MAX} elements; use ranges")
        return cls(tuple([_parse_range(element) for element in octets.split(b",")]))

    @classmethod
    def of_one(cls, number: int) -> Self:
        """The set that names one number."""
        return cls(((number, number),))

    @property
    def sole(self) -> int | None:
        """The one number that is named, if it is one and named outright."""
        if len(self.ranges) != 1:
            return None
        low, high = self.ranges[0]
        return low if low == high != STAR else None

    def resolve(self, largest: int) -> Ranges:
        """Say which numbers from 1 to ``largest`` are meant: disjoint, ascending, adjoining ranges merged.

        ``*`` is ``largest``; ``n:*`` with n above it is ``largest:n``, of which only ``largest`` exists (RFC 3501 9).
        Numbers above ``largest`` fall away, and of an empty mailbox (0) nothing is meant.
        """
        if largest == 0:
            return ()
        if len(self.ranges) == 1:    # the usual set, without the sorting
            found = _clip(*self.ranges[0], largest)
            return (found,) if found else ()
        clipped = [found for low, high in self.ranges if (found := _clip(low, high, largest))]
        return merge(clipped)

    def exceeds(self, largest: int) -> bool:
        """Whether a number above ``largest`` is named outright, which a sequence number must not be (RFC 3501 9).

        ``*`` names none: ``1:*`` is sent to empty mailboxes by programs that mean "all there is".
        """
        return any(high != STAR and high > largest for _, high in self.ranges)


def merge(ranges: Iterable[tuple[int, int]]) -> Ranges:
    """Bring ranges into ascending order and join those that overlap or adjoin."""
    merged: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if merged and low <= merged[-1][1] + 1:
            if high > merged[-1][1]:
                merged[-1] = (merged[-1][0], high)
        else:
            merged.append((low, high))
    return tuple(merged)


def ranges_of(numbers: Iterable[int]) -> Ranges:
    """Gather ascending numbers, none twice, into ranges."""
    ranges: list[tuple[int, int]] = []
    low = high = 0
    for number in numbers:
        if number == high + 1 and low:
            high = number
            continue
        if low:
            ranges.append((low, high))
        low = high = number
    if low:
        ranges.append((low, high))
    return tuple(ranges)


def encode(ranges: Sequence[tuple[int, int]]) -> bytes:
    """Write ranges as a sequence-set, such as ``1,3:5``; at least one is needed."""
    return ",".join([str(low) if low == high else f"{low}:{high}" for low, high in ranges]).encode("ascii")


def encode_numbers(numbers: Iterable[int]) -> bytes:
    """Write ascending numbers, none twice, as the shortest sequence-set (RFC 4315 3: COPYUID's uid-set)."""
    return encode(ranges_of(numbers))


def _parse_range(element: bytes) -> tuple[int, int]:
    first, colon, second = element.partition(b":")
    low = _parse_number(first)
    if not colon:
        return low, low
    high = _parse_number(second)
    return (low, high) if low <= high else (high, low)


def _parse_number(octets: bytes) -> int:
    if octets == b"*":
        return STAR
    if octets.isdigit() and not octets.startswith(b"0") and len(octets) <= 10:
        number = int(octets)
        if number < STAR:
            return number
    raise CommandSyntaxError("a sequence set is made of numbers from 1 to 4294967295, '*', ':' and ','")


def _clip(low: int, high: int, largest: int) -> tuple[int, int] | None:
    if high == STAR:
        return min(low, largest), largest
    return (low, min(high, largest)) if low <= largest else None
