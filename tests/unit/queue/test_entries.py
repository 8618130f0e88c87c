"""The queue holds what we owe, for as long as RFC 5321 4.5.4.1 asks."""

import pytest

from posthouse.message.address import NULL_REVERSE_PATH, parse_address
from posthouse.message.envelope import BodyType
from posthouse.queue.entries import (
    MICROSECONDS,
    NewEntry,
    QueuedRecipient,
    RecipientState,
    enqueue,
    find_entry,
    list_entries,
)
from small_store import NOON

DAY = 24 * 3600 * MICROSECONDS


def entry(*recipients: str, reverse_path: str = "alice@here.test") -> NewEntry:
    path = parse_address(reverse_path) if reverse_path else NULL_REVERSE_PATH
    return NewEntry(7, 3, 1, path, BodyType.EIGHT_BIT_MIME, b"view", 99, tuple(map(parse_address, recipients)))


def test_a_queued_message_is_found_as_it_was_queued(store) -> None:
    queue_id = store.write(enqueue, entry("bob@there.test", "Carol@Else.test"), NOON)
    found = store.read(find_entry, queue_id)
    assert found.queue_id == queue_id
    assert (found.decision_id, found.reverse_path, found.size_octets, found.arrived_at) == (
        3, "alice@here.test", 99, NOON
    )  # fmt: skip
    waiting = RecipientState.WAITING
    assert found.recipients == (
        QueuedRecipient(1, "bob@there.test", waiting, 0, NOON, None, None),
        QueuedRecipient(2, "Carol@Else.test", waiting, 0, NOON, None, None),
    )


def test_mail_is_tried_for_four_to_five_days_at_least(store) -> None:
    """RFC 5321 4.5.4.1: the give-up time generally needs to be at least 4-5 days."""
    queue_id = store.write(enqueue, entry("bob@there.test"), NOON)
    assert 4 * DAY <= store.read(find_entry, queue_id).expires_at - NOON <= 7 * DAY


def test_a_notice_has_the_null_reverse_path(store) -> None:
    """RFC 5321 4.5.5: it must come back as what it was, or two servers would notify one another for ever."""
    queue_id = store.write(enqueue, entry("bob@there.test", reverse_path=""), NOON)
    assert store.read(find_entry, queue_id).reverse_path == ""


@pytest.mark.parametrize("forward_path", ['"quoted part"@there.test', "bob@[192.0.2.1]", "j\u00fcrgen@there.test"])
def test_every_forward_path_stays_as_it_was_given(store, forward_path: str) -> None:
    """RFC 5321 2.4: a local part is for its own host alone to interpret."""
    queue_id = store.write(enqueue, entry(forward_path), NOON)
    (recipient,) = store.read(find_entry, queue_id).recipients
    assert parse_address(recipient.forward_path) == parse_address(forward_path)


def test_what_is_due_is_found_by_its_domain_in_one_spelling(store) -> None:
    """One destination, one connection: the relay groups by the domain's key."""
    store.write(enqueue, entry("a@There.Test", "b@there.test"), NOON)
    assert store.rows("SELECT DISTINCT domain_key, state, due_at FROM queue_recipient") == [
        ("there.test", "waiting", NOON)
    ]


def test_entries_are_listed_in_order_a_page_at_a_time(store) -> None:
    """DESIGN 5: a read brings at most 1,000 rows."""
    keys = [store.write(enqueue, entry("bob@there.test"), NOON) for _ in range(5)]
    pages, after = [], 0
    while page := store.read(list_entries, after, 2):
        pages.append([found.queue_id for found in page])
        after = page[-1].queue_id
    assert pages == [keys[:2], keys[2:4], keys[4:]]
    assert store.read(find_entry, 99) is None


def test_queueing_wakes_who_takes_mail_off(store) -> None:
    store.announced.clear()
    store.write(enqueue, entry("bob@there.test"), NOON)
    assert store.announced == [{"queue"}]
