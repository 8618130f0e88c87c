"""The maildrop: INBOX as of the login, numbered for good; sizes that are true, unique-ids that never change."""

import pytest

from posthouse.database.transaction import Transaction
from posthouse.doors.pop3.inbox import uid_ranges
from posthouse.store import opened
from posthouse.store.folding import fold, load_listing
from posthouse.store.listing import Listing
from posthouse.store.messages import copy, remove
from unit.doors.house import NOON
from unit.doors.pop3.house import House, body_of

LETTER = b"Subject: a letter\r\n\r\nhello\r\n.dot\r\n"


def test_stat_list_and_uidl_tell_of_every_message(house: House) -> None:
    house.put(LETTER)
    house.put(LETTER * 3)
    client = house.logged_in()
    client.say("STAT")
    assert client.line() == b"+OK 2 %d" % (4 * len(LETTER))
    client.say("LIST")
    assert body_of(client) == b"1 %d\r\n2 %d\r\n" % (len(LETTER), 3 * len(LETTER))
    client.say("UIDL")
    first, second = body_of(client).splitlines()
    uid_validity = first.partition(b".")[0].removeprefix(b"1 ")
    assert (first, second) == (b"1 %b.1" % uid_validity, b"2 %b.2" % uid_validity)


def test_the_size_told_is_what_is_sent(house: House) -> None:
    """RFC 1939 11: octets with CRLF line ends, stuffing not counted, whatever stands before the stored message."""
    house.put(LETTER, b"Return-Path: <bob@example.net>\r\n")
    client = house.poplib()
    _, (listed,), _ = client.list()
    _, lines, octets = client.retr(1)
    assert int(listed.split()[1]) == sum(len(line) + 2 for line in lines) == octets
    client.quit()


def test_mail_that_comes_later_is_seen_by_the_next_session(house: House) -> None:
    """RFC 1939 4: the maildrop is as of the login."""
    house.put(LETTER)
    client = house.logged_in()
    house.put(LETTER)
    client.say("STAT", "RETR 2")
    assert client.line() == b"+OK 1 %d" % len(LETTER)
    assert client.line() == b"-ERR no such message"
    later = house.logged_in()
    later.say("STAT")
    assert later.line() == b"+OK 2 %d" % (2 * len(LETTER))


def test_numbers_stand_though_another_session_expunges(house: House) -> None:
    for _ in range(3):
        house.put(LETTER)
    client = house.logged_in()
    house.write(remove, house.inbox, listing_of(house), ((2, 2),), NOON)
    client.say("STAT", "UIDL 3")
    assert client.line() == b"+OK 3 %d" % (3 * len(LETTER))
    assert client.line().endswith(b".3")
    later = house.logged_in()
    later.say("UIDL 2")
    assert later.line().endswith(b".3")


def test_unique_ids_outlive_sessions_deletions_and_folds(house: House) -> None:
    """RFC 1939 7: the same unique-id in every session; never given to another message."""
    for _ in range(3):
        house.put(LETTER)
    client = house.logged_in()
    client.say("UIDL")
    before = [line.split()[1] for line in body_of(client).splitlines()]
    client.say("DELE 3", "QUIT")
    client.rest()
    house.write(fold, *house.inbox.key)
    house.put(LETTER)
    client = house.logged_in()
    client.say("UIDL")
    after = [line.split()[1] for line in body_of(client).splitlines()]
    assert after[:2] == before[:2]
    assert after[2] not in before


def test_a_maildrop_of_several_chunks_is_listed_whole(house: House) -> None:
    """Listings come in chunks of 4,096, responses in pages of 1,000 lines."""
    house.put(LETTER)
    for _ in range(13):
        house.write(double, house)
    client = house.logged_in()
    client.say("STAT", "UIDL 8192")
    assert client.line() == b"+OK 8192 %d" % (8_192 * len(LETTER))
    assert client.line().endswith(b".8192")
    client.say("LIST")
    assert body_of(client) == b"".join(b"%d %d\r\n" % (number, len(LETTER)) for number in range(1, 8_193))
    client.say("RETR 8000", "DELE 8192", "LIST 8191")
    assert body_of(client) == LETTER
    assert client.line().startswith(b"+OK marked")
    assert client.line() == b"+OK 8191 %d" % len(LETTER)


def test_a_listing_is_sent_no_faster_than_it_is_read(house: House) -> None:
    house.put(LETTER)
    for _ in range(13):
        house.write(double, house)
    client = house.logged_in(receive_buffer_octets=16_384)
    client.say(*["UIDL"] * 20, "NOOP")
    house.wait_until(lambda: house.door.connections[0].is_congested)
    told = {body_of(client) for _ in range(20)}
    assert len(told) == 1
    assert told.pop().count(b"\r\n") == 8_192
    assert client.line() == b"+OK"


def test_a_long_listing_is_loaded_on_a_thread(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """STORE: loads over 64 chunks leave the loop to others. Here two messages are many."""
    house.put(LETTER)
    house.put(LETTER)
    monkeypatch.setattr("posthouse.doors.pop3.inbox.LONG_LISTING_MESSAGES", 1)
    assert opened.LONG_LISTING_MESSAGES > 1
    for _ in range(2):    # the first is looked at by argon2, the second is known
        client = house.logged_in()
        client.say("STAT")
        assert client.line() == b"+OK 2 %d" % (2 * len(LETTER))


@pytest.mark.parametrize(
    ("uids", "ranges"),
    [
        ((), ()),
        ((5,), ((5, 5),)),
        ((1, 2, 3), ((1, 3),)),
        ((1, 3, 4, 9), ((1, 1), (3, 4), (9, 9))),
    ],
)
def test_uids_are_gathered_into_ranges(uids: tuple[int, ...], ranges: tuple[tuple[int, int], ...]) -> None:
    assert uid_ranges(uids) == ranges


def listing_of(house: House) -> Listing:
    return house.in_loop(lambda: house.mailboxes.get(*house.inbox.key).listing)


def double(tx: Transaction, house: House) -> None:
    """Copy every message of the INBOX into it once more."""
    listing = load_listing(tx, *house.inbox.key)
    copy(tx, house.inbox, listing, ((1, len(listing)),), house.inbox.mailbox_id, NOON)
