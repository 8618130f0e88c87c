"""Who is let in, and TLS from the first octet (`doors.listening`, admission in `doors.connections`)."""

import json
import os
import resource
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from posthouse.doors import listening
from posthouse.doors.events import AcceptFailed, BugFound, SessionClosed, SessionsRefused, TlsFailed
from posthouse.doors.listening import Encryption
from posthouse.runtime.counters import SessionLimits
from unit.doors.stage import Stage


def test_one_session_too_many_from_a_network_is_told_so(stage: Stage) -> None:
    """Issue: 100 sessions a peer; the next hears 421 and is closed."""
    stage.limits = SessionLimits(sessions_per_network_max=2)
    first = stage.greeted_client()
    stage.greeted_client()
    assert stage.client().rest() == b"421 too many sessions from one network\r\n"
    first.say("ECHO unharmed")
    assert first.line() == b"unharmed"


def test_one_session_too_many_in_all_is_told_so(stage: Stage) -> None:
    stage.limits = SessionLimits(sessions_max=1)
    stage.greeted_client()
    assert stage.client().rest() == b"421 too many sessions in all\r\n"


def test_a_session_that_ends_makes_room(stage: Stage) -> None:
    stage.limits = SessionLimits(sessions_per_network_max=1)
    for _ in range(3):
        client = stage.greeted_client()
        client.say("QUIT")
        client.rest()
        stage.wait_for("closed")


def test_a_refused_peer_takes_no_room(stage: Stage) -> None:
    stage.limits = SessionLimits(sessions_per_network_max=1)
    client = stage.greeted_client()
    for _ in range(3):
        stage.client().rest()
    client.say("QUIT")
    client.rest()
    stage.wait_for("closed")
    stage.greeted_client()


def test_only_the_sum_is_limited_for_loopback_peers_of_a_development_server(stage: Stage) -> None:
    stage.limits = SessionLimits(sessions_max=3, sessions_per_network_max=1, loopback_is_limited=False)
    for _ in range(3):
        stage.greeted_client()
    assert stage.client().rest() == b"421 too many sessions in all\r\n"


def test_refused_peers_are_journalled_once_a_sweep(stage: Stage) -> None:
    """A flood of connections is not a flood of lines."""
    stage.limits = SessionLimits(sessions_max=1)
    stage.greeted_client()
    for _ in range(3):
        stage.client().rest()
    stage.pass_time(1)
    stage.pass_time(1)
    (line,) = stage.journal(SessionsRefused)
    assert json.loads(line)["refused"] == 3
    assert json.loads(line)["peer_ip"] == "127.0.0.1"


def test_a_peer_that_talks_before_the_greeting_is_noticed(stage: Stage) -> None:
    """RFC 5321 3.1, 4.3.1: the client waits for the greeting. What it said is still there to be read."""
    stage.start()
    blocked = stage.block_loop()
    stage.client(speak_first=b"ECHO early\r\n")
    blocked.set()
    stage.wait_for("opened")
    assert stage.sessions[0].spoke_first is True
    assert stage.wait_for("receive") == b"ECHO early\r\n"


def test_a_peer_that_waits_for_the_greeting_is_not_suspected(stage: Stage) -> None:
    stage.greeted_client()
    assert stage.sessions[0].spoke_first is False


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_an_implicit_port_speaks_tls_from_its_first_octet(stage: Stage, version: ssl.TLSVersion) -> None:
    """RFC 8314 3.3."""
    stage.start(Encryption.FROM_START)
    client = stage.client()
    client.secure(version)
    assert client.line() == b"220 welcome"
    client.say("ECHO hidden")
    assert client.line() == b"hidden"
    connection = stage.sessions[0].connection
    assert connection.tls is not None
    assert (connection.peer.ip, connection.peer.port) == client.socket.getsockname()
    client.say("QUIT")
    assert client.rest() == b"221 bye\r\n"


def test_a_peer_that_never_shakes_hands_counts(stage: Stage) -> None:
    """Otherwise it could take every descriptor without ever being a session."""
    stage.limits = SessionLimits(sessions_max=2)
    stage.start(Encryption.FROM_START)
    waiting = [stage.client(), stage.client()]
    late = stage.client()
    assert late.hear_end()
    waiting[0].socket.close()
    waiting[1].secure()
    assert waiting[1].line() == b"220 welcome"


def test_a_failed_handshake_makes_room_and_is_journalled(stage: Stage) -> None:
    stage.limits = SessionLimits(sessions_max=1)
    stage.start(Encryption.FROM_START)
    client = stage.client()
    client.say("EHLO in clear")
    client.hear_end()
    stage.wait_until(lambda: len(stage.journal(TlsFailed)) == 1)
    client = stage.client()
    client.secure()
    assert client.line() == b"220 welcome"
    assert not stage.journal(BugFound)
    assert not stage.journal(SessionClosed)


def test_a_peer_that_goes_away_before_the_handshake_makes_room(stage: Stage) -> None:
    stage.limits = SessionLimits(sessions_max=1)
    stage.start(Encryption.FROM_START)
    stage.client().socket.close()
    stage.wait_until(lambda: len(stage.journal(TlsFailed)) == 1)
    client = stage.client()
    client.secure()
    assert client.line() == b"220 welcome"


def test_handshakes_under_way_end_when_the_server_stops(stage: Stage) -> None:
    stage.start(Encryption.FROM_START)
    client = stage.client()
    stage.wait_until(lambda: bool(stage.connections._tasks))
    stage.in_loop_await(stage.connections.shut_down(within_seconds=0))
    assert client.hear_end()


@pytest.mark.parametrize("encryption", list(Encryption))
def test_a_stopped_listener_takes_nobody_and_leaves_sessions_alone(stage: Stage, encryption: Encryption) -> None:
    """The supervisor's own descriptor keeps the queue; here there is none, so the port is closed."""
    stage.start(encryption)
    client = stage.client()
    if encryption is Encryption.FROM_START:
        client.secure()
    assert client.line() == b"220 welcome"
    assert stage.listener is not None
    stage.in_loop(stage.listener.stop)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", stage.port))
    client.say("ECHO still here")
    assert client.line() == b"still here"


def test_accepting_pauses_when_descriptors_are_used_up(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is tried again shortly, instead of going round and round: sessions that end free some."""
    monkeypatch.setattr(listening, "ACCEPT_AGAIN_SECONDS", 0.01)
    stage.start(Encryption.FROM_START)
    client = socket.socket()
    with no_descriptor_left():
        client.connect(("127.0.0.1", stage.port))
        stage.wait_until(lambda: bool(stage.journal(AcceptFailed)))
    client.sendall(b"no TLS\r\n")
    stage.wait_until(lambda: bool(stage.journal(TlsFailed)))
    client.close()


@contextmanager
def no_descriptor_left() -> Iterator[None]:
    """Every number below the limit is taken: the kernel's own EMFILE."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest_free = os.dup(0)
    os.close(lowest_free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest_free, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
