"""One server for all tests of real programs, and an account of its own for each."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from interop.served import Served
from interop.user import User

NUMBERS = count(1)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with Served(tmp_path_factory.mktemp("server") / "data") as served:
        yield served


@pytest.fixture
def user(server: Served, tmp_path: Path) -> User:
    """Someone with an empty INBOX, and with a home directory in which no program finds settings."""
    address = f"user{next(NUMBERS)}@{server.said['domain']}"
    made = server.run("account", "add", address, "--password-stdin", given=b"correct horse\n")
    assert made.returncode == 0, made.stderr
    return User(server, address, "correct horse", tmp_path)
