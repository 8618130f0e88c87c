"""What is known of messages in a mailbox keeps its value through the stored form (STORE.md: layout)."""

import struct
from array import array

from hypothesis import given, settings
from hypothesis import strategies as st

from posthouse.database.identifiers import MessageId, Uid
from posthouse.store.placements import (
    DELETED,
    FIRST_KEYWORD_BIT,
    FLAGGED,
    KEYWORDS_MAX,
    SEEN,
    Placement,
    Placements,
    cut,
    encode_one,
    several,
)

BITS_MAX = (1 << (FIRST_KEYWORD_BIT + KEYWORDS_MAX)) - 1
DATES = st.integers(-(1 << 62), 1 << 62)


def placement_strategy(bits: st.SearchStrategy[int]):
    return st.builds(
        Placement,
        uid=st.integers(1, (1 << 32) - 1).map(Uid),
        message_id=st.integers(1, (1 << 62)).map(MessageId),
        size_octets=st.integers(0, (1 << 32) - 1),
        internal_date=DATES,
        zone=st.integers(-24 * 60, 24 * 60),
        sent_date=DATES,
        bits=bits,
    )


ANY_PLACEMENT = placement_strategy(st.integers(0, BITS_MAX))
PLACEMENTS = st.lists(ANY_PLACEMENT, max_size=20)
SMALL_BITS = st.lists(placement_strategy(st.integers(0, (1 << 64) - 1)), max_size=20)


@given(PLACEMENTS)
def test_the_stored_form_gives_back_every_message(one_by_one: list[Placement]) -> None:
    """Keywords beyond the first 64 bits included: they lie in lanes of their own."""
    assert list(Placements.decode(several(one_by_one).encode())) == one_by_one


@given(ANY_PLACEMENT)
def test_a_single_message_is_stored_as_columns_of_one(placement: Placement) -> None:
    """Delivery writes one message a record by a shorter way; readers know one form."""
    assert encode_one(placement) == several([placement]).encode()
    assert list(Placements.decode(encode_one(placement))) == [placement]


@given(SMALL_BITS)
def test_the_stored_form_is_the_documented_layout(one_by_one: list[Placement]) -> None:
    """Little-endian columns behind one octet of lanes and four of the count: what other programs may rely on."""
    count = len(one_by_one)
    columns = zip(*((p.uid, p.message_id, p.size_octets, p.internal_date, p.zone, p.sent_date, p.bits)
                    for p in one_by_one), strict=True) if count else [()] * 7
    expected = struct.pack("<BI", 1, count) + b"".join(
        struct.pack(f"<{count}{code}", *column) for code, column in zip("IqIqhqQ", columns, strict=True)
    )
    assert several(one_by_one).encode() == expected


def test_a_message_takes_about_42_octets() -> None:
    """STORE.md: about 42 octets each; an accident with a wider column would double the cost of every fold."""
    many = several([Placement(Uid(uid), MessageId(uid), 4000, uid, 60, uid, SEEN) for uid in range(1, 1001)])
    assert len(many.encode()) / 1000 <= 44


@given(PLACEMENTS, st.data())
def test_parts_and_sieves_choose_as_lists_do(one_by_one: list[Placement], data: st.DataObject) -> None:
    """Columns are an arrangement of a list of messages and nothing else."""
    whole = several(one_by_one)
    start, stop = data.draw(st.integers(0, 25)), data.draw(st.integers(0, 25))
    keep = data.draw(st.lists(st.booleans(), min_size=len(one_by_one), max_size=len(one_by_one)))
    assert list(whole.part(start, stop)) == one_by_one[start:stop]
    assert list(whole.kept(keep)) == [one for one, kept in zip(one_by_one, keep, strict=True) if kept]
    assert list(whole.joined(whole.part(start, stop))) == one_by_one + one_by_one[start:stop]


@given(st.integers(1, 300), st.data())
@settings(max_examples=50)
def test_what_is_cut_out_of_a_column_is_gone_and_nothing_else(length: int, data: st.DataObject) -> None:
    """Few runs are cut and many are sieved: the same is left, and the column itself never changes."""
    gone = data.draw(st.lists(st.booleans(), min_size=length, max_size=length))
    runs: list[tuple[int, int]] = []
    for index in (index for index, is_gone in enumerate(gone) if is_gone):
        if runs and runs[-1][1] == index:
            runs[-1] = (runs[-1][0], index + 1)
        else:
            runs.append((index, index + 1))
    column = array("I", range(length))
    expected = [index for index in range(length) if not gone[index]]
    assert list(cut(column, runs)) == expected
    assert cut(list(range(length)), runs) == expected
    assert list(column) == list(range(length))


def test_a_copy_keeps_all_but_the_uid() -> None:
    """RFC 3501 6.4.7: COPY preserves flags and internal date; UIDs are the target's own, ascending (2.3.1.1)."""
    source = several([
        Placement(Uid(7), MessageId(70), 10, 100, -300, 50, SEEN | FLAGGED),
        Placement(Uid(9), MessageId(90), 20, 200, 60, 150, DELETED),
    ])
    copied = list(source.renumbered(Uid(1000)))
    assert [one.uid for one in copied] == [1000, 1001]
    for one, was in zip(copied, source, strict=True):
        assert (one.message_id, one.size_octets, one.internal_date, one.zone, one.sent_date, one.bits) == (
            was.message_id, was.size_octets, was.internal_date, was.zone, was.sent_date, was.bits
        )  # fmt: skip


@given(PLACEMENTS)
def test_sums_are_those_of_the_messages(one_by_one: list[Placement]) -> None:
    """STATUS tells them from a counter that is moved by these."""
    columns = several(one_by_one)
    assert columns.unseen() == sum(not one.bits & SEEN for one in one_by_one)
    assert columns.octets() == sum(one.size_octets for one in one_by_one)
    assert len(columns) == len(one_by_one)
    assert len(Placements.empty()) == 0
