"""Reading SEARCH's arguments (RFC 3501 6.4.4, 9: search, search-key) into a tree of search keys."""

from collections.abc import Callable
from typing import Final

from posthouse.protocol.imap import charsets
from posthouse.protocol.imap.dates import parse_date
from posthouse.protocol.imap.errors import CommandSyntaxError
from posthouse.protocol.imap.flags import ANSWERED, DELETED, DRAFT, FLAGGED, RECENT, SEEN, keyword_flag
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

# Keys are evaluated one inside the other; programs nest an OR for each word, some ten deep.
DEPTH_MAX: Final = 50
# Each key is work for every message of the mailbox.
KEYS_MAX: Final = 1000


def parse_search_key(lexer: Lexer) -> SearchKey:
    """Read the rest of a SEARCH command. Raises CommandSyntaxError, UnknownCharsetError."""
    codec = charsets.UNNAMED
    if lexer.octets[lexer.at : lexer.at + 8].upper() == b"CHARSET ":
        lexer.at += 8
        codec = charsets.charset(lexer.astring("a charset"))
        lexer.expect(b" ")
    key = _Parser(lexer, codec).keys(0)
    lexer.end()
    return key


class _Parser:
    """The recursion: where the lexer stands, how strings are decoded, how many keys were met."""

    __slots__ = ("codec", "count", "lexer")

    def __init__(self, lexer: Lexer, codec: str) -> None:
        self.lexer = lexer
        self.codec = codec
        self.count = 0

    def keys(self, depth: int) -> SearchKey:
        """One or more keys, all of which must find a message."""
        keys = [self.key(depth)]
        while self.lexer.skip(b" "):
            keys.append(self.key(depth))
        return keys[0] if len(keys) == 1 else And(tuple(keys))

    def key(self, depth: int) -> SearchKey:
        """One key, with those inside it."""
        self.count += 1
        if depth > DEPTH_MAX or self.count > KEYS_MAX:
            raise CommandSyntaxError(f"search keys may be nested {DEPTH_MAX} deep, and there may be {KEYS_MAX} in all")
        lexer = self.lexer
        if lexer.skip(b"("):
            key = self.keys(depth + 1)
            lexer.expect(b")")
            return key
        if lexer.octets[lexer.at : lexer.at + 1] in _SEQUENCE_STARTS:
            return InSequence(lexer.sequence_set())
        word = lexer.word("a search key")
        if word in _CONSTANT:
            return _CONSTANT[word]
        if word not in _WITH_ARGUMENT:
            raise CommandSyntaxError("that is no search key (RFC 3501 6.4.4)")
        lexer.expect(b" ")
        return _WITH_ARGUMENT[word](self, depth + 1)

    def text(self) -> str:
        """A string, decoded."""
        return charsets.decode(self.lexer.astring("a string"), self.codec)


_SEQUENCE_STARTS: Final = frozenset([b"%d" % digit for digit in range(10)] + [b"*"])

_CONSTANT: Final[dict[bytes, SearchKey]] = {
    b"ALL": Everything(),
    b"NEW": And((HasFlag(RECENT), Not(HasFlag(SEEN)))),
    b"OLD": Not(HasFlag(RECENT)),
    b"RECENT": HasFlag(RECENT),
    **{name: HasFlag(flag) for name, flag in (
        (b"ANSWERED", ANSWERED), (b"DELETED", DELETED), (b"DRAFT", DRAFT), (b"FLAGGED", FLAGGED), (b"SEEN", SEEN),
    )},
    **{b"UN" + name: Not(HasFlag(flag)) for name, flag in (
        (b"ANSWERED", ANSWERED), (b"DELETED", DELETED), (b"DRAFT", DRAFT), (b"FLAGGED", FLAGGED), (b"SEEN", SEEN),
    )},
}  # fmt: skip


def _header(parser: _Parser, _depth: int) -> SearchKey:
    field = parser.lexer.astring("a header field name")
    parser.lexer.expect(b" ")
    return HeaderContains(field.lower(), parser.text())


def _named_header(field: bytes) -> Callable[[_Parser, int], SearchKey]:
    return lambda parser, _depth: HeaderContains(field, parser.text())


def _or(parser: _Parser, depth: int) -> SearchKey:
    one = parser.key(depth)
    parser.lexer.expect(b" ")
    return Or(one, parser.key(depth))


def _keyword(parser: _Parser, _depth: int) -> SearchKey:
    return HasFlag(keyword_flag(parser.lexer.atom("a keyword")))


def _day(kind: type[Received] | type[Sent], when: When) -> Callable[[_Parser, int], SearchKey]:
    return lambda parser, _depth: kind(when, parse_date(parser.lexer.astring("a date")))


_WITH_ARGUMENT: Final[dict[bytes, Callable[[_Parser, int], SearchKey]]] = {
    **{name: _named_header(name.lower()) for name in (b"BCC", b"CC", b"FROM", b"SUBJECT", b"TO")},
    **{when.name.encode("ascii"): _day(Received, when) for when in When},
    **{b"SENT" + when.name.encode("ascii"): _day(Sent, when) for when in When},
    b"BODY": lambda parser, _depth: BodyContains(parser.text()),
    b"TEXT": lambda parser, _depth: TextContains(parser.text()),
    b"HEADER": _header,
    b"KEYWORD": _keyword,
    b"UNKEYWORD": lambda parser, depth: Not(_keyword(parser, depth)),
    b"LARGER": lambda parser, _depth: Larger(parser.lexer.number()),
    b"SMALLER": lambda parser, _depth: Smaller(parser.lexer.number()),
    b"NOT": lambda parser, depth: Not(parser.key(depth)),
    b"OR": _or,
    b"UID": lambda parser, _depth: InUids(parser.lexer.sequence_set()),
}
