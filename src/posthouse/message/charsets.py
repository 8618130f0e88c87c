"""Character sets as mail names them (RFC 2978): any octets to text, whatever was declared. Never raises."""

import codecs
from encodings.aliases import aliases
from typing import Final

# Python codecs that are no charsets of mail. punycode and idna take quadratic time; the escapes read program text.
_REFUSED: Final = frozenset({"punycode", "idna", "unicode_escape", "raw_unicode_escape", "undefined", "mbcs", "oem"})

# What senders say, and the superset that they mean (WHATWG Encoding Standard 4.2), in Python's names.
_MEANT: Final = {
    "us-ascii": "utf-8", "ascii": "utf-8", "ansi_x3.4-1968": "utf-8", "utf8": "utf-8", "unknown-8bit": "utf-8",
    "iso-8859-1": "cp1252", "latin1": "cp1252", "iso-8859-9": "cp1254", "iso-8859-11": "cp874", "tis-620": "cp874",
    "windows-874": "cp874", "iso-8859-8-i": "iso-8859-8", "iso-8859-8-e": "iso-8859-8", "iso-8859-6-i": "iso-8859-6",
    "gb2312": "gb18030", "gbk": "gb18030", "x-gbk": "gb18030", "x-mac-cyrillic": "mac-cyrillic",
    "euc-kr": "cp949", "ks_c_5601-1987": "cp949", "korean": "cp949",
    "shift_jis": "cp932", "shift-jis": "cp932", "x-sjis": "cp932", "sjis": "cp932", "windows-31j": "cp932",
    "iso-2022-jp": "iso2022_jp_ext", "x-mac-roman": "mac-roman", "macintosh": "mac-roman", "unicode-1-1-utf-7": "utf-7",
}  # fmt: skip

# All that Python may be asked for. A name that it does not know makes it look for a module and remember for ever that
# there is none, so that hostile mail could fill memory.
_KNOWN: Final = frozenset(aliases) | frozenset(aliases.values()) | {
    "cp720", "cp737", "cp856", "cp874", "cp875", "cp1006", "koi8_t", "koi8_u", "utf_8_sig", "iso2022_jp_ext",
}  # fmt: skip


def decode(octets: bytes, charset: str | None) -> str:
    """Read octets in a charset as declared; what cannot be read becomes U+FFFD.

    An unknown charset, or none, is read as UTF-8 where that is valid, else as windows-1252.
    """
    codec = _codec(charset) if charset else None
    if codec is None or codec == "utf-8":
        return _guess(octets)
    try:
        return octets.decode(codec, "replace")
    except (UnicodeError, ValueError):    # some codecs raise in spite of "replace"
        return _guess(octets)


def _codec(charset: str) -> str | None:
    """Python's name for a declared charset; None when it knows none."""
    name = charset.strip().lower()
    name = _MEANT.get(name, name).replace("-", "_")
    if name not in _KNOWN:
        return None
    try:
        found = codecs.lookup(name)
    except LookupError:    # an alias of a codec that this platform lacks
        return None
    # Not all that codecs knows makes text of octets (zlib, rot13); CPython marks those that do by this alone.
    is_text = bool(getattr(found, "_is_text_encoding", True))
    return found.name if is_text and name not in _REFUSED else None


def _guess(octets: bytes) -> str:
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError:
        return octets.decode("cp1252", "replace")
