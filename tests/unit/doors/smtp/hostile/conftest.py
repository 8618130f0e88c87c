"""Peers that mean harm, or seem to: each variant of issue 4's list that concerns SMTP, with what it is answered."""

from collections.abc import Iterator

import pytest

from unit.doors.smtp.house import BOB, HELLO, House


@pytest.fixture(autouse=True)
def house_still_stands(house: House) -> Iterator[None]:
    """Whatever was done: the next peer is served as ever, and no bug was met (`House.close` looks for one)."""
    yield
    before = len(house.inbox(BOB))
    assert house.peer().deliver(HELLO, BOB).startswith(b"250 ")
    assert len(house.inbox(BOB)) == before + 1
