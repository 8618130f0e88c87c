"""Encoded words (RFC 2047): the text of unstructured fields and display names."""

import binascii
import re
from typing import Final

from posthouse.message.charsets import decode
from posthouse.message.headers import unfold
from posthouse.message.transfer import decode_base64

# "=?charset*language?encoding?text?=" (RFC 2047 2, RFC 2231 5). Spaces in the text are wrong, and common.
_ENCODED_WORD: Final = re.compile(rb"=\?([^?*\s]{1,64})(?:\*[^?\s]{0,64})?\?([bBqQ])\?([^?]*+)\?=")


def decode_words(value: bytes) -> str:
    """Decode an unstructured value: unfold, read encoded words, drop white space between two of them (RFC 2047 6.2).

    Octets outside ASCII are UTF-8 where valid (RFC 6532), else windows-1252. A character that was split between two
    encoded words of one charset is put together again, as common senders split them. Never raises.
    """
    value = unfold(value)
    if b"=?" not in value:
        return decode(value, None)
    text: list[str] = []
    run: list[bytes] = []    # octets of neighbouring encoded words in run_charset
    run_charset = b""
    read_to = 0
    for word in _ENCODED_WORD.finditer(value):
        between = value[read_to : word.start()]
        charset = word[1].lower()
        if run and (charset != run_charset or between.strip()):
            text.append(decode(b"".join(run), run_charset.decode("latin-1")))
            run = []
        if read_to == 0 or between.strip():
            text.append(decode(between, None))
        run.append(_octets_of(word))
        run_charset = charset
        read_to = word.end()
    if run:
        text.append(decode(b"".join(run), run_charset.decode("latin-1")))
    text.append(decode(value[read_to:], None))
    return "".join(text)


def _octets_of(word: re.Match[bytes]) -> bytes:
    if word[2] in b"bB":
        return decode_base64(word[3])
    return binascii.a2b_qp(word[3], header=True)
