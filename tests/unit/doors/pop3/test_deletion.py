"""DELE, RSET and QUIT: what is marked goes at QUIT, all or nothing, and only once that is on disk (RFC 1939 6)."""

from collections.abc import Callable

import pytest

from posthouse.doors.events import BugFound
from posthouse.runtime.sim.faults import Faults
from posthouse.store.messages import remove
from unit.doors.house import NOON
from unit.doors.pop3.house import House
from unit.doors.stage import Client
from unit.faults import SwitchedFaults

LETTER = b"Subject: a letter\r\n\r\nhello\r\n"


@pytest.fixture
def filled(house: House) -> House:
    for _ in range(5):
        house.put(LETTER)
    return house


def marked(house: House, *numbers: int) -> Client:
    """A peer that has marked some messages, and has been told so."""
    client = house.logged_in()
    for number in numbers:
        client.say(f"DELE {number}")
        assert client.line().startswith(b"+OK marked")
    return client


def test_quit_deletes_what_is_marked(filled: House) -> None:
    client = marked(filled, 1, 3, 4)
    assert filled.uids() == [1, 2, 3, 4, 5]
    client.say("QUIT")
    assert client.rest() == b"+OK goodbye, 3 messages deleted\r\n"
    assert filled.uids() == [2, 5]


def test_what_quit_acknowledged_is_seen_by_others(filled: House) -> None:
    """The reply leaves after the COMMIT, and listings are read forward before it."""
    client = marked(filled, 2)
    client.say("QUIT")
    client.rest()
    later = filled.logged_in()
    later.say("STAT")
    assert later.line() == b"+OK 4 %d" % (4 * len(LETTER))


def test_rset_takes_every_mark_back(filled: House) -> None:
    client = marked(filled, 1, 2)
    client.say("RSET", "STAT", "QUIT")
    assert b"0 messages deleted" in client.rest()
    assert filled.uids() == [1, 2, 3, 4, 5]


def test_a_connection_that_drops_deletes_nothing(filled: House) -> None:
    """RFC 1939 6: without QUIT no message goes."""
    client = marked(filled, 1, 2)
    client.socket.close()
    filled.wait_until(lambda: not len(filled.connections))
    assert filled.uids() == [1, 2, 3, 4, 5]


def test_a_session_that_times_out_deletes_nothing_and_hears_nothing(filled: House) -> None:
    """RFC 1939 3: closed "without removing any messages or sending any response to the client"."""
    client = marked(filled, 1, 2)
    filled.pass_time(601)
    assert client.rest() == b""
    assert filled.uids() == [1, 2, 3, 4, 5]


def test_a_half_closed_peer_without_quit_deletes_nothing(filled: House) -> None:
    client = marked(filled, 1)
    client.end_writing()
    assert client.rest() == b""
    assert filled.uids() == [1, 2, 3, 4, 5]


def test_a_half_closed_peer_hears_what_became_of_its_quit(filled: House) -> None:
    client = filled.logged_in()
    client.say("DELE 1", "QUIT")
    client.end_writing()
    assert client.rest().endswith(b"+OK goodbye, 1 messages deleted\r\n")
    assert filled.uids() == [2, 3, 4, 5]


def test_a_message_that_went_already_harms_no_other(filled: House) -> None:
    """Another session expunged one of those that are marked; the rest goes all the same."""
    client = marked(filled, 1, 2)
    listing = filled.in_loop(lambda: filled.mailboxes.get(*filled.inbox.key).listing)
    filled.write(remove, filled.inbox, listing, ((1, 1),), NOON)
    client.say("QUIT")
    assert client.rest().startswith(b"+OK")
    assert filled.uids() == [3, 4, 5]


def test_two_sessions_that_delete_the_same_both_succeed(filled: House) -> None:
    one, other = marked(filled, 1, 2), marked(filled, 2, 3)
    one.say("QUIT")
    assert one.rest().startswith(b"+OK")
    other.say("QUIT")
    assert other.rest().startswith(b"+OK")
    assert filled.uids() == [4, 5]


def test_mail_that_came_meanwhile_is_not_touched(filled: House) -> None:
    client = marked(filled, 1, 2, 3, 4, 5)
    filled.put(LETTER)
    client.say("QUIT")
    assert client.rest().startswith(b"+OK")
    assert filled.uids() == [6]


def test_a_full_disk_deletes_nothing_and_says_so(build: Callable[..., House]) -> None:
    """DESIGN 5: every member hears of it, nothing half-done; the next session tries again."""
    faults = Faults()
    house = build(faults=faults)
    for _ in range(5):
        house.put(LETTER)
    client = marked(house, 1, 2)
    faults.room_octets = 0
    client.say("QUIT")
    assert client.rest() == b"-ERR [SYS/TEMP] the marked messages are not deleted; try again later\r\n"
    faults.room_octets = None
    assert house.uids() == [1, 2, 3, 4, 5]
    again = marked(house, 1, 2)
    again.say("QUIT")
    assert again.rest().startswith(b"+OK")
    assert house.uids() == [3, 4, 5]
    assert not house.journal(BugFound)


def test_after_a_failed_sync_nothing_is_said_at_all(build: Callable[..., House]) -> None:
    """DESIGN 7.4: what failed may still be found after a crash, so neither +OK nor -ERR is true."""
    faults = SwitchedFaults()
    house = build(faults=faults)
    house.put(LETTER)
    client = marked(house, 1)
    faults.refuses_syncs = True
    client.say("QUIT")
    assert client.hear_end()
    house.wait_until(lambda: not len(house.connections))
    assert not house.journal(BugFound)
