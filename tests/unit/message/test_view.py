import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.message.headers import HeaderSection
from posthouse.message.view import SEPARATOR, Range, View, read

STORED = b"Bcc: hidden@example.org\r\nSubject: x\r\nReturn-Path: <a@b>\r\n\r\nbody\r\n"
BODY = STORED.index(b"\r\n\r\n") + 4


class Source:
    """Reads stored octets and counts how often; asking beyond them is a mistake of the reader."""

    def __init__(self, stored: bytes) -> None:
        self.stored = stored
        self.calls = 0

    def __call__(self, offset: int, length: int) -> bytes:
        assert offset >= 0
        assert length > 0
        assert offset + length <= len(self.stored)
        self.calls += 1
        return self.stored[offset : offset + length]


def test_a_whole_view_is_what_is_stored() -> None:
    view = View.whole(len(STORED), BODY)
    source = Source(STORED)
    assert read(view, 0, view.size_octets, source) == STORED
    assert source.calls == 1
    assert (view.header_octets, view.size_octets) == (BODY, len(STORED))


def test_prefixes_stand_above_and_omissions_are_not_seen() -> None:
    """DESIGN 1, promise 2: delivery and transport prefix, a submitted Bcc left out."""
    view = View.whole(len(STORED), BODY).without(0, 25).without(37, 57)
    view = view.with_prefix(b"Received: r\r\n").with_prefix(b"Return-Path: <p@q>\r\n")
    seen = b"Return-Path: <p@q>\r\nReceived: r\r\nSubject: x\r\n\r\nbody\r\n"
    assert read(view, 0, 10_000, Source(STORED)) == seen
    assert (view.header_octets, view.size_octets) == (seen.index(b"body"), len(seen))


# A stored message as a model: its octets, where its body begins, what is done to it in turn.
spans = st.tuples(st.integers(0, 40), st.integers(0, 40)).map(lambda pair: (min(pair), max(pair)))
changes = st.lists(st.binary(max_size=8) | spans, max_size=5)


def apply(view: View, header: list[int | bytes], change: bytes | tuple[int, int]) -> tuple[View, list[int | bytes]]:
    """One change, to the view and to the naive model: a list of stored offsets and literal octets."""
    if isinstance(change, bytes):
        return view.with_prefix(change), [*(change[at : at + 1] for at in range(len(change))), *header]
    body = view.body.offset
    start, end = min(change[0], body), min(change[1], body)
    return view.without(start, end), [one for one in header if isinstance(one, bytes) or not start <= one < end]


@st.composite
def views(draw: st.DrawFn) -> tuple[bytes, View, bytes]:
    stored = draw(st.binary(max_size=60))
    body = draw(st.integers(0, len(stored)))
    view, header = View.whole(len(stored), body), list(range(body))
    for change in draw(changes):
        view, header = apply(view, header, change)
    seen = b"".join(one if isinstance(one, bytes) else stored[one : one + 1] for one in header)
    return stored, view, seen


@given(views(), st.integers(0, 80), st.integers(0, 80))
def test_reading_any_part_is_a_slice_of_the_whole(made: tuple[bytes, View, bytes], first: int, length: int) -> None:
    """DESIGN 1, promise 2: one function reads a view; partials, RETR and TOP are slices of what one sees."""
    stored, view, header = made
    seen = header + stored[view.body.offset :]
    assert read(view, first, length, Source(stored)) == seen[first : first + length]


@given(views())
def test_a_view_knows_its_sizes(made: tuple[bytes, View, bytes]) -> None:
    stored, view, header = made
    assert view.header_octets == len(header)
    assert view.size_octets == len(header) + len(stored) - view.body.offset
    assert view.body.end == len(stored)


@given(views())
def test_a_view_is_stored_and_read_back(made: tuple[bytes, View, bytes]) -> None:
    _, view, _ = made
    assert View.decode(view.encode()) == view


