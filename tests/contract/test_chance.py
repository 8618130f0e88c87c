"""What every source of chance promises (`runtime.chance.Chance`): one suite, run on each implementation."""

import re

import pytest

from posthouse.runtime.chance import Chance, SystemChance


@pytest.fixture(params=[SystemChance])
def chance(request: pytest.FixtureRequest) -> Chance:
    made: Chance = request.param()
    return made


@pytest.mark.parametrize("octets", [0, 1, 16, 64])
def test_a_token_is_as_long_as_it_was_asked_for(chance: Chance, octets: int) -> None:
    assert len(chance.token(octets)) == octets


def test_tokens_differ(chance: Chance) -> None:
    assert len({chance.token(16) for _ in range(1_000)}) == 1_000


def test_identifiers_differ(chance: Chance) -> None:
    """A name that was used is never used again (STORE: blobs; session ids in the journal)."""
    assert len({chance.identifier() for _ in range(1_000)}) == 1_000


def test_identifiers_may_stand_anywhere(chance: Chance) -> None:
    """In a file name, a log line, and a Received field's id, which is an atom (RFC 5321 4.4)."""
    assert all(re.fullmatch("[0-9a-z]{8,40}", chance.identifier()) for _ in range(100))
