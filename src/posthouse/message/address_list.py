"""Address lists of header fields (RFC 5322 3.4, obsolete forms 4.4): who is named in From, To and their like.

Values are raw octets, unquoted but with encoded words as they are (``words.decode_words`` reads those): ENVELOPE sends
them so. Whatever cannot be understood is passed over. Never raises.
"""

import re
from collections.abc import Iterable, Iterator
from enum import Enum, auto
from itertools import islice
from typing import Final, NamedTuple

from msgspec import Struct

from posthouse.message.headers import unfold

# What is read of one list: twice the 1,000 recipients that one of our messages may have, at more than 100 octets each.
LIST_OCTETS_MAX: Final = 262_144
# The general form costs about a microsecond a token, of which a mailbox has six or seven.
TOKENS_MAX: Final = 20_000


class HeaderMailbox(Struct, frozen=True):
    """One mailbox. ``route`` is an obsolete source route; ``domain`` is empty where none is written."""

    display_name: bytes
    route: bytes
    local_part: bytes
    domain: bytes


class HeaderGroup(Struct, frozen=True):
    """A named group and its mailboxes, none in ``undisclosed-recipients:;``."""

    display_name: bytes
    mailboxes: tuple[HeaderMailbox, ...]


_WORD: Final = rb"[^\s\"()<>@,;:\\\[\]]++"
_ATEXT: Final = rb"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]++"
# One mailbox in the form that nearly all are written in, up to and with its comma.
_USUAL: Final = re.compile(
    rb"[ \t]*+(?:(?:\"([^\"\\]*+)\"|(%b(?:[ \t]++%b)*))?[ \t]*+<(%b)@([A-Za-z0-9.-]++)>"
    rb"|(%b)@([A-Za-z0-9.-]++))[ \t]*+(?:,|\Z)"
    % (_WORD, _WORD, _ATEXT, _ATEXT)
)
_TOKEN: Final = re.compile(
    rb"\s++|\"(?:[^\"\\]++|\\.)*+\"?|\[[^\]]*+\]?|[()<>@,;:]|\\.?|[^\s\"()<>@,;:\[\\]++", re.DOTALL
)
_ESCAPED: Final = re.compile(rb"\\(.)", re.DOTALL)


def parse_address_list(value: bytes) -> list[HeaderMailbox | HeaderGroup]:
    """Read an address list, up to LIST_OCTETS_MAX, or to TOKENS_MAX where it is not in the usual form. Linear."""
    value = unfold(value[:LIST_OCTETS_MAX])
    entries: list[HeaderMailbox | HeaderGroup] = []
    position = 0
    end = len(value)
    while position < end:
        usual = _USUAL.match(value, position)
        if usual is None:
            entries += _Reader().entries(islice(_tokens(value, position), TOKENS_MAX))
            break
        quoted, words, local_part, domain, bare_local_part, bare_domain = usual.groups()
        if domain is None:
            entries.append(HeaderMailbox(b"", b"", bare_local_part, bare_domain))
        else:
            entries.append(HeaderMailbox(quoted or words or b"", b"", local_part, domain))
        position = usual.end()
    return entries


class _Kind(Enum):
    TEXT = auto()    # a word, or what stood in quotes
    COMMENT = auto()
    SPACE = auto()
    SPECIAL = auto()


class _Token(NamedTuple):
    kind: _Kind
    octets: bytes


# Tokens without a content of their own exist once, so that one is recognised by being it.
_SPECIALS: Final = {octet: _Token(_Kind.SPECIAL, octet) for octet in (b"(", b")", b"<", b">", b"@", b",", b";", b":")}
_OPEN, _CLOSE, _LESS, _GREATER, _AT, _COMMA, _SEMICOLON, _COLON = _SPECIALS.values()
_SPACE: Final = _Token(_Kind.SPACE, b" ")


def _tokens(value: bytes, position: int) -> Iterator[_Token]:
    """Cut a list into tokens; a comment, however nested, is one (RFC 5322 3.2.2)."""
    depth = 0
    comment: list[bytes] = []
    for octets in _TOKEN.findall(value, position):
        special = _SPECIALS.get(octets)
        if special is _OPEN:
            comment = comment if depth else []
            if depth:
                comment.append(octets)
            depth += 1
        elif special is _CLOSE and depth == 1:
            depth = 0
            yield _Token(_Kind.COMMENT, _ESCAPED.sub(rb"\1", b"".join(comment)).strip())
        elif depth:
            depth -= special is _CLOSE
            comment.append(octets)
        elif special is not None:
            yield special
        elif octets.isspace():
            yield _SPACE
        elif octets.startswith(b'"'):
            yield _Token(_Kind.TEXT, _ESCAPED.sub(rb"\1", octets[1:-1] if octets[1:].endswith(b'"') else octets[1:]))
        else:
            yield _Token(_Kind.TEXT, octets)


