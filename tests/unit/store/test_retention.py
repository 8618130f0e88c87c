"""What goes, and when (STORE.md: records stay 30 days; purge and what it may never take)."""

import random

import pytest

from posthouse.database.blobs.rows import add_blob
from posthouse.database.blobs.spool import Spooled
from posthouse.message.dates import Instant, ZonedInstant
from posthouse.message.view import View
from posthouse.store import retention
from posthouse.store.changes import Kind
from posthouse.store.errors import NoSuchMailbox
from posthouse.store.folding import fold, load_listing
from posthouse.store.mailboxes import create_mailbox, delete_mailbox
from posthouse.store.messages import NewMessage, Where, Wire, append, copy, move, remove
from posthouse.store.placements import SEEN
from posthouse.store.retention import find_purge, find_unfolded, prune_folded, purge
from small_store import ALICE, INBOX, NOON, Store, uids

DAY = 24 * 3600 * 1_000_000
EVERYTHING = ((1, 1 << 31),)
LATER = Instant(NOON + 40 * DAY)


def fold_all(store: Store) -> None:
    for (mailbox_id,) in store.rows("SELECT mailbox_id FROM counter WHERE account_id = 1 AND mailbox_id > 0"):
        store.write(fold, ALICE, mailbox_id)


def purge_all(store: Store, before: int) -> tuple[int, list[str]]:
    """How many steps it took, and the names of files that may go."""
    steps, names = 0, []
    while (step := store.read(find_purge, ALICE, before)) is not None:
        names += store.write(purge, step)
        steps += 1
        assert steps < 1000
    return steps, names


def messages(store: Store) -> list[int]:
    return [key for (key,) in store.rows("SELECT message_id FROM message ORDER BY message_id")]


def kinds(store: Store, where: Where = INBOX) -> list[Kind]:
    rows = store.rows("SELECT kind FROM change WHERE mailbox_id = ? ORDER BY modseq", (where.mailbox_id,))
    return [Kind(kind) for (kind,) in rows]


def expunged(store: Store, where: Where, *ranges: tuple[int, int], at: int = NOON) -> None:
    store.write(remove, where, store.listing(where), ranges or EVERYTHING, Instant(at))


# Folded BITS records.


def test_folded_bits_records_go_at_once_and_others_stay(store) -> None:
    """STORE.md: folded flag records go; add and expunge records stay 30 days."""
    store.put()
    store.put()
    store.mark(INBOX, SEEN, (1, 1))
    expunged(store, INBOX, (2, 2))
    folded = store.write(fold, ALICE, 1)
    store.write(prune_folded, INBOX.key, folded)
    assert kinds(store) == [Kind.MADE, Kind.ADD, Kind.ADD, Kind.EXPUNGE]


def test_bits_records_that_are_not_folded_stay(store) -> None:
    store.put()
    folded = store.write(fold, ALICE, 1)
    store.mark(INBOX, SEEN, (1, 1))
    store.write(prune_folded, INBOX.key, folded)
    assert [placement.bits for placement in store.listing()] == [SEEN]
    assert kinds(store)[-1] is Kind.BITS


# Records that have become old.


def test_old_records_go_and_the_floor_says_so(store) -> None:
    """STORE.md: then floor_modseq moves; below it QRESYNC names every absent UID as vanished."""
    store.put()
    fold_all(store)
    before = store.listing()
    purge_all(store, NOON + 1)
    assert kinds(store) == []
    floors = dict(store.rows("SELECT mailbox_id, floor_modseq FROM counter WHERE mailbox_id IN (0, 1)"))
    assert floors[1] == before.modseq
    assert floors[0] >= before.modseq
    assert list(store.listing()) == list(before)
    assert store.put() == 2


def test_young_records_stay_and_so_does_what_comes_after_one(store) -> None:
    """A clock that jumped must not expire mail: a record is taken to be no older than the one before it."""
    store.put(at=NOON)
    store.put(at=NOON + 10 * DAY)
    store.put(at=NOON - 500 * DAY)
    fold_all(store)
    purge_all(store, NOON + 1)
    assert kinds(store) == [Kind.ADD, Kind.ADD]


def test_what_is_not_folded_stays_and_is_named(store) -> None:
    """The records after the listing are the truth. Upkeep folds a quiet mailbox first, or nothing of it would go."""
    fold_all(store)
    store.put()
    expunged(store, INBOX)
    purge_all(store, LATER)
    assert kinds(store) == [Kind.ADD, Kind.EXPUNGE]
    assert messages(store) == [1]
    assert store.read(find_unfolded, ALICE, LATER) == [1]
    assert store.read(find_unfolded, ALICE, NOON) == []
    fold_all(store)
    purge_all(store, LATER)
    assert messages(store) == []
    assert store.read(find_unfolded, ALICE, LATER) == []


