"""Messages in mailboxes: RFC 3501 6.3.11 to 6.4.8, RFC 4315 (UIDPLUS), RFC 6851 (MOVE); counters equal listings."""

import pytest

from posthouse.database.identifiers import MailboxId
from posthouse.store.changes import BitsChange, BitsOperation, Kind
from posthouse.store.counters import claim_recent, status_of
from posthouse.store.errors import NoSuchMailbox
from posthouse.store.folding import fold, load_listing
from posthouse.store.listing import Listing
from posthouse.store.mailboxes import INBOX_ID, delete_mailbox
from posthouse.store.messages import Copied, Where, change_bits, copy, expunge, move, remove
from posthouse.store.placements import ANSWERED, DELETED, FLAGGED, SEEN, Placements
from small_store import ALICE, INBOX, NOON, Store, named, uids

EVERYTHING = ((1, (1 << 32) - 1),)
KEYWORD = 1 << 200


@pytest.fixture
def work(store) -> Where:
    return store.mailbox("Work")


@pytest.fixture(autouse=True)
def sums_are_true(store):
    """Whatever a test does, every counter says what its listing says."""
    yield
    check_sums(store)


def check_sums(store: Store) -> None:
    (account_modseq,) = store.rows("SELECT modseq FROM counter WHERE account_id = ? AND mailbox_id = 0", (ALICE,))[0]
    counters = store.rows(
        "SELECT mailbox_id, modseq, uidnext, messages, unseen, octets FROM counter"
        " WHERE account_id = ? AND mailbox_id > 0",
        (ALICE,),
    )
    for mailbox_id, modseq, uidnext, messages, unseen, octets in counters:
        listing = store.read(load_listing, ALICE, mailbox_id)
        placements = list(listing)
        found = [placement.uid for placement in placements]
        assert messages == len(placements)
        assert unseen == sum(not placement.bits & SEEN for placement in placements)
        assert octets == sum(placement.size_octets for placement in placements)
        assert found == sorted(set(found))
        assert not found or found[-1] < uidnext
        assert listing.modseq == modseq <= account_modseq
        assert all(listing.modseq_at(number) <= modseq for number in range(1, len(placements) + 1))


def bits(store: Store, where: Where = INBOX) -> list[tuple[int, int]]:
    return store.read(named, *where.key)


def change(operation: BitsOperation, mask: int, *ranges: tuple[int, int]) -> BitsChange:
    return BitsChange(operation, mask, ranges)


# APPEND and delivery.


def test_uids_only_grow_and_are_never_used_again(store) -> None:
    """RFC 3501 2.3.1.1: strictly ascending; a UID that was given is given to no other message."""
    assert [store.put(), store.put()] == [1, 2]
    store.write(remove, INBOX, store.listing(), EVERYTHING, NOON)
    assert store.put() == 3
    assert store.read(status_of, *INBOX.key).uidnext == 4


def test_a_message_is_placed_with_its_keywords_and_dates(store) -> None:
    """RFC 3501 6.3.11: flags and date-time of APPEND are set on the message."""
    store.put(body=b"0123456789", bits=SEEN | FLAGGED, at=NOON + 5)
    (placement,) = store.listing()
    assert placement.bits == SEEN | FLAGGED
    assert (placement.internal_date, placement.zone) == (NOON + 5, 60)
    assert placement.size_octets == store.rows("SELECT size_octets FROM message")[0][0]


def test_nothing_is_put_where_no_mailbox_is(store, work: Where) -> None:
    """RFC 3501 6.3.11: APPEND to a mailbox that does not exist fails, and nothing is kept."""
    store.write(delete_mailbox, ALICE, "Work", NOON)
    for where in (work, Where(ALICE, MailboxId(99)), Where(9, INBOX_ID)):
        with pytest.raises(NoSuchMailbox):
            store.put(where)
    assert store.rows("SELECT count(*) FROM message") == [(0,)]
    assert store.rows("SELECT count(*) FROM blob") == [(0,)]


# STORE (RFC 3501 6.4.6).


def test_bits_are_changed_where_they_were_asked_to_be(store) -> None:
    for _ in range(5):
        store.put(bits=FLAGGED)
    store.mark(INBOX, SEEN | KEYWORD, (2, 3), (5, 9))
    assert bits(store) == [
        (1, FLAGGED), (2, FLAGGED | SEEN | KEYWORD), (3, FLAGGED | SEEN | KEYWORD), (4, FLAGGED),
        (5, FLAGGED | SEEN | KEYWORD),
    ]  # fmt: skip
    store.mark(INBOX, FLAGGED | KEYWORD, (1, 2), operation=BitsOperation.REMOVE)
    store.mark(INBOX, ANSWERED, (3, 3), operation=BitsOperation.REPLACE)
    assert bits(store)[:3] == [(1, 0), (2, SEEN), (3, ANSWERED)]


