"""A listing under change records equals a plain list of messages under the same (RFC 3501 2.3.1, 6.4.3, 6.4.6)."""

from array import array
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posthouse.database.identifiers import ModSeq
from posthouse.store.changes import BitsChange, BitsOperation, Change, Kind
from posthouse.store.listing import CHUNK_MESSAGES_MAX, Listing, carried_forward, joined
from posthouse.store.placements import Placements

EMPTY = Listing.of(ModSeq(0), ())


def columns(uids: list[int], bits: int = 0) -> Placements:
    count = len(uids)
    return Placements(
        array("I", uids),
        array("q", [uid + 10**12 for uid in uids]),
        array("I", [uid % 1000 for uid in uids]),
        array("q", [0]) * count,
        array("h", [0]) * count,
        array("q", [0]) * count,
        [bits] * count,
    )


@dataclass
class Model:
    """A mailbox as a dict of UID to (bits, modseq), and the records that made it so."""

    messages: dict[int, tuple[int, int]] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)
    uidnext: int = 1

    @property
    def modseq(self) -> ModSeq:
        return ModSeq(len(self.changes) + 1)

    def add(self, count: int, gap: int, bits: int) -> None:
        uids = list(range(self.uidnext + gap, self.uidnext + gap + count))
        self.uidnext += gap + count
        self.messages |= dict.fromkeys(uids, (bits, self.modseq))
        self._record(Kind.ADD, columns(uids, bits).encode())

    def change(self, operation: BitsOperation, mask: int, ranges: list[tuple[int, int]]) -> None:
        for uid, (bits, _) in self.messages.items():
            if any(first <= uid <= last for first, last in ranges):
                after = {
                    BitsOperation.ADD: bits | mask,
                    BitsOperation.REMOVE: bits & ~mask,
                    BitsOperation.REPLACE: mask,
                }[operation]
                self.messages[uid] = (after, self.modseq)
        self._record(Kind.BITS, BitsChange(operation, mask, tuple(ranges)).encode())

    def expunge(self, uids: list[int]) -> None:
        for uid in uids:
            self.messages.pop(uid, None)
        self._record(Kind.EXPUNGE, columns(uids).encode())

    def _record(self, kind: Kind, body: bytes) -> None:
        self.changes.append(Change(self.modseq, kind, body))

    def as_list(self) -> list[tuple[int, int, int]]:
        return [(uid, bits, modseq) for uid, (bits, modseq) in sorted(self.messages.items())]


def as_list(listing: Listing) -> list[tuple[int, int, int]]:
    return [
        (placement.uid, placement.bits, listing.modseq_at(number)) for number, placement in enumerate(listing, 1)
    ]


@st.composite
def models(draw: st.DrawFn) -> Model:
    """A mailbox's history; adds are big enough to cross the borders of chunks."""
    model = Model()
    for _ in range(draw(st.integers(1, 12))):
        action = draw(st.sampled_from(["add", "add", "bits", "expunge"]))
        if action == "add":
            count = draw(st.sampled_from([1, 2, 3, 1000, CHUNK_MESSAGES_MAX - 1, CHUNK_MESSAGES_MAX + 1]))
            model.add(count, draw(st.sampled_from([0, 0, 3])), draw(st.integers(0, 3)))
        elif action == "bits":
            ranges = draw(uid_ranges(model.uidnext + 5))
            model.change(draw(st.sampled_from(BitsOperation)), draw(st.sampled_from([1, 2, 1 << 70])), ranges)
        elif model.messages:
            model.expunge(draw(some_of(sorted(model.messages))))
    return model


@st.composite
def uid_ranges(draw: st.DrawFn, past: int) -> list[tuple[int, int]]:
    """Ascending, disjoint ranges below a UID."""
    ends = sorted(draw(st.sets(st.integers(1, max(past, 2)), max_size=8)))
    return list(zip(ends[::2], ends[1::2], strict=False))


@st.composite
def some_of(draw: st.DrawFn, uids: list[int]) -> list[int]:
    """All, a run, every n-th, or a few of some UIDs."""
    start = draw(st.integers(0, len(uids) - 1))
    return draw(st.sampled_from([
        uids, uids[start:], uids[:start + 1], uids[start::2], uids[start::97], [uids[start]],
    ]))  # fmt: skip


@given(models(), st.data())
@settings(max_examples=60, deadline=None)
def test_records_carry_a_listing_as_they_would_a_list(model: Model, data: st.DataObject) -> None:
    """All at once, or in two steps at any point: the same messages, bits and modseqs."""
    listing = carried_forward(EMPTY, model.changes)
    assert as_list(listing) == model.as_list()
    assert len(listing) == len(model.messages)
    cut = data.draw(st.integers(0, len(model.changes)))
    stepwise = carried_forward(carried_forward(EMPTY, model.changes[:cut]), model.changes[cut:])
    assert as_list(stepwise) == model.as_list()
    one_by_one = EMPTY
    for change in model.changes:
        one_by_one = carried_forward(one_by_one, [change])
    assert [chunk.first_uid for chunk in one_by_one.chunks] == [chunk.first_uid for chunk in listing.chunks]


