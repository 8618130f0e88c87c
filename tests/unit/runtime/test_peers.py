"""Who is at the other end (`runtime.peers`)."""

import asyncio
import socket

import pytest

from posthouse.runtime.peers import NOBODY, Peer, has_spoken, peer_at


@pytest.mark.parametrize(
    ("address", "peer"),
    [
        (("192.0.2.1", 25), Peer("192.0.2.1", 25)),
        (("2001:db8::1", 25, 0, 0), Peer("2001:db8::1", 25)),
        (("::ffff:192.0.2.1", 25, 0, 0), Peer("192.0.2.1", 25)),
        (("fe80::1%eth0", 25, 0, 2), Peer("fe80::1", 25)),
        (("::ffff:0:1", 25, 0, 0), Peer("::ffff:0:1", 25)),
        ("", NOBODY),
        (None, NOBODY),
        (b"\0abstract", NOBODY),
    ],
)
def test_a_peer_has_one_usual_form(address: object, peer: Peer) -> None:
    """RFC 5952; an IPv4 peer that came through an IPv6 socket is an IPv4 peer (RFC 4291 2.5.5.2)."""
    assert peer_at(address) == peer


class Transport(asyncio.BaseTransport):
    """A transport as far as `has_spoken` looks at one: the loop's own form of a socket."""

    def __init__(self, wrapped: socket.socket | None) -> None:
        super().__init__({"socket": wrapped})


def test_octets_that_wait_are_seen_and_left_where_they_are() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert not has_spoken(Transport(ours))
        theirs.send(b"early")
        assert has_spoken(Transport(ours))
        assert has_spoken(Transport(ours))
        assert ours.recv(100) == b"early"
        assert not has_spoken(Transport(ours))


def test_a_peer_that_has_only_closed_has_not_spoken() -> None:
    ours, theirs = socket.socketpair()
    with ours:
        theirs.close()
        assert not has_spoken(Transport(ours))


def test_a_transport_without_a_socket_is_silent() -> None:
    ours, theirs = socket.socketpair()
    ours.close()
    theirs.close()
    assert not has_spoken(Transport(ours))
    assert not has_spoken(Transport(None))
