"""Network keys: which peers count as one."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.policy.networks import NetworkKey


def test_each_ipv4_address_is_its_own_network() -> None:
    assert NetworkKey.of("192.0.2.1") != NetworkKey.of("192.0.2.2")
    assert str(NetworkKey.of("192.0.2.1")) == "192.0.2.1"


def test_an_ipv6_network_is_its_64() -> None:
    """RFC 6177 2: an end site gets a /64 or more, so counting single addresses would count nothing."""
    assert NetworkKey.of("2001:db8:1:2::1") == NetworkKey.of("2001:db8:1:2:ffff:ffff:ffff:ffff")
    assert NetworkKey.of("2001:db8:1:2::1") != NetworkKey.of("2001:db8:1:3::1")
    assert str(NetworkKey.of("2001:db8:1:2::1")) == "2001:db8:1:2::/64"


def test_an_ipv4_peer_at_a_socket_for_both_families_is_an_ipv4_peer() -> None:
    """RFC 4291 2.5.5.2; otherwise all of IPv4 would be one network, ::/64."""
    assert NetworkKey.of("::ffff:192.0.2.1") == NetworkKey.of("192.0.2.1")
    assert NetworkKey.of("::ffff:192.0.2.1") != NetworkKey.of("::ffff:192.0.2.2")


def test_a_zone_index_does_not_make_another_network() -> None:
    """RFC 4007 11: the zone names our own interface, not the peer."""
    assert NetworkKey.of("fe80::1%eth0") == NetworkKey.of("fe80::2")


@pytest.mark.parametrize("text", ["", "localhost", "192.0.2", "192.0.2.1:25", "[::1]"])
def test_what_is_no_ip_address_has_no_network(text: str) -> None:
    with pytest.raises(ValueError, match="does not appear to be"):
        NetworkKey.of(text)


@given(st.ip_addresses(v=6), st.ip_addresses(v=6))
def test_two_ipv6_peers_are_one_exactly_when_their_first_64_bits_agree(
    one: ipaddress.IPv6Address, other: ipaddress.IPv6Address
) -> None:
    agree = one.packed[:8] == other.packed[:8]
    if one.ipv4_mapped is None and other.ipv4_mapped is None:
        assert (NetworkKey.of(str(one)) == NetworkKey.of(str(other))) is agree
