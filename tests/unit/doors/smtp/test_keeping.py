"""What one acceptance writes, all in one transaction: bytes, placements, queue, decision, sums (DESIGN 1)."""

import hashlib

import pytest

from posthouse.history.daily import Sums
from posthouse.queue.entries import RecipientState
from posthouse.store.mailboxes import INBOX_ID
from unit.doors.house import NOON
from unit.doors.smtp.house import ADA, ALIASES, BOB, CAROL, FRIEND, FROM_ADA, HELLO, House

FIVE_DAYS = 5 * 24 * 3600 * 1_000_000


def test_one_message_is_stored_once_whoever_gets_it(house: House) -> None:
    """DESIGN 5: the blob belongs to one acceptance and counts its uses: a row for each account, one for the queue."""
    house.peer().deliver(HELLO, "everybody@example.org")
    ((uses, length, sha256, octets),) = house.rows("SELECT uses, length, sha256, bytes FROM blob")
    assert uses == 4
    assert (length, sha256, octets) == (len(HELLO), hashlib.sha256(HELLO).digest(), HELLO)
    assert house.rows("SELECT count(*), count(DISTINCT blob_id) FROM message") == [(3, 1)]


def test_equal_messages_of_two_acceptances_share_nothing(house: House) -> None:
    """DESIGN 5: never found by hash: no oracle, no race with deletion."""
    peer = house.peer()
    peer.deliver(HELLO, ADA)
    peer.deliver(HELLO, ADA)
    assert house.rows("SELECT uses FROM blob") == [(1,), (1,)]


def test_mail_to_elsewhere_waits_in_the_queue(house: House) -> None:
    """RFC 5321 4.5.4: due at once, given up after five days; each address once, whatever number of ways lead there."""
    peer = house.submitter()
    others = ("a@one.example", "b@one.example", "B@one.example", "b@ONE.example", "c@two.example")
    peer.deliver(FROM_ADA, *others, FRIEND, "out@example.org", BOB, reverse_path="ada+x@example.org")
    (queued,) = house.queue()
    entry = queued.entry
    assert queued.forward_paths == ["a@one.example", "b@one.example", "B@one.example", "c@two.example", FRIEND]
    waiting = {(each.state, each.attempts, each.due_at) for each in entry.recipients}
    assert waiting == {(RecipientState.WAITING, 0, NOON)}
    assert (entry.reverse_path, entry.arrived_at, entry.expires_at) == ("ada+x@example.org", NOON, NOON + FIVE_DAYS)
    assert house.rows("SELECT account_id, body_type FROM queue_entry") == [(house.accounts[ADA], "7BIT")]
    assert house.rows("SELECT DISTINCT domain_key FROM queue_recipient ORDER BY 1") == [
        ("elsewhere.example",), ("one.example",), ("two.example",)
    ]    # fmt: skip


@pytest.mark.parametrize(("said", "kept"), [(" BODY=8BITMIME", "8BITMIME"), (" BODY=7BIT", "7BIT"), ("", "7BIT")])
def test_what_the_sender_said_of_the_body_is_kept_for_the_next_hop(house: House, said: str, kept: str) -> None:
    """RFC 6152 3: a relay must know whether the next server may get it as it is."""
    peer = house.submitter()
    peer.begin(FRIEND, reverse_path=ADA, parameters=said)
    peer.transmit(FROM_ADA)
    assert house.rows("SELECT body_type FROM queue_entry") == [(kept,)]


def test_the_decision_says_who_brought_it_and_why_each_recipient_was_taken(house: House) -> None:
    """DESIGN 1.5: the facts and the reasons, for the postmaster and the user."""
    house.under_tls("smtp").deliver(HELLO, "sales+x@example.org", "everybody@example.org", "Postmaster")
    (record,) = house.decisions()
    assert (record.door, record.peer_ip, record.ehlo_name) == ("receiver", "127.0.0.1", "client.example")
    assert record.tls
    assert (record.reverse_path, record.size_octets, record.originator) == ("eve@elsewhere.example", len(HELLO), None)
    assert record.message_id == "<1@elsewhere.example>"
    ada, bob, carol = (house.accounts[address] for address in (ADA, BOB, CAROL))
    assert [(each.forward_path, each.because, sorted(each.accounts), each.elsewhere) for each in record.recipients] == [
        ("sales+x@example.org", "the recipient is ours", [ada], ()),
        ("everybody@example.org", "the recipient is ours", [ada, bob, carol], (FRIEND,)),
        ("Postmaster", "every host has a postmaster", [ada], ()),
    ]
    assert house.rows("SELECT DISTINCT decision_id FROM message UNION SELECT decision_id FROM queue_entry") == [(1,)]


