"""Sequence sets (RFC 3501 9) against sets of plain numbers."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.protocol.imap.errors import CommandSyntaxError
from posthouse.protocol.imap.sequence_set import (
    ELEMENTS_MAX,
    STAR,
    SequenceSet,
    encode,
    encode_numbers,
    merge,
    ranges_of,
)

NUMBERS = st.one_of(st.integers(1, 40), st.just("*"))
ELEMENTS = st.one_of(NUMBERS.map(lambda one: (one,)), st.tuples(NUMBERS, NUMBERS))


def naive(elements: list[tuple[int | str, ...]], largest: int) -> set[int]:
    """RFC 3501 9 word for word: each number between the two ends, in either order, that is in use."""
    meant: set[int] = set()
    for element in elements:
        ends = [largest if end == "*" else int(end) for end in element]
        meant.update(range(min(ends), max(ends) + 1))
    return {number for number in meant if 1 <= number <= largest}


def members(ranges: tuple[tuple[int, int], ...]) -> list[int]:
    return [number for low, high in ranges for number in range(low, high + 1)]


@given(st.lists(ELEMENTS, min_size=1, max_size=12), st.integers(0, 45))
def test_a_set_means_the_numbers_that_a_plain_model_means(elements: list[tuple[int | str, ...]], largest: int) -> None:
    """RFC 3501 9: ``*`` is the largest number in use; ranges count in either order; overlaps count once."""
    text = ",".join(":".join(str(end) for end in element) for element in elements)
    ranges = SequenceSet.parse(text.encode()).resolve(largest)
    assert members(ranges) == sorted(naive(elements, largest))
    assert all(high + 1 < low for (_, high), (low, _) in pairwise(ranges)), "not merged"


@pytest.mark.parametrize("octets", [
    b"", b"0", b"01", b"1:", b":1", b"1,", b",1", b"1,,2", b"1:2:3", b"*:*:*", b"**", b"4294967296", b"99999999999",
    b"1:0", b"a", b"1 2", b"-1", b"1.5", b"1_0", b"+1", "\u0661".encode(),
])  # fmt: skip
def test_what_is_no_set_is_refused(octets: bytes) -> None:
    """RFC 3501 9: nz-number, "*", ":" and ",", nothing else."""
    with pytest.raises(CommandSyntaxError):
        SequenceSet.parse(octets)


def test_a_star_stays_symbolic_until_the_mailbox_is_known() -> None:
    assert SequenceSet.parse(b"*:5,7,*").ranges == ((5, STAR), (7, 7), (STAR, STAR))


def test_a_star_beyond_the_last_message_means_the_last_message() -> None:
    """RFC 3501 6.4.8: UID FETCH 559:* always includes the last message, though 559 is above every UID."""
    assert SequenceSet.parse(b"559:*").resolve(558) == ((558, 558),)


def test_nothing_is_meant_of_an_empty_mailbox() -> None:
    assert SequenceSet.parse(b"1:*,*,3").resolve(0) == ()


def test_a_set_of_all_numbers_costs_no_more_than_one_number() -> None:
    """A set that expands must not: it would hold 4,294,967,295 members."""
    assert SequenceSet.parse(b"1:4294967295,*,4294967295").resolve(4_294_967_295) == ((1, 4_294_967_295),)


def test_the_number_of_elements_is_limited() -> None:
    assert len(SequenceSet.parse(b",".join([b"1"] * ELEMENTS_MAX)).ranges) == ELEMENTS_MAX
    with pytest.raises(CommandSyntaxError, match="use ranges"):
        SequenceSet.parse(b",".join([b"1"] * (ELEMENTS_MAX + 1)))


@pytest.mark.parametrize(("octets", "largest", "expected"), [
    (b"1:3", 3, False), (b"1:4", 3, True), (b"4", 3, True), (b"1,2,9", 3, True), (b"*", 3, False), (b"1:*", 0, False),
    (b"5:*", 3, False), (b"1", 0, True),
])  # fmt: skip
def test_a_number_above_the_largest_is_noticed(octets: bytes, largest: int, expected: bool) -> None:
    """RFC 3501 9: a sequence number that names no message is an error; ``*`` names one, or none at all."""
    assert SequenceSet.parse(octets).exceeds(largest) is expected


@given(st.sets(st.integers(1, 60), min_size=1))
def test_numbers_gathered_into_ranges_mean_the_same_numbers(numbers: set[int]) -> None:
    ranges = ranges_of(sorted(numbers))
    assert members(ranges) == sorted(numbers)
    assert all(high + 1 < low for (_, high), (low, _) in pairwise(ranges))
    assert naive([tuple(element.split(":")) for element in encode(ranges).decode().split(",")], 60) == numbers


@given(st.lists(st.tuples(st.integers(1, 40), st.integers(0, 9)).map(lambda pair: (pair[0], sum(pair))), max_size=12))
def test_merged_ranges_mean_the_same_numbers(ranges: list[tuple[int, int]]) -> None:
    assert members(merge(ranges)) == sorted(set(members(tuple(ranges))))


@pytest.mark.parametrize(("numbers", "octets"), [
    ([7], b"7"), ([1, 2], b"1:2"), ([1, 3], b"1,3"), ([1, 2, 3, 7, 9, 10], b"1:3,7,9:10"), ([4_294_967_295],
    b"4294967295"),
])  # fmt: skip
def test_numbers_are_written_as_the_shortest_set(numbers: list[int], octets: bytes) -> None:
    assert encode_numbers(numbers) == octets


def test_no_numbers_are_no_ranges() -> None:
    assert ranges_of([]) == ()
    assert merge([]) == ()