@given(views(), st.integers(0, 30))
def test_a_whole_reading_asks_as_seldom_as_it_can(made: tuple[bytes, View, bytes], first: int) -> None:
    stored, view, _ = made
    source = Source(stored)
    read(view, first, view.size_octets, source)
    assert source.calls <= sum(isinstance(piece, Range) for piece in view.pieces)


def test_encoding_is_compact() -> None:
    assert len(View.whole(5_000, 1_000).encode()) <= 24
    literal = b"Received: something\r\n" * 10
    assert len(View.whole(5_000, 1_000).with_prefix(literal).encode()) <= len(literal) + 32


@given(st.binary(max_size=40))
def test_octets_that_are_no_view_are_refused(encoded: bytes) -> None:
    try:
        view = View.decode(encoded)
    except ValueError:
        return
    assert View.decode(view.encode()) == view


@given(views(), st.data())
def test_a_view_that_was_cut_off_is_refused(made: tuple[bytes, View, bytes], data: st.DataObject) -> None:
    encoded = made[1].encode()
    cut = encoded[: data.draw(st.integers(0, len(encoded) - 1))]
    with contextlib.suppress(ValueError):
        assert View.decode(cut) != made[1]


@pytest.mark.parametrize(("start", "end"), [(-1, 2), (3, 2), (0, BODY + 1), (BODY, BODY + 1)])
def test_the_body_cannot_be_cut(start: int, end: int) -> None:
    """Pieces touch only the header section, so that offsets in the body hold in every view."""
    with pytest.raises(ValueError, match="header section"):
        View.whole(len(STORED), BODY).without(start, end)


def test_nothing_left_out_changes_nothing() -> None:
    view = View.whole(len(STORED), BODY)
    assert view.without(3, 3) == view
    assert view.with_prefix(b"") is view


@pytest.mark.parametrize(
    ("stored", "separator"),
    [
        (b"Subject: x\r\n\r\nbody", b""),
        (b"\r\nbody", b""),
        (b"body without fields\r\n", SEPARATOR),
        (b"Subject: x\r\ntext at once\r\n", SEPARATOR),
        (b"Subject: x\r\n", b""),    # no body: nothing to keep apart
        (b"", b""),
    ],
)
def test_text_without_fields_is_kept_apart_from_what_is_put_before_it(stored: bytes, separator: bytes) -> None:
    """RFC 5322 2.1: an empty line separates header section and body; without it a prefix would swallow the text."""
    section = HeaderSection.parse(stored)
    view = View.separated(section, len(stored)).with_prefix(b"Received: r\r\n")
    seen = read(view, 0, view.size_octets, Source(stored))
    assert seen == b"Received: r\r\n" + stored[: section.end] + separator + stored[section.end :]
    assert view.header_octets == len(seen) - len(stored[section.end :])
    assert HeaderSection.parse(seen).end == view.header_octets


@given(
    st.binary(min_size=0, max_size=80),
    st.lists(st.integers(0, 80), max_size=12),
    st.lists(st.binary(min_size=1, max_size=4), max_size=3),
)
def test_many_runs_left_out_at_once_are_those_left_out_one_by_one(
    header: bytes, marks: list[int], prefixes: list[bytes]
) -> None:
    """What is hidden of a message with 20,000 forged fields is worked out in one pass, with the same outcome."""
    marks = sorted(min(mark, len(header)) for mark in marks)
    runs = [Range(start, end - start) for start, end in zip(marks[::2], marks[1::2], strict=False)]
    stored = header + b"body"
    view = View.whole(len(stored), len(header))
    for prefix in prefixes:
        view = view.with_prefix(prefix)
    one_by_one = view
    for run in runs:
        one_by_one = one_by_one.without(run.offset, run.end)
    at_once = view.without_all(runs)
    gone = {octet for run in runs for octet in range(run.offset, run.end)}
    expected = b"".join(reversed(prefixes)) + bytes(c for at, c in enumerate(header) if at not in gone) + b"body"
    for seen in (one_by_one, at_once):
        assert read(seen, 0, seen.size_octets, lambda offset, length: stored[offset : offset + length]) == expected
        assert seen.header_octets == len(expected) - len(b"body")
