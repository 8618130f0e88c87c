"""Every test gets a house of its own, and may build others."""

from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import copytree, ignore_patterns

import pytest

from posthouse.runtime.tls import CertificateFiles
from unit.doors.smtp.house import House


@pytest.fixture(scope="session")
def furnished(tmp_path_factory: pytest.TempPathFactory, certificate: CertificateFiles) -> Path:
    """The data directory of a house in which people live: copied, for making it costs several syncs."""
    path = tmp_path_factory.mktemp("furnished")
    House(path, certificate).close()
    return path


@pytest.fixture
def build(tmp_path: Path, furnished: Path, certificate: CertificateFiles) -> Iterator[Callable[..., House]]:
    built: list[House] = []
    copytree(furnished, tmp_path, ignore=ignore_patterns("*-shm"), dirs_exist_ok=True)

    def build_one(**differences: object) -> House:
        built.append(House(tmp_path, certificate, **differences))    # type: ignore[arg-type]
        return built[-1]

    yield build_one
    for house in built:
        house.close()


@pytest.fixture
def house(build: Callable[..., House]) -> House:
    return build()
