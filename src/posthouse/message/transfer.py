"""Content-Transfer-Encodings undone (RFC 2045 6). Never raises: what is damaged is read as far as it goes."""

import binascii
import re
from typing import Final

_NOT_BASE64: Final = re.compile(rb"[^A-Za-z0-9+/=]+")
_RUNS_MAX: Final = 1000    # encodings in a row, as careless senders join them; beyond that it is noise


def decode_transfer(octets: bytes, encoding: str) -> bytes:
    """Undo a transfer encoding, given in lower case; octets in an encoding that is unknown stay as they are."""
    if encoding == "base64":
        return decode_base64(octets)
    if encoding == "quoted-printable":
        return binascii.a2b_qp(octets)
    return octets


def decode_base64(octets: bytes) -> bytes:
    """Read base64, passing over what is not of its alphabet (RFC 2045 6.8) and mending missing padding."""
    padding = octets.find(b"=")
    if padding >= 0 and octets[padding:].strip(b"=\r\n\t "):    # the library would drop what follows, silently
        return _decode_damaged(_NOT_BASE64.sub(b"", octets))
    try:
        return binascii.a2b_base64(octets)
    except binascii.Error:
        return _decode_damaged(_NOT_BASE64.sub(b"", octets))


def _decode_damaged(letters: bytes) -> bytes:
    """Read each run of letters between padding up to its last whole octet; one letter left over holds none."""
    runs = letters.split(b"=") if letters.count(b"=") <= _RUNS_MAX else [letters.replace(b"=", b"")]
    return b"".join([binascii.a2b_base64(_padded(run)) for run in runs])


def _padded(run: bytes) -> bytes:
    remainder = len(run) % 4
    return run[:-1] if remainder == 1 else run + b"=" * (-remainder % 4)
