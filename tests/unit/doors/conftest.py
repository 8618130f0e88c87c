"""Every test of a connection runs on both event loops: uvloop in production, asyncio's own as the fallback."""

import asyncio
from collections.abc import Iterator

import pytest
import uvloop

from posthouse.runtime.clock import SystemClock
from posthouse.runtime.development_certificate import development_certificate
from posthouse.runtime.tls import CertificateFiles
from unit.doors.stage import Stage


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> CertificateFiles:
    return development_certificate(tmp_path_factory.mktemp("certificate"), "example.org", SystemClock().now())


@pytest.fixture(params=[uvloop.new_event_loop, asyncio.new_event_loop], ids=["uvloop", "asyncio"])
def stage(request: pytest.FixtureRequest, certificate: CertificateFiles) -> Iterator[Stage]:
    stage = Stage(request.param, certificate)
    yield stage
    stage.tear_down()
