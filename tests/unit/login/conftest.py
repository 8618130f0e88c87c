"""Every test gets a house of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from unit.login.house import House


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    opened = House(tmp_path)
    yield opened
    opened.close()
