"""RETR and TOP through the door: octet for octet, whatever was stored, and never faster than the peer reads."""

import json
from pathlib import Path

import pytest

from posthouse.database.blobs.spool import INLINE_OCTETS_MAX
from posthouse.doors.events import BugFound, SessionClosed
from posthouse.doors.pop3.retrieval import PAGE_OCTETS_MAX
from posthouse.doors.pop3.session import AHEAD_OCTETS_MAX
from posthouse.store.messages import remove
from unit.doors.pop3.house import House, body_of
from unit.doors.stage import Client

LETTER = b"Subject: a letter\r\nFrom: <bob@example.net>\r\n\r\nhello\r\n.\r\n..\r\n.dots\r\nend\r\n"
HEADER, _, BODY = LETTER.partition(b"\r\n\r\n")
LONG = LETTER + b"".join(b".%06d 0123456789 abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ\r\n" % line
                         for line in range(12_000))    # fmt: skip
assert len(LONG) > 3 * PAGE_OCTETS_MAX


def wire(stored: bytes) -> bytes:
    """The response that a stored message must come as (RFC 1939 3), line by line: the model of these tests."""
    lines = stored.split(b"\n")
    stuffed = b"\n".join(b"." + line if line.startswith(b".") else line for line in lines)
    return stuffed + (b"" if stored.endswith(b"\r\n") or not stored else b"\r\n") + b".\r\n"


def retrieve(client: Client, stored: bytes, number: int = 1) -> None:
    """Ask for a message and compare every octet of the response."""
    client.say(f"RETR {number}")
    assert client.line() == b"+OK %d octets" % len(stored)
    expected = wire(stored)
    assert client.read(len(expected)) == expected


def test_a_message_comes_octet_for_octet(house: House) -> None:
    house.put(LETTER)
    retrieve(house.logged_in(), LETTER)


def test_python_reads_it_back(house: House) -> None:
    """An implementation that is not ours undoes the stuffing."""
    house.put(LETTER)
    client = house.poplib()
    _, lines, _ = client.retr(1)
    assert b"\r\n".join(lines) + b"\r\n" == LETTER
    assert client.stat() == (1, len(LETTER))
    client.quit()


@pytest.mark.parametrize(
    "stored",
    [
        b"Subject: lf\n\nhello\n.\n.dots\nend\n",
        b"Subject: no final line end\r\n\r\nhello",
        b"Subject: a lone dot at the end\r\n\r\nhello\r\n.",
        b"Subject: half a line end\r\n\r\nhello\r",
        b"Subject: cr\r\n\r\none\rtwo\r.three\r\n",
        b"Subject: no body\r\n\r\n",
        b".starts with a dot\r\n\r\n",
        b"no header at all\r\n.\r\n",
        b"Subject: eight bits\r\n\r\n\xff\x80\x00.\xfe\r\n",
    ],
)
def test_whatever_append_brought_cannot_end_the_response(house: House, stored: bytes) -> None:
    """DESIGN 4: only a missing final CRLF is added, and a dot behind any LF is doubled."""
    house.put(stored)
    client = house.logged_in()
    retrieve(client, stored)
    client.say("NOOP")
    assert client.line() == b"+OK"


def test_a_view_is_what_is_read(house: House) -> None:
    """DESIGN 1.2: the account's own trace fields stand before the stored octets, and count in the sizes."""
    prefix = b"Delivered-To: ada@example.org\r\n"
    house.put(LETTER, prefix)
    client = house.logged_in()
    client.say("LIST 1")
    assert client.line() == b"+OK 1 %d" % len(prefix + LETTER)
    retrieve(client, prefix + LETTER)


def test_a_message_that_lies_in_a_file_comes_whole(house: House) -> None:
    house.put(LONG)
    client = house.logged_in()
    retrieve(client, LONG)
    client.say("NOOP")
    assert client.line() == b"+OK"


@pytest.mark.parametrize("octets", [INLINE_OCTETS_MAX, INLINE_OCTETS_MAX + 1, 2 * PAGE_OCTETS_MAX])
def test_the_borders_of_rows_and_pages_lose_nothing(house: House, octets: int) -> None:
    stored = (LETTER + b".\n" * octets)[:octets]
    house.put(stored, b"X-Before: it\r\n")
    retrieve(house.logged_in(), b"X-Before: it\r\n" + stored)


