"""Header fields that a person's words go into: folded (RFC 5322 2.2.3) and encoded (RFC 2047, 2231) at need."""

import base64
import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from posthouse.message.address import Address

_LINE_LENGTH: Final = 78    # RFC 5322 2.1.1 SHOULD
# Octets an encoded word: 52 letters of base64, 64 with "=?utf-8?B?" and "?=", so that "Subject: " fits before it on a
# line of 76 (RFC 2047 2).
_WORD_OCTETS: Final = 39
# RFC 2231 3: pieces of a long parameter, short enough for a line beside "filename*99*=".
_SEGMENT_LENGTH: Final = 60

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]+")
_ATOMS: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]*")
_TO_ESCAPE: Final = re.compile(r'["\\]')


@dataclass(frozen=True, slots=True)
class NamedAddress:
    """An address with the name shown beside it, if any."""

    address: Address
    display_name: str = ""


def text_field(name: str, text: str) -> bytes:
    """An unstructured field; what a header cannot carry as it is becomes encoded words."""
    text = _CONTROL.sub(" ", text)
    words = [text] if _is_plain(text) else _encoded_words(text)
    return _folded(name, " ".join(words).split(" "))


def address_field(name: str, addresses: tuple[NamedAddress, ...]) -> bytes:
    """A field with an address list."""
    words: list[str] = []
    for number, address in enumerate(addresses, 1):
        words += _display_name(address.display_name)
        words.append(f"<{_wire_address(address.address)}>" + ("," if number < len(addresses) else ""))
    return _folded(name, words)


def file_name_parameter(file_name: str) -> bytes:
    """The filename of a Content-Disposition (RFC 2183 2.3), from its semicolon on; RFC 2231's form where needed."""
    file_name = _CONTROL.sub("_", file_name)
    if file_name.isascii() and len(file_name) <= _SEGMENT_LENGTH:
        return f';\r\n filename="{_escaped(file_name)}"'.encode()
    encoded = "utf-8''" + quote(file_name, safe="!#$&+-.^_`{|}~", errors="replace")
    segments = _segments(encoded)
    if len(segments) == 1:
        return f";\r\n filename*={encoded}".encode()
    return "".join(f";\r\n filename*{number}*={segment}" for number, segment in enumerate(segments)).encode()


def _segments(encoded: str) -> list[str]:
    """Cut a percent-encoded text, never within an escape."""
    segments = []
    while encoded:
        cut = _SEGMENT_LENGTH
        escape = encoded.rfind("%", cut - 2, cut)
        if escape >= 0:
            cut = escape
        segments.append(encoded[:cut])
        encoded = encoded[cut:]
    return segments


def _is_plain(text: str) -> bool:
    """Whether a header can carry the text: ASCII, foldable, and nothing like an encoded word."""
    return text.isascii() and "=?" not in text and all(len(word) < _LINE_LENGTH for word in text.split(" "))


def _encoded_words(text: str) -> list[str]:
    """The text as encoded words, cut between characters (RFC 2047 5)."""
    words = []
    taken = bytearray()
    for character in text:
        octets = character.encode("utf-8", "replace")
        if len(taken) + len(octets) > _WORD_OCTETS:
            words.append(_encoded_word(taken))
            taken = bytearray()
        taken += octets
    if taken:
        words.append(_encoded_word(taken))
    return words


def _encoded_word(octets: bytes | bytearray) -> str:
    return f"=?utf-8?B?{base64.b64encode(octets).decode('ascii')}?="


def _display_name(name: str) -> list[str]:
    """A phrase (RFC 5322 3.2.5): bare, quoted, or as encoded words."""
    name = _CONTROL.sub(" ", name).strip()
    if not _is_plain(name):
        return _encoded_words(name)
    if _ATOMS.fullmatch(name):
        return name.split()
    return f'"{_escaped(name)}"'.split(" ")


def _wire_address(address: Address) -> str:
    """The address with its domain as A-labels, which need no SMTPUTF8."""
    local_part, _, _ = str(address).rpartition("@")
    domain = address.domain
    return f"{local_part}@{domain.text if domain.text.isascii() else domain.key}"


def _escaped(text: str) -> str:
    return _TO_ESCAPE.sub(r"\\\g<0>", text)


def _folded(name: str, words: list[str]) -> bytes:
    """A field, folded before words that would make a line too long."""
    lines = []
    line = f"{name}:"
    for number, word in enumerate(words):
        # Some readers stop at a line of white space alone: fold only behind a visible word.
        if number and len(line) + 1 + len(word) > _LINE_LENGTH and line.strip() and word:
            lines.append(line)
            line = ""
        line += f" {word}"
    lines.append(line)
    return "\r\n".join(lines).encode() + b"\r\n"
