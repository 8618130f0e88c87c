"""Every test gets a house of its own, and may build others."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from posthouse.runtime.tls import CertificateFiles
from unit.doors.smtp.house import House


@pytest.fixture
def build(tmp_path: Path, certificate: CertificateFiles) -> Iterator[Callable[..., House]]:
    built: list[House] = []

    def build_one(**differences: object) -> House:
        built.append(House(tmp_path, certificate, **differences))    # type: ignore[arg-type]
        return built[-1]

    yield build_one
    for house in built:
        house.close()


@pytest.fixture
def house(build: Callable[..., House]) -> House:
    return build()
