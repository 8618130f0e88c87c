"""What is known so far of what a search finds, while not everything has been read: sets of messages as integers.

A key that has not been looked into yet may find any message. NOT turns that round, AND and OR carry it upwards, and
what remains open at the top is what must still be read.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import reduce
from itertools import compress
from operator import and_
from typing import NamedTuple, TypeVar

from posthouse.protocol.imap.search_keys import And, Not, Or, SearchKey

T = TypeVar("T")

Mask = int
"""A set of messages of one chunk: an octet a message, the first one's lowest; 1 for those in it, else 0."""


class Bounds(NamedTuple):
    """The messages that a key finds lie between these two sets."""

    surely: Mask
    perhaps: Mask    # holds `surely`

    @property
    def undecided(self) -> Mask:
        """The messages of which more must be known."""
        return self.perhaps ^ self.surely


def every(count: int) -> Mask:
    """All messages of a chunk of so many."""
    return int.from_bytes(b"\1" * count, "little")


def mask_of(flags: Iterable[int]) -> Mask:
    """The messages whose flag is true (1, not merely truthy), from one flag a message."""
    return int.from_bytes(bytes(flags), "little")


def chosen(values: Iterable[T], mask: Mask, count: int) -> Iterator[T]:
    """Of one value a message, in a chunk of so many, those of a set's messages."""
    return compress(values, mask.to_bytes(count, "little"))


def bounds_of(key: SearchKey, known: Mapping[SearchKey, Bounds], whole: Mask) -> Bounds:
    """What a key finds as far as is `known` of the keys in it that are none of AND, OR and NOT. `whole`: every."""
    match key:
        case And(keys):
            found = [bounds_of(one, known, whole) for one in keys]
            return Bounds(reduce(and_, [one.surely for one in found]), reduce(and_, [one.perhaps for one in found]))
        case Or(one, other):
            left, right = bounds_of(one, known, whole), bounds_of(other, known, whole)
            return Bounds(left.surely | right.surely, left.perhaps | right.perhaps)
        case Not(inner):
            found_not = bounds_of(inner, known, whole)
            return Bounds(whole ^ found_not.perhaps, whole ^ found_not.surely)
        case _:
            return known.get(key, Bounds(0, whole))


def leaves(key: SearchKey) -> Iterator[SearchKey]:
    """The keys in a key that are none of AND, OR and NOT, as often as they stand there."""
    match key:
        case And(keys):
            for one in keys:
                yield from leaves(one)
        case Or(one, other):
            yield from leaves(one)
            yield from leaves(other)
        case Not(inner):
            yield from leaves(inner)
        case _:
            yield key
