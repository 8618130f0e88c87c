"""Folding never changes what anyone sees (STORE.md: the truth is the folded listing and the records after it)."""

import random

import pytest

from posthouse.database.errors import DatabaseError
from posthouse.database.identifiers import MailboxId, ModSeq
from posthouse.store.changes import BitsChange, BitsOperation, Kind, write_change
from posthouse.store.counters import Delta, move_sums, next_modseq
from posthouse.store.errors import NoSuchMailbox
from posthouse.store.folding import Folded, fold, folded_listing, load_listing, read_forward
from posthouse.store.listing import CHUNK_MESSAGES_MAX, Listing
from posthouse.store.mailboxes import INBOX_ID, delete_mailbox
from posthouse.store.messages import change_bits, expunge, remove
from posthouse.store.placements import DELETED, FLAGGED, SEEN, several
from posthouse.store.retention import prune_folded
from small_store import ALICE, INBOX, NOON, Store, put


def seen_as(listing: Listing) -> list[tuple]:
    return [(*_of(placement), listing.modseq_at(number)) for number, placement in enumerate(listing, 1)]


def _of(placement) -> tuple:
    return (placement.uid, placement.message_id, placement.size_octets, placement.bits, placement.internal_date)


def chunks_of(listing: Listing) -> list[tuple[int, int]]:
    return [(chunk.first_uid, len(chunk)) for chunk in listing.chunks]


def add_many(tx, count: int) -> None:
    """Place one message many times: what matters here is the listing."""
    put(tx, INBOX)
    last = list(load_listing(tx, ALICE, INBOX_ID))[-1]
    many = several([last] * (count - 1)).renumbered(last.uid + 1)
    modseq = next_modseq(tx, ALICE)
    move_sums(tx, ALICE, INBOX_ID, modseq, Delta(len(many), len(many), many.unseen(), many.octets()))
    write_change(tx, INBOX.key, modseq, Kind.ADD, many.encode(), NOON)


def random_step(store: Store, dice: random.Random) -> None:
    listing = store.listing()
    uids = [placement.uid for placement in listing]
    first = dice.choice(uids) if uids else 1
    last = min(first + dice.choice([0, 0, 5, 3000]), 1 << 31)
    action = dice.randrange(6)
    if action == 0:
        store.write(add_many, dice.choice([2, 3, CHUNK_MESSAGES_MAX - 2, CHUNK_MESSAGES_MAX + 2]))
    elif action <= 2:
        store.put(bits=dice.choice([0, SEEN, DELETED]))
    elif action == 3:
        change = BitsChange(dice.choice(list(BitsOperation)), dice.choice([SEEN, FLAGGED, 1 << 200]), ((first, last),))
        store.write(change_bits, INBOX, listing, change, NOON)
    elif action == 4:
        store.write(remove, INBOX, listing, ((first, last),), NOON)
    elif uids:
        store.write(remove, INBOX, listing, ((uids[-1], uids[-1]),), NOON)


@pytest.mark.parametrize("seed", range(4))
def test_a_load_sees_the_same_whether_or_not_it_was_folded(store, seed: int) -> None:
    """At any point of any history; an in-memory listing that never saw a fold is the judge."""
    dice = random.Random(seed)
    kept = store.listing()
    for _ in range(20):
        random_step(store, dice)
        kept = store.read(read_forward, ALICE, INBOX_ID, kept)
        if dice.random() < 0.4:
            folded = store.write(fold, ALICE, INBOX_ID)
            if folded is not None and dice.random() < 0.7:
                store.write(prune_folded, INBOX.key, folded)
            assert chunks_of(store.read(folded_listing, ALICE, INBOX_ID)) == chunks_of(kept)
        assert seen_as(store.listing()) == seen_as(kept)


def test_a_fold_takes_in_what_came_since_the_last_and_says_so(store) -> None:
    store.put()
    created = store.rows("SELECT folded_modseq FROM counter WHERE mailbox_id = 1")[0][0]
    modseq = store.listing().modseq
    assert store.write(fold, ALICE, INBOX_ID) == Folded(created, modseq)
    assert store.write(fold, ALICE, INBOX_ID) is None
    assert seen_as(store.read(folded_listing, ALICE, INBOX_ID)) == seen_as(store.listing())


