"""FETCH items (RFC 3501 6.4.5, 9: fetch-att) and the labels that their responses bear (7.4.2)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.protocol.imap.errors import CommandSyntaxError
from posthouse.protocol.imap.fetch_items import (
    Attribute,
    BodySection,
    FetchItem,
    Partial,
    Section,
    SectionKind,
    parse_fetch_items,
)
from posthouse.protocol.imap.lexer import Lexer


def parse(octets: bytes) -> tuple[FetchItem, ...]:
    return parse_fetch_items(Lexer(octets))


def parse_section(octets: bytes) -> BodySection:
    (item,) = parse(octets)
    assert isinstance(item, BodySection)
    return item


FLAGS, DATE, SIZE = Attribute.FLAGS, Attribute.INTERNALDATE, Attribute.RFC822_SIZE


@pytest.mark.parametrize(("octets", "items"), [
    (b"FAST", (FLAGS, DATE, SIZE)),
    (b"all", (FLAGS, DATE, SIZE, Attribute.ENVELOPE)),
    (b"Full", (FLAGS, DATE, SIZE, Attribute.ENVELOPE, Attribute.BODY)),
])  # fmt: skip
def test_a_macro_stands_for_its_items(octets: bytes, items: tuple[FetchItem, ...]) -> None:
    """RFC 3501 6.4.5 lists them."""
    assert parse(octets) == items


@pytest.mark.parametrize("attribute", Attribute)
def test_an_attribute_is_read_in_any_case_alone_and_in_a_list(attribute: Attribute) -> None:
    name = attribute.value.lower()
    assert parse(name) == parse(b"(" + name + b")") == (attribute,)


@pytest.mark.parametrize(("octets", "section", "partial", "sets_seen", "label"), [
    (b"body[]", Section((), SectionKind.WHOLE), None, True, b"BODY[]"),
    (b"BODY.PEEK[]<0.2048>", Section((), SectionKind.WHOLE), Partial(0, 2048), False, b"BODY[]<0>"),
    (b"body[text]<7.1>", Section((), SectionKind.TEXT), Partial(7, 1), True, b"BODY[TEXT]<7>"),
    (b"BODY[header]", Section((), SectionKind.HEADER), None, True, b"BODY[HEADER]"),
    (b"BODY[1.2.mime]", Section((1, 2), SectionKind.MIME), None, True, b"BODY[1.2.MIME]"),
    (b"BODY[4294967295]", Section((4_294_967_295,), SectionKind.WHOLE), None, True, b"BODY[4294967295]"),
    (b"BODY[3.Header]", Section((3,), SectionKind.HEADER), None, True, b"BODY[3.HEADER]"),
    (b"BODY[3.1.TEXT]", Section((3, 1), SectionKind.TEXT), None, True, b"BODY[3.1.TEXT]"),
    (b"BODY.PEEK[1.2.header.fields (From To)]<0.9>",
     Section((1, 2), SectionKind.HEADER_FIELDS, frozenset({b"from", b"to"})), Partial(0, 9), False,
     b"BODY[1.2.HEADER.FIELDS (From To)]<0>"),
    (b'BODY.PEEK[HEADER.FIELDS.NOT ("X-A" {4}\r\nDaTe)]',
     Section((), SectionKind.HEADER_FIELDS_NOT, frozenset({b"x-a", b"date"})), None, False,
     b"BODY[HEADER.FIELDS.NOT (X-A DaTe)]"),
    (b"BODY[HEADER.FIELDS (NIL {3}\r\na(b)]", Section((), SectionKind.HEADER_FIELDS, frozenset({b"nil", b"a(b"})), None,
     True, b'BODY[HEADER.FIELDS ("NIL" "a(b")]'),
    (b"RFC822", Section((), SectionKind.WHOLE), None, True, b"RFC822"),
    (b"rfc822.header", Section((), SectionKind.HEADER), None, False, b"RFC822.HEADER"),
    (b"RFC822.Text", Section((), SectionKind.TEXT), None, True, b"RFC822.TEXT"),
])  # fmt: skip
def test_a_section_is_read_and_knows_its_label(
    octets: bytes, section: Section, partial: Partial | None, sets_seen: bool, label: bytes
) -> None:
    """RFC 3501 6.4.5: only PEEK and RFC822.HEADER leave \\Seen alone; 7.4.2: the label bears the origin octet."""
    assert parse_section(octets) == BodySection(label, section, partial, sets_seen)


def test_items_keep_their_order_and_are_told_once() -> None:
    assert parse(b"(UID FLAGS uid BODY[1] BODY[1])") == (Attribute.UID, FLAGS, parse_section(b"BODY[1]"))


@pytest.mark.parametrize("octets", [
    b"", b"()", b"( UID)", b"(UID )", b"(UID", b"UID)", b"UID FLAGS", b"(UID  FLAGS)", b"((UID))", b"(ALL)",
    b"(UID FAST)",
    b"NAME", b"RFC822.BODY", b"BODY.PEEK", b"BODY[", b"BODY[0]", b"BODY[1.]", b"BODY[.1]", b"BODY[1.0]", b"BODY[01]",
    b"BODY[4294967296]", b"BODY[99999999999]", b"BODY[MIME]", b"BODY[TEXT", b"BODY[TEXT.1]", b"BODY[1 TEXT]",
    b"BODY[1TEXT]", b"BODY[FOO]", b"BODY[HEADERS]", b"BODY[HEADER.FIELDS]", b"BODY[HEADER.FIELDS ()]",
    b"BODY[HEADER.FIELDS(A)]", b"BODY[HEADER.FIELDS (A ) ]", b'BODY[HEADER.FIELDS ("")]', b"BODY[HEADER.FIELDS (A:)]",
    b'BODY[HEADER.FIELDS ("A B")]', b"BODY[HEADER.FIELDS ({3}\r\na\r\n)]", b'BODY[HEADER.FIELDS ("\xc3\xa4")]',
    b"BODY[]<0>", b"BODY[]<0.0>", b"BODY[]<-1.5>", b"BODY[]<1.2", b"BODY[]<4294967296.1>", b"BODY[]<0.4294967296>",
    b"BODY[] <0.1>", b"BODY []", b"BODYSTRUCTURE[]", b"BODY[" + b".".join([b"1"] * 101) + b"]",
    b"(" + b" ".join([b"UID"] * 257) + b")", b"BODY[HEADER.FIELDS (" + b" ".join([b"A"] * 1001) + b")]",
])  # fmt: skip
def test_what_is_no_item_is_refused(octets: bytes) -> None:
    """RFC 3501 9: fetch, fetch-att, section; and our limits on how much one line may ask for."""
    with pytest.raises(CommandSyntaxError):
        parse(octets)


def test_as_many_items_as_allowed_are_read() -> None:
    items = b" ".join([b"BODY[%d]" % part for part in range(1, 257)])
    assert len(parse(b"(" + items + b")")) == 256
    assert len(parse_section(b"BODY[" + b".".join([b"1"] * 100) + b"]").section.path) == 100
    names = b" ".join([b"A%d" % number for number in range(1000)])
    assert len(parse_section(b"BODY[HEADER.FIELDS (" + names + b")]").section.names) == 1000


@given(st.lists(st.integers(1, 99), max_size=5), st.sampled_from(SectionKind), st.booleans())
def test_every_section_that_the_grammar_allows_is_read(path: list[int], kind: SectionKind, peek: bool) -> None:
    words = [str(number) for number in path] + ([kind.value.decode()] if kind is not SectionKind.WHOLE else [])
    text = ".".join(words) + (" (Subject)" if "FIELDS" in kind.name else "")
    octets = f"BODY{'.PEEK' if peek else ''}[{text}]".encode()
    if kind is SectionKind.MIME and not path:
        with pytest.raises(CommandSyntaxError):
            parse(octets)
        return
    item = parse_section(octets)
    assert (item.section.path, item.section.kind, item.sets_seen) == (tuple(path), kind, not peek)
    assert item.label == f"BODY[{text}]".encode()
