"""Peers that are slow, half gone, or deaf: the injected clock decides, nobody sleeps (RFC 5321 4.5.3.2)."""

import json
import socket
import struct

import pytest

from posthouse.doors.events import SessionClosed
from unit.doors.loop import SECONDS
from unit.doors.smtp.client import SmtpClient
from unit.doors.smtp.house import ADA, HELLO, House


def test_a_command_sent_octet_by_octet_ends(house: House) -> None:
    """RFC 5321 4.5.3.2.7 gives five minutes for a command, not for an octet of it."""
    peer = house.peer()
    for octet in b"MAIL FROM":
        arrive(house, peer, bytes((octet,)))
        house.pass_time(33)
    house.pass_time(10)
    assert peer.reply().startswith(b"421 4.4.2 ")
    assert peer.hear_end()


def test_a_message_sent_octet_by_octet_ends(house: House) -> None:
    """Slow-loris: less than 100 octets a second on average, though never silent for three minutes."""
    peer = house.peer()
    peer.begin(ADA)
    peer.ask("DATA")
    for _ in range(4):
        arrive(house, peer, b"Subject: x\r\n")
        house.pass_time(20)
    assert peer.reply().startswith(b"421 4.4.2 ")
    assert peer.hear_end()
    assert house.is_empty()


def test_a_slow_but_honest_peer_is_waited_for(house: House) -> None:
    """At 1,200 bits a second a modem's mail arrives."""
    peer = house.peer()
    peer.begin(ADA)
    peer.ask("DATA")
    for _ in range(50):
        arrive(house, peer, b"x" * 1_498 + b"\r\n")
        house.pass_time(10)
    peer.send(b".\r\n")
    assert peer.reply().startswith(b"250 ")


def test_silence_within_a_message_ends_it(house: House) -> None:
    """RFC 5321 4.5.3.2.5: three minutes for a block of data."""
    peer = house.peer()
    peer.begin(ADA)
    peer.ask("DATA")
    arrive(house, peer, b"x" * 99_998 + b"\r\n")
    house.pass_time(179)
    arrive(house, peer, b"y")
    house.pass_time(181)
    assert peer.reply().startswith(b"421 4.4.2 ")
    assert house.is_empty()


def arrive(house: House, peer: SmtpClient, octets: bytes) -> None:
    """Send octets, and go on when the one connection that stands has them."""
    (connection,) = house.connections._open
    expected = connection._octets_received + len(octets)
    peer.send(octets)
    house.wait_until(lambda: connection._octets_received == expected)


@pytest.mark.parametrize("said", ["AUTH LOGIN", "AUTH PLAIN"])
def test_a_login_that_is_not_finished_ends(house: House, said: str) -> None:
    """The same five minutes for the answer to a challenge."""
    peer = house.peer("submissions")
    assert peer.ask(said).startswith(b"334 ")
    house.pass_time(301)
    assert peer.reply().startswith(b"421 4.4.2 ")


def test_who_keeps_a_session_alive_for_nothing_is_shown_the_door(house: House) -> None:
    """NOOP every four minutes: commands without a mail have a limit, so a session is not for ever."""
    peer = house.peer()
    for _ in range(99):
        house.pass_time(240)
        assert peer.ask("NOOP").startswith(b"250 ")
    assert peer.ask("NOOP").startswith(b"421 4.7.0 ")


def test_a_half_closed_peer_hears_all_its_replies(house: House) -> None:
    """RFC 9293 3.6: `printf ... | nc` closes its side at once; the commit is still answered."""
    peer = house.peer()
    peer.send(b"MAIL FROM:<>\r\nRCPT TO:<ada@example.org>\r\nDATA\r\n" + HELLO + b".\r\nQUIT\r\n")
    peer.end_writing()
    assert [line[:3] for line in peer.rest().splitlines()] == [b"250", b"250", b"354", b"250", b"221"]
    assert len(house.inbox()) == 1


@pytest.mark.parametrize(
    "unfinished", [b"", b"NO", b"MAIL FROM:<>\r\nRCPT TO:<ada@example.org>\r\n", b"DATA", b"\r", b"AUTH PLAIN"]
)
def test_a_peer_that_leaves_in_between_is_let_go(house: House, unfinished: bytes) -> None:
    """RFC 5321 3.8: what was not finished never was."""
    peer = house.peer()
    peer.send(unfinished)
    peer.end_writing()
    assert all(line.startswith(b"250 ") for line in peer.rest().splitlines())
    assert house.is_empty()


@pytest.mark.parametrize("ending", [b"", b"\r\n", b"\r\n.", b"\r\n.\r", b"\n.\n"])
def test_a_message_cut_off_is_not_taken(house: House, ending: bytes) -> None:
    """RFC 5321 4.1.1.10: without its end there was no message, however nearly it was there."""
    peer = house.peer()
    peer.begin(ADA)
    peer.ask("DATA")
    peer.send(HELLO + b"cut" + ending)
    peer.end_writing()
    assert peer.hear_end()
    assert house.is_empty()


def test_a_peer_that_resets_while_its_message_is_committed_has_sent_it(house: House) -> None:
    """RFC 1047: it may send it again, for it never heard our 250; we keep it once and stand."""
    peer = house.peer()
    peer.begin(ADA)
    peer.ask("DATA")
    peer.send(HELLO + b".\r\n")
    peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.socket.close()
    house.wait_until(lambda: not len(house.connections))
    house.write(lambda tx: None)    # behind whatever is still on its way
    assert len(house.inbox()) <= 1
    assert len(house.inbox()) == len(house.decisions())


def test_a_peer_that_never_reads_is_cut_off(house: House) -> None:
    """Issue 4: its replies do not pile up; we stop reading, and after five minutes it is silent to us."""
    deaf = house.peer(receive_buffer_octets=4_096)
    deaf.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65_536)
    deaf.ask("MAIL FROM:<>")
    flood = b"RCPT TO:<x@example.org>\r\n" * 4_000
    deaf.socket.settimeout(0.1)    # not a sleep: sending itself must come to a stop
    with pytest.raises(TimeoutError):
        for _ in range(1_000):
            deaf.socket.sendall(flood)
    deaf.socket.settimeout(SECONDS)
    (connection,) = house.connections._open
    assert house.in_loop(connection._transport.get_write_buffer_size) < 2_000_000
    house.pass_time(301)
    house.wait_until(lambda: bool(house.journal(SessionClosed)))
    assert json.loads(house.journal(SessionClosed)[0])["reason"] == "the peer did not read"
