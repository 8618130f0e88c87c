"""A real store in a temporary folder."""

from pathlib import Path

import pytest

from small_store import ALICE, Store


@pytest.fixture
def store(tmp_path: Path):
    """A store with one account, ALICE, and the mailboxes that every account has."""
    opened = Store(tmp_path)
    opened.account(ALICE)
    yield opened
    opened.close()