@given(models())
@settings(max_examples=30, deadline=None)
def test_chunks_are_bounded_never_empty_and_keep_their_names(model: Model) -> None:
    """STORE.md: chunks of 4,096; sessions compare listings chunk by chunk, by name."""
    listing = EMPTY
    names: dict[int, set[int]] = {}
    for change in model.changes:
        listing = carried_forward(listing, [change])
        for chunk in listing.chunks:
            assert 0 < len(chunk) <= CHUNK_MESSAGES_MAX
            names.setdefault(chunk.first_uid, set()).update(chunk.placements.uids)
    homes = [uid for uids in names.values() for uid in uids]
    assert len(homes) == len(set(homes))      # no message ever moved to a chunk of another name


@given(models(), st.data())
@settings(max_examples=40, deadline=None)
def test_a_listing_never_changes(model: Model, data: st.DataObject) -> None:
    """A session that may not be told yet stands on the old one (RFC 3501 7.4.1: no EXPUNGE during FETCH)."""
    cut = data.draw(st.integers(0, len(model.changes)))
    before = carried_forward(EMPTY, model.changes[:cut])
    was = as_list(before)
    carried_forward(before, model.changes[cut:])
    assert as_list(before) == was


@given(models(), st.data())
@settings(max_examples=60, deadline=None)
def test_numbers_and_uids_find_one_another(model: Model, data: st.DataObject) -> None:
    """RFC 3501 2.3.1.2: sequence numbers count from 1 without a gap; a UID stands at one of them or nowhere."""
    listing = carried_forward(EMPTY, model.changes)
    uids = sorted(model.messages)
    uid = data.draw(st.integers(0, model.uidnext + 3))
    after = [number for number, other in enumerate(uids, 1) if other >= uid]
    assert listing.number_at_or_after(uid) == (after[0] if after else len(uids) + 1)
    found = listing.find(uid)
    if uid in model.messages:
        assert found is not None
        number, placement = found
        assert uids[number - 1] == placement.uid == uid
        assert listing.at(number) == placement
    else:
        assert found is None
    assert listing.largest_uid() == (uids[-1] if uids else 0)
    for number in (0, len(uids) + 1):
        with pytest.raises(IndexError):
            listing.at(number)


@given(models(), st.data())
@settings(max_examples=60, deadline=None)
def test_ranges_choose_what_lies_in_them(model: Model, data: st.DataObject) -> None:
    """RFC 3501 6.4.8: UIDs of a range that do not exist are passed over."""
    listing = carried_forward(EMPTY, model.changes)
    ranges = data.draw(uid_ranges(model.uidnext + 5))
    uids = sorted(model.messages)
    expected = [uid for uid in uids if any(first <= uid <= last for first, last in ranges)]
    assert list(listing.select(ranges).uids) == expected
    seen: list[int] = []
    for chunk, first, past, number in listing.spans(ranges):
        assert first < past
        assert uids[number - 1] == chunk.placements.uids[first]
        seen.extend(chunk.placements.uids[first:past])
    assert seen == expected


@given(models(), st.data())
@settings(max_examples=30, deadline=None)
def test_ranges_of_numbers_become_ranges_of_uids(model: Model, data: st.DataObject) -> None:
    listing = carried_forward(EMPTY, model.changes)
    uids = sorted(model.messages)
    if not uids:
        return
    ends = sorted(data.draw(st.sets(st.integers(1, len(uids)), min_size=1, max_size=6)))
    numbers = list(zip(ends[::2], ends[1::2], strict=False)) or [(ends[0], ends[0])]
    chosen = listing.select(listing.uid_ranges(numbers))
    assert list(chosen.uids) == [uid for first, last in numbers for uid in uids[first - 1:last]]


def test_nothing_chosen_is_nothing() -> None:
    assert len(joined([])) == 0
    assert len(EMPTY.select(((1, 100),))) == 0
    assert EMPTY.find(1) is None
    assert carried_forward(EMPTY, []) is EMPTY


def test_a_change_shares_what_it_does_not_touch() -> None:
    """STORE.md: a change replaces the chunks that it touches; ten sessions' old listings cost little."""
    model = Model()
    model.add(3 * CHUNK_MESSAGES_MAX, 0, 0)
    before = carried_forward(EMPTY, model.changes)
    model.change(BitsOperation.ADD, 1, [(CHUNK_MESSAGES_MAX + 1, CHUNK_MESSAGES_MAX + 1)])
    after = carried_forward(before, model.changes[-1:])
    assert [new is old for new, old in zip(after.chunks, before.chunks, strict=True)] == [True, False, True]
