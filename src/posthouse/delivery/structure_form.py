"""BODYSTRUCTURE and BODY (RFC 3501 7.4.2) as they are sent: the parenthesised list of a message's parts.

A parameter outside ASCII goes in RFC 2231's form (``filename*``), joined where the message split it; other strings
outside ASCII are literals.
"""

import re
from typing import Final
from urllib.parse import quote

from posthouse.delivery.envelope_form import envelope_form
from posthouse.delivery.wire_strings import NIL, is_plain, string, text
from posthouse.message.mime import Part
from posthouse.message.parameters import Parameters


def structure_form(part: Part) -> bytes:
    """The value of BODYSTRUCTURE for a message's root part. Recursion is bounded by ``MimeLimits.depth_max``."""
    if part.is_multipart:
        return b'(%b "%b" %b %b)' % (
            b"".join(map(structure_form, part.parts)),
            part.subtype.encode(),
            _parameters(part.parameters),
            _extension(part),
        )
    return b"(%b%b %b %b)" % (_basic(part), _particular(part), text(part.md5), _extension(part))


def _basic(part: Part) -> bytes:
    """Type, subtype, parameters, id, description, encoding and size: what every part that is no multipart has."""
    return b'"%b" "%b" %b %b %b %b %d' % (
        part.media_type.encode(),    # tokens (RFC 2045 5.1), which need no look
        part.subtype.encode(),
        _parameters(part.parameters),
        text(part.id),
        text(part.description),
        string(part.encoding.encode("latin-1")),
        part.octets,
    )


def _particular(part: Part) -> bytes:
    """What a text (its lines) and an encapsulated message (envelope, structure, lines) have besides."""
    if part.media_type == "text":
        return b" %d" % part.lines
    if part.is_message:
        (message,) = part.parts
        return b" %b %b %d" % (envelope_form(message.header), structure_form(message), part.lines)
    return b""


def _extension(part: Part) -> bytes:
    """Disposition, language and location: the extension data that all parts have in common."""
    if not part.header.has_any(_EXTENSION_FIELDS):    # as nearly none has
        return b"NIL NIL NIL"
    return b"%b %b %b" % (_disposition(part), _languages(part.languages), text(part.location))


def _disposition(part: Part) -> bytes:
    disposition = part.disposition
    if disposition is None:
        return NIL
    return b"(%b %b)" % (string(disposition.kind.encode("latin-1")), _parameters(disposition.parameters))


def _languages(tags: tuple[bytes, ...]) -> bytes:
    if len(tags) > 1:
        return b"(%b)" % b" ".join(map(string, tags))
    return string(tags[0]) if tags else NIL


def _parameters(parameters: Parameters) -> bytes:
    if not parameters:
        return NIL
    return b"(%b)" % b" ".join([_parameter(name, value) for name, value in parameters.items()])


def _parameter(name: str, value: str) -> bytes:
    """One parameter; what is outside ASCII in RFC 2231's form, which is ASCII and which clients read."""
    if value.isascii():
        pair = name.encode("latin-1"), value.encode()
        return b'"%b" "%b"' % pair if is_plain(b"".join(pair)) else b" ".join(map(string, pair))
    extended = f"utf-8''{quote(value, safe=_ATTRIBUTE_CHARACTERS, errors='replace')}"
    return string(name.encode("latin-1") + b"*") + b" " + string(extended.encode())


_EXTENSION_FIELDS: Final = frozenset({b"content-disposition", b"content-language", b"content-location"})
_ATTRIBUTE_CHARACTERS: Final = "!#$&+-.^_`{|}~"    # RFC 2231 7 attribute-char, besides letters and digits


# What the forms above are made of: strings, literals' heads, brackets, numbers and NIL.
_TOKEN: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+"|\{(\d+)\}\r\n|[()]|[^\s()"{]++')


def body_of(bodystructure: bytes) -> bytes:
    """The value of BODY: what ``structure_form`` made, without the extension data (RFC 3501 7.4.2)."""
    return _without_extension(_parsed(bodystructure))


_Node = bytes | list["_Node"]


def _parsed(form: bytes) -> list[_Node]:
    """Read a parenthesised list of our own making into nested lists of tokens as they are."""
    top: list[_Node] = []
    open_lists = [top]
    position = 0
    while found := _TOKEN.search(form, position):
        position = found.end()
        token = found[0]
        if token == b"(":
            inner: list[_Node] = []
            open_lists[-1].append(inner)
            open_lists.append(inner)
        elif token == b")":
            open_lists.pop()
        elif found[1]:
            position += int(found[1])
            open_lists[-1].append(form[found.start() : position])
        else:
            open_lists[-1].append(token)
    return _as_list(top[0])


def _without_extension(body: list[_Node]) -> bytes:
    """Write one body again: a multipart up to its subtype, another up to what its type has besides."""
    if isinstance(body[0], list):
        parts = [part for part in body if isinstance(part, list)]
        subtype_at = next(number for number, node in enumerate(body) if not isinstance(node, list))
        inner = b"".join(_without_extension(part) for part in parts[:subtype_at])
        return b"(%b %b)" % (inner, _written(body[subtype_at]))
    kept = [_written(node) for node in body[:7]]
    if body[0] == b'"text"':
        kept.append(_written(body[7]))
    elif isinstance(body[8], list) and len(body) > 12:
        kept += [_written(body[7]), _without_extension(_as_list(body[8])), _written(body[9])]
    return b"(%b)" % b" ".join(kept)


def _written(node: _Node) -> bytes:
    if isinstance(node, bytes):
        return node
    between = b"" if node and all(isinstance(item, list) for item in node) else b" "
    return b"(%b)" % between.join(map(_written, node))


def _as_list(node: _Node) -> list[_Node]:
    if isinstance(node, bytes):
        raise ValueError("a stored body structure is no list")
    return node
