"""Listening sockets (`runtime.network`)."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from posthouse.runtime.network import Endpoint, IfTaken, Listening, PortUnavailable, listen_on


@contextmanager
def listening_on(endpoints: dict[str, Endpoint], if_taken: IfTaken = IfTaken.REFUSE) -> Iterator[dict[str, Listening]]:
    listening = listen_on(endpoints, if_taken)
    yield listening
    for one in listening.values():
        one.socket.close()


@pytest.fixture
def taken_port() -> Iterator[int]:
    """A port on which another program listens, with SO_REUSEPORT, so that whoever asks for that could share it."""
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


def test_each_endpoint_is_listened_on_by_name() -> None:
    with listening_on({"smtp": Endpoint("127.0.0.1", 0), "imap": Endpoint("127.0.0.1", 0)}) as listening:
        for one in listening.values():
            with socket.create_connection((one.bound.ip, one.bound.port)):
                pass
            assert not one.socket.getblocking()
        assert listening["smtp"].bound.port != listening["imap"].bound.port


def test_ipv6_is_listened_on_beside_ipv4() -> None:
    with socket.socket(socket.AF_INET6) as probe:
        try:
            probe.bind(("::1", 0))
        except OSError:
            pytest.skip("this machine has no IPv6")
    with (
        listening_on({"four": Endpoint("0.0.0.0", 0)}) as four,
        listening_on({"six": Endpoint("::", four["four"].bound.port)}) as six,
    ):
        assert six["six"].bound.port == four["four"].bound.port


def test_a_taken_port_is_never_shared(taken_port: int) -> None:
    """STORE, traps: with SO_REUSEPORT a second server binds the same port, and the connections are shared out."""
    with pytest.raises(PortUnavailable):
        listen_on({"smtp": Endpoint("127.0.0.1", taken_port)}, IfTaken.REFUSE)


def test_ours_is_not_shared_with_another_either() -> None:
    with listening_on({"smtp": Endpoint("127.0.0.1", 0)}) as listening, socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        with pytest.raises(OSError, match="in use"):
            other.bind(("127.0.0.1", listening["smtp"].bound.port))


def test_two_of_us_never_share_a_port() -> None:
    with listening_on({"smtp": Endpoint("127.0.0.1", 0)}) as first:
        wanted = {"smtp": first["smtp"].bound}
        with pytest.raises(PortUnavailable):
            listen_on(wanted, IfTaken.REFUSE)
        with listening_on(wanted, IfTaken.TAKE_A_FREE_ONE) as second:
            assert second["smtp"].bound.port != first["smtp"].bound.port


def test_a_development_server_takes_a_free_port_and_can_say_so(taken_port: int) -> None:
    """Issue 4: a taken one is replaced by a free one, and it says so."""
    wanted = Endpoint("127.0.0.1", taken_port)
    with listening_on({"smtp": wanted}, IfTaken.TAKE_A_FREE_ONE) as listening:
        assert listening["smtp"].is_elsewhere
        assert listening["smtp"].wanted == wanted
        assert listening["smtp"].bound.port != taken_port


def test_the_port_that_was_asked_for_is_nowhere_else() -> None:
    with listening_on({"smtp": Endpoint("127.0.0.1", 0)}, IfTaken.TAKE_A_FREE_ONE) as listening:
        assert not listening["smtp"].is_elsewhere
        port = listening["smtp"].bound.port
    with listening_on({"smtp": Endpoint("127.0.0.1", port)}, IfTaken.TAKE_A_FREE_ONE) as listening:
        assert not listening["smtp"].is_elsewhere


def test_a_taken_port_is_explained_with_what_to_do(taken_port: int) -> None:
    """DESIGN 8: every error says what to do next."""
    with pytest.raises(PortUnavailable) as explained:
        listen_on({"smtp": Endpoint("127.0.0.1", taken_port)}, IfTaken.REFUSE)
    text = str(explained.value)
    assert "smtp" in text
    assert f"port {taken_port}" in text
    assert f"ss -ltnp 'sport = :{taken_port}'" in text


def test_an_address_that_is_not_ours_is_explained() -> None:
    with pytest.raises(PortUnavailable, match="no such address"):
        listen_on({"smtp": Endpoint("192.0.2.1", 0)}, IfTaken.TAKE_A_FREE_ONE)


def test_nothing_is_left_open_when_one_port_cannot_be_had(taken_port: int) -> None:
    with listening_on({"free": Endpoint("127.0.0.1", 0)}) as listening:
        free = listening["free"].bound
    with pytest.raises(PortUnavailable):
        listen_on({"free": free, "taken": Endpoint("127.0.0.1", taken_port)}, IfTaken.REFUSE)
    with listening_on({"free": free}):    # or it would still be taken
        pass


def test_a_port_is_free_again_at_once_after_its_connections() -> None:
    """A server that is started again is not kept waiting by connections in TIME_WAIT."""
    with listening_on({"smtp": Endpoint("127.0.0.1", 0)}) as listening:
        endpoint = listening["smtp"].bound
        client = socket.create_connection((endpoint.ip, endpoint.port))
        listening["smtp"].socket.setblocking(True)
        accepted, _ = listening["smtp"].socket.accept()
        accepted.close()    # we close first, so the waiting is on our side
        client.close()
    with listening_on({"smtp": endpoint}):
        pass
