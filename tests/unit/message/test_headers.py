import mmap
import tempfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.message.headers import FIELD_LINES_MAX, HeaderSection, close_fields, select_fields, unfold

RFC_5322_A_1_1 = (
    b"From: John Doe <jdoe@machine.example>\r\n"
    b"To: Mary Smith <mary@example.net>\r\n"
    b"Subject: Saying Hello\r\n"
    b"Date: Fri, 21 Nov 1997 09:55:06 -0600\r\n"
    b"Message-ID: <1234@local.machine.example>\r\n"
    b"\r\n"
    b"This is a message just to say hello.\r\n"
)


def test_fields_and_body_are_found() -> None:
    """RFC 5322 2.1: the body begins behind the empty line."""
    section = HeaderSection.parse(RFC_5322_A_1_1)
    assert [field.name for field in section.fields] == [b"From", b"To", b"Subject", b"Date", b"Message-ID"]
    assert RFC_5322_A_1_1[section.end :] == b"This is a message just to say hello.\r\n"
    assert section.first(b"subject") == b"Saying Hello"
    assert section.first(b"cc") is None
    assert section.is_closed


def test_offsets_are_exact() -> None:
    octets = b"A: 1\r\nB :\t2\r\n 2\r\nnot a field\r\nC:3\r\n\r\nbody"
    section = HeaderSection.parse(octets)
    assert [octets[field.start : field.end] for field in section.fields] == [
        b"A: 1\r\n", b"B :\t2\r\n 2\r\n", b"not a field\r\n", b"C:3\r\n",
    ]  # fmt: skip
    assert [octets[field.value_start : field.value_end] for field in section.fields] == [
        b" 1", b"\t2\r\n 2", b"not a field", b"3",
    ]  # fmt: skip
    assert [field.lower for field in section.fields] == [b"a", b"b", b"", b"c"]


def test_all_values_of_a_name_come_in_order() -> None:
    section = HeaderSection.parse(b"Received: one\r\nX: x\r\nRECEIVED: two\r\n\tfolded\r\nreceived:three\r\n\r\n")
    assert section.values(b"received") == [b"one", b"two\r\n\tfolded", b"three"]
    assert section.count(b"received") == 3
    assert section.names() == {b"received", b"x"}


@pytest.mark.parametrize(
    ("octets", "end", "is_closed"),
    [
        (b"", 0, False),
        (b"\r\n", 2, True),
        (b"\r\nbody", 2, True),
        (b"\nbody", 1, True),
        (b"A: 1\r\n\r\nbody", 8, True),
        (b"A: 1\n\nbody", 6, True),    # APPEND may bring bare line feeds
        (b"A: 1\r\n\nbody", 7, True),
        (b"A: 1\n\r\nbody", 7, True),
        (b"A: 1\r\n", 6, False),    # a header section alone (RFC 5322 3.5: the body is optional)
        (b"A: 1", 4, False),
        (b"no fields at all", 0, False),
        (b"hello\r\nthere\r\n", 0, False),
        (b"A: 1\r\nhello\r\nB: 2\r\n", 6, False),    # no empty line: the first text begins the body
        (b"A: 1\r\nhello\r\nthere\r\n\r\nmore", 6, False),    # text up to the empty line: none of it is lost
        (b"A: 1\r\nhello\r\nB: 2\r\n\r\nbody", 21, True),    # a damaged field between others
        (b"From me Mon Jan 1\r\nA: 1\r\n\r\nbody", 27, True),    # an mbox line
        (b"A: 1\r\n--b\r\nB: 2\r\n\r\nbody", 6, False),    # a delimiter is never part of a header section
        (b" folded from nothing\r\nA: 1\r\n\r\nbody", 30, True),
        (b"A: 1\r\n \r\nB: 2\r\n\r\nbody", 17, True),    # a line of spaces continues the field (RFC 5322 4.2)
        (b": no name\r\nA: 1\r\n\r\nbody", 19, True),
    ],
)
def test_where_the_header_section_ends(octets: bytes, end: int, *, is_closed: bool) -> None:
    """RFC 5322 2.1 for what is well formed; for the rest: no text may be lost in the header section."""
    section = HeaderSection.parse(octets)
    assert (section.end, section.is_closed) == (end, is_closed)


def test_a_section_within_a_message_keeps_to_its_bounds() -> None:
    octets = b"Outer: 1\r\n\r\nInner: 2\r\nOther: 3\r\n\r\nbody"
    section = HeaderSection.parse(octets, 12, 22)
    assert (section.start, section.end, section.first(b"inner"), section.first(b"other")) == (12, 22, b"2", None)
    (field,) = section.fields
    assert octets[field.start : field.end] == b"Inner: 2\r\n"


lines = st.sampled_from(
    [b"A: 1", b"Subject: x", b" folded", b"\tfolded", b"text", b"", b":", b"Name without colon", b"X-Y :z", b"--b",
     b"\xff: 8", b"8: \xff", b"\x00", b"a:" * 3]
)  # fmt: skip
line_ends = st.sampled_from([b"\r\n", b"\n", b"\r", b"\r\r\n"])
sections = st.lists(st.tuples(lines, line_ends).map(b"".join), max_size=12).map(b"".join)


