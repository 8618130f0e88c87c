"""Mailboxes are folded before their records grow many, and what they say stays the same (STORE.md: fold early)."""

import random

from posthouse.store.changes import BitsChange, BitsOperation, Kind
from posthouse.store.folding import ADDS_UNFOLDED_MAX, load_listing
from posthouse.store.mailboxes import delete_mailbox
from posthouse.store.messages import change_bits, remove
from posthouse.store.placements import FLAGGED, SEEN
from posthouse.upkeep.folding import Folding
from small_store import ALICE, INBOX, NOON, Store, put


def turn(store: Store, job: Folding) -> None:
    store.runner.run(job.turn())


def unfolded(store: Store, mailbox_id: int = 1) -> int:
    return store.rows(
        "SELECT count(*) FROM change JOIN counter USING (account_id, mailbox_id)"
        " WHERE mailbox_id = ? AND change.modseq > folded_modseq",
        (mailbox_id,),
    )[0][0]


def put_many(store: Store, count: int, where=INBOX) -> None:
    store.write(lambda tx: [put(tx, where) for _ in range(count)])


def seen_as(store: Store) -> list:
    listing = store.listing()
    return [(placement, listing.modseq_at(number)) for number, placement in enumerate(listing, 1)]


def test_a_mailbox_is_folded_when_many_messages_have_come(store) -> None:
    """STORE.md: adds fold every 256."""
    job = Folding(store.database)
    put_many(store, ADDS_UNFOLDED_MAX - 1)
    turn(store, job)
    assert unfolded(store) == ADDS_UNFOLDED_MAX - 1
    put_many(store, 1)
    before = seen_as(store)
    turn(store, job)
    assert unfolded(store) == 0
    assert seen_as(store) == before


def test_a_mailbox_is_folded_when_replaying_its_changes_would_take_long(store) -> None:
    """STORE.md: flags and expunges when replay would take over 5 ms."""
    put_many(store, 200)
    job = Folding(store.database)
    listing = store.listing()

    def marks(tx) -> None:
        for number in range(260):
            mask = SEEN if number % 2 else FLAGGED
            operation = BitsOperation.ADD if number % 4 < 2 else BitsOperation.REMOVE
            change_bits(tx, INBOX, listing, BitsChange(operation, mask, ((1, 200),)), NOON)

    store.write(marks)
    turn(store, job)
    assert unfolded(store) == 0
    assert store.rows("SELECT count(*) FROM change WHERE kind = ?", (int(Kind.BITS),)) == [(0,)]


def test_expunges_count_too(store) -> None:
    put_many(store, 200)
    job = Folding(store.database)
    listing = store.listing()
    store.write(lambda tx: [remove(tx, INBOX, listing, ((uid, uid),), NOON) for uid in range(1, 150)])
    turn(store, job)
    assert unfolded(store) == 0


def test_a_few_changes_are_left_alone(store) -> None:
    """A fold writes the whole chunk: not for each message that comes."""
    job = Folding(store.database)
    put_many(store, 5)
    store.mark(INBOX, SEEN, (1, 5))
    turn(store, job)
    assert unfolded(store) == 6


def test_what_an_earlier_process_left_is_found_at_the_start(store) -> None:
    """Nobody has announced anything yet."""
    put_many(store, ADDS_UNFOLDED_MAX)
    job = Folding(store.database)
    turn(store, job)
    turn(store, job)
    assert unfolded(store) == 0


def test_a_mailbox_deleted_meanwhile_is_no_trouble(store) -> None:
    where = store.mailbox("Fleeting")
    job = Folding(store.database)
    put_many(store, ADDS_UNFOLDED_MAX, where)
    store.write(delete_mailbox, ALICE, "Fleeting", NOON)
    put_many(store, ADDS_UNFOLDED_MAX)
    turn(store, job)
    assert unfolded(store) == 0


def test_other_announcements_are_not_taken_for_mailboxes(store) -> None:
    job = Folding(store.database)
    store.write(lambda tx: [tx.announce(topic) for topic in ("directory", ("keywords", 1), ("erasure", 1), (1, 2, 3))])
    turn(store, job)


def test_folding_beside_random_work_never_changes_what_is_seen(store) -> None:
    dice = random.Random(5)
    job = Folding(store.database)
    model: dict[int, int] = {}
    for _ in range(12):
        for _ in range(dice.randrange(120)):
            model[store.put()] = 0
        listing = store.listing()
        first = dice.randrange(1, max(model) + 2) if model else 1
        last = first + dice.randrange(50)
        if dice.random() < 0.5:
            store.mark(INBOX, SEEN, (first, last))
            model |= {uid: SEEN for uid in model if first <= uid <= last}
        else:
            store.write(remove, INBOX, listing, ((first, last),), NOON)
            model = {uid: bits for uid, bits in model.items() if not first <= uid <= last}
        turn(store, job)
        found = {placement.uid: placement.bits for placement in store.read(load_listing, *INBOX.key)}
        assert found == model
