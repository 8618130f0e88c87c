"""Pausing in both directions: a peer that reads slowly, one that sends faster than it is answered (`doors.wire`)."""

import socket

from posthouse.doors.wire import HELD_OCTETS_MAX
from unit.doors.loop import SECONDS
from unit.doors.stage import Client, Stage


def send_what_goes(client: Client, octets: bytes, times: int) -> int:
    """Send until the socket takes no more for a moment; how many octets went."""
    client.socket.settimeout(0.05)    # not a sleep: the send itself waits for room that must not come
    sent = 0
    try:
        for _ in range(times):
            sent += client.socket.send(octets)
    except TimeoutError:
        pass
    client.socket.settimeout(SECONDS)
    return sent


def test_what_piles_up_while_an_answer_is_awaited_is_bounded(stage: Stage) -> None:
    """DESIGN 1.6: a peer that goes on sending is paused, not buffered."""
    client = stage.greeted_client()
    client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65_536)
    client.say("WAIT")
    stage.wait_for("receive")
    line = b"ECHO " + b"x" * 1_000 + b"\r\n"
    send_what_goes(client, line * 60, 1_000)
    held = stage.in_loop(lambda: sum(map(len, stage.sessions[0].connection._held)))
    assert HELD_OCTETS_MAX <= held <= HELD_OCTETS_MAX + 262_144
    stage.answer("now")
    assert client.line() == b"answer now"
    assert client.line() == b"x" * 1_000


def test_reading_is_paused_while_the_peer_does_not_read(stage: Stage) -> None:
    """One that sends commands and never reads the replies cannot make us gather them."""
    client = stage.client(receive_buffer_octets=4_096)
    client.say("FLOOD 400000")
    stage.wait_for("receive")
    client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65_536)
    client.say("ECHO for later")
    assert not stage.in_loop(stage.sessions[0].connection._transport.is_reading)
    assert client.line() == b"220 welcome"
    assert len(client.line()) == 400_000
    assert client.line() == b"for later"


def test_a_session_waits_for_its_peer_between_pages(stage: Stage) -> None:
    """FETCH streams in pages: however much was asked for, little more than one page is in memory."""
    client = stage.client(receive_buffer_octets=4_096)
    client.say("PAGES 200", "ECHO next")
    stage.wait_for("receive")
    connection = stage.sessions[0].connection
    assert stage.in_loop(connection._transport.get_write_buffer_size) < 200_000
    assert client.line() == b"220 welcome"
    assert client.read(200 * 16_384) == b"p" * 200 * 16_384
    assert [client.line(), client.line()] == [b"end of pages", b"next"]


def test_a_peer_that_reads_well_is_never_waited_for(stage: Stage) -> None:
    client = stage.greeted_client()
    client.say("PAGES 1")
    assert client.read(16_384) == b"p" * 16_384
    assert client.line() == b"end of pages"
    assert not stage.sessions[0].connection.is_congested


def test_a_big_turn_is_sent_as_it_grows(stage: Stage) -> None:
    """What a turn writes is gathered only up to a limit."""
    client = stage.greeted_client()
    client.say(*["FLOOD 10000"] * 20)
    stage.wait_for("receive")
    assert [len(client.line()) for _ in range(20)] == [10_000] * 20


def test_a_wait_for_the_peer_ends_with_the_connection(stage: Stage) -> None:
    client = stage.client(receive_buffer_octets=4_096)
    client.say("PAGES 200")
    stage.wait_for("receive")
    stage.in_loop(stage.sessions[0].connection.abort)
    stage.wait_for("closed")
    assert client.socket is not None
