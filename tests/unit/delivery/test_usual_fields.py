"""The fields that are kept ready answer HEADER.FIELDS as the header section itself would."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.delivery.usual_fields import USUAL_FIELDS, choose_fields, keep_fields
from posthouse.message.headers import HeaderSection, select_fields

NAMES = st.sampled_from([b"From", b"to", b"SUBJECT", b"Date", b"List-Id", b"References", b"X-Other", b"Received"])
GAPS = st.sampled_from([b"", b" ", b"\t"])
VALUES = st.sampled_from([b" one", b"", b" a\r\n b", b"\r\n\tfolded", b" Subject: not this", b" \xff", b" " * 300])
ENDS = st.sampled_from([b"\r\n", b"\n"])
LINES = st.tuples(NAMES, GAPS, st.just(b":"), VALUES, ENDS).map(b"".join)
JUNK = st.sampled_from([b"no field at all\r\n", b"From someone Fri Nov 21\r\n"])
HEADERS = st.lists(st.one_of(LINES, LINES, JUNK), max_size=12).map(b"".join)
WANTED = st.frozensets(st.sampled_from([*sorted(USUAL_FIELDS)[:8], b"from", b"to", b"subject", b"date"]))


def kept(header: bytes) -> tuple[bytes, bytes]:
    return keep_fields(HeaderSection.parse(header))


@given(st.lists(HEADERS, max_size=4), WANTED, st.booleans())
def test_what_is_kept_answers_as_the_header_section_would(
    headers: list[bytes], wanted: frozenset[bytes], cut: bool
) -> None:
    """RFC 3501 6.4.5: the fields in their order, and the empty line. `select_fields` is the oracle."""
    texts = [header.rstrip(b"\r\n") if cut else header + b"\r\n" for header in headers]
    found = [text[: HeaderSection.parse(text).end] for text in texts]
    expected = [select_fields(section, wanted, exclude=False) for section in found]
    assert choose_fields(wanted, map(kept, texts)) == expected


@pytest.mark.parametrize("count", [0, 1, 300])
def test_a_message_may_have_any_number_of_fields(count: int) -> None:
    """More than any octet counts."""
    header = b"".join(b"To: %d@x.example\r\nReceived: by x\r\n" % number for number in range(count)) + b"\r\n"
    wanted = frozenset({b"to", b"cc"})
    assert choose_fields(wanted, [kept(header)]) == [select_fields(header, wanted, exclude=False)]


def test_messages_with_the_same_fields_are_each_cut_where_their_own_end() -> None:
    """The order of fields is remembered from one message to the next, not their lengths."""
    first, second = b"From: a\r\nSubject: b\r\nTo: c\r\n\r\n", b"From: aa\r\nSubject: bbbb\r\nTo: cccccc\r\n\r\n"
    wanted = frozenset({b"from", b"to"})
    assert choose_fields(wanted, [kept(first), kept(second)]) == [
        b"From: a\r\nTo: c\r\n\r\n", b"From: aa\r\nTo: cccccc\r\n\r\n"
    ]


def test_the_numbers_of_the_names_stand_for_ever() -> None:
    """They are stored: whoever changes their order raises RENDITION_VERSION and these lines."""
    index, _ = kept(b"Date: x\r\nX-Mailer: y\r\nChat-Version: 1\r\n\r\n")
    assert index[:3] == bytes([0, 40, 50])
    assert index[3:] == b"\x09\0\0\0" + b"\x16\0\0\0" + b"\x27\0\0\0"
    every, _ = kept(b"".join(name + b": x\r\n" for name in sorted(USUAL_FIELDS)) + b"\r\n")
    numbers = every[: len(USUAL_FIELDS)]
    assert sorted(numbers) == list(range(51))
    assert hashlib.sha256(numbers).hexdigest()[:16] == "a1ea5ae9b7556b5e"
