"""The account's keywords (RFC 3501 2.3.2; STORE.md: 255 bits at most, a bit never used again)."""

import pytest

from posthouse.store.errors import TooManyKeywords
from posthouse.store.keywords import KEYWORDS_TOPIC, keyword_bits, keyword_names
from posthouse.store.placements import DRAFT, FIRST_KEYWORD_BIT, KEYWORDS_MAX

ALICE, BOB = 1, 2


def test_a_keyword_keeps_its_bit(store) -> None:
    """What a placement says of a message must mean the same for ever."""
    first = store.write(keyword_bits, ALICE, ["$Forwarded"], create=True)
    store.write(keyword_bits, ALICE, ["$MDNSent", "work"], create=True)
    assert store.write(keyword_bits, ALICE, ["$Forwarded"], create=True) == first
    assert list(store.read(keyword_names, ALICE).values()) == ["$Forwarded", "$MDNSent", "work"]


def test_keyword_bits_lie_beyond_those_of_system_flags(store) -> None:
    mask = store.write(keyword_bits, ALICE, ["a", "b"], create=True)
    assert mask == 0b11 << FIRST_KEYWORD_BIT
    assert mask & (DRAFT * 2 - 1) == 0


def test_a_keyword_compares_without_case_and_keeps_its_first_spelling(store) -> None:
    """RFC 3501 6.4.6 and 9: flags are case-insensitive; what is told is what was first given."""
    mask = store.write(keyword_bits, ALICE, ["Work", "WORK"], create=True)
    assert mask.bit_count() == 1
    assert store.write(keyword_bits, ALICE, ["wORK"], create=True) == mask
    assert list(store.read(keyword_names, ALICE).values()) == ["Work"]


def test_an_unknown_keyword_is_left_out_unless_it_is_to_be_made(store) -> None:
    """SEARCH KEYWORD asks for what may not be there; it must not use up a bit."""
    known = store.write(keyword_bits, ALICE, ["known"], create=True)
    assert store.write(keyword_bits, ALICE, ["known", "unknown"], create=False) == known
    assert store.read(keyword_names, ALICE) == {FIRST_KEYWORD_BIT: "known"}


def test_keywords_of_another_account_are_its_own(store) -> None:
    store.write(keyword_bits, ALICE, ["private"], create=True)
    assert store.read(keyword_names, BOB) == {}
    assert store.write(keyword_bits, BOB, ["other"], create=True) == 1 << FIRST_KEYWORD_BIT


def test_the_last_keyword_fits_and_the_next_is_refused_whole(store) -> None:
    """STORE.md: 255 at most; full: NO [LIMIT]. What is refused leaves nothing behind."""
    store.write(keyword_bits, ALICE, [f"k{n}" for n in range(KEYWORDS_MAX - 1)], create=True)
    with pytest.raises(TooManyKeywords):
        store.write(keyword_bits, ALICE, ["last", "one-too-many"], create=True)
    mask = store.write(keyword_bits, ALICE, ["last"], create=True)
    assert mask == 1 << (FIRST_KEYWORD_BIT + KEYWORDS_MAX - 1)
    assert mask.bit_length() <= 256
    with pytest.raises(TooManyKeywords):
        store.write(keyword_bits, ALICE, ["next"], create=True)
    assert store.write(keyword_bits, ALICE, ["last"], create=True) == mask


def test_making_a_keyword_is_announced_and_using_one_is_not(store) -> None:
    """Sessions keep the names in memory and must hear of new ones."""
    store.announced.clear()
    store.write(keyword_bits, ALICE, ["new"], create=True)
    assert store.announced == [{(KEYWORDS_TOPIC, ALICE)}]
    store.write(keyword_bits, ALICE, ["new"], create=True)
    assert len(store.announced) == 1