# Messages.


def test_a_message_goes_with_the_record_that_expunged_it(store) -> None:
    """STORE.md: they lose the message row and one use of the blob."""
    store.put()
    store.put()
    expunged(store, INBOX, (1, 1))
    fold_all(store)
    purge_all(store, NOON)
    assert messages(store) == [1, 2]      # not old enough
    assert purge_all(store, NOON + 1)[1] == []
    assert messages(store) == [2]
    assert store.rows("SELECT blob_id, uses FROM blob") == [(2, 1)]
    assert uids(store.listing()) == [2]


def test_a_message_stays_as_long_as_it_stands_anywhere(store) -> None:
    """In another mailbox, folded or not, or in the same one a second time."""
    other = store.mailbox("Other")
    for _ in range(3):
        store.put()
    listing = store.listing()
    store.write(copy, INBOX, listing, ((1, 1),), other.mailbox_id, NOON)
    fold_all(store)
    store.write(copy, INBOX, listing, ((2, 2),), other.mailbox_id, Instant(NOON + DAY))
    store.write(copy, INBOX, listing, ((3, 3),), 1, Instant(NOON))
    expunged(store, INBOX, (1, 3))
    store.write(fold, ALICE, 1)
    purge_all(store, NOON + 1)
    assert messages(store) == [1, 2, 3]
    assert Kind.EXPUNGE not in kinds(store)


def test_a_message_stays_as_long_as_a_younger_record_names_it(store) -> None:
    """Moved away and expunged there last week: undelete still knows it."""
    other = store.mailbox("Other")
    store.put()
    store.write(move, INBOX, store.listing(), ((1, 1),), other.mailbox_id, NOON)
    expunged(store, other, at=NOON + 20 * DAY)
    fold_all(store)
    purge_all(store, NOON + DAY)
    assert messages(store) == [1]
    purge_all(store, NOON + 20 * DAY + 1)
    assert messages(store) == []
    assert store.rows("SELECT count(*) FROM blob") == [(0,)]


def test_a_message_of_another_account_that_shares_the_bytes_stays(store) -> None:
    """One acceptance, two recipients, one blob: each has a use of its own (STORE.md)."""
    bob = store.account(2)

    def delivered(tx):
        octets = b"Subject: both\r\n\r\nhello\r\n"
        blob_id = add_blob(tx, Spooled(octets, b"\0" * 32, "blobs/ab/shared"), 2)
        view = View.whole(len(octets), 17)
        message = NewMessage(blob_id, None, view.encode(), len(octets), NOON, Wire(1, b"", b"", b"", b"", b""))
        for account_id in (ALICE, bob):
            append(tx, Where(account_id, 1), message, ZonedInstant(NOON), 0, NOON)

    store.write(delivered)
    expunged(store, INBOX)
    fold_all(store)
    assert purge_all(store, LATER)[1] == []
    assert store.rows("SELECT account_id FROM message") == [(2,)]
    assert store.rows("SELECT uses FROM blob") == [(1,)]
    store.write(remove, Where(bob, 1), store.listing(Where(bob, 1)), EVERYTHING, NOON)
    store.write(fold, bob, 1)
    step = store.read(find_purge, bob, LATER)
    assert store.write(purge, step) == ["blobs/ab/shared"]


# Steps.


def test_a_purge_of_thousands_is_many_short_steps_each_whole(store, monkeypatch: pytest.MonkeyPatch) -> None:
    """One turn of the writer stays short; a record stays until the last of its messages is gone."""
    monkeypatch.setattr(retention, "MESSAGES_A_STEP", 4)
    for _ in range(10):
        store.put()
    expunged(store, INBOX)
    fold_all(store)
    left = []
    while (step := store.read(find_purge, ALICE, LATER)) is not None:
        store.write(purge, step)
        left.append((len(messages(store)), Kind.EXPUNGE in kinds(store)))
        floor = store.rows("SELECT floor_modseq FROM counter WHERE mailbox_id = 1")[0][0]
        assert floor == store.listing().modseq
    assert left[:3] == [(6, True), (2, True), (0, False)]