def test_a_fold_writes_only_rows_that_were_touched(store) -> None:
    """A mailbox of a million messages may not be written anew for each newcomer."""
    store.write(add_many, 2 * CHUNK_MESSAGES_MAX + 10)
    store.write(fold, ALICE, INBOX_ID)
    store.sql("UPDATE listing SET checksum = -checksum WHERE first_uid = 1")       # whoever reads it will complain
    store.put()
    store.write(fold, ALICE, INBOX_ID)
    with pytest.raises(DatabaseError, match="damaged"):
        store.listing()
    store.sql("UPDATE listing SET checksum = -checksum WHERE first_uid = 1")
    assert len(store.listing()) == 2 * CHUNK_MESSAGES_MAX + 11


def test_what_comes_after_the_last_chunk_is_emptied_goes_where_it_would_have_gone(store) -> None:
    """The stored chunks and those in memory must be the same, or sessions would tell of messages that never left."""
    store.write(add_many, CHUNK_MESSAGES_MAX + 1)
    kept = store.listing()
    store.write(remove, INBOX, kept, ((5, 9),), NOON)         # room in the first chunk
    store.write(fold, ALICE, INBOX_ID)
    kept = store.read(read_forward, ALICE, INBOX_ID, kept)
    store.write(remove, INBOX, kept, ((CHUNK_MESSAGES_MAX + 1, CHUNK_MESSAGES_MAX + 1),), NOON)
    store.put()
    kept = store.read(read_forward, ALICE, INBOX_ID, kept)
    store.write(fold, ALICE, INBOX_ID)
    assert chunks_of(store.read(folded_listing, ALICE, INBOX_ID)) == chunks_of(kept) == [(1, CHUNK_MESSAGES_MAX - 4)]


def test_a_listing_from_before_the_last_fold_is_read_anew(store) -> None:
    """Records that were folded may be gone: carrying an old listing over what is left would lose their changes."""
    for _ in range(3):
        store.put()
    old = store.listing()
    store.mark(INBOX, DELETED, (1, 2))
    folded = store.write(fold, ALICE, INBOX_ID)
    store.write(prune_folded, INBOX.key, folded)
    assert store.write(expunge, INBOX, old, ((1, 10),), NOON) == 2
    assert [placement.uid for placement in store.read(read_forward, ALICE, INBOX_ID, old)] == [3]


def test_a_damaged_row_is_named_and_not_believed(store) -> None:
    """STORE.md: the listing's checksum; a wrong flag or message is worse than an error."""
    store.put()
    store.write(fold, ALICE, INBOX_ID)
    columns = store.rows("SELECT columns FROM listing")[0][0]
    assert isinstance(columns, bytes)
    store.sql("UPDATE listing SET columns = ?", (columns[:-1] + bytes([columns[-1] ^ 1]),))
    with pytest.raises(DatabaseError, match="posthouse check"):
        store.listing()


@pytest.mark.parametrize("body", [b"", b"\x01", b"\x01\x05\x00\x00\x00\x01"])
@pytest.mark.parametrize("kind", [Kind.ADD, Kind.BITS, Kind.EXPUNGE])
def test_a_damaged_record_is_named_and_not_believed(store, kind: Kind, body: bytes) -> None:
    """A door answers a world error with NO; anything else would be a bug of ours."""
    store.put()
    store.write(fold, ALICE, INBOX_ID)
    store.write(write_change, INBOX.key, ModSeq(1000), kind, body, NOON)
    for operation in (load_listing, fold):
        with pytest.raises(DatabaseError, match="posthouse check"):
            store.write(operation, ALICE, INBOX_ID)


def test_a_mailbox_that_is_not_there_has_no_listing(store) -> None:
    spare = store.mailbox("Spare")
    known = store.listing(spare)
    store.write(delete_mailbox, ALICE, "Spare", NOON)
    for mailbox_id in (spare.mailbox_id, MailboxId(99)):
        for operation in (load_listing, fold, folded_listing):
            with pytest.raises(NoSuchMailbox):
                store.write(operation, ALICE, mailbox_id)
    with pytest.raises(NoSuchMailbox):
        store.read(read_forward, ALICE, spare.mailbox_id, known)
