"""Erasure is exact: nothing that was kept for an account is left, and nothing of anybody else's is touched."""

import pytest

from posthouse.message.address import NULL_REVERSE_PATH, parse_address
from posthouse.message.envelope import BodyType
from posthouse.queue.entries import NewEntry, enqueue
from posthouse.store import erasure
from posthouse.store.erasure import ERASURE_TOPIC, Erased, accounts_under_erasure, begin_erasure, erase_account
from posthouse.store.errors import NoSuchMailbox
from posthouse.store.folding import fold
from posthouse.store.keywords import keyword_bits
from posthouse.store.mailboxes import create_mailbox, delete_mailbox, make_mailboxes, subscribe
from posthouse.store.messages import Where, copy, remove
from small_store import ALICE, INBOX, NOON, Store

EVERYTHING = ((1, 1 << 31),)
OF_ACCOUNTS = ("counter", "mailbox", "subscription", "keyword", "message", "change", "listing")

NOTHING: dict[str, list] = {table: [] for table in OF_ACCOUNTS}


def rows_of(store: Store, account_id: int) -> dict[str, list]:
    return {table: store.rows(f"SELECT * FROM {table} WHERE account_id = ?", (account_id,)) for table in OF_ACCOUNTS}


def fill(store: Store, account_id: int) -> None:
    """Mail of every kind: folded and not, expunged, copied, in a deleted mailbox; keywords and subscriptions."""
    inbox = Where(account_id, 1)
    for _ in range(6):
        store.put(inbox)
    store.write(fold, *inbox.key)
    store.put(inbox)
    store.write(remove, inbox, store.listing(inbox), ((2, 3),), NOON)
    other = Where(account_id, store.write(create_mailbox, account_id, "Other", NOON))
    store.write(copy, inbox, store.listing(inbox), EVERYTHING, other.mailbox_id, NOON)
    store.put(other)
    store.write(delete_mailbox, account_id, "Other", NOON)
    store.write(keyword_bits, account_id, ["one", "two"], create=True)
    store.write(subscribe, account_id, "never/was")


def erase(store: Store, account_id: int) -> list[Erased]:
    steps = [store.write(erase_account, account_id)]
    while not steps[-1].is_complete:
        steps.append(store.write(erase_account, account_id))
        assert len(steps) < 1000
    return steps


def test_nothing_is_left_of_an_account_and_nothing_of_another_is_touched(store) -> None:
    store.account(2)
    fill(store, ALICE)
    fill(store, 2)
    neighbour = rows_of(store, 2)
    erase(store, ALICE)
    assert rows_of(store, ALICE) == NOTHING
    assert rows_of(store, 2) == neighbour
    assert store.rows("SELECT count(*), sum(uses) FROM blob") == [(8, 8)]
    assert store.rows("SELECT count(*) FROM message") == [(8,)]


def test_once_it_has_begun_no_operation_finds_the_account(store) -> None:
    """A session that is still open, or a delivery that was planned, must not put mail where it is being erased."""
    fill(store, ALICE)
    store.announced.clear()
    store.write(begin_erasure, ALICE)
    (heard,) = store.announced
    assert {INBOX.key, (ERASURE_TOPIC, ALICE)} <= heard
    with pytest.raises(NoSuchMailbox):
        store.put()
    with pytest.raises(NoSuchMailbox):
        store.listing()
    with pytest.raises(NoSuchMailbox):
        store.mailbox("New")
    assert len(store.rows("SELECT * FROM message")) == 8      # the rest is upkeep's
    assert store.read(accounts_under_erasure) == [ALICE]


def test_an_erasure_that_was_cut_short_is_found_again(store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A restart in the middle: what is left of the account says that it is to be erased."""
    monkeypatch.setattr(erasure, "MESSAGES_A_STEP", 2)
    store.account(2)
    fill(store, ALICE)
    assert store.read(accounts_under_erasure) == []
    store.write(erase_account, ALICE)
    assert store.read(accounts_under_erasure) == [ALICE]
    steps = erase(store, ALICE)
    assert len(steps) >= 4
    assert store.read(accounts_under_erasure) == []
    assert rows_of(store, ALICE) == NOTHING


def test_erasing_what_never_was_is_complete(store) -> None:
    assert store.write(erase_account, 77) == Erased((), True)


def test_what_is_owed_to_others_stays_with_its_bytes(store) -> None:
    """A message that the account submitted was accepted: 250 means that it will be delivered (DESIGN 1.1)."""
    store.put()
    store.sql("UPDATE blob SET uses = 2")

    def queued(tx):
        recipients = (parse_address("bob@there.test"),)
        entry = NewEntry(1, 1, ALICE, NULL_REVERSE_PATH, BodyType.SEVEN_BIT, b"", 1, recipients)
        return enqueue(tx, entry, NOON)

    store.write(queued)
    erase(store, ALICE)
    assert store.rows("SELECT blob_id FROM queue_entry") == [(1,)]
    assert store.rows("SELECT blob_id, uses FROM blob") == [(1, 1)]


def test_files_are_named_when_nobody_uses_them_any_more(store) -> None:
    store.put()
    store.put()
    store.sql("UPDATE blob SET name = 'blobs/ab/' || blob_id, bytes = NULL, kind = 'file'")
    store.sql("UPDATE blob SET uses = 2 WHERE blob_id = 2")
    named = [name for step in erase(store, ALICE) for name in step.file_names]
    assert named == ["blobs/ab/1"]


def test_an_account_can_be_made_anew(store) -> None:
    fill(store, ALICE)
    erase(store, ALICE)
    store.write(make_mailboxes, ALICE, NOON)
    assert store.put() == 1
