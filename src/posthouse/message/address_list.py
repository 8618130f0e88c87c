"""Address lists of header fields (RFC 5322 3.4, obsolete forms 4.4): who is named in From, To and their like.

Values are raw octets, unquoted but with encoded words as they are (``words.decode_words`` reads those): ENVELOPE sends
them so. Whatever cannot be understood is passed over. Never raises.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final, NamedTuple

from posthouse.message.headers import unfold

# What is read of one list: twice the 1,000 recipients that one of our messages may have, at more than 100 octets each.
LIST_OCTETS_MAX: Final = 262_144
# The general form costs about a microsecond a token, of which a mailbox has six or seven.
TOKENS_MAX: Final = 20_000


class HeaderMailbox(NamedTuple):
    """One mailbox. ``route`` is an obsolete source route; ``domain`` is empty where none is written."""

    display_name: bytes
    route: bytes
    local_part: bytes
    domain: bytes


class HeaderGroup(NamedTuple):
    """A named group and its mailboxes, none in ``undisclosed-recipients:;``."""

    display_name: bytes
    mailboxes: tuple[HeaderMailbox, ...]


_WORD: Final = rb"[^\s\"()<>@,;:\\\[\]]++"
_ATEXT: Final = rb"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]++"
# One mailbox in the form that nearly all are written in, up to and with its comma.
_USUAL: Final = re.compile(
    rb"[ \t]*+(?:(?:\"([^\"\\]*+)\"|(%b(?:[ \t]++%b)*+))?+[ \t]*+<(%b)@([A-Za-z0-9.-]++)>"
    rb"|(%b)@([A-Za-z0-9.-]++))[ \t]*+(?:,|\Z)"
    % (_WORD, _WORD, _ATEXT, _ATEXT)
)
_TOKEN: Final = re.compile(
    rb"(?P<space>\s++)|(?P<quoted>\"(?:[^\"\\]++|\\.)*+\"?)|(?P<literal>\[[^\]]*+\]?)|(?P<special>[()<>@,;:])"
    rb"|(?P<pair>\\.?)|(?P<word>[^\s\"()<>@,;:\[\\]++)",
    re.DOTALL,
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


class _Token(NamedTuple):
    kind: str    # space, special, comment, or text
    octets: bytes


_AT: Final = _Token("special", b"@")
_COLON: Final = _Token("special", b":")


def _tokens(value: bytes, position: int) -> Iterator[_Token]:
    """Cut a list into tokens; a comment, however nested, is one (RFC 5322 3.2.2)."""
    depth = 0
    comment: list[bytes] = []
    for found in _TOKEN.finditer(value, position):
        octets = found[0]
        kind = str(found.lastgroup)
        if kind == "special" and octets in b"()":
            depth = max(depth + (1 if octets == b"(" else -1), 0)
            if depth == 0 and octets == b")":
                yield _Token("comment", b"".join(comment).strip())
                comment = []
            elif depth > 1 or octets == b")":
                comment.append(octets)
        elif depth:
            comment.append(octets)
        elif kind == "quoted":
            yield _Token("text", _ESCAPED.sub(rb"\1", octets[1:-1] if octets[1:].endswith(b'"') else octets[1:]))
        else:
            yield _Token(kind if kind in {"space", "special"} else "text", octets)


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
            self.take(token)
        self.end_entry()
        self.end_group()
        return self.found

    def take(self, token: _Token) -> None:
        if token.kind == "comment":
            self.comment = self.comment or token.octets
        elif token.kind == "special" and token.octets != b"@":
            self.take_special(token)
        elif self.in_angle and self.inside is not None:
            if token.kind != "space":    # which means nothing here (RFC 5322 4.4)
                self.inside.append(token)
        else:
            self.outside.append(token)

    def take_special(self, token: _Token) -> None:
        octets = token.octets
        if self.in_angle and self.inside is not None:
            if octets == b">":
                self.in_angle = False
            elif octets == b":" or (octets == b"," and _is_route(self.inside)):
                self.inside.append(token)
            elif octets != b"<":    # a comma or semicolon: the bracket was never closed
                self.end_entry()
        elif octets == b"<":
            self.in_angle, self.inside = True, []
        elif octets == b":" and self.group_name is None and self.inside is None:
            self.group_name = _phrase(self.outside)
            self.outside = []
        elif octets in b",;":
            self.end_entry()
            if octets == b";":
                self.end_group()

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
    return bool(inside) and inside[0] == _AT and inside[-1] != _COLON


def _split_angle(inside: list[_Token]) -> tuple[bytes, bytes, bytes]:
    """Route, local part and domain of what stands in angle brackets."""
    route_end = inside.index(_COLON) if _COLON in inside and _is_route(inside[: inside.index(_COLON)]) else -1
    route, address = _joined(inside[: max(route_end, 0)]), inside[route_end + 1 :]
    at = _last_at(address)
    if at is None:
        return route, _joined(address), b""
    return route, _joined(address[:at]), _joined(address[at + 1 :])


def _last_at(tokens: list[_Token]) -> int | None:
    for number in range(len(tokens) - 1, -1, -1):
        if tokens[number] == _AT:
            return number
    return None


def _joined(tokens: list[_Token]) -> bytes:
    """A local part, a domain or a route: white space between its tokens means nothing (RFC 5322 4.4)."""
    return b"".join([token.octets for token in tokens if token.kind != "space"])


def _phrase(tokens: list[_Token]) -> bytes:
    """A display name: its words, with one space where white space stood."""
    return b"".join([b" " if token.kind == "space" else token.octets for token in tokens]).strip()