def numbered(number: int, padding: bytes = b"") -> bytes:
    return b"Subject: number %d\r\n\r\n%b\r\n" % (number, padding)


@pytest.mark.parametrize("order", [(1, 2, 3, 4), (4, 3, 2, 1), (1, 3, 2, 2, 4), (2, 2, 3)])
def test_messages_come_right_in_whatever_order(house: House, order: tuple[int, ...]) -> None:
    """What is read ahead is given to nobody who asks for another, and is not what is asked for twice."""
    for number in range(1, 5):
        house.put(numbered(number))
    client = house.logged_in()
    for number in order:
        retrieve(client, numbered(number), number)


def retrieve_then_lose_all(house: House, client: Client) -> None:
    """Take in the first message; then, in a later turn, every message is gone."""
    retrieve(client, numbered(1), 1)
    client.say("NOOP")
    assert client.line() == b"+OK"
    house.write(lambda tx: tx.execute("DELETE FROM message"))


def test_the_next_message_is_read_while_the_peer_takes_one_in(house: House) -> None:
    """Then it is at hand even if somebody expunges it meanwhile; a message marked as deleted is not."""
    for number in range(1, 4):
        house.put(numbered(number))
    client = house.logged_in()
    retrieve_then_lose_all(house, client)
    client.say("TOP 2 0")
    assert body_of(client) == b"Subject: number 2\r\n\r\n"
    client.say("DELE 3", "RETR 3", "RETR 1")
    assert [client.line()[:4] for _ in range(3)] == [b"+OK ", b"-ERR", b"-ERR"]


def test_a_long_message_is_not_read_ahead(house: House) -> None:
    """DESIGN 1.6: what a session may hold is bounded."""
    house.put(numbered(1))
    house.put(numbered(2, b"x" * AHEAD_OCTETS_MAX))
    client = house.logged_in()
    retrieve_then_lose_all(house, client)
    client.say("RETR 2")
    assert client.line().startswith(b"-ERR")


def test_top_cuts_a_message_behind_so_many_lines(house: House) -> None:
    """RFC 1939 7: the header section, the empty line, and the first lines of the body."""
    house.put(LETTER)
    client = house.logged_in()
    client.say("TOP 1 2")
    assert body_of(client) == HEADER + b"\r\n\r\nhello\r\n.\r\n"
    client.say("TOP 1 0")
    assert body_of(client) == HEADER + b"\r\n\r\n"
    client.say("TOP 1 1000")
    assert body_of(client) == LETTER


def test_top_of_a_long_message_reads_no_more_than_it_shows(house: House) -> None:
    house.put(LONG)
    client = house.logged_in()
    client.say("TOP 1 3")
    assert body_of(client) == HEADER + b"\r\n\r\nhello\r\n.\r\n..\r\n"
    assert house.counting_disk.reads == 1


def test_pipelined_commands_are_answered_in_order(house: House) -> None:
    """RFC 2449 6.6, across a message that is read on a thread."""
    house.put(LETTER)
    house.put(LONG)
    client = house.logged_in()
    client.say("RETR 1", "RETR 2", "TOP 1 0", "NOOP", "QUIT")
    expected = (
        b"+OK %d octets\r\n" % len(LETTER) + wire(LETTER)
        + b"+OK %d octets\r\n" % len(LONG) + wire(LONG)
        + b"+OK top of message follows\r\n" + wire(HEADER + b"\r\n\r\n")
        + b"+OK\r\n+OK goodbye, 0 messages deleted\r\n"
    )    # fmt: skip
    assert client.rest() == expected


def test_who_does_not_read_a_long_message_costs_one_page(house: House) -> None:
    """DESIGN 5: reading never runs ahead of the peer by more than a page."""
    stored = LONG * 5
    house.put(stored)
    client = house.logged_in(receive_buffer_octets=16_384)
    client.say("RETR 1")
    house.wait_until(lambda: house.door.connections[0].is_congested)
    assert house.counting_disk.reads <= 3
    assert client.line() == b"+OK %d octets" % len(stored)
    expected = wire(stored)
    assert client.read(len(expected)) == expected


