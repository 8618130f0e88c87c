"""Fields of many messages at once find what each header section read alone has."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.doors.imap.search_text import Needle, fold
from posthouse.doors.imap.searched_fields import SearchedFields
from posthouse.message.headers import HeaderSection
from posthouse.message.words import decode_words

NAMES = [b"subject", b"from", b"x-odd", b"sub", b"subject-line", b"x odd", b"x:", b"", b"\n", b"gr\xc3\xbcn", b"."]
LINES = st.sampled_from([
    b"Subject: hello\r\n", b"SUBJECT:hello world\r\n", b"Subject \t: spaced\r\n", b"Subject: \xff\xfe hello\r\n",
    b"Subject: folded\r\n here\r\n\tthere\r\n", b"Subject:\r\n", b"Subject: \r\n hello\r\n", b"From: a@example.net\n",
    b"From: Subject: hello\r\n", b"X-Odd: a\rSubject: b\r\n", "Subject: grün\r\n".encode(), b"Subject-Line: x\r\n",
    b"Subject: =?utf-8?q?gr=C3=BCn?= =?utf-8?b?SGVsbG8=?=\r\n", b"X-Odd: \x00\x01\r\n", b"Subject hello\r\n",
    b" Subject: a continuation\r\n", b"Sub: hello\r\n",
])  # fmt: skip
ENDINGS = st.sampled_from([b"", b"\r\n", b"Subject: no line end", b"\r\nSubject: in the body\r\n"])
SECTIONS = st.builds(lambda lines, ending: b"".join(lines) + ending, st.lists(LINES, max_size=5), ENDINGS)
NEEDLES = st.sampled_from([
    "hello", "HELLO WORLD", "folded here", "grün", "GRÜNHello", "", " ", ":", "subject", "a@", "ÿ", "a\rs", "spaced",
    "there", "here\tthere", "zzz", "\x00\x01", "no line end",
])  # fmt: skip


@given(messages=st.lists(SECTIONS, max_size=6), name=st.sampled_from(NAMES), words=NEEDLES)
def test_a_page_finds_what_each_section_has(messages: list[bytes], name: bytes, words: str) -> None:
    """As `message.headers` reads a header section; a name that no field can have is in none."""
    parsed = [HeaderSection.parse(octets) for octets in messages]
    fields = SearchedFields([octets[:section.end] for octets, section in zip(messages, parsed, strict=True)])
    values = [section.values(name) if name else [] for section in parsed]    # of junk, which no name is for
    found = [any(fold(words) in fold(decode_words(value)) for value in one) for one in values]
    assert fields.containing(name, Needle.of(words)) == [number for number, is_found in enumerate(found) if is_found]
    if name == b"subject":
        firsts = [one[0] if one else None for one in values]
        assert [fields.first(number, name) for number in range(len(values))] == firsts


def test_a_word_in_one_field_is_not_in_another() -> None:
    fields = SearchedFields([b"Subject: one\r\nFrom: two\r\n", b"Subject: two\r\nFrom: one\r\n"])
    assert fields.containing(b"subject", Needle.of("one")) == [0]
    assert fields.containing(b"from", Needle.of("one")) == [1]


def test_a_field_is_found_at_all_by_the_empty_string() -> None:
    """RFC 3501 6.4.4 HEADER: a zero-length string matches all messages that have the field."""
    fields = SearchedFields([b"X-Odd:\r\n", b"Subject: x-odd: no\r\n", b"", b"x-ODD: 1\r\n"])
    assert fields.containing(b"x-odd", Needle.of("")) == [0, 3]


def test_words_do_not_reach_over_the_end_of_a_section() -> None:
    fields = SearchedFields([b"Subject: one", b"two: three"])
    assert fields.containing(b"subject", Needle.of("one two")) == []
    assert fields.containing(b"two", Needle.of("three")) == [1]


@pytest.mark.parametrize("name", [b"x\r\ny", b"a b", b"subject:", b"s\xc3\xbc", b" subject", b""])
def test_what_is_no_field_name_is_the_name_of_no_field(name: bytes) -> None:
    """RFC 5322 2.2; a client may send any octets."""
    assert SearchedFields([b"x\r\ny: 1\r\na b: 1\r\nsubject:: 1\r\n"]).containing(name, Needle.of("")) == []
