"""A real store in a temporary folder."""

from pathlib import Path

import pytest

from small_store import Store


@pytest.fixture
def store(tmp_path: Path):
    opened = Store(tmp_path)
    yield opened
    opened.close()
