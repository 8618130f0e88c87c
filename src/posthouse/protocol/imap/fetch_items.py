"""What FETCH asks for (RFC 3501 6.4.5): attributes and sections of the body, each with its label in the response."""

import re
from enum import Enum
from functools import lru_cache
from typing import Final

from msgspec import Struct

from posthouse.protocol.imap.errors import CommandSyntaxError
from posthouse.protocol.imap.lexer import NUMBER_END, Lexer
from posthouse.protocol.imap.strings import encode_astring


class Attribute(Enum):
    """An item that is no section; its value is its name in the response."""

    FLAGS = b"FLAGS"
    UID = b"UID"
    INTERNALDATE = b"INTERNALDATE"
    RFC822_SIZE = b"RFC822.SIZE"
    ENVELOPE = b"ENVELOPE"
    BODY = b"BODY"
    BODYSTRUCTURE = b"BODYSTRUCTURE"

    __hash__ = object.__hash__    # members are single objects; Enum's own hash runs in Python, at every command


class SectionKind(Enum):
    """Which octets of a message or part; the value is the word of the grammar (RFC 3501 9: section-text)."""

    WHOLE = b""
    HEADER = b"HEADER"
    HEADER_FIELDS = b"HEADER.FIELDS"
    HEADER_FIELDS_NOT = b"HEADER.FIELDS.NOT"
    TEXT = b"TEXT"
    MIME = b"MIME"

    __hash__ = object.__hash__    # as above


class Partial(Struct, frozen=True):
    """``<offset.length>``: ask for ``length`` octets from ``offset`` on."""

    offset: int
    length: int


class Section(Struct, frozen=True):
    """One section of a message; ``names`` are header field names, in lower case, for the two FIELDS kinds."""

    path: tuple[int, ...]
    kind: SectionKind
    names: frozenset[bytes] = frozenset()


class BodySection(Struct, frozen=True):
    """Octets asked for by BODY[...], or by its older names; ``sets_seen`` unless it was asked for by a PEEK."""

    label: bytes    # what the response calls it, such as ``BODY[1.HEADER.FIELDS (From To)]<0>``
    section: Section
    partial: Partial | None
    sets_seen: bool


FetchItem = Attribute | BodySection

# RFC 3501 6.4.5: RFC822.HEADER does not set \Seen, the other two do.
_RFC822: Final = BodySection(b"RFC822", Section((), SectionKind.WHOLE), None, True)
_RFC822_HEADER: Final = BodySection(b"RFC822.HEADER", Section((), SectionKind.HEADER), None, False)
_RFC822_TEXT: Final = BodySection(b"RFC822.TEXT", Section((), SectionKind.TEXT), None, True)

_NAMED: Final[dict[bytes, FetchItem]] = {
    **{attribute.value: attribute for attribute in Attribute},
    **{item.label: item for item in (_RFC822, _RFC822_HEADER, _RFC822_TEXT)},
}
_FAST: Final = (Attribute.FLAGS, Attribute.INTERNALDATE, Attribute.RFC822_SIZE)
_MACROS: Final[dict[bytes, tuple[FetchItem, ...]]] = {    # RFC 3501 6.4.5
    b"FAST": _FAST,
    b"ALL": (*_FAST, Attribute.ENVELOPE),
    b"FULL": (*_FAST, Attribute.ENVELOPE, Attribute.BODY),
}

# Each item can bring a whole message: this bounds how much one line asks for. Programs ask for some twenty, and for two
# sections a part of a message with many parts.
_ITEMS_MAX: Final = 256
_PATH_MAX: Final = 100    # as deep as a message may nest
_FIELD_NAMES_MAX: Final = 1000
MEMORY_OCTETS_MAX: Final = 512    # longer item lists are read anew each time

_ITEM: Final = re.compile(rb"(BODY(?:\.PEEK)?)\[|([A-Z0-9.]+)", re.IGNORECASE)
_PATH: Final = re.compile(rb"[1-9]\d{0,9}(?:\.[1-9]\d{0,9})*(?![\d])")
_KIND: Final = re.compile(rb"HEADER\.FIELDS\.NOT|HEADER\.FIELDS|HEADER|TEXT|MIME", re.IGNORECASE)
_PARTIAL: Final = re.compile(rb"<(\d{1,10})\.([1-9]\d{0,9})>")
_WITH_NAMES: Final = (SectionKind.HEADER_FIELDS, SectionKind.HEADER_FIELDS_NOT)
_FIELD_NAME: Final = re.compile(rb"[!-9;-~]+")    # RFC 5322 3.6.8


