"""The wire forms of a message, made once at delivery and stored with it (DESIGN 5: rendered once, re-rendered lazily).

The store keeps them as opaque octets with ``RENDITION_VERSION``; IMAP sends them as they are. Change a form, raise the
version: what was stored under an older one is made again when it is next read.
"""

from typing import Final

from msgspec import Struct

from posthouse.delivery.envelope_form import envelope_form
from posthouse.delivery.sections import find_section, pack_parts
from posthouse.delivery.structure_form import body_of, structure_form
from posthouse.message.dates import Instant, parse_date_time
from posthouse.message.headers import HeaderSection, select_fields, unfold
from posthouse.message.mime import Part

__all__ = [
    "RENDITION_VERSION",
    "USUAL_FIELDS",
    "Rendition",
    "body_of",
    "find_section",
    "render",
    "select_fields",
    "sent_date",
]

RENDITION_VERSION: Final = 1

# The fields that mail programs ask for when they list a mailbox (Thunderbird, mutt, Apple Mail, K-9, Outlook,
# Roundcube, aerc, mbsync). None is one that we write ourselves (trace fields, authentication results), so that one
# rendition serves every view of a message.
USUAL_FIELDS: Final = frozenset({
    b"date", b"subject", b"from", b"sender", b"reply-to", b"to", b"cc", b"bcc", b"message-id", b"in-reply-to",
    b"references", b"resent-date", b"resent-from", b"resent-to", b"resent-cc", b"resent-message-id", b"mime-version",
    b"content-type", b"content-transfer-encoding", b"content-disposition", b"content-description", b"content-class",
    b"priority", b"x-priority", b"x-msmail-priority", b"importance", b"lines", b"newsgroups", b"followup-to",
    b"mail-followup-to", b"mail-reply-to", b"list-id", b"list-post", b"list-unsubscribe", b"list-unsubscribe-post",
    b"list-subscribe", b"list-archive", b"disposition-notification-to", b"auto-submitted", b"precedence", b"x-mailer",
    b"user-agent", b"x-label", b"keywords", b"comments", b"organization", b"thread-topic", b"thread-index",
    b"x-uniform-type-identifier", b"x-universally-unique-identifier", b"chat-version",
})  # fmt: skip


class Rendition(Struct, frozen=True):
    """One message's wire forms."""

    envelope: bytes    # the value of ENVELOPE
    bodystructure: bytes    # the value of BODYSTRUCTURE; ``body_of`` makes BODY of it
    fields: bytes    # all its USUAL_FIELDS, raw and in order, without the empty line; ``select_fields`` chooses
    parts: bytes    # what ``find_section`` reads


def render(section: HeaderSection, root: Part) -> Rendition:
    """Make the wire forms of a message.

    ``section`` is the header section as it is to be seen (a submitted message's has fields added and left out);
    ``root`` comes from the stored octets, whose body every view has in common.
    """
    return Rendition(envelope_form(section), structure_form(root), section.select(USUAL_FIELDS), pack_parts(root))


def sent_date(section: HeaderSection) -> Instant | None:
    """When the message says that it was sent: SENTBEFORE and SORT ask (RFC 3501 6.4.4). None without a date."""
    value = section.first(b"date")
    moment = parse_date_time(unfold(value)) if value is not None else None
    return moment.at if moment is not None else None