class _Reader:
    """Reads the general form: entries end at commas, groups stand between a colon and a semicolon."""

    def __init__(self) -> None:
        self.found: list[HeaderMailbox | HeaderGroup] = []
        self.group_name: bytes | None = None
        self.members: list[HeaderMailbox] = []
        self.outside: list[_Token] = []    # of the entry that is being read, before and behind its angle brackets
        self.inside: list[_Token] | None = None    # between them
        self.in_angle = False
        self.comment = b""

    def entries(self, tokens: Iterable[_Token]) -> list[HeaderMailbox | HeaderGroup]:
        for token in tokens:
            if token.kind is _Kind.COMMENT:
                self.comment = self.comment or token.octets
            elif self.in_angle and self.inside is not None:
                self.take_inside(token, self.inside)
            else:
                self.take_outside(token)
        self.end_entry()
        self.end_group()
        return self.found

    def take_inside(self, token: _Token, inside: list[_Token]) -> None:
        """Between angle brackets: a route's commas belong to it, others show that the bracket was never closed."""
        if token is _GREATER:
            self.in_angle = False
        elif token is _SEMICOLON or (token is _COMMA and not _is_route(inside)):
            self.take_outside(token)
        elif token is not _SPACE and token is not _LESS:    # white space means nothing here (RFC 5322 4.4)
            inside.append(token)

    def take_outside(self, token: _Token) -> None:
        if token is _LESS:
            self.in_angle, self.inside = True, []
        elif token is _COLON and self.group_name is None and self.inside is None:
            self.group_name = _phrase(self.outside)
            self.outside = []
        elif token is _COMMA or token is _SEMICOLON:
            self.end_entry()
            if token is _SEMICOLON:
                self.end_group()
        elif token.kind is not _Kind.SPECIAL or token is _AT:
            self.outside.append(token)

    def end_entry(self) -> None:
        mailbox = self.mailbox()
        self.outside, self.inside, self.in_angle, self.comment = [], None, False, b""
        if mailbox is None:
            return
        if self.group_name is None:
            self.found.append(mailbox)
        else:
            self.members.append(mailbox)

    def end_group(self) -> None:
        if self.group_name is not None:
            self.found.append(HeaderGroup(self.group_name, tuple(self.members)))
        self.group_name, self.members = None, []

    def mailbox(self) -> HeaderMailbox | None:
        """The entry just read; None when it is empty."""
        name = _phrase(self.outside)
        if self.inside is not None:
            route, local_part, domain = _split_angle(self.inside)
            return HeaderMailbox(name or self.comment, route, local_part, domain)
        at = _last_at(self.outside)
        if at is not None:
            return HeaderMailbox(self.comment, b"", _joined(self.outside[:at]), _joined(self.outside[at + 1 :]))
        if not name:
            return None
        # One word is a local user's name, as "To: root" is; several name somebody without an address.
        return HeaderMailbox(name, b"", b"", b"") if b" " in name else HeaderMailbox(self.comment, b"", name, b"")


def _is_route(inside: list[_Token]) -> bool:
    """Whether what stands in the brackets so far is a source route: it begins with an at sign and has no colon yet."""
    return bool(inside) and inside[0] is _AT and inside[-1] is not _COLON


def _split_angle(inside: list[_Token]) -> tuple[bytes, bytes, bytes]:
    """Route, local part and domain of what stands in angle brackets."""
    route_end = inside.index(_COLON) if inside and inside[0] is _AT and _COLON in inside else -1
    route, address = _joined(inside[: max(route_end, 0)]), inside[route_end + 1 :]
    at = _last_at(address)
    if at is None:
        return route, _joined(address), b""
    return route, _joined(address[:at]), _joined(address[at + 1 :])


def _last_at(tokens: list[_Token]) -> int | None:
    for number in range(len(tokens) - 1, -1, -1):
        if tokens[number] is _AT:
            return number
    return None


def _joined(tokens: list[_Token]) -> bytes:
    """A local part, a domain or a route: white space between its tokens means nothing (RFC 5322 4.4)."""
    return b"".join([token.octets for token in tokens if token is not _SPACE])


def _phrase(tokens: list[_Token]) -> bytes:
    """A display name: its words, with one space where white space stood."""
    return b"".join([token.octets for token in tokens]).strip()