def test_a_submission_names_its_account(house: House) -> None:
    """DESIGN 1.5; and the identifier that was added stands in the record, so that a user's question finds it."""
    house.submitter().deliver(b"From: ada@example.org\r\n\r\n", FRIEND, reverse_path="")
    (record,) = house.decisions()
    assert (record.door, record.originator, record.reverse_path) == ("submission", ADA, "")
    assert record.recipients[0].because == "an account of ours submits it"
    assert record.message_id is not None
    assert record.message_id.endswith("@mail.example.org>")
    assert f"Message-ID: {record.message_id}\r\n".encode() in house.queue()[0].seen


def test_the_reply_names_the_acceptance_as_the_trace_field_does(house: House) -> None:
    """Issue 4: logs, replies and trace fields speak of the same thing by the same word."""
    said = house.peer().deliver(HELLO, ADA)
    identifier = said.rpartition(b" ")[2]
    assert b" id " + identifier + b"\r\n" in house.inbox()[0]
    assert house.decisions()[0].session == identifier.decode().rpartition("-")[0]


def test_the_days_sums_count_recipients_after_aliases(house: House) -> None:
    """DESIGN 1.7: so that `posthouse check` can add them up."""
    peer = house.peer()
    peer.deliver(HELLO, "everybody@example.org", ADA)
    peer.deliver(HELLO, BOB)
    assert house.sums() == Sums(accepted=5, delivered=4, queued=1)
    house.clock.seconds += 24 * 3600
    house.pass_time(0)
    peer = house.peer()
    peer.deliver(HELLO, BOB)
    assert house.sums() == Sums(accepted=6, delivered=5, queued=1)
    assert [count for (count,) in house.rows("SELECT accepted FROM daily ORDER BY day")] == [5, 1]


def test_what_is_refused_is_counted_and_recorded_nowhere(house: House) -> None:
    """One acceptance, one transaction: without the one there is nothing of the other."""
    peer = house.peer()
    peer.begin("nobody@example.org", ADA)
    peer.ask("RSET")
    peer.begin(ADA)
    peer.transmit(HELLO + b"a\nb\r\n")
    assert house.is_empty()


def test_a_message_stands_unseen_in_the_inbox_as_of_its_arrival(house: House) -> None:
    """RFC 3501 2.3.3: the internal date is that of the final delivery."""
    house.peer().deliver(HELLO, ADA)
    house.peer().deliver(HELLO, ADA)
    inbox = f"account_id = {house.accounts[ADA]} AND mailbox_id = {INBOX_ID}"
    status = house.rows(f"SELECT uidnext, messages, unseen, octets FROM counter WHERE {inbox}")
    assert status == [(3, 2, 2, sum(map(len, house.inbox())))]
    assert [(placement.internal_date, placement.bits) for placement in house.placements()] == [(NOON, 0)] * 2


@pytest.mark.parametrize(
    ("date", "sent"),
    [
        (b"Thu, 1 Jan 1970 00:00:00 +0000", 0),
        (b"Wed, 31 Dec 1969 23:59:59 +0000", -1_000_000),
        (b"Mon, 21 Sep 2026 16:00:00 +0200", 1_789_999_200_000_000),
        (b"yesterday", NOON),
        (b"", NOON),
    ],
)
def test_the_date_that_it_bears_is_kept_for_searching(house: House, date: bytes, sent: int) -> None:
    """RFC 3501 6.4.4 SENTBEFORE; the arrival stands in only where there is no date that could be read."""
    house.peer().deliver(b"Date: " + date + b"\r\n\r\n", ADA)
    assert [placement.sent_date for placement in house.placements()] == [sent]


def test_every_alias_of_the_house_leads_where_it_says(house: House) -> None:
    """One to many, local and remote, an alias within an alias."""
    house.peer().deliver(HELLO, *ALIASES)
    assert [len(house.inbox(address)) for address in (ADA, BOB, CAROL)] == [1, 1, 1]
    assert house.queue()[0].forward_paths == [FRIEND]
    assert house.rows("SELECT uses FROM blob") == [(4,)]
