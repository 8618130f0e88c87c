"""A new MIME message from text, addresses and attachments (RFC 5322, 2045, 2046, 2047, 2231).

Deterministic: the date, the Message-ID and the seed of the boundary are given. What comes from a person (subject,
names, file names) cannot end a field; no line is longer than 998 octets, all end with CRLF.
"""

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from typing import Final

from posthouse.message.dates import ZonedInstant, format_date_time
from posthouse.message.encoded_fields import NamedAddress, address_field, file_name_parameter, text_field

LINE_OCTETS_MAX: Final = 998    # RFC 5322 2.1.1

_MEDIA_TYPE: Final = re.compile(r"[A-Za-z0-9!#$&^_.+-]{1,127}/[A-Za-z0-9!#$&^_.+-]{1,127}")    # RFC 6838 4.2
_MESSAGE_ID: Final = re.compile(r"[!-;=?A-Z\[\]^-~]{1,450}@[!-;=?A-Z\[\]^-~]{1,450}")    # printable, one line, no "<>"
_LINE_END: Final = re.compile(r"\r\n|\r|\n")
# Parts that RFC 2046 5.1 and 5.2.1 forbid to encode; as attachments they go as octets.
_NEVER_ENCODED: Final = ("message/", "multipart/")


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file to send along. Raises ValueError when the media type is none."""

    name: str
    media_type: str
    octets: bytes

    def __post_init__(self) -> None:
        if _MEDIA_TYPE.fullmatch(self.media_type) is None:
            raise ValueError(f"{self.media_type!r} is no media type: write type/subtype, such as image/png")


@dataclass(frozen=True, slots=True)
class ComposedMessage:
    """What a message says. ``message_id`` goes without angle brackets; equal seeds make equal messages.

    Raises ValueError when the Message-ID is none.
    """

    author: NamedAddress
    to: tuple[NamedAddress, ...]
    subject: str
    text: str
    date: ZonedInstant
    message_id: str
    boundary_seed: bytes
    attachments: tuple[Attachment, ...] = ()

    def __post_init__(self) -> None:
        if _MESSAGE_ID.fullmatch(self.message_id) is None:
            raise ValueError(f"{self.message_id!r} is no Message-ID (RFC 5322 3.6.4)")


def compose(message: ComposedMessage) -> bytes:
    """The message's octets: text/plain alone, or multipart/mixed with the text first."""
    header = b"".join((
        f"Date: {format_date_time(message.date)}\r\n".encode(),
        address_field("From", (message.author,)),
        address_field("To", message.to) if message.to else b"",
        text_field("Subject", message.subject),
        f"Message-ID: <{message.message_id}>\r\n".encode(),
        b"MIME-Version: 1.0\r\n",
    ))  # fmt: skip
    text = _text_part(message.text)
    if not message.attachments:
        return header + text
    parts = (text, *map(_attachment_part, message.attachments))
    boundary = _boundary(message.boundary_seed, parts)
    content_type = b'Content-Type: multipart/mixed; boundary="%b"\r\n\r\n' % boundary
    inside = b"".join(b"--%b\r\n%b\r\n" % (boundary, part) for part in parts)
    return header + content_type + inside + b"--%b--\r\n" % boundary


def _text_part(text: str) -> bytes:
    """The text as a part: as it is when 7bit can carry it, else as quoted-printable or base64, whichever is shorter."""
    lines = _LINE_END.split(text)
    if lines[-1]:
        lines.append("")
    octets = "\r\n".join(lines).encode("utf-8", "replace")
    if octets.isascii() and b"\0" not in octets and max(map(len, lines)) <= LINE_OCTETS_MAX:
        return b"Content-Type: text/plain; charset=us-ascii\r\nContent-Transfer-Encoding: 7bit\r\n\r\n" + octets
    encoding, encoded = b"quoted-printable", binascii.b2a_qp(octets, istext=True)
    if len(encoded) > len(octets) * 1.4:
        encoding, encoded = b"base64", _base64(octets)
    return (
        b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: " + encoding + b"\r\n\r\n" + encoded
    )


def _attachment_part(attachment: Attachment) -> bytes:
    media_type = attachment.media_type.lower()
    if media_type.startswith(_NEVER_ENCODED):
        media_type = "application/octet-stream"
    return (
        f"Content-Type: {media_type}\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment".encode()
        + file_name_parameter(attachment.name)
        + b"\r\n\r\n"
        + _base64(attachment.octets)
    )


def _base64(octets: bytes) -> bytes:
    """Base64 in lines of 76 (RFC 2045 6.8)."""
    return base64.encodebytes(octets).replace(b"\n", b"\r\n")


def _boundary(seed: bytes, parts: tuple[bytes, ...]) -> bytes:
    """A boundary that is in no part. No encoded text has "=_" (RFC 2045 6.7): only plain text makes it look again."""
    digest = hashlib.sha256(seed)
    while True:
        boundary = b"=_" + digest.hexdigest()[:32].encode()
        if not any(boundary in part for part in parts):
            return boundary
        digest.update(b"again")
