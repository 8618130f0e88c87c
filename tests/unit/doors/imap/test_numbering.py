"""What there is to tell between two listings, against plain lists (RFC 3501 7.4.1; `numbering.py`)."""

from array import array
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from posthouse.doors.imap.numbering import keeping_the_gone, news_between
from posthouse.doors.imap.pages import PAGE_MESSAGES_MAX, pages
from posthouse.store.changes import BitsChange, BitsOperation
from posthouse.store.listing import Chunk, Listing
from posthouse.store.placements import Placement, several


@dataclass
class Pair:
    """A listing, and a later one that shares the chunks that did not change."""

    old: Listing
    new: Listing


def listing(chunks: list[list[tuple[int, int]]], modseq: int, shared: Listing | None = None) -> Listing:
    """A listing of (UID, bits); chunks that are the same as in `shared` are the very same objects."""
    known = {chunk.first_uid: chunk for chunk in shared.chunks} if shared else {}
    made = []
    for name, pairs in ((chunk[0][0], chunk[1:]) for chunk in chunks):
        placements = several([Placement(uid, uid, uid, 0, 0, 0, bits) for uid, bits in pairs])
        same = known.get(name)
        if same and same.placements.uids == placements.uids and same.placements.bits == placements.bits:
            made.append(same)
        else:
            made.append(Chunk(name, placements, array("q", [modseq]) * len(pairs)))
    return Listing.of(modseq, made)


@st.composite
def pairs(draw: st.DrawFn) -> Pair:
    """Up to four chunks; then some messages go, some change, some come. A chunk keeps the name of its first message."""
    uids = draw(st.lists(st.integers(1, 60), unique=True, max_size=24).map(sorted))
    bits = st.integers(0, 3)
    messages = [(uid, draw(bits)) for uid in uids]
    cuts = sorted(draw(st.sets(st.integers(1, max(1, len(messages))), max_size=3)))
    parts = [messages[start:stop] for start, stop in zip([0, *cuts], [*cuts, len(messages)], strict=True)]
    before = [[part[0], *part] for part in parts if part]
    gone = draw(st.sets(st.sampled_from(uids))) if uids and draw(st.booleans()) else set()
    changed = draw(st.dictionaries(st.sampled_from(uids), bits)) if uids else {}
    after = [
        [chunk[0], *((uid, changed.get(uid, now)) for uid, now in chunk[1:] if uid not in gone)] for chunk in before
    ]
    added = [(uid, draw(bits)) for uid in range(61, 61 + draw(st.integers(0, 4)))]
    if added and draw(st.booleans()) and after and len(after[-1]) > 1:
        after[-1] = [*after[-1], *added]
    elif added:
        after.append([added[0], *added])
    old = listing(before, 1)
    return Pair(old, listing(after, 2, old))


def seen_as(one: Listing) -> list[tuple[int, int]]:
    return [(placement.uid, placement.bits) for placement in one]


def is_inside(uid: int, ranges: tuple[tuple[int, int], ...]) -> bool:
    return any(low <= uid <= high for low, high in ranges)


@given(pairs())
def test_the_news_make_the_new_listing_of_the_old_one(pair: Pair) -> None:
    """A peer that takes out what is told gone, one after another, and changes what is told changed, has it right."""
    news = news_between(pair.old, pair.new)
    told = seen_as(pair.old)
    for number in news.gone:
        del told[number - 1]
    now = dict(seen_as(pair.new))
    told = [(uid, now[uid] if uid in news.changed else bits) for uid, bits in told]
    assert told == seen_as(pair.new)[:len(told)]
    assert news.grown == (len(told) < len(pair.new))
    assert all(dict(seen_as(pair.old))[uid] != now[uid] for uid in news.changed)
    assert news.changed == sorted(news.changed)


@given(pairs(), st.sampled_from(BitsOperation), st.integers(0, 3), st.lists(st.integers(1, 64), max_size=6))
def test_what_was_expected_is_no_news(pair: Pair, operation: BitsOperation, mask: int, ends: list[int]) -> None:
    """STORE.SILENT (RFC 3501 6.4.6): told is what is otherwise than the peer's own change has made it.

    A chunk that is still the same object was touched by no change, not by the peer's either.
    """
    flat = sorted(set(ends))
    ranges = tuple(zip(flat[::2], flat[1::2], strict=False))
    news = news_between(pair.old, pair.new, BitsChange(operation, mask, ranges))
    now = dict(seen_as(pair.new))
    touched = [chunk for chunk in pair.old.chunks if chunk not in pair.new.chunks]
    believed = {
        one.uid: operation.apply([one.bits], mask)[0] if is_inside(one.uid, ranges) else one.bits
        for chunk in touched
        for one in chunk.placements
    }
    assert news.changed == [uid for uid, bits in believed.items() if uid in now and now[uid] != bits]


@given(pairs())
def test_what_is_gone_keeps_its_number_and_nothing_else_is_old(pair: Pair) -> None:
    kept = keeping_the_gone(pair.old, pair.new)
    now, was = dict(seen_as(pair.new)), dict(seen_as(pair.old))
    assert seen_as(kept) == sorted({**was, **now}.items())
    assert [uid for uid, _ in seen_as(kept)][:len(was)] == list(was)
    later = news_between(kept, pair.new)
    assert later.changed == [] and not later.grown
    assert sorted(later.gone) == [number for number, uid in enumerate(was, 1) if uid not in now]


@given(pairs(), st.lists(st.integers(1, 64), max_size=12))
def test_pages_hold_the_messages_that_are_meant(pair: Pair, ends: list[int]) -> None:
    flat = sorted(set(ends))
    ranges = tuple(zip(flat[::2], flat[1::2], strict=False))
    found = [
        (number, placement.uid)
        for page in pages(pair.new, ranges)
        for number, placement in zip(page.numbers, page.placements, strict=True)
    ]
    assert found == [
        (number, uid)
        for number, (uid, _) in enumerate(seen_as(pair.new), 1)
        if is_inside(uid, ranges)
    ]


def test_pages_are_bounded_in_number_and_octets() -> None:
    """DESIGN 5: pages of at most 1 MiB or 1,000 rows; a message that is longer than a page is one of its own."""
    many = listing([[(1, 0), *((uid, 0) for uid in range(1, 2502))]], 1)
    assert [len(page) for page in pages(many, ((1, 2501),))] == [PAGE_MESSAGES_MAX, PAGE_MESSAGES_MAX, 501]
    [page] = pages(many, ((1, 10), (20, 20)))    # each has as many octets as its UID says
    assert [list(part.placements.sizes) for part in page.parts(12)] == [
        [1, 2, 3, 4], [5, 6], [7], [8], [9], [10], [20]
    ]  # fmt: skip
    assert list(page.parts(10_000)) == [page]
