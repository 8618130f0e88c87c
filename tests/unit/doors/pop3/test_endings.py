"""Last words, refusals, mistakes without end, time-outs, bugs and a server that stops, at the POP3 door."""

from collections.abc import Callable

import pytest

from posthouse.doors.events import BugFound
from posthouse.protocol.pop3 import replies
from posthouse.runtime.counters import SessionLimits
from unit.doors.loop import SECONDS
from unit.doors.pop3.house import House
from unit.doors.stage import Client

LETTER = b"Subject: a letter\r\n\r\nhello\r\n"


def test_quit_before_the_login_says_goodbye(house: House) -> None:
    client = house.client()
    client.say("QUIT")
    assert client.rest() == replies.FAREWELL


def test_what_comes_behind_quit_is_not_answered(house: House) -> None:
    client = house.logged_in()
    client.say("QUIT", "STAT")
    assert client.rest() == b"+OK goodbye, 0 messages deleted\r\n"


@pytest.mark.parametrize("greeted", ["logged in", "greeted"])
def test_ten_minutes_of_silence_are_allowed(house: House, greeted: str) -> None:
    """RFC 1939 3: an autologout timer of at least 10 minutes, which any command resets; then not a word."""
    client = house.logged_in() if greeted == "logged in" else house.client()
    house.pass_time(599)
    client.say("CAPA")
    assert client.line().startswith(b"+OK")
    while client.line() != b".":
        pass
    house.pass_time(599)
    client.say("CAPA")
    assert client.line().startswith(b"+OK")
    while client.line() != b".":
        pass
    house.pass_time(601)
    assert client.rest() == b""


def test_a_command_that_never_ends_is_not_waited_for(house: House) -> None:
    """Slow-loris: an octet now and then is no command."""
    client = house.client()
    for _ in range(3):
        client.send(b"N")
        house.wait_until(lambda: True)
        house.pass_time(250)
    assert client.rest() == b""


def test_a_line_without_end_is_refused(house: House) -> None:
    client = house.client()
    client.send(b"x" * 100_000)
    assert client.rest() == replies.LINE_TOO_LONG


def test_a_web_browser_is_sent_away(house: House) -> None:
    """Cross-protocol requests (CVE-2001-1567 and its kin): twenty lines of nonsense are enough."""
    client = house.client()
    client.send(b"POST / HTTP/1.1\r\n" + b"".join(b"X-%d: y\r\n" % number for number in range(40)) + b"\r\n")
    heard = client.rest()
    assert heard.count(b"\r\n") == 20
    assert heard.endswith(replies.TOO_MANY_MISTAKES)


def test_a_peer_that_talks_before_the_greeting_is_told_so(house: House) -> None:
    """Issue 4: it is no mail program that does not wait (RFC 1939 4). Nothing of what it says is read."""
    eager = house.in_loop(lambda: house.eager(b"USER ada\r\nQUIT\r\n"))
    assert eager.rest() == replies.SPOKE_TOO_EARLY


def test_a_session_too_many_is_told_so(build: Callable[..., House]) -> None:
    house = build(limits=SessionLimits(sessions_per_network_max=1))
    house.client()
    client = Client(house.ports["pop3"], house.certificate, None, b"")
    house.clients.append(client.socket)
    assert client.rest() == replies.TOO_MANY_SESSIONS


def test_a_server_that_stops_says_so_to_idle_sessions(house: House) -> None:
    client = house.logged_in()
    house.in_loop_await(house.connections.shut_down(within_seconds=SECONDS))
    assert client.rest() == replies.STOPPING


def test_a_server_that_stops_adds_nothing_to_a_message_on_its_way(house: House) -> None:
    """Words amid a message would become a part of it; cut off, it has no last line, and the client knows."""
    house.put(LETTER * 20_000)
    client = house.logged_in(receive_buffer_octets=16_384)
    client.say("RETR 1")
    house.wait_until(lambda: house.door.connections[0].is_congested)
    house.in_loop_await(house.connections.shut_down(within_seconds=0.05))
    heard = b""
    try:
        heard = client.rest()
    except ConnectionResetError:
        heard = client.unread
    assert b"-ERR" not in heard
    assert not heard.endswith(b"\r\n.\r\n")


def test_a_bug_of_ours_is_transient_and_written_down(house: House) -> None:
    """DESIGN 7.5: a view that nobody can read is nothing that was foreseen."""
    house.put(LETTER)
    house.bugs_are_expected = True
    client = house.logged_in()
    house.write(lambda tx: tx.execute("UPDATE message SET view = x'ff'"))
    client.say("RETR 1", "NOOP")
    assert client.rest() == replies.BUG
    assert len(house.journal(BugFound)) == 1
