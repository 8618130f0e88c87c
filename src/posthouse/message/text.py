"""A message's text as a search reads it (RFC 3501 6.4.4 BODY and TEXT): every charset and transfer encoding undone.

Promises: never raises; reads each octet at most once a level, and no more than the message has. Upper and lower case is
the caller's matter.
"""

from collections.abc import Iterator
from typing import Final

from posthouse.message.charsets import decode
from posthouse.message.headers import HeaderSection, Octets
from posthouse.message.mime import Part
from posthouse.message.transfer import decode_transfer
from posthouse.message.words import decode_words

# Besides text, the reports of RFC 3464 and 8098 and the pieces of RFC 2046 5.2.2, which are text in form.
_TEXTS: Final = frozenset({"text", "message"})


def searchable_text(octets: Octets, root: Part) -> str:
    """The text of all text parts and of the header sections of the parts within; one line feed between two of them.

    ``octets`` is the stored message that ``root`` was scanned from. The message's own header section is not in it: what
    one sees of that depends on the view; ``searchable_header`` reads it.
    """
    return "\n".join(_texts(octets, root, root.header.end))


def searchable_header(section: HeaderSection) -> str:
    """A header section's fields, unfolded and decoded, one a line."""
    lines = []
    for name, _, start, _, value_start, value_end in section.fields:
        value = section.octets[value_start - section.start : value_end - section.start]
        lines.append(f"{name.decode('ascii')}:{decode_words(value)}" if value_start > start else decode_words(value))
    return "\n".join(lines)


def decoded_text(octets: Octets, part: Part, base: int) -> str:
    """One part's body as text. ``base`` is where the body of the whole message begins in ``octets``."""
    encoded = octets[base + part.body_start : base + part.body_end]
    return decode(decode_transfer(encoded, part.encoding), part.parameters.get("charset"))


def _texts(octets: Octets, part: Part, base: int) -> Iterator[str]:
    for inner in part.parts:
        yield searchable_header(inner.header)
        yield from _texts(octets, inner, base)
    if part.media_type in _TEXTS and not part.parts:
        yield decoded_text(octets, part, base)
