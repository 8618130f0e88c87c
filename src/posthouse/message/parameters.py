"""Parameters of MIME fields (RFC 2045 5.1), continued and in other charsets (RFC 2231)."""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote_to_bytes

from posthouse.message.charsets import decode
from posthouse.message.headers import unfold

Parameters = Mapping[str, str]
"""Lower-case names to decoded values, in the order of the field."""

# What is read of one value. A file name of 255 characters needs about 3,000 octets in RFC 2231's form.
VALUE_OCTETS_MAX: Final = 16_384

# "; name=value": quoted, or up to the next semicolon or "name=", since unquoted spaces and missing semicolons are wrong
# and common.
_NAME: Final = rb'[^\s=;"]++'
_BARE: Final = rb'[^;\s]++(?:\s++(?!%b\s*+=)[^;\s]++)*' % _NAME
_PARAMETER: Final = re.compile(
    rb'(?:;|(?<![\s;])\s)\s*+(%b)\s*+=\s*+(?:"((?:[^"\\]++|\\.)*+)"?|(%b)?)' % (_NAME, _BARE), re.DOTALL
)
# What nearly all fields say: a token, or type/subtype, and at most one parameter. A third of the general form's cost.
_USUAL: Final = re.compile(
    rb"([A-Za-z0-9.+/-]++)(?:;\s*+([A-Za-z-]++)=(?:\"([!#-\[\]-~]*+)\"|([A-Za-z0-9_.+=-]++)))?"
)
_ESCAPED: Final = re.compile(rb"\\(.)", re.DOTALL)
_WHITE_SPACE: Final = re.compile(rb"\s+")
# A piece of text outside comments: quoted strings hide parentheses.
_COMMENT_TOKEN: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|\\.|[()]|[^"\\()]++|\\', re.DOTALL)
# name*0, name*0*, name* (RFC 2231 3, 4)
_EXTENDED_NAME: Final = re.compile(rb"([^*]+)\*(?:(\d{1,3})(\*)?)?")


def parse_parameters(value: bytes) -> tuple[str, Parameters]:
    """Read ``value; name=value; ...``: the value in lower case without white space, and its parameters decoded.

    Of two parameters of one name the first counts, but an extended one (RFC 2231) replaces a plain one. Encoded words,
    which RFC 2047 5 forbids here, stay as they are. Never raises.
    """
    usual = _USUAL.fullmatch(value)
    if usual is not None and len(value) <= VALUE_OCTETS_MAX:
        name, parameter, quoted, bare = usual.groups()
        found = {} if parameter is None else {parameter.lower().decode(): (bare or quoted).decode()}
        return name.lower().decode(), found
    return _parse_general(unfold(value[:VALUE_OCTETS_MAX]))


def _parse_general(value: bytes) -> tuple[str, Parameters]:
    """The same, of any unfolded value."""
    if b"(" in value:
        value = without_comments(value)
    head, semicolon, _ = value.partition(b";")
    if b"=" in head:    # the first semicolon is missing too
        value = value.lstrip()
        head = head.split(None, 1)[0]
    name = _WHITE_SPACE.sub(b"", head).lower().decode("latin-1")
    if not semicolon and len(head) == len(value):
        return name, {}
    plain: dict[str, str] = {}
    extended: dict[bytes, dict[int, tuple[bytes, bool]]] = {}
    for parameter, quoted, bare in _PARAMETER.findall(value, len(head)):
        octets = _ESCAPED.sub(rb"\1", quoted) if b"\\" in quoted else quoted or bare
        if b"*" in parameter and (found := _EXTENDED_NAME.fullmatch(parameter.lower())):
            segments = extended.setdefault(found[1], {})
            is_encoded = found[2] is None or found[3] is not None
            segments.setdefault(int(found[2] or b"0"), (octets, is_encoded))
        else:
            plain.setdefault(parameter.lower().decode("latin-1"), decode(octets, None))
    for parameter, segments in extended.items():
        plain[parameter.decode("latin-1")] = _join(segments)
    return name, plain


def without_comments(value: bytes) -> bytes:
    """Replace each comment (RFC 5322 3.2.2) by a space; a quoted string's parentheses are none. Linear."""
    kept = []
    depth = 0
    for token in _COMMENT_TOKEN.findall(value):
        if token == b"(":
            depth += 1
        elif token == b")" and depth:
            depth -= 1
            kept.append(b" ")
        elif not depth:
            kept.append(token)
    return b"".join(kept)


def _join(segments: dict[int, tuple[bytes, bool]]) -> str:
    """Join a parameter's segments up to the first that is missing (RFC 2231 3); the first names the charset (4.1)."""
    octets = []
    charset: bytes | None = None
    for number in range(len(segments)):
        segment = segments.get(number)
        if segment is None:
            break
        text, is_encoded = segment
        if is_encoded and number == 0 and text.count(b"'") >= 2:
            charset, _, text = text.split(b"'", 2)
        octets.append(unquote_to_bytes(text) if is_encoded else text)
    return decode(b"".join(octets), charset.decode("latin-1") if charset else None)
