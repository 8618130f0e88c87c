"""Content-Transfer-Encodings undone (RFC 2045 6). Never raises: what is damaged is read as far as it goes."""

import binascii
import re
from typing import Final

_NOT_BASE64: Final = re.compile(rb"[^A-Za-z0-9+/=]+")


def decode_transfer(octets: bytes, encoding: str) -> bytes:
    """Undo a transfer encoding, given in lower case; octets in an encoding that is unknown stay as they are."""
    if encoding == "base64":
        return decode_base64(octets)
    if encoding == "quoted-printable":
        return binascii.a2b_qp(octets)
    return octets


def decode_base64(octets: bytes) -> bytes:
    """Read base64, passing over what is not of its alphabet (RFC 2045 6.8) and mending missing padding."""
    try:
        return binascii.a2b_base64(octets)
    except binascii.Error:
        return _decode_damaged(_NOT_BASE64.sub(b"", octets))


def _decode_damaged(octets: bytes) -> bytes:
    """Read up to the last whole group; a single letter left over holds no octet."""
    letters = octets.rstrip(b"=")
    remainder = len(letters) % 4
    letters = letters[:-1] if remainder == 1 else letters + b"=" * (-remainder % 4)
    try:
        return binascii.a2b_base64(letters)
    except binascii.Error:    # padding in the middle: two encodings in a row
        head, _, tail = letters.partition(b"=")
        return b"".join(_decode_damaged(part) for part in (head, tail.lstrip(b"=")) if part)
