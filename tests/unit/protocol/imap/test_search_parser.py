"""SEARCH keys (RFC 3501 6.4.4, 9: search-key)."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.protocol.imap.errors import CommandSyntaxError, UnknownCharsetError
from posthouse.protocol.imap.flags import ANSWERED, DELETED, DRAFT, FLAGGED, RECENT, SEEN, Flag
from posthouse.protocol.imap.lexer import Lexer
from posthouse.protocol.imap.search_keys import (
    And,
    BodyContains,
    Everything,
    HasFlag,
    HeaderContains,
    InSequence,
    InUids,
    Larger,
    Not,
    Or,
    Received,
    SearchKey,
    Sent,
    Smaller,
    TextContains,
    When,
)
from posthouse.protocol.imap.search_parser import DEPTH_MAX, KEYS_MAX, parse_search_key
from posthouse.protocol.imap.sequence_set import STAR, SequenceSet


def parse(octets: bytes) -> SearchKey:
    return parse_search_key(Lexer(octets))


DAY = date(1994, 2, 1)
KEYS: list[tuple[bytes, SearchKey]] = [
    (b"ALL", Everything()),
    (b"ANSWERED", HasFlag(ANSWERED)),
    (b"BCC x", HeaderContains(b"bcc", "x")),
    (b"BEFORE 1-Feb-1994", Received(When.BEFORE, DAY)),
    (b"BODY x", BodyContains("x")),
    (b'CC "x y"', HeaderContains(b"cc", "x y")),
    (b"DELETED", HasFlag(DELETED)),
    (b"DRAFT", HasFlag(DRAFT)),
    (b"FLAGGED", HasFlag(FLAGGED)),
    (b"FROM {3}\r\na\"b", HeaderContains(b"from", 'a"b')),
    (b"HEADER X-Spam yes", HeaderContains(b"x-spam", "yes")),
    (b'HEADER Date ""', HeaderContains(b"date", "")),
    (b"KEYWORD $Forwarded", HasFlag(Flag("$Forwarded"))),
    (b"LARGER 0", Larger(0)),
    (b"NEW", And((HasFlag(RECENT), Not(HasFlag(SEEN))))),
    (b"NOT SEEN", Not(HasFlag(SEEN))),
    (b"OLD", Not(HasFlag(RECENT))),
    (b"ON 01-feb-1994", Received(When.ON, DAY)),
    (b"OR SEEN DRAFT", Or(HasFlag(SEEN), HasFlag(DRAFT))),
    (b"RECENT", HasFlag(RECENT)),
    (b"SEEN", HasFlag(SEEN)),
    (b'SENTBEFORE "1-Feb-1994"', Sent(When.BEFORE, DAY)),
    (b"SENTON 1-Feb-1994", Sent(When.ON, DAY)),
    (b"SENTSINCE 1-Feb-1994", Sent(When.SINCE, DAY)),
    (b"SINCE 1-Feb-1994", Received(When.SINCE, DAY)),
    (b"SMALLER 4294967295", Smaller(4_294_967_295)),
    (b'SUBJECT "\xc3\xa4"', HeaderContains(b"subject", "ä")),
    (b"TEXT x]y", TextContains("x]y")),
    (b"TO x", HeaderContains(b"to", "x")),
    (b"UID 1:*", InUids(SequenceSet(((1, STAR),)))),
    (b"UNANSWERED", Not(HasFlag(ANSWERED))),
    (b"UNDELETED", Not(HasFlag(DELETED))),
    (b"UNDRAFT", Not(HasFlag(DRAFT))),
    (b"UNFLAGGED", Not(HasFlag(FLAGGED))),
    (b"UNKEYWORD Junk", Not(HasFlag(Flag("Junk")))),
    (b"UNSEEN", Not(HasFlag(SEEN))),
    (b"2,4:7,9,12:*", InSequence(SequenceSet(((2, 2), (4, 7), (9, 9), (12, STAR))))),
    (b"*", InSequence(SequenceSet(((STAR, STAR),)))),
]  # fmt: skip


@pytest.mark.parametrize(("octets", "key"), KEYS)
def test_every_key_of_the_standard_is_read(octets: bytes, key: SearchKey) -> None:
    """RFC 3501 6.4.4 names them all; words count in any case."""
    assert parse(octets) == key
    assert parse(b"(" + octets + b")") == key
    name, space, rest = octets.partition(b" ")
    assert parse(name.swapcase() + space + rest) == key


@given(st.recursive(
    st.sampled_from(KEYS),
    lambda inner: st.one_of(
        inner.map(lambda one: (b"NOT " + one[0], Not(one[1]))),
        st.tuples(inner, inner).map(lambda two: (b"OR " + two[0][0] + b" " + two[1][0], Or(two[0][1], two[1][1]))),
        st.lists(inner, min_size=2, max_size=4).map(
            lambda all_of: (b"(" + b" ".join(key[0] for key in all_of) + b")", And(tuple(key[1] for key in all_of)))
        ),
    ),
    max_leaves=12,
))  # fmt: skip
def test_keys_combine(built: tuple[bytes, SearchKey]) -> None:
    """RFC 3501 9: OR and NOT take keys, parentheses gather them, several keys must all be met."""
    octets, key = built
    assert parse(octets) == key
    assert parse(b"ALL " + octets) == And((Everything(), key))


@pytest.mark.parametrize("octets", [
    b"", b" ALL", b"ALL ", b"ALL  SEEN", b"()", b"(ALL", b"ALL)", b"( ALL)", b"(ALL )", b"NOT", b"NOT ", b"OR SEEN",
    b"OR SEEN ", b"FOO", b"FROM", b"FROM ", b'FROM "x', b"FROM {3}\r\nab", b"HEADER", b"HEADER Date", b"KEYWORD",
    b"KEYWORD \\Seen", b"KEYWORD (a)", b"LARGER", b"LARGER -1", b"LARGER 4294967296", b"LARGER x", b"ON 1994", b"ON",
    b"UID", b"UID x", b"0", b"1:", b"SENT", b"UN", b"SEEN,DRAFT", b"\xff", b"FROM \xc3\xa4", b'FROM "a\x00b"',
    b"FROM {1}\r\n\x00", b'FROM "\\a"', b'FROM "a\r\nb"', b"KEYWORD " + b"k" * 256, b'FROM "\xff"', b"CHARSET UTF-8",
    b"CHARSET UTF-8 ", b"ALL CHARSET UTF-8",
])  # fmt: skip
def test_what_is_no_key_is_refused(octets: bytes) -> None:
    with pytest.raises(CommandSyntaxError):
        parse(octets)


@pytest.mark.parametrize("nest", [
    lambda depth: b"(" * depth + b"ALL" + b")" * depth,
    lambda depth: b"NOT " * depth + b"ALL",
    lambda depth: b"OR ALL " * depth + b"ALL",
])  # fmt: skip
def test_keys_are_nested_so_deep_and_no_deeper(nest: object) -> None:
    assert callable(nest)
    parse(nest(DEPTH_MAX))
    for depth in (DEPTH_MAX + 1, 5_000):
        with pytest.raises(CommandSyntaxError, match="nested"):
            parse(nest(depth))


def test_keys_are_so_many_and_no_more() -> None:
    parse(b" ".join([b"ALL"] * KEYS_MAX))
    with pytest.raises(CommandSyntaxError, match="in all"):
        parse(b" ".join([b"ALL"] * (KEYS_MAX + 1)))


@pytest.mark.parametrize(("charset", "octets"), [
    (b"UTF-8", "häuser".encode()), (b"utf-8", "häuser".encode()), (b'"ISO-8859-1"', "häuser".encode("latin-1")),
    (b"windows-1252", "häuser".encode("cp1252")), (b"US-ASCII", b"hauser"),
    (b"Shift_JIS", "日本".encode("shift_jis")), (b"ISO-2022-JP", "日本".encode("iso-2022-jp")),
    (b"GB18030", "😀".encode("gb18030")), (b"KOI8-R", "Письмо".encode("koi8-r")), (b"BIG5", "台北".encode("big5")),
])  # fmt: skip
def test_strings_are_decoded_by_their_charset(charset: bytes, octets: bytes) -> None:
    """RFC 3501 6.4.4: US-ASCII must be read, others may be."""
    text = octets.decode(charset.strip(b'"').decode())
    literal = b"{%d}\r\n%b" % (len(octets), octets)
    key = parse(b"charset %b OR SUBJECT %b BODY %b" % (charset, literal, literal))
    assert key == Or(HeaderContains(b"subject", text), BodyContains(text))


@pytest.mark.parametrize("charset", [b"X-UNKNOWN", b"UTF-16", b"UTF-7", b"base64", b"rot13", b"idna",
b"unicode_escape", b'""'])
def test_a_charset_that_is_not_read_is_told(charset: bytes) -> None:
    """RFC 3501 6.4.4: NO, with BADCHARSET. Codecs of Python's that are no charsets are not found either."""
    with pytest.raises(UnknownCharsetError):
        parse(b"CHARSET " + charset + b" ALL")


@pytest.mark.parametrize(("charset", "octets"), [(b"UTF-8", b"\xff"), (b"US-ASCII", b"\xc3\xa4"), (b"EUC-JP", b"\xff")])
def test_octets_that_are_not_of_the_charset_are_refused(charset: bytes, octets: bytes) -> None:
    with pytest.raises(CommandSyntaxError, match="not valid"):
        parse(b"CHARSET %b TEXT {%d}\r\n%b" % (charset, len(octets), octets))