def test_a_step_that_was_found_is_still_right_after_anything_that_happens(store) -> None:
    """A message that stands nowhere never stands anywhere again; what a step names may be gone already."""
    other = store.mailbox("Other")
    store.put()
    store.put()
    expunged(store, INBOX, (1, 1))
    fold_all(store)
    step = store.read(find_purge, ALICE, LATER)
    store.write(copy, INBOX, store.listing(), EVERYTHING, other.mailbox_id, LATER)
    store.put(other)
    store.write(purge, step)
    store.write(purge, step)
    assert messages(store) == [2, 3]
    assert uids(store.listing(other)) == [1, 2]


# Deleted mailboxes.


def test_a_deleted_mailbox_goes_after_its_time_with_its_messages(store) -> None:
    """STORE.md: a tombstone for 30 days."""
    where = store.mailbox("Old")
    store.put(where)
    store.put(where)
    store.write(fold, ALICE, where.mailbox_id)
    store.put(where)
    expunged(store, where, (1, 1))
    store.write(copy, where, store.listing(where), ((2, 2),), 1, NOON)
    store.write(delete_mailbox, ALICE, "Old", NOON)
    fold_all(store)
    purge_all(store, NOON)
    assert messages(store) == [1, 2, 3]
    assert store.rows("SELECT name FROM mailbox WHERE deleted_at IS NOT NULL") == [("Old",)]
    purge_all(store, NOON + 1)
    assert messages(store) == [2]
    for table in ("mailbox", "change", "listing"):
        assert store.rows(f"SELECT * FROM {table} WHERE mailbox_id = ?", (where.mailbox_id,)) == []
    assert store.rows("SELECT mailbox_id FROM counter WHERE mailbox_id < 0") == []
    assert uids(store.listing()) == [1]


def test_two_mailboxes_deleted_with_the_same_message_both_go(store) -> None:
    first, second = store.mailbox("First"), store.mailbox("Second")
    store.put(first)
    store.write(copy, first, store.listing(first), EVERYTHING, second.mailbox_id, NOON)
    for name in ("First", "Second"):
        store.write(delete_mailbox, ALICE, name, NOON)
    fold_all(store)
    purge_all(store, LATER)
    assert messages(store) == []
    assert store.rows("SELECT uses FROM blob") == []


def test_a_mailbox_is_made_with_new_keys_after_a_purge(store) -> None:
    """mailbox_id and UIDVALIDITY are never given again (RFC 3501 2.3.1.1)."""
    where = store.mailbox("Again")
    store.write(delete_mailbox, ALICE, "Again", NOON)
    purge_all(store, LATER)
    again = Where(ALICE, store.write(create_mailbox, ALICE, "Again", NOON))
    assert again.mailbox_id > where.mailbox_id
    with pytest.raises(NoSuchMailbox):
        store.listing(where)


# All of it at once.


@pytest.mark.parametrize("seed", range(4))
def test_nothing_that_can_be_reached_ever_goes(store, seed: int) -> None:
    """Random histories over days: after each purge every listed message is there, and at last nothing else is."""
    dice = random.Random(seed)
    places = [INBOX, store.mailbox("a"), store.mailbox("b")]
    at = NOON
    for day in range(12):
        for _ in range(6):
            where, to = dice.choice(places), dice.choice(places)
            listing = store.listing(where)
            chosen = [uid for uid in uids(listing) if dice.random() < 0.4] or [1]
            ranges = tuple((uid, uid) for uid in chosen)
            action = dice.choice(["put", "put", "copy", "move", "remove", "fold", "again"])
            if action == "put":
                store.put(where, at=at)
            elif action == "copy":
                store.write(copy, where, listing, ranges, to.mailbox_id, Instant(at))
            elif action == "move":
                store.write(move, where, listing, ranges, to.mailbox_id, Instant(at))
            elif action == "remove":
                store.write(remove, where, listing, ranges, Instant(at))
            elif action == "fold":
                store.write(fold, *where.key)
            else:
                store.write(delete_mailbox, ALICE, "b", Instant(at))
                places[2] = Where(ALICE, store.write(create_mailbox, ALICE, "b", Instant(at)))
            at += dice.randrange(DAY // 6)
        purge_all(store, NOON + day * DAY // 2)
        listed = {one.message_id for where in places for one in store.read(load_listing, *where.key)}
        assert listed <= set(messages(store))
    fold_all(store)
    purge_all(store, at + 1)
    listed = {one.message_id for where in places for one in store.read(load_listing, *where.key)}
    assert messages(store) == sorted(listed)
    assert store.rows("SELECT sum(uses) FROM blob")[0][0] in (len(listed), None)
