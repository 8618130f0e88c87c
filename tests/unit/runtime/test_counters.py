"""Places for sessions, by network and in all (`runtime.counters`)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.runtime.counters import Admission, SessionCounts, SessionLimits

ADMITTED, FROM_NETWORK, IN_ALL = Admission.ADMITTED, Admission.TOO_MANY_FROM_NETWORK, Admission.TOO_MANY_IN_ALL


def counts(**limits: object) -> SessionCounts:
    return SessionCounts(SessionLimits(**limits))  # type: ignore[arg-type]


def test_a_hundred_sessions_of_one_peer_and_two_thousand_in_all_by_default() -> None:
    """Issue 4, limits."""
    limits = SessionLimits()
    assert (limits.sessions_per_network_max, limits.sessions_max) == (100, 2_000)


def test_a_network_has_its_own_limit() -> None:
    counted = counts(sessions_per_network_max=2)
    assert [counted.admit("192.0.2.1") for _ in range(3)] == [ADMITTED, ADMITTED, FROM_NETWORK]
    assert counted.admit("192.0.2.2") is ADMITTED


def test_addresses_of_one_ipv6_customer_count_together() -> None:
    """RFC 6177 2: a customer gets a /64 or more, and may use any address in it."""
    counted = counts(sessions_per_network_max=1)
    assert counted.admit("2001:db8:1:2::1") is ADMITTED
    assert counted.admit("2001:db8:1:2:ffff::9") is FROM_NETWORK
    assert counted.admit("2001:db8:1:3::1") is ADMITTED


def test_an_ipv4_peer_counts_the_same_through_either_kind_of_socket() -> None:
    """RFC 4291 2.5.5.2."""
    counted = counts(sessions_per_network_max=1)
    assert counted.admit("192.0.2.1") is ADMITTED
    assert counted.admit("::ffff:192.0.2.1") is FROM_NETWORK


def test_the_sum_is_limited_over_all_networks() -> None:
    counted = counts(sessions_max=2)
    assert [counted.admit(f"192.0.2.{n}") for n in range(3)] == [ADMITTED, ADMITTED, IN_ALL]


def test_a_refused_session_is_not_counted() -> None:
    counted = counts(sessions_per_network_max=1)
    for _ in range(5):
        counted.admit("192.0.2.1")
    assert counted.total == 1
    counted.leave("192.0.2.1")
    assert counted.admit("192.0.2.1") is ADMITTED


@pytest.mark.parametrize("peer_ip", ["127.0.0.1", "127.9.9.9", "::1"])
def test_a_development_server_limits_only_the_sum_of_loopback_peers(peer_ip: str) -> None:
    """Issue 4: in `--dev` alone only the sum of their sessions is limited."""
    counted = counts(sessions_per_network_max=1, sessions_max=3, loopback_is_limited=False)
    assert [counted.admit(peer_ip) for _ in range(4)] == [ADMITTED, ADMITTED, ADMITTED, IN_ALL]


def test_a_development_server_limits_other_peers_as_ever() -> None:
    counted = counts(sessions_per_network_max=1, loopback_is_limited=False)
    assert [counted.admit("192.0.2.1") for _ in range(2)] == [ADMITTED, FROM_NETWORK]


def test_peers_at_local_sockets_have_places_of_their_own() -> None:
    """Whoever owns the data can still give commands when the world has taken every other place."""
    counted = counts(sessions_max=1, local_sessions_max=2)
    assert counted.admit("192.0.2.1") is ADMITTED
    assert [counted.admit("") for _ in range(3)] == [ADMITTED, ADMITTED, IN_ALL]
    assert counted.from_network("") == 0
    counted.leave("")
    assert counted.admit("") is ADMITTED
    counted.leave("192.0.2.1")
    assert counted.admit("192.0.2.2") is ADMITTED


@given(st.lists(st.tuples(st.booleans(), st.sampled_from(["192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8::2"]))))
def test_counts_are_exact_whatever_the_order(steps: list[tuple[bool, str]]) -> None:
    """Every admission is matched by one leaving, no place is lost, none is made up. The model: a list of peers."""
    counted = counts(sessions_per_network_max=3, sessions_max=5)
    present: list[str] = []

    def network(peer_ip: str) -> str:
        return "2001:db8::/64" if ":" in peer_ip else peer_ip

    for comes, peer_ip in steps:
        if comes:
            alike = sum(network(other) == network(peer_ip) for other in present)
            wanted = IN_ALL if len(present) >= 5 else FROM_NETWORK if alike >= 3 else ADMITTED
            assert counted.admit(peer_ip) is wanted
            present += [peer_ip] if wanted is ADMITTED else []
        elif peer_ip in present:
            present.remove(peer_ip)
            counted.leave(peer_ip)
        assert counted.total == len(present)
    for peer_ip in present:
        counted.leave(peer_ip)
    assert counted.total == 0
    assert counted.from_network("192.0.2.1") == 0
