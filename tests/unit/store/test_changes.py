"""Change records: what is written is what is read (STORE.md: layout; RFC 3501 6.4.6 for what FLAGS means)."""

from hypothesis import given
from hypothesis import strategies as st

from posthouse.database.identifiers import MessageId, ModSeq, Uid
from posthouse.store.changes import (
    MESSAGES_A_RECORD_MAX,
    BitsChange,
    BitsOperation,
    Kind,
    changes_after,
    in_records,
    write_change,
)
from posthouse.store.mailboxes import INBOX_ID
from posthouse.store.placements import DELETED, FLAGGED, SEEN, Placement, several
from small_store import ALICE, INBOX, NOON

RANGES = st.lists(st.integers(1, (1 << 32) - 1), unique=True, max_size=20).map(sorted).map(
    lambda uids: tuple(zip(uids[::2], uids[1::2], strict=False))
)


@given(st.sampled_from(BitsOperation), st.integers(0, (1 << 256) - 1), RANGES)
def test_a_change_of_bits_keeps_its_value(operation: BitsOperation, mask: int, ranges) -> None:
    """Masks of every lane, any UID that RFC 3501 allows."""
    change = BitsChange(operation, mask, ranges)
    assert BitsChange.decode(change.encode()) == change


def test_a_change_of_a_whole_mailbox_is_one_small_record() -> None:
    """STORE.md: STORE 1:* is one small record."""
    change = BitsChange(BitsOperation.ADD, SEEN, ((1, 1_000_000),))
    assert len(change.encode()) <= 12


def test_the_three_operations_are_those_of_store() -> None:
    """RFC 3501 6.4.6: FLAGS replaces, +FLAGS adds, -FLAGS removes."""
    before = [SEEN | FLAGGED, 0, DELETED]
    assert BitsOperation.REPLACE.apply(before, SEEN) == [SEEN, SEEN, SEEN]
    assert BitsOperation.ADD.apply(before, SEEN) == [SEEN | FLAGGED, SEEN, SEEN | DELETED]
    assert BitsOperation.REMOVE.apply(before, SEEN) == [FLAGGED, 0, DELETED]
    assert before == [SEEN | FLAGGED, 0, DELETED]


def test_kinds_keep_their_numbers_on_disk() -> None:
    """They are read by later releases."""
    assert [(kind.name, kind.value) for kind in Kind] == [
        ("ADD", 1), ("BITS", 2), ("EXPUNGE", 3), ("MADE", 4), ("RENAMED", 5), ("DELETED", 6),
    ]  # fmt: skip
    assert [(operation.name, operation.value) for operation in BitsOperation] == [
        ("REPLACE", 1), ("ADD", 2), ("REMOVE", 3),
    ]  # fmt: skip


def test_records_are_read_in_order_and_only_those_after_a_point(store) -> None:
    for modseq in (1002, 1001, 1003):
        store.write(write_change, INBOX.key, ModSeq(modseq), Kind.BITS, b"%d" % modseq, NOON)
    found = store.read(changes_after, ALICE, INBOX_ID, ModSeq(1001))
    assert [(change.modseq, change.body) for change in found] == [(1002, b"1002"), (1003, b"1003")]


def test_writing_a_record_announces_its_mailbox(store) -> None:
    """DESIGN 5: after COMMIT sessions are woken; the announcement is how the listings hear of it."""
    store.announced.clear()
    store.write(write_change, INBOX.key, ModSeq(1001), Kind.BITS, b"", NOON)
    assert store.announced == [{(ALICE, INBOX_ID)}]


def test_many_messages_are_cut_into_records_of_at_most_4096() -> None:
    """STORE.md: at most 4,096 messages a record, so that no reader meets one without bounds."""

    def messages(count: int):
        return several([Placement(Uid(n), MessageId(n), 1, 0, 0, 0, 0) for n in range(1, count + 1)])

    assert [len(part) for part in in_records(messages(MESSAGES_A_RECORD_MAX))] == [4096]
    parts = in_records(messages(2 * MESSAGES_A_RECORD_MAX + 1))
    assert [len(part) for part in parts] == [4096, 4096, 1]
    assert [one.uid for part in parts for one in part] == list(range(1, 2 * MESSAGES_A_RECORD_MAX + 2))