def parse_fetch_items(lexer: Lexer) -> tuple[FetchItem, ...]:
    """Read the rest of a FETCH command: an item, a macro (spelled out in the result) or a list of items.

    Raises CommandSyntaxError. A mail program says the same few lists for ever: short ones are remembered.
    """
    rest = lexer.octets[lexer.at :]
    lexer.at = len(lexer.octets)
    return _parse_remembered(rest) if len(rest) <= MEMORY_OCTETS_MAX else _parse_items(rest)


def _parse_items(octets: bytes) -> tuple[FetchItem, ...]:
    macro = _MACROS.get(octets.upper())
    if macro is not None:
        return macro
    lexer = Lexer(octets)
    items = lexer.parenthesized(_parse_item, _ITEMS_MAX) if lexer.next_is(b"(") else [_parse_item(lexer)]
    lexer.end()
    return tuple(dict.fromkeys(items))    # what is asked for twice is told once


_parse_remembered: Final = lru_cache(maxsize=256)(_parse_items)


def _parse_item(lexer: Lexer) -> FetchItem:
    found = lexer.match(_ITEM, "a FETCH item")
    if found[1] is not None:
        return _parse_section(lexer, sets_seen=len(found[1]) == len(b"BODY"))
    item = _NAMED.get(found[2].upper())
    if item is None:
        raise CommandSyntaxError("that is no FETCH item (RFC 3501 6.4.5); macros stand alone")
    return item


def _parse_section(lexer: Lexer, *, sets_seen: bool) -> BodySection:
    """Read on behind ``BODY[``; the label is put together as RFC 3501 7.4.2 wants it."""
    path = _parse_path(lexer)
    kind = SectionKind.WHOLE
    names: list[bytes] = []
    if not lexer.next_is(b"]"):
        if path:
            lexer.expect(b".")
        kind = SectionKind(lexer.match(_KIND, "HEADER, HEADER.FIELDS, TEXT or MIME")[0].upper())
        if kind is SectionKind.MIME and not path:
            raise CommandSyntaxError("MIME is asked of a part, as in BODY[1.MIME] (RFC 3501 6.4.5)")
        if kind in _WITH_NAMES:
            lexer.expect(b" ")
            names = lexer.parenthesized(_parse_field_name, _FIELD_NAMES_MAX)
    lexer.expect(b"]")
    partial = _parse_partial(lexer)
    section = Section(path, kind, frozenset([name.lower() for name in names]))
    return BodySection(_label(path, kind, names, partial), section, partial, sets_seen)


def _parse_path(lexer: Lexer) -> tuple[int, ...]:
    found = _PATH.match(lexer.octets, lexer.at)
    if found is None:
        return ()
    lexer.at = found.end()
    path = tuple([int(number) for number in found[0].split(b".")])
    if len(path) > _PATH_MAX or max(path) >= NUMBER_END:
        raise CommandSyntaxError(f"a part is named by at most {_PATH_MAX} numbers up to 4294967295")
    return path


def _parse_field_name(lexer: Lexer) -> bytes:
    name = lexer.astring("a header field name")
    if not _FIELD_NAME.fullmatch(name):
        raise CommandSyntaxError("a header field name is printable ASCII without a colon (RFC 5322 3.6.8)")
    return name


def _parse_partial(lexer: Lexer) -> Partial | None:
    if not lexer.next_is(b"<"):
        return None
    offset, length = lexer.match(_PARTIAL, "<offset.length>").groups()
    partial = Partial(int(offset), int(length))
    if partial.offset >= NUMBER_END or partial.length >= NUMBER_END:
        raise CommandSyntaxError("a number is at most 4294967295")
    return partial


def _label(path: tuple[int, ...], kind: SectionKind, names: list[bytes], partial: Partial | None) -> bytes:
    words = [str(number).encode("ascii") for number in path]
    if kind is not SectionKind.WHOLE:
        words.append(kind.value)
    fields = b" (%b)" % b" ".join([encode_astring(name) for name in names]) if names else b""
    origin = b"<%d>" % partial.offset if partial else b""
    return b"BODY[%b%b]%b" % (b".".join(words), fields, origin)
