"""A house for the tests that need a directory and a store; most of this folder's need neither."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from unit.delivery.house import House


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    opened = House(tmp_path)
    yield opened
    opened.close()
