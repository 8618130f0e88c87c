"""The wire forms of a message, made once at delivery and stored with it (DESIGN 5: rendered once, re-rendered lazily).

The store keeps them as opaque octets with ``RENDITION_VERSION``; IMAP sends them as they are. Change a form, raise the
version: what was stored under an older one is made again when it is next read.
"""

from typing import Final

from posthouse.delivery.envelope_form import envelope_form
from posthouse.delivery.sections import find_section, pack_parts
from posthouse.delivery.structure_form import body_of, structure_form
from posthouse.delivery.usual_fields import USUAL_FIELDS, choose_fields, keep_fields
from posthouse.message.dates import Instant, parse_date_time
from posthouse.message.headers import HeaderSection, select_fields, unfold
from posthouse.message.mime import Part
from posthouse.store.messages import Wire

__all__ = [
    "RENDITION_VERSION",
    "USUAL_FIELDS",
    "body_of",
    "choose_fields",
    "find_section",
    "render",
    "select_fields",
    "sent_date",
]

RENDITION_VERSION: Final = 1


def render(section: HeaderSection, root: Part) -> Wire:
    """Make the wire forms of a message.

    ``section`` is the header section as it is to be seen (a submitted message's has fields added and left out);
    ``root`` comes from the stored octets, whose body every view has in common.
    """
    index, fields = keep_fields(section)
    return Wire(RENDITION_VERSION, envelope_form(section), structure_form(root), index, fields, pack_parts(root))


def sent_date(section: HeaderSection) -> Instant | None:
    """When the message says that it was sent: SENTBEFORE and SORT ask (RFC 3501 6.4.4). None without a date."""
    value = section.first(b"date")
    moment = parse_date_time(unfold(value)) if value is not None else None
    return moment.at if moment is not None else None