def test_a_change_that_changes_nothing_writes_nothing(store) -> None:
    """A mail program that sets \\Seen on everything it opens must not cost a record and a wake-up each time."""
    store.put(bits=SEEN)
    modseq = store.listing().modseq
    store.announced.clear()
    store.mark(INBOX, SEEN, (1, 1))
    store.mark(INBOX, FLAGGED, (7, 9))
    store.mark(INBOX, FLAGGED)
    store.mark(INBOX, FLAGGED, (1, 1), operation=BitsOperation.REMOVE)
    assert store.listing().modseq == modseq
    assert store.announced == []


def test_the_modseq_of_a_message_grows_when_its_bits_change(store) -> None:
    """RFC 7162 3.1: CONDSTORE rests on it."""
    store.put()
    store.put()
    before = store.listing()
    store.mark(INBOX, SEEN, (2, 2))
    after = store.listing()
    assert after.modseq_at(1) == before.modseq_at(1)
    assert after.modseq_at(2) > before.modseq_at(2)


def test_a_change_decides_on_what_stands_in_its_turn(store) -> None:
    """DESIGN 5: two sessions that stored on the same old listing agree afterwards, and the sums with them."""
    for _ in range(3):
        store.put()
    old = store.listing()
    store.write(change_bits, INBOX, old, change(BitsOperation.ADD, SEEN, (1, 2)), NOON)
    store.write(change_bits, INBOX, old, change(BitsOperation.ADD, SEEN, (1, 3)), NOON)
    store.write(change_bits, INBOX, old, change(BitsOperation.REPLACE, 0, (2, 2)), NOON)
    assert bits(store) == [(1, SEEN), (2, 0), (3, SEEN)]
    assert store.read(status_of, *INBOX.key).unseen == 1


# EXPUNGE (RFC 3501 6.4.3, RFC 4315 2.1).


def test_only_messages_marked_deleted_are_expunged_and_only_those_asked_for(store) -> None:
    """RFC 4315 2.1: UID EXPUNGE removes messages that bear \\Deleted *and* are in the set."""
    for number in range(6):
        store.put(bits=DELETED if number % 2 else 0)
    assert store.write(expunge, INBOX, store.listing(), ((1, 3), (6, 6)), NOON) == 2
    assert uids(store.listing()) == [1, 3, 4, 5]
    assert store.write(expunge, INBOX, store.listing(), EVERYTHING, NOON) == 1
    assert store.write(expunge, INBOX, store.listing(), EVERYTHING, NOON) == 0


def test_a_message_that_is_no_longer_marked_is_not_expunged(store) -> None:
    """Another session took \\Deleted off after this one last looked: the mailbox as it stands decides."""
    store.put(bits=DELETED)
    old = store.listing()
    store.mark(INBOX, DELETED, (1, 1), operation=BitsOperation.REMOVE)
    assert store.write(expunge, INBOX, old, EVERYTHING, NOON) == 0
    assert uids(store.listing()) == [1]


def test_pop3_removes_what_it_was_told_to_whatever_it_bears(store) -> None:
    """RFC 1939 6: QUIT removes the messages marked by DELE; one that another session took is no error."""
    for _ in range(4):
        store.put()
    old = store.listing()
    store.write(remove, INBOX, old, ((2, 2),), NOON)
    assert store.write(remove, INBOX, old, ((1, 1), (2, 3)), NOON) == 2
    assert uids(store.listing()) == [4]


def test_what_was_expunged_stays_known_by_its_record(store) -> None:
    """STORE.md: an expunge record tells what a session may still ask for (RFC 2180 4.1), and serves undelete."""
    store.put(bits=DELETED | SEEN)
    (gone,) = store.listing()
    store.write(expunge, INBOX, store.listing(), EVERYTHING, NOON)
    (body,) = store.rows("SELECT body FROM change WHERE kind = ?", (int(Kind.EXPUNGE),))[0]
    assert list(Placements.decode(body)) == [gone]
    assert store.rows("SELECT count(*) FROM message") == [(1,)]


# COPY (RFC 3501 6.4.7, RFC 4315 3).


def test_a_copy_keeps_flags_and_date_and_is_another_placement(store, work: Where) -> None:
    store.put(bits=SEEN | KEYWORD, at=NOON + 1)
    store.put(bits=FLAGGED, at=NOON + 2)
    store.put(work)
    copied = store.write(copy, INBOX, store.listing(), ((1, 5),), work.mailbox_id, NOON + 100)
    validity = store.read(status_of, *work.key).uidvalidity
    assert copied == Copied(validity, (1, 2), 2)
    originals, copies = list(store.listing()), list(store.listing(work))[1:]
    for original, twin in zip(originals, copies, strict=True):
        assert (twin.bits, twin.internal_date, twin.zone, twin.message_id, twin.size_octets) == (
            original.bits, original.internal_date, original.zone, original.message_id, original.size_octets
        )  # fmt: skip
    store.mark(work, ANSWERED, (2, 2))
    assert bits(store) == [(1, SEEN | KEYWORD), (2, FLAGGED)]
    assert store.rows("SELECT count(*) FROM message") == [(3,)]      # DESIGN 5: COPY shares the message


