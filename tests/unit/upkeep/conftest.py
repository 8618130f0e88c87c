"""A real store in a temporary folder, and a clock that stands until it is set."""

from pathlib import Path

import pytest

from posthouse.message.dates import Instant
from small_store import ALICE, NOON, Store


class HandClock:
    """The `Clock` port, moved by hand."""

    def __init__(self) -> None:
        self.time_of_day = NOON
        self.seconds = 1000.0

    def now(self) -> Instant:
        return Instant(self.time_of_day)

    def monotonic(self) -> float:
        return self.seconds

    def pass_by(self, seconds: float) -> None:
        self.time_of_day += int(seconds * 1_000_000)
        self.seconds += seconds


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def store(tmp_path: Path):
    opened = Store(tmp_path)
    opened.account(ALICE)
    yield opened
    opened.close()