@given(sections | st.binary(max_size=60))
def test_fields_tile_the_section_whatever_the_octets(octets: bytes) -> None:
    section = HeaderSection.parse(octets)
    pieces = [octets[field.start : field.end] for field in section.fields]
    assert b"".join(pieces) == section.octets == octets[: len(section.octets)]
    assert octets[len(section.octets) : section.end] in (b"", b"\n", b"\r\n")
    for field in section.fields:
        assert field.start <= field.value_start <= field.value_end <= field.end
        assert field.name == octets[field.start : field.start + len(field.name)]


@given(sections, st.binary(max_size=20))
def test_a_mapped_file_is_read_like_octets_in_memory(fields: bytes, body: bytes) -> None:
    octets = fields + body + b"."
    with tempfile.TemporaryFile() as file:
        file.write(octets)
        file.flush()
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
            from_file, from_memory = HeaderSection.parse(mapped), HeaderSection.parse(octets)
            assert from_file.fields == from_memory.fields
            assert from_file.end == from_memory.end


def test_a_hundred_thousand_fields_are_kept_though_not_all_are_read_as_fields() -> None:
    """Bounded memory: what lies beyond the limit is one piece of junk, and still part of the section."""
    octets = b"A: 1\r\n" * 100_000 + b"\r\nbody"
    section = HeaderSection.parse(octets)
    assert section.end == len(octets) - 4
    assert section.count(b"a") == FIELD_LINES_MAX
    assert section.fields[-1].end == section.end - 2
    assert len(section.fields) == FIELD_LINES_MAX + 1


@pytest.mark.parametrize(
    ("octets", "end"),
    [
        (b"a" * 10_000_000, 0),
        (b"a:" + b"b" * 10_000_000, 10_000_002),
        (b"a: b\r\n" + b" c\r\n" * 300_000 + b"\r\n", 1_200_008),
        (b"a: b\r\n" + b" c\r\n" * 300_000, 6 + 4 * (FIELD_LINES_MAX - 1)),    # beyond the limit and without an end
        (b":" * 10**6, 0),
    ],
    ids=["one line", "one field", "folded", "folded without end", "colons"],
)
def test_long_lines_and_long_folding_are_read(octets: bytes, end: int) -> None:
    assert HeaderSection.parse(octets).end == end


def test_fields_are_selected_raw_and_in_order() -> None:
    """RFC 3501 6.4.5 HEADER.FIELDS: any case, folding kept, the delimiting blank line included."""
    header = b"A: 1\r\nB: 2\r\n  2\r\njunk\r\na: 3\r\nC: 4\r\n\r\n"
    assert select_fields(header, frozenset({b"a", b"b"}), exclude=False) == b"A: 1\r\nB: 2\r\n  2\r\na: 3\r\n\r\n"
    assert select_fields(header, frozenset({b"a", b"b"}), exclude=True) == b"junk\r\nC: 4\r\n\r\n"
    assert select_fields(header, frozenset({b"d"}), exclude=False) == b"\r\n"
    assert select_fields(b"", frozenset({b"a"}), exclude=True) == b"\r\n"
    assert select_fields(b"A: 1", frozenset({b"a"}), exclude=False) == b"A: 1\r\n\r\n"


@given(sections, st.frozensets(st.sampled_from([b"a", b"subject", b"x-y", b"8"])))
def test_what_is_selected_and_what_is_excluded_are_the_whole(octets: bytes, names: frozenset[bytes]) -> None:
    """RFC 3501 6.4.5: HEADER.FIELDS.NOT is the complement of HEADER.FIELDS."""
    section = HeaderSection.parse(octets)
    inside = sorted(octets[field.start : field.end] for field in section.fields if field.lower in names)
    outside = [octets[field.start : field.end] for field in section.fields if field.lower not in names]
    inside = [(f.lower, octets[f.start : f.end]) for f in section.fields if f.lower in names]
    assert section.select(names) == inside
    assert len(inside) + len(outside) == len(section.fields)
    assert [field for _, field in section.select(section.names() - names)] == outside


@pytest.mark.parametrize(
    ("folded", "flat"),
    [(b"a", b"a"), (b"a\r\n b", b"a b"), (b"a\r\n\t b\n c", b"a\t b c"), (b"\r\n a", b" a")],
)
def test_unfolding_takes_the_line_ends_alone(folded: bytes, flat: bytes) -> None:
    """RFC 5322 2.2.3: unfolding removes the CRLF and nothing else."""
    assert unfold(folded) == flat


@given(sections, st.frozensets(st.sampled_from([b"a", b"subject", b"x-y", b"8"])))
def test_a_section_that_was_found_is_read_alike_again(octets: bytes, names: frozenset[bytes]) -> None:
    """What the parser of the whole message took for its header section is not text when it stands alone."""
    section = HeaderSection.parse(octets)
    fields = b"".join(field for _, field in section.select(names))
    assert select_fields(section.octets, names, exclude=False) == close_fields(fields)
    assert select_fields(octets[: section.end], names, exclude=False) == close_fields(fields)


def test_where_fields_of_some_names_stand_agrees_with_all_fields() -> None:
    """`ranges` is a cheaper way to what `fields` tells."""
    header = b"A: 1\r\njunk\r\nb: 2\r\n 3\r\nC: 4\r\na : 5\r\n\r\nbody"
    section = HeaderSection.parse(header)
    names = frozenset({b"a", b"b"})
    told = [(field.start, field.end, field.lower) for field in section.fields if field.lower in names]
    assert [(start, end, name) for start, end, name, _ in section.ranges(names)] == told
    assert [value.strip() for _, _, _, value in section.ranges(names)] == [b"1", b"2\r\n 3", b"5"]