def test_who_asks_for_much_and_reads_nothing_costs_little(house: House) -> None:
    """Pipelined answers are made only while the peer reads them, however small each is."""
    house.put(LETTER * 1_000)
    client = house.logged_in(receive_buffer_octets=16_384)
    client.say(*["RETR 1"] * 2_000)
    house.wait_until(lambda: house.door.connections[0].is_congested)
    client.socket.close()
    house.wait_until(lambda: not len(house.connections))
    (closed,) = house.journal(SessionClosed)
    assert json.loads(closed)["octets_sent"] < 2 << 20
    assert not house.journal(BugFound)


def test_who_reads_slowly_gets_every_answer(house: House) -> None:
    letter = LETTER * 100
    house.put(letter)
    client = house.logged_in(receive_buffer_octets=16_384)
    client.say(*["RETR 1"] * 400, "QUIT")
    answer = b"+OK %d octets\r\n" % len(letter) + wire(letter)
    assert client.rest() == answer * 400 + b"+OK goodbye, 0 messages deleted\r\n"


def test_who_never_reads_is_cut_off_after_a_while(house: House) -> None:
    house.put(LONG)
    client = house.logged_in(receive_buffer_octets=16_384)
    client.say("RETR 1")
    house.wait_until(lambda: house.door.connections[0].is_congested)
    house.pass_time(301)
    house.wait_until(lambda: not len(house.connections))
    assert json.loads(house.journal(SessionClosed)[0])["reason"] == "the peer did not read"


def test_a_peer_that_goes_amid_a_long_message_leaves_nothing_behind(house: House) -> None:
    house.put(LONG)
    client = house.logged_in(receive_buffer_octets=16_384)
    client.say("RETR 1")
    house.wait_until(lambda: house.door.connections[0].is_congested)
    client.socket.close()
    house.wait_until(lambda: not len(house.connections))
    assert not house.journal(BugFound)


def test_a_message_that_another_session_expunged_is_still_read(house: House) -> None:
    """Its row stays for a while (STORE: layout), and the maildrop is as of the login."""
    house.put(LETTER)
    client = house.logged_in()
    listing = house.in_loop(lambda: house.mailboxes.get(*house.inbox.key).listing)
    house.write(remove, house.inbox, listing, ((1, 1),), 0)
    retrieve(client, LETTER)


def test_a_message_that_was_expunged_and_purged_is_gone(house: House) -> None:
    house.put(LETTER)
    client = house.logged_in()
    listing = house.in_loop(lambda: house.mailboxes.get(*house.inbox.key).listing)
    house.write(remove, house.inbox, listing, ((1, 1),), 0)
    house.write(lambda tx: tx.execute("DELETE FROM message"))
    client.say("RETR 1", "NOOP")
    assert client.line() == b"-ERR that message was deleted by another session"
    assert client.line() == b"+OK"


def test_a_message_whose_row_is_lost_is_a_fault_of_ours(house: House) -> None:
    """DESIGN 1.3: what we cannot do is transient. A client must not take the message for deleted."""
    house.put(LETTER)
    client = house.logged_in()
    house.write(lambda tx: tx.execute("DELETE FROM message"))
    client.say("RETR 1", "NOOP")
    assert client.line().startswith(b"-ERR [SYS/TEMP] ")
    assert client.line() == b"+OK"


def the_file(house: House) -> Path:
    (name,) = house.disk.names("blobs")
    return house.path / name


def test_a_file_that_is_missing_is_said_before_anything_is_sent(house: House) -> None:
    house.put(LONG)
    client = house.logged_in()
    the_file(house).unlink()
    client.say("RETR 1", "NOOP")
    assert client.line().startswith(b"-ERR [SYS/TEMP] ")
    assert client.line() == b"+OK"


def test_a_file_that_ends_early_ends_the_connection_without_a_last_line(house: House) -> None:
    """Half a message is sent: nothing that is said now could be told from its text."""
    house.put(LONG)
    client = house.logged_in()
    with the_file(house).open("r+b") as file:
        file.truncate(PAGE_OCTETS_MAX + 1)
    client.say("RETR 1", "NOOP")
    assert client.line() == b"+OK %d octets" % len(LONG)
    try:
        heard = client.rest()
    except ConnectionResetError:
        heard = b""
    assert wire(LONG).startswith(heard)
    assert len(heard) < 2 * PAGE_OCTETS_MAX
    house.wait_until(lambda: not len(house.connections))
    assert not house.journal(BugFound)