def test_copying_nothing_is_nothing(store, work: Where) -> None:
    """RFC 3501 6.4.8: UID COPY of UIDs that do not exist is OK, and changes nothing."""
    store.put()
    copied = store.write(copy, INBOX, store.listing(), ((7, 9),), work.mailbox_id, NOON)
    assert copied.uids == ()
    assert uids(store.listing(work)) == []


def test_a_copy_into_the_same_mailbox_is_a_second_placement(store) -> None:
    store.put()
    copied = store.write(copy, INBOX, store.listing(), EVERYTHING, INBOX_ID, NOON)
    assert copied.first_new_uid == 2
    assert uids(store.listing()) == [1, 2]


def test_there_is_no_copy_to_or_from_a_mailbox_that_is_gone(store, work: Where) -> None:
    """6.4.7: NO, with the target as it was. A session may still hold the listing of what another one deleted."""
    store.put(work)
    store.put()
    gone = store.listing(work)
    store.write(delete_mailbox, ALICE, "Work", NOON)
    for operation in (copy, move):
        with pytest.raises(NoSuchMailbox):
            store.write(operation, INBOX, store.listing(), EVERYTHING, work.mailbox_id, NOON)
        with pytest.raises(NoSuchMailbox):
            store.write(operation, work, gone, EVERYTHING, INBOX_ID, NOON)
    assert uids(store.listing()) == [1]


@pytest.mark.parametrize("operation", [expunge, remove])
def test_nothing_is_taken_out_of_a_mailbox_that_is_gone(store, work: Where, operation) -> None:
    store.put(work, bits=DELETED)
    gone = store.listing(work)
    store.write(delete_mailbox, ALICE, "Work", NOON)
    with pytest.raises(NoSuchMailbox):
        store.write(operation, work, gone, EVERYTHING, NOON)
    with pytest.raises(NoSuchMailbox):
        store.write(change_bits, work, gone, change(BitsOperation.ADD, SEEN, (1, 1)), NOON)


# MOVE (RFC 6851).


def test_a_move_takes_messages_out_here_and_puts_them_there_at_once(store, work: Where) -> None:
    """RFC 6851 3.3: each message is moved or not; nobody sees it twice or nowhere. One transaction."""
    for number in range(4):
        store.put(bits=SEEN if number else 0)
    store.announced.clear()
    moved = store.write(move, INBOX, store.listing(), ((1, 2), (4, 4)), work.mailbox_id, NOON)
    assert (moved.uids, moved.first_new_uid) == ((1, 2, 4), 1)
    assert bits(store) == [(3, SEEN)]
    assert bits(store, work) == [(1, 0), (2, SEEN), (3, SEEN)]
    assert store.announced == [{INBOX.key, work.key}]


def test_a_move_within_a_mailbox_gives_new_uids(store) -> None:
    """RFC 6851 4.3 leaves it to us; no message may be lost by it."""
    store.put(bits=FLAGGED)
    store.put()
    store.write(move, INBOX, store.listing(), ((1, 1),), INBOX_ID, NOON)
    assert bits(store) == [(2, 0), (3, FLAGGED)]


def test_thousands_are_one_record_each_and_ranges_of_many_records_agree(store, work: Where) -> None:
    """STORE.md: COPY, MOVE, EXPUNGE of thousands are one record each, at most 4,096 messages a record."""
    store.put()
    for _ in range(13):        # 8,192 placements of one message
        store.write(copy, INBOX, store.listing(), EVERYTHING, INBOX_ID, NOON)
    assert len(store.listing()) == 8192
    before = store.rows("SELECT count(*) FROM change")[0][0]
    moved = store.write(move, INBOX, store.listing(), ((1, 5000),), work.mailbox_id, NOON)
    assert len(moved.uids) == 5000
    assert store.rows("SELECT count(*) FROM change")[0][0] - before == 4
    assert uids(store.listing(work)) == list(range(1, 5001))
    assert uids(store.listing())[0] == 5001
    store.write(change_bits, INBOX, store.listing(), change(BitsOperation.ADD, SEEN, *EVERYTHING), NOON)
    store.write(fold, ALICE, INBOX_ID)
    check_sums(store)


# \Recent (RFC 3501 2.3.2).


def test_recent_is_claimed_once_and_never_given_back(store) -> None:
    """2.3.2: one session at most is told of a message as \\Recent."""
    store.put()
    store.put()
    assert store.read(status_of, *INBOX.key).recent_uid == 1
    store.write(claim_recent, *INBOX.key, 3)
    store.write(claim_recent, *INBOX.key, 2)
    assert store.read(status_of, *INBOX.key).recent_uid == 3


def test_an_operation_on_an_empty_listing_sees_what_came_since(store) -> None:
    """`known` may be any earlier listing, the first one too."""
    empty: Listing = store.listing()
    for _ in range(3):
        store.put(bits=DELETED)
    assert store.write(expunge, INBOX, empty, ((2, 3),), NOON) == 2
